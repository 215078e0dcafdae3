"""Files that lack a column, hold odd values, or keep another journal mode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.schemas import MINUTE, TWO, build, shape
from tests.store.backends import Clock, Raw, SqliteRaw, only
from tests.store.scripted import everything
from webui.store import PendingMessageStore, Unsupported

MakeStore = Callable[..., PendingMessageStore]


@pytest.mark.parametrize("name", ["E", "F", "G", "I", "G-kept-four-statuses", "G-kept-completed"])
def test_without_a_started_time_nothing_is_ever_stuck(
    tmp_path: Path, open_file: MakeStore, clock: Clock, name: str
) -> None:
    form = shape(name)
    assert not form.started
    store = open_file(build(tmp_path / "f.db", form))
    clock.tick(10_000 * MINUTE)
    assert store.get_pending_count(1) > 0
    assert (store.get_stuck_count(0), store.get_stuck_count(-(2**70))) == (0, 0)
    assert (store.retry_all_stuck(0), store.reset_stuck_messages(-MINUTE)) == (0, 0)


@pytest.mark.parametrize("name", ["G", "I", "G-kept-four-statuses", "G-kept-completed"])
def test_without_a_retry_count_a_failure_cannot_be_counted(tmp_path: Path, open_file: MakeStore, name: str) -> None:
    store = open_file(build(tmp_path / "f.db", shape(name)))
    with pytest.raises(Unsupported):
        store.mark_failed(1)
    assert store.get_message(1) is not None


@pytest.mark.parametrize("name", ["G", "I", "G-kept-counts"])
def test_with_two_statuses_nothing_can_be_processed_or_failed(tmp_path: Path, open_file: MakeStore, name: str) -> None:
    assert shape(name).statuses == TWO
    store = open_file(build(tmp_path / "f.db", shape(name)))
    with pytest.raises(Unsupported):
        store.mark_processed(5)
    assert store.get_recently_processed(within_minutes=10_000) == []
    assert store.cleanup_processed(0) == 0


@pytest.mark.parametrize("name", ["G-kept-counts", "C"])
def test_exhausted_retries_fail_only_where_a_file_can_keep_that(
    tmp_path: Path, open_file: MakeStore, name: str
) -> None:
    store = open_file(build(tmp_path / "f.db", shape(name)), max_retries=0)
    if name == "C":
        store.mark_failed(1)
        message = store.get_message(1)
        assert message is not None
        assert message.status == "failed"
    else:
        with pytest.raises(Unsupported):
            store.mark_failed(1)


@pytest.mark.parametrize("name", ["I", "I-kept-all"])
def test_a_session_name_on_two_platforms_does_not_double_rows(tmp_path: Path, open_file: MakeStore, name: str) -> None:
    path = build(tmp_path / "f.db", shape(name))
    store = open_file(path)
    messages = store.get_queue_messages()
    found = [message.id for message in messages]
    assert len(found) == len(set(found)) == (12 if name == "I-kept-all" else 8)
    assert {(message.session_db_id, message.project) for message in messages} == {(1, "red"), (2, "blue")}
    raw = SqliteRaw(path)
    raw.set(found[0], session_db_id=3)
    raw.close()
    assert next(message.project for message in store.get_queue_messages() if message.id == found[0]) == "other"


ODD = {
    "text": "'abc'",
    "real": "1.5",
    "blob": "x'00ff'",
    "invalid UTF-8": "CAST(x'ff41fe' AS TEXT)",
    "NUL": "CAST(x'610062' AS TEXT)",
    "largest": "9223372036854775807",
    "smallest": "-9223372036854775808",
    "empty": "''",
}
PLACES = (
    "content_session_id",
    "tool_name",
    "tool_input",
    "tool_response",
    "cwd",
    "last_user_message",
    "last_assistant_message",
    "prompt_number",
    "retry_count",
    "created_at_epoch",
    "started_processing_at_epoch",
    "completed_at_epoch",
    "failed_at_epoch",
)


@pytest.mark.parametrize("kind", ODD)
def test_odd_values_in_any_column_break_no_method(
    tmp_path: Path, open_file: MakeStore, clock: Clock, kind: str
) -> None:
    path = build(tmp_path / "f.db", shape("C"))
    file = SqliteRaw(path)
    for number, column in enumerate(PLACES):
        file.run(f"UPDATE pending_messages SET {column} = {ODD[kind]} WHERE id % 4 = :rest", rest=number % 4)
        if number % 4 == 3:
            _call_everything(open_file(path), file)
    _call_everything(open_file(path), file)
    file.close()


def _call_everything(store: PendingMessageStore, file: SqliteRaw) -> None:
    ids = file.ids()
    queued = file.run("SELECT id FROM pending_messages WHERE status <> 'processed' ORDER BY id")
    assert sorted(message.id for message in store.get_queue_messages()) == [row["id"] for row in queued]
    store.get_recently_processed(limit=-1, within_minutes=10_000_000)
    store.get_stuck_count(0)
    assert all(store.get_message(id) for id in ids)
    assert all(store.get_session_info_for_message(id) for id in ids)
    for session in (1, 2):
        store.get_all_pending(session)
        claimed = store.claim_next_message(session)
        if claimed:
            store.mark_failed(claimed.id, claim=claimed)
        store.reset_processing_to_pending(session)
    store.retry_all_stuck(0)
    store.cleanup_processed(100)


def test_times_that_are_no_numbers_are_never_stuck_by_accident(
    tmp_path: Path, open_file: MakeStore, clock: Clock
) -> None:
    path = build(tmp_path / "f.db", shape("B"))
    file = SqliteRaw(path)
    file.run("DELETE FROM pending_messages WHERE status = 'processing'")
    file.run("UPDATE pending_messages SET status = 'processing', started_processing_at_epoch = NULL WHERE id = 1")
    file.close()
    store = open_file(path)
    assert store.get_stuck_count(0) == 0


def test_a_file_without_a_write_ahead_log_keeps_its_mode(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("B"))
    file = SqliteRaw(path)
    file.run("PRAGMA journal_mode = DELETE")
    store = open_file(path)
    everything(store)
    store.close()
    assert file.run("PRAGMA journal_mode") == [{"journal_mode": "delete"}]
    file.close()


@only("sqlite", "a server always has one")
def test_a_new_database_has_a_write_ahead_log(store: PendingMessageStore, raw: Raw) -> None:
    assert raw.run("PRAGMA journal_mode") == [{"journal_mode": "wal"}]
