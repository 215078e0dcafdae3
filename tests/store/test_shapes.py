"""Every shape of file opens, and each method does what the contract says or says why this file cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.schemas import MINUTE, NOW, SHAPES, Shape, build, shape
from tests.store.backends import Clock, SqliteRaw
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


@pytest.mark.parametrize("name", [form.name for form in SHAPES if form.whole])
def test_everything_works_in_every_file_that_has_all_of_the_contract(
    tmp_path: Path, open_file: MakeStore, name: str
) -> None:
    everything(open_file(build(tmp_path / "f.db", shape(name))))


def test_files_are_built_at_the_test_clocks_time(clock: Clock) -> None:
    assert clock.now == NOW
