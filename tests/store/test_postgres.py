"""What only a PostgreSQL queue can meet: each of its errors, other programs' locks on rows, and tables that change
under prepared statements."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from tests import postgres as server
from tests.store.backends import Backend, PostgresRaw, Raw, only
from webui.store import (
    Busy,
    Corrupt,
    DiskFull,
    InvalidPayload,
    Missing,
    PendingMessageStore,
    SchemaChanged,
    StoreError,
    UnknownSession,
    Unsupported,
    WrongState,
    act,
    browse,
    open_store,
    postgres,
    undo,
)
from webui.store.claims import claim_messages, release_claim, renew_claim
from webui.store.filters import Filters

pytestmark = only("postgres", "it is about PostgreSQL")

Add = Callable[..., int]
MakeStore = Callable[..., PendingMessageStore]
OPEN = {"type": "observation"}
SLEEP = "SELECT pg_sleep(60)"


def raising(raw: Raw, state: str) -> None:
    """From now on every change of the queue meets this error of the server's."""
    raw.run(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    )
    raw.run("CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON pending_messages FOR EACH ROW EXECUTE FUNCTION fail()")


@pytest.mark.parametrize(
    ("state", "kind", "sentence"),
    [
        ("53100", DiskFull, "The disk of .* is full: nothing was changed"),
        ("XX001", Corrupt, "is damaged"),
        ("58030", Corrupt, "cannot read or write its files"),
        ("53200", Busy, "has no memory or other means left: nothing was changed"),
        ("40001", Busy, "Somebody else changed the same rows"),
        ("57014", Busy, "took too long to answer: nothing was changed"),
        ("25P03", Busy, "ended our transaction, which took too long: nothing was changed"),
        ("57P01", Missing, "whether the last change was made is not known"),
        ("22P05", InvalidPayload, "The encoding of .* cannot hold this text"),
        ("23514", Unsupported, "A CHECK of this database does not allow that value"),
        ("23505", WrongState, "There is already such a message"),
        ("23503", UnknownSession, "session is not in this database"),
        ("26000", Unsupported, "prepare_threshold=none"),
    ],
)
def test_each_error_of_the_server_has_a_name_and_a_sentence(
    store: PendingMessageStore, add: Add, raw: Raw, state: str, kind: type[StoreError], sentence: str
) -> None:
    row = browse.get_row(store, add())
    raising(raw, state)
    for call in (
        lambda: store.enqueue(1, "alpha", OPEN),
        lambda: store.claim_next_message(1),
        lambda: act.retry(store, row.id, row.seen, actor="me"),
    ):
        with pytest.raises(kind, match=sentence):
            call()
    raw.run("DROP TRIGGER fail ON pending_messages")
    assert browse.get_row(store, row.id) == row
    assert raw.side_tables() == []
    assert store.claim_next_message(1) is not None


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**200])
def test_no_message_and_no_session_has_a_number_beyond_64_bits(
    store: PendingMessageStore, add: Add, raw: Raw, number: int
) -> None:
    add()
    claimed = store.claim_next_message(1)
    before = raw.rows()
    assert claimed is not None
    store.mark_processing(number)
    for none in (
        store.get_message(number), store.claim_next_message(number), store.get_session_info_for_message(number),
        store.mark_processed(number), store.mark_failed(number, error="x"),
        renew_claim(store, claimed._replace(id=number)),
    ):  # fmt: skip
        assert none is None
    for nothing in (
        store.get_all_pending(number), store.get_pending_count(number), store.retry_message(number),
        store.abort_message(number), store.reset_processing_to_pending(number), claim_messages(store, number),
        release_claim(store, claimed._replace(id=number)),
        store.get_recently_processed(number, -number),
    ):  # fmt: skip
        assert not nothing
    for call in (
        lambda: browse.get_row(store, number), lambda: act.retry(store, number, "x", actor="me"),
        lambda: browse.read_payload(store, number, "tool_input"), lambda: undo.undo(store, number, actor="me"),
        lambda: store.enqueue(number, "x", OPEN),
    ):  # fmt: skip
        with pytest.raises(StoreError):
            call()
    assert raw.rows() == before


def test_text_with_nul_is_refused_by_name(store: PendingMessageStore, add: Add) -> None:
    add()
    for text in ("UPDATE pending_messages SET cwd = :cwd", "SELECT 1 FROM pending_messages WHERE cwd = :cwd"):
        with pytest.raises(InvalidPayload, match="without NUL"):
            store.database.rows(text, {"cwd": "a\0b"})
    assert store.claim_next_message(1) is not None


def test_a_row_that_somebody_holds_is_waited_for_and_then_busy(
    store: PendingMessageStore, add: Add, second: PostgresRaw
) -> None:
    id = add()
    with second.connection.transaction():
        second.run("SELECT 1 FROM pending_messages WHERE id = :id FOR UPDATE", id=id)
        with pytest.raises(Busy, match="holds the same rows"), store.database.writing(20) as tx:
            tx.rows("UPDATE pending_messages SET cwd = 'x' WHERE id = :id", {"id": id})
        assert store.claim_next_message(1) is None  # a claim passes over it
        assert store.get_message(id) is not None
    assert store.claim_next_message(1) is not None


def test_a_table_that_somebody_holds_is_busy_for_pages_too(
    store: PendingMessageStore, add: Add, second: PostgresRaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    add()
    with monkeypatch.context() as short, second.connection.transaction():
        short.setattr(postgres, "LONGEST", 20)
        second.run("LOCK TABLE pending_messages")
        with pytest.raises(Busy, match="took too long to answer"):
            browse.queue_page(store, Filters())
    assert len(browse.queue_page(store, Filters()).rows) == 1


def test_what_is_looked_at_twice_in_a_transaction_that_must_see_one_state(
    store: PendingMessageStore, add: Add, raw: Raw
) -> None:
    id = add()

    def change() -> None:
        with store.database.writing() as tx:
            tx.rows("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            tx.rows("SELECT cwd FROM pending_messages")
            raw.set(id, cwd="theirs")
            tx.rows("UPDATE pending_messages SET cwd = 'ours'")

    with pytest.raises(Busy, match="at the same time"):
        change()
    assert raw.row(id)["cwd"] == "theirs"


def changed_at_most_once(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except SchemaChanged:
        return call()


@pytest.mark.parametrize(
    "change",
    [
        ("ALTER TABLE pending_messages ADD COLUMN agent_id TEXT DEFAULT 'a'",),
        ("ALTER TABLE pending_messages DROP COLUMN completed_at_epoch",),
        ("ALTER TABLE pending_messages ALTER COLUMN prompt_number TYPE NUMERIC",),
        ("ALTER TABLE pending_messages RENAME TO gone", "CREATE TABLE pending_messages (LIKE gone INCLUDING ALL)",
         "INSERT INTO pending_messages SELECT * FROM gone",
         "SELECT setval(pg_get_serial_sequence('pending_messages', 'id'), 100)"),
        ("DROP INDEX unstick_claim",),
        ("DROP TRIGGER unstick_enqueued ON pending_messages", "DROP FUNCTION unstick_notify CASCADE"),
    ],
)  # fmt: skip
def test_tables_that_change_under_many_connections_and_their_prepared_statements(
    store: PendingMessageStore, add: Add, raw: Raw, change: tuple[str, ...]
) -> None:
    id = add()
    with store.database.reading(), store.database.reading(), store.database.reading():
        pass
    for _ in range(4 * 6):  # each connection has prepared it by then
        assert store.get_message(id) is not None
        browse.get_row(store, id)
    for statement in change:
        raw.run(statement)
    assert changed_at_most_once(lambda: store.get_message(id)) is not None
    for _ in range(8):
        assert store.get_message(id) is not None
    assert changed_at_most_once(lambda: browse.get_row(store, id)).id == id
    for _ in range(8):
        assert browse.get_row(store, id).id == id
    changed_at_most_once(lambda: store.enqueue(1, "alpha", OPEN))
    assert changed_at_most_once(lambda: store.claim_next_message(1)).id == id


def test_a_table_of_ours_that_is_gone(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    row = browse.get_row(store, add())
    act.retry(store, row.id, row.seen, actor="me")
    for table in (*raw.side_tables(), "unstick_migrations"):
        raw.run(f"DROP TABLE {table}")
    assert changed_at_most_once(lambda: act.retry(store, row.id, row.seen, actor="me")).done == (row.id,)
    assert len(browse.get_detail(store, row.id).journal) == 1


FOREIGN_SESSIONS = """
CREATE TABLE sdk_sessions (id SERIAL PRIMARY KEY, content_session_id TEXT UNIQUE NOT NULL, project TEXT,
  started_at TEXT, started_at_epoch BIGINT, status TEXT)"""
FOREIGN_QUEUE = """
CREATE TABLE pending_messages (id SERIAL PRIMARY KEY, session_db_id INTEGER REFERENCES sdk_sessions (id),
  content_session_id TEXT, message_type VARCHAR(20), tool_name TEXT, tool_input TEXT, tool_response TEXT, cwd TEXT,
  last_user_message TEXT, last_assistant_message TEXT, prompt_number INTEGER, status TEXT DEFAULT 'pending'
  CHECK (status IN ('pending', 'processing', 'processed', 'failed')), retry_count INTEGER DEFAULT 0,
  created_at_epoch BIGINT, started_processing_at_epoch BIGINT, completed_at_epoch BIGINT)"""


def test_a_queue_that_another_program_made(make_store: MakeStore, backend: Backend) -> None:
    with closing(PostgresRaw(backend.url)) as raw:
        raw.run(FOREIGN_SESSIONS)
        raw.run(FOREIGN_QUEUE)
        store = make_store(create=False)
        session = store.ensure_session("alpha", "red")
        ids = [store.enqueue(session, "alpha", {**OPEN, "prompt_number": 3}) for _ in range(3)]
        with store.database.watch() as watcher:
            assert watcher.wait(0.01) is False
        claimed = store.claim_next_message(session)
        assert claimed is not None
        assert store.mark_processed(claimed.id, claim=claimed)
        assert store.mark_failed(ids[1], error="why") is None
        assert [row.id for row in browse.queue_page(store, Filters()).rows] == [ids[2], ids[1]]
        assert act.abort(store, ids[2], browse.get_row(store, ids[2]).seen, actor="me").done == (ids[2],)
        with pytest.raises(InvalidPayload):
            store.enqueue(session, "alpha", {**OPEN, "prompt_number": 2**40})


def test_queues_in_two_schemas_of_one_database_do_not_wait_for_each_other(store: PendingMessageStore) -> None:
    with server.schema() as url, closing(open_store(url, create=True)) as other, other.database.migrating():
        with store.database.writing(100) as tx:
            tx.alone()
        with pytest.raises(Busy), other.database.writing(100) as theirs:
            theirs.alone()
