"""What reaches the disk before a method returns: everything but a claim, which a power cut may take back, and the steps
of an operation, which goes on from where it was then."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.backends import Raw, only
from tests.store.operating import FAILED, changed, fail
from webui.store import PendingMessageStore, open_store, operations, preview, working
from webui.store import statements as sql
from webui.store.claims import claim_messages
from webui.store.filters import Filters
from webui.store.sqlite import SQLite
from webui.store.sqlite_transaction import Connection

Add = Callable[..., int]
NORMAL, FULL = 1, 2


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Each change that our connections make, and how it was synced."""
    seen: list[tuple[str, int]] = []
    plain = Connection.execute

    def execute(self: Connection, text: str, *values: object) -> sqlite3.Cursor:
        if text.lstrip().startswith(("WITH next", "UPDATE", "INSERT", "DELETE")):
            seen.append((text.strip(), plain(self, "PRAGMA synchronous").fetchone()[0]))
        return plain(self, text, *values)  # type: ignore[arg-type]

    monkeypatch.setattr(Connection, "execute", execute)
    return seen


@only("sqlite", "it is about SQLite's write-ahead log")
def test_only_a_claim_is_not_synced(store: PendingMessageStore, add: Add, levels: list[tuple[str, int]]) -> None:
    first, second = add(), add()
    levels.clear()
    claim = store.claim_next_message(1)
    store.mark_processed(first, claim)
    assert claim_messages(store, 1, 5)[0].id == second
    store.mark_failed(second, error="no")
    assert [level for _, level in levels] == [NORMAL, FULL, NORMAL, *[FULL] * (len(levels) - 3)]
    assert len(levels) > 3


@pytest.mark.parametrize(("journal", "level"), [("delete", FULL), ("wal", NORMAL)])
def test_without_a_log_a_claim_is_synced_too(
    tmp_path: Path, levels: list[tuple[str, int]], journal: str, level: int
) -> None:
    path = tmp_path / "queue.db"
    store = open_store(str(path), create=True)
    session = store.ensure_session("alpha", "red")
    store.enqueue(session, "alpha", {"type": "observation"})
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.close()
    levels.clear()
    assert store.claim_next_message(session) is not None
    store.close()
    assert [(text.split()[0], synced) for text, synced in levels] == [("WITH", level)]


def test_a_file_that_is_opened_without_syncs_stays_so(tmp_path: Path, levels: list[tuple[str, int]]) -> None:
    store = open_store(f"sqlite:///{tmp_path}/queue.db?synchronous=normal", create=True)
    session = store.ensure_session("alpha", "red")
    store.enqueue(session, "alpha", {"type": "observation"})
    claim = store.claim_next_message(session)
    assert claim is not None
    assert store.mark_processed(claim.id, claim)
    assert isinstance(store.database, SQLite)
    store.close()
    assert {level for _, level in levels} == {NORMAL}


@only("sqlite", "it is about SQLite's write-ahead log")
def test_the_steps_of_an_operation_are_not_synced_but_its_ends_are(
    store: PendingMessageStore, add: Add, levels: list[tuple[str, int]]
) -> None:
    for _ in range(3):
        add(status="failed")
    frozen = preview.freeze(store, Filters.parse({"status": "failed"}))
    id = operations.begin(store, "retry", frozen, actor="ana")
    assert {level for _, level in levels} == {FULL}
    levels.clear()
    assert working.work(store, id).done == 3
    by_text: dict[str, set[int]] = {}
    for text, level in levels:
        by_text.setdefault(text, set()).add(level)
    assert by_text[working.STEP.strip()] == {NORMAL}
    assert [level for text, level in by_text.items() if text.startswith("UPDATE pending_messages")] == [{NORMAL}]
    assert by_text[working.TAKE.strip()] == by_text[working.END.strip()] == {FULL}


@only("sqlite", "it is about SQLite's write-ahead log")
def test_after_a_power_cut_an_operation_goes_on_from_where_the_log_ends(
    store: PendingMessageStore, session: int, raw: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(raw, 400)
    id = operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ana")
    store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    monkeypatch.setattr(store.database, "checkpoint", lambda: None)
    assert working.work(store, id).done == 400
    file, log = Path(store.location).read_bytes(), Path(f"{store.location}-wal").read_bytes()
    found = set()
    for part in range(11):
        cut = tmp_path / f"cut-{part}.db"
        cut.write_bytes(file)
        Path(f"{cut}-wal").write_bytes(log[: len(log) * part // 10])
        with closing(open_store(str(cut), clock=lambda: store.now() + 2 * working.LEASE)) as after:
            done = operations.get(after, id).done
            pending = after.database.rows("SELECT count(*) FROM pending_messages WHERE status = 'pending'")[0][0]
            assert pending == done == len(changed(after, operations.get(after, id)))
            found.add(done)
            whole = working.work(after, id)
            assert (whole.state, whole.done, changed(after, whole)) == ("done", 400, raw.ids())
    assert {0, 400} < found


@only("postgres", "it is about the server's own setting")
def test_the_server_need_not_flush_a_claim(store: PendingMessageStore, add: Add) -> None:
    add()
    setting = "SELECT current_setting('synchronous_commit')"
    before = store.database.rows(setting)[0][0]
    with store.database.writing() as tx:
        tx.rows("SELECT set_config('synchronous_commit', 'on', true)")
        assert len(tx.rows(sql.CLAIM, {"session": 1, "now": 1})) == 1
        assert tx.rows(setting)[0][0] == "off"
    assert store.database.rows(setting)[0][0] == before


@only("postgres", "it is about the server's own setting")
def test_the_server_flushes_an_operations_steps(store: PendingMessageStore) -> None:
    setting = "SELECT current_setting('synchronous_commit')"
    before = store.database.rows(setting)
    with store.database.writing(lazy=True) as tx:
        assert tx.rows(setting) == before
