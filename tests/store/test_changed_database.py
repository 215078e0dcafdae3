"""Tables that change, and files that are replaced or deleted, while a store is open."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.schemas import build, shape
from tests.store.backends import Raw, SqliteRaw, only
from tests.store.scripted import quietly
from tests.store.sentences import says_something
from webui.store import Missing, NotAQueue, PendingMessageStore, SchemaChanged, StoreError, Unsupported, act, browse
from webui.store.filters import Filters

MakeStore = Callable[..., PendingMessageStore]
CHANGES = {
    "a renamed session column": "RENAME COLUMN content_session_id TO claude_session_id",
    "a lost start": "DROP COLUMN started_processing_at_epoch",
    "a lost completion": "DROP COLUMN completed_at_epoch",
    "a lost count": "DROP COLUMN retry_count",
    "a new column": "ADD COLUMN agent_type TEXT",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("refresh", [True, False])
def test_a_change_of_the_tables_meanwhile_is_survived(
    tmp_path: Path, open_file: MakeStore, change: str, refresh: bool
) -> None:
    path = build(tmp_path / "f.db", shape("B"))
    raw = SqliteRaw(path)
    survives(open_file(path), raw, CHANGES[change], refresh)
    raw.close()


@only("postgres", "the test above is its like for files")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("refresh", [True, False])
def test_a_change_of_a_servers_tables_meanwhile_is_survived(
    store: PendingMessageStore, session: int, raw: Raw, change: str, refresh: bool
) -> None:
    statuses = "CASE i / 4 WHEN 0 THEN 'pending' WHEN 1 THEN 'processing' WHEN 2 THEN 'processed' ELSE 'failed' END"
    raw.fill(16, status=statuses, completed_at_epoch="1")
    survives(store, raw, CHANGES[change], refresh)


def survives(store: PendingMessageStore, raw: Raw, change: str, refresh: bool) -> None:
    """Each call works after the change, or says once that it came; messages 1, 6 and 13 are pending, processing and
    failed."""
    calls: list[Callable[[], object]] = [
        lambda: store.claim_next_message(1),
        store.get_queue_messages,
        lambda: store.get_message(1),
        lambda: browse.queue_page(store, Filters()),
        lambda: act.retry(store, 13, browse.get_row(store, 13).seen, actor="me"),
        lambda: store.mark_failed(1),
        lambda: store.mark_processed(6),
        lambda: store.enqueue(1, "alpha", {"type": "observation"}),
        lambda: store.get_recently_processed(within_minutes=10_000),
    ]
    for _ in range(7):  # a server keeps the plan of what is asked often
        store.get_queue_messages()
    raw.run(f"ALTER TABLE pending_messages {change}")
    if refresh:
        store.refresh()
    for call in calls:
        result = quietly(call)
        if isinstance(result, StoreError) and not isinstance(result, Unsupported):
            assert (type(result), refresh) == (SchemaChanged, False)
            assert says_something(result)
            result = quietly(call)
        assert isinstance(result, Unsupported) or not isinstance(result, StoreError)


def test_a_changed_schema_shows_in_capabilities_after_a_refresh(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("B"))
    store = open_file(path)
    before = store.capabilities
    raw = SqliteRaw(path)
    raw.run("ALTER TABLE pending_messages DROP COLUMN retry_count")
    raw.run("ALTER TABLE pending_messages ADD COLUMN agent_id TEXT DEFAULT 'a1'")
    raw.close()
    store.refresh()
    assert (before.retry_count, store.capabilities.retry_count) == (True, False)
    message = store.get_message(1)
    assert message is not None
    assert (message.retry_count, dict(message.extra)) == (None, {"agent_id": "a1"})


def test_the_queue_dropped_meanwhile_is_said(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("B"))
    store = open_file(path)
    raw = SqliteRaw(path)
    raw.run("DROP TABLE pending_messages")
    raw.close()
    with pytest.raises(NotAQueue) as caught:
        store.refresh()
    assert says_something(caught.value)


@pytest.fixture
def replaced(tmp_path: Path, open_file: MakeStore) -> PendingMessageStore:
    """A store whose file was replaced by one with a single message, 77, while it was open."""
    path = build(tmp_path / "q.db", shape("B"))
    store = open_file(path)
    assert len(store.get_queue_messages()) == 12
    before = store.database.revision()
    new = SqliteRaw(build(tmp_path / "new.db", shape("D")))
    new.run("DELETE FROM pending_messages WHERE id <> 13")
    new.run("UPDATE pending_messages SET id = 77")
    new.run("PRAGMA journal_mode = DELETE")
    new.close()
    os.replace(tmp_path / "new.db", path)
    assert store.database.revision() != before
    return store


def test_a_replaced_file_is_read_anew(replaced: PendingMessageStore) -> None:
    replaced.refresh()
    assert [message.id for message in replaced.get_queue_messages()] == [77]
    assert [row.id for row in browse.queue_page(replaced, Filters()).rows] == [77]


def test_an_action_goes_to_the_file_that_is_there_now(replaced: PendingMessageStore) -> None:
    outcome = act.retry(replaced, 77, browse.get_row(replaced, 77).seen, actor="me")
    assert outcome.done == (77,)
    raw = SqliteRaw(Path(replaced.location))
    assert (raw.row(77)["status"], raw.row(77)["agent_type"]) == ("pending", "agent_type-13")
    raw.close()


def test_a_deleted_file_is_missing_and_not_made_again(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "q.db", shape("B"))
    store = open_file(path)
    seen = browse.get_row(store, 13).seen
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    for call in (store.refresh, lambda: act.retry(store, 13, seen, actor="me")):
        with pytest.raises(Missing, match=r"q\.db") as caught:
            call()
        assert says_something(caught.value)
    assert not path.exists()
    build(path, shape("B"))
    store.refresh()
    assert len(store.get_queue_messages()) == 12


def test_a_claim_survives_a_file_of_another_shape_in_its_place(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("G"))
    store = open_file(path)
    os.replace(build(tmp_path / "other.db", shape("B")), path)
    pending = [message for message in store.get_queue_messages() if message.status == "pending"]
    claimed = store.claim_next_message(pending[0].session_db_id)
    assert claimed is not None
    assert claimed.started_processing_at_epoch is not None


def test_a_column_that_is_gone_is_not_read_as_its_own_name(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("D"))
    store, raw = open_file(path), SqliteRaw(path)
    raw.run("ALTER TABLE pending_messages DROP COLUMN agent_id")
    with pytest.raises(SchemaChanged):
        store.get_message(1)
    message = store.get_message(1)
    assert message is not None
    assert "agent_id" not in message.extra
    raw.close()
