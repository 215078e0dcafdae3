"""Every shape of file opens, and each method does what the contract says or says why this file cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.schemas import MINUTE, NOW, SHAPES, TWO, Shape, build, shape
from tests.store.backends import Clock, Raw, SqliteRaw, only
from tests.store.contract import Contract, plain, with_project
from tests.store.scripted import everything, quietly
from webui.store import PendingMessageStore, StoreError, Unsupported

MakeStore = Callable[..., PendingMessageStore]
CHANGES: dict[str, tuple[Any, ...]] = {
    "claim_next_message": (1,),
    "retry_message": (5,),
    "reset_processing_to_pending": (2,),
    "abort_message": (6,),
    "retry_all_stuck": (5 * MINUTE,),
    "mark_processing": (1,),
    "mark_processed": (5,),
    "mark_failed": (8,),
    "reset_stuck_messages": (0,),
    "cleanup_processed": (1,),
}
LOOKS: dict[str, tuple[Any, ...]] = {
    "get_stuck_count": (0,),
    "get_pending_count": (1,),
    "has_any_pending_work": (),
    "get_sessions_with_pending_messages": (),
}


@pytest.fixture(params=SHAPES, ids=lambda form: form.name)
def form(request: pytest.FixtureRequest) -> Shape:
    found: Shape = request.param
    return found


@pytest.fixture
def path(tmp_path: Path, form: Shape) -> Path:
    return build(tmp_path / "claude-mem.db", form)


@pytest.fixture
def shaped(path: Path, open_file: MakeStore) -> PendingMessageStore:
    return open_file(path)


@pytest.fixture
def file(path: Path) -> Iterator[SqliteRaw]:
    raw = SqliteRaw(path)
    yield raw
    raw.close()


def contract_rows(file: SqliteRaw, form: Shape) -> list[dict[str, Any]]:
    """The file's rows with the contract's names, and without what other releases added."""
    rows = file.rows()
    for row in rows:
        row["content_session_id"] = row.pop(form.session_column)
        for name in form.extra_names:
            del row[name]
    return rows


def model_of(file: SqliteRaw, form: Shape, clock: Clock) -> Contract:
    model = Contract(clock, lacks=form.lacks)
    model.sessions = {1: ("alpha", "red"), 2: ("beta", "blue"), 3: ("alpha", "other")}
    model.load(contract_rows(file, form))
    return model


def test_capabilities_say_what_the_file_has(shaped: PendingMessageStore, form: Shape) -> None:
    found = shaped.capabilities
    assert (found.retry_count, found.started) == (form.retry_count, form.started)
    assert (found.processed, found.failed) == ("processed" in form.statuses, "failed" in form.statuses)
    assert found.completed == (form.completed and "processed" in form.statuses)
    assert found.side_tables is False
    assert bool(found.missing) is not form.whole
    assert all(len(sentence.split()) > 3 and sentence.endswith(".") for sentence in found.missing)


@pytest.mark.parametrize("method", CHANGES)
def test_each_change_is_the_contracts_or_refused_with_a_sentence(
    shaped: PendingMessageStore, file: SqliteRaw, form: Shape, clock: Clock, method: str
) -> None:
    model = model_of(file, form, clock)
    before = file.rows()
    result: Any = quietly(lambda: getattr(shaped, method)(*CHANGES[method]))
    if isinstance(result, StoreError):
        assert (type(result), form.whole) == (Unsupported, False)
        assert len(str(result).split()) > 3
        assert file.rows() == before
        return
    if method == "mark_failed":
        assert form.retry_count
    expected = getattr(model, method)(*CHANGES[method])
    assert (plain(result) if method == "claim_next_message" else result) == expected
    absent = dict.fromkeys(form.lacks)
    after = [{**row, **absent} for row in contract_rows(file, form)]
    assert after == [model.rows[id] for id in sorted(model.rows)]


@pytest.mark.parametrize("method", LOOKS)
def test_each_look_is_the_contracts(
    shaped: PendingMessageStore, file: SqliteRaw, form: Shape, clock: Clock, method: str
) -> None:
    expected = getattr(model_of(file, form, clock), method)(*LOOKS[method])
    assert getattr(shaped, method)(*LOOKS[method]) == expected


def test_a_message_can_be_put_into_every_file(
    shaped: PendingMessageStore, file: SqliteRaw, form: Shape, clock: Clock
) -> None:
    id = shaped.enqueue(1, "alpha", {"type": "summarize", "last_assistant_message": "x"})
    row = file.row(id)
    assert (row["status"], row[form.session_column], row["created_at_epoch"]) == ("pending", "alpha", clock.now)
    assert row.get("retry_count", 0) == 0
    assert {row[name] for name in form.extra_names} <= {None}
    message = shaped.get_message(id)
    assert message is not None
    assert message.last_assistant_message == "x"


def test_all_lists_hold_every_row_once_with_its_project(
    shaped: PendingMessageStore, file: SqliteRaw, form: Shape, clock: Clock
) -> None:
    model = model_of(file, form, clock)
    if form.platforms:
        model.by_session_id = True
    assert [with_project(message) for message in shaped.get_queue_messages()] == model.get_queue_messages()
    recent = shaped.get_recently_processed(within_minutes=600)
    assert [with_project(message) for message in recent] == model.get_recently_processed(within_minutes=600)
    assert [plain(message) for message in shaped.get_all_pending(1)] == model.get_all_pending(1)


def test_a_message_shows_its_session_by_either_name(shaped: PendingMessageStore) -> None:
    info = shaped.get_session_info_for_message(1)
    assert info is not None
    assert (info.session_db_id, info.content_session_id) == (2, "beta")


def test_columns_of_other_releases_are_in_extra(shaped: PendingMessageStore, file: SqliteRaw, form: Shape) -> None:
    for message in (shaped.get_message(5), *shaped.get_all_pending(1), *shaped.get_queue_messages()):
        assert message is not None
        row = file.row(message.id)
        assert dict(message.extra) == {name: row[name] for name in form.extra_names}


@pytest.mark.parametrize("method", CHANGES)
def test_columns_of_other_releases_stay_as_they_are(
    shaped: PendingMessageStore, file: SqliteRaw, form: Shape, method: str
) -> None:
    columns = ", ".join(("id", *form.extra_names))
    before = {row["id"]: row for row in file.run(f"SELECT {columns} FROM pending_messages")}
    try:
        getattr(shaped, method)(*CHANGES[method])
    except Unsupported:
        assert not form.whole
    after = {row["id"]: row for row in file.run(f"SELECT {columns} FROM pending_messages")}
    assert after == {id: before[id] for id in after}


def test_a_session_can_be_made_in_every_file(shaped: PendingMessageStore, file: SqliteRaw, form: Shape) -> None:
    assert shaped.ensure_session("beta", "blue") == 2
    id = shaped.ensure_session("gamma", "green")
    row = file.row(id, "sdk_sessions")
    assert (row[form.sessions_column], row["project"], row["status"]) == ("gamma", "green", "active")


def test_the_tables_and_indexes_of_the_file_are_left_alone(
    shaped: PendingMessageStore, file: SqliteRaw, form: Shape
) -> None:
    before = file.schema(ours=True)
    for method, arguments in (LOOKS | CHANGES).items():
        try:
            getattr(shaped, method)(*arguments)
        except Unsupported:
            assert not form.whole
    assert file.schema(ours=True) == before


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


@pytest.mark.parametrize("name", [form.name for form in SHAPES if form.whole])
def test_everything_works_in_every_file_that_has_all_of_the_contract(
    tmp_path: Path, open_file: MakeStore, name: str
) -> None:
    everything(open_file(build(tmp_path / "f.db", shape(name))))


def test_files_are_built_at_the_test_clocks_time(clock: Clock) -> None:
    assert clock.now == NOW
