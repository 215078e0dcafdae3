"""An aborted message comes back byte for byte, from whatever file it was taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.schemas import SHAPES, Shape, build, shape
from tests.store.backends import Raw, SqliteRaw, only
from webui.store import NotFound, PendingMessageStore, UnknownSession, WrongState, act, browse, diagnosis
from webui.store import undo as undoing
from webui.store.filters import Filters
from webui.store.model import Outcome
from webui.store.schema import PAYLOADS

Add = Callable[..., int]
MakeStore = Callable[..., PendingMessageStore]
ODD = {
    "invalid UTF-8": "CAST(x'ff41fe' AS TEXT)",
    "NUL": "CAST(x'610062' AS TEXT)",
    "blob": "x'00ff10'",
    "empty blob": "x''",
    "empty text": "''",
    "large integer": "9223372036854775807",
    "small integer": "-9223372036854775808",
    "real": "1.5",
    "large real": "1e300",
    "infinity": "9e999",
    "number as text": "'007'",
    "text": "'abc'",
    "megabyte": "replace(hex(zeroblob(500000)), '0', 'ab')",
    "null": "NULL",
}
TEXTS = ("tool_name", "tool_input", "tool_response", "cwd", "last_user_message", "last_assistant_message")
NUMBERS = ("prompt_number", "started_processing_at_epoch", "completed_at_epoch")
REQUIRED = ("content_session_id", "retry_count", "created_at_epoch")


def abort(store: PendingMessageStore, id: int) -> Outcome:
    return act.abort(store, id, browse.get_row(store, id).seen, actor="ann")


def undo(store: PendingMessageStore, outcome: Outcome) -> Outcome:
    assert outcome.journal_id is not None
    return undoing.undo(store, outcome.journal_id, actor="bob")


@only("sqlite", "elsewhere a column has values of its own type only")
@pytest.mark.parametrize("odd", ODD)
def test_odd_values_in_every_column_come_back(store: PendingMessageStore, add: Add, raw: Raw, odd: str) -> None:
    id = add(status="processing")
    add(status="failed")
    columns = TEXTS + NUMBERS + (() if odd == "null" else REQUIRED)
    raw.run(f"UPDATE pending_messages SET {', '.join(f'{name} = {ODD[odd]}' for name in columns)} WHERE id = 1")
    comes_back(store, raw, id)


@pytest.mark.parametrize("number", [None, 0, 1, -1, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize(
    "text", [None, "", "007", "'; --", "é漢😀\u202e\x01", "ab" * 500_000], ids=lambda text: str(text)[:9]
)
def test_every_value_of_every_column_comes_back(
    store: PendingMessageStore, add: Add, raw: Raw, text: str | None, number: int | None
) -> None:
    id = add(status="processing", **dict.fromkeys(TEXTS, text), **dict.fromkeys(NUMBERS, number))
    raw.set(id, content_session_id=text or "", retry_count=number or 0, created_at_epoch=number or 0)
    add(status="failed")
    comes_back(store, raw, id)


def comes_back(store: PendingMessageStore, raw: Raw, id: int) -> None:
    """Exactly as it was: from the trash, and from a retry of either kind."""
    before = raw.exact()
    outcome = abort(store, id)
    assert len(raw.exact()) == 1
    assert browse.get_detail(store, id).row.trashed_by == outcome.journal_id
    undo(store, outcome)
    assert raw.exact() == before
    for retry in (act.retry, act.retry_fresh):
        line = retry(store, id, browse.get_row(store, id).seen, actor="ann")
        assert raw.row_is_pending(id)
        undo(store, line)
        assert raw.exact() == before


@pytest.mark.parametrize("form", SHAPES, ids=lambda form: form.name)
def test_every_row_of_every_file_comes_back(tmp_path: Path, open_file: MakeStore, form: Shape) -> None:
    path = build(tmp_path / "f.db", form)
    store, raw = open_file(path), SqliteRaw(path)
    before, schema = raw.exact(), raw.schema()
    outcomes = [abort(store, id) for id in raw.ids()]
    assert raw.ids() == []
    assert [browse.get_row(store, outcome.done[0]).trashed_by for outcome in outcomes] == [
        outcome.journal_id for outcome in outcomes
    ]
    for outcome in reversed(outcomes):
        undo(store, outcome)
    assert (raw.exact(), raw.schema()) == (before, schema)
    assert raw.run("SELECT count(*) AS n FROM unstick_trash") == [{"n": 0}]
    raw.close()


def test_a_message_whose_session_is_gone_stays_in_the_trash(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    id = add(status="failed")
    outcome = abort(store, id)
    raw.run("DELETE FROM sdk_sessions WHERE id = :id", id=session)
    for _ in range(2):
        with pytest.raises(UnknownSession, match="session"):
            undo(store, outcome)
        assert (raw.ids(), browse.get_row(store, id).trashed_by) == ([], outcome.journal_id)
    raw.run(
        "INSERT INTO sdk_sessions (id, content_session_id, project, started_at, started_at_epoch)"
        " VALUES (:id, 'alpha', 'red', '', 0)",
        id=session,
    )
    assert undo(store, outcome).done == (id,)


def test_an_id_that_is_taken_again_does_not_overwrite(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    id = add(status="failed")
    outcome = abort(store, id)
    raw.run(
        "INSERT INTO pending_messages (id, session_db_id, content_session_id, message_type, created_at_epoch)"
        " VALUES (:id, 1, 'alpha', 'summarize', 1)",
        id=id,
    )
    before = raw.exact()
    with pytest.raises(WrongState) as caught:
        undo(store, outcome)
    assert len(str(caught.value).split()) > 4
    assert raw.exact() == before
    assert raw.run("SELECT id, tool_name FROM unstick_trash") == [{"id": id, "tool_name": "Read"}]


def test_a_message_with_the_same_tool_use_does_not_come_back_beside_it(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("I"))
    store, raw = open_file(path), SqliteRaw(path)
    outcome = abort(store, 1)
    raw.run("UPDATE pending_messages SET tool_use_id = 'tool_use_id-1' WHERE id = 3")
    with pytest.raises(WrongState):
        undo(store, outcome)
    assert (1 in raw.ids(), browse.get_row(store, 1).trashed_by) == (False, outcome.journal_id)
    raw.close()


def test_the_file_may_gain_columns_between_abort_and_undo(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("B"))
    store, raw = open_file(path), SqliteRaw(path)
    first = abort(store, 1)
    before = raw.run("SELECT * FROM unstick_trash")
    raw.run("ALTER TABLE pending_messages ADD COLUMN agent_type TEXT DEFAULT 'main'")
    raw.set(2, agent_type="sub")
    second = abort(store, 2)
    assert (undo(store, first).done, undo(store, second).done) == ((1,), (2,))
    assert raw.row(2)["agent_type"] == "sub"
    assert raw.row(1)["tool_input"] == before[0]["tool_input"]
    raw.close()


def test_the_file_may_be_renamed_to_the_new_names_between_abort_and_undo(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("A"))
    store, raw = open_file(path), SqliteRaw(path)
    before = raw.exact()
    outcome = abort(store, 1)
    raw.run("ALTER TABLE pending_messages RENAME COLUMN claude_session_id TO content_session_id")
    raw.run("ALTER TABLE sdk_sessions RENAME COLUMN claude_session_id TO content_session_id")
    later = abort(store, 2)
    assert [browse.get_row(store, id).content_session_id for id in (1, 2)] == ["beta", "alpha"]
    undo(store, outcome)
    undo(store, later)
    assert raw.exact() == before
    raw.close()


def test_aborted_again_and_again_it_is_in_the_trash_once(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    id = add(status="failed")
    for _ in range(3):
        outcome = abort(store, id)
        assert raw.run("SELECT id, journal_id FROM unstick_trash") == [{"id": id, "journal_id": outcome.journal_id}]
        undo(store, outcome)
    assert raw.run("SELECT id FROM unstick_trash") == []
    outcome = abort(store, id)
    with pytest.raises(WrongState):
        undoing.undo(store, 1, actor="bob")
    assert browse.get_row(store, id).trashed_by == outcome.journal_id


def test_what_the_trash_lost_cannot_come_back(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    id = add(status="failed")
    outcome = abort(store, id)
    raw.run("DELETE FROM unstick_trash")
    with pytest.raises(NotFound):
        undo(store, outcome)
    with pytest.raises(NotFound):
        browse.get_detail(store, id)


def test_an_aborted_message_is_in_no_list_and_no_count(store: PendingMessageStore, session: int, add: Add) -> None:
    id = add(status="failed")
    abort(store, id)
    assert store.get_queue_messages() == []
    assert browse.queue_page(store, Filters()).rows == ()
    assert str(diagnosis.counts(store, store.now()).queue) == "0"
    assert store.retry_message(id) is False
    assert store.abort_message(id) is False


def test_the_payloads_of_an_aborted_message_can_still_be_read(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    values: dict[str, Any] = {name: f"{name}-é" for name in PAYLOADS}
    id = add(**values, status="processed")
    abort(store, id)
    for name in PAYLOADS:
        piece = browse.read_payload(store, id, name)
        assert (piece.kind, piece.data, piece.size) == ("text", f"{name}-é".encode(), len(name) + 3)


def test_an_id_that_was_used_twice_can_be_aborted_twice(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    first = add(tool_name="first")
    abort(store, first)
    raw.last_id(first - 1)
    assert add(tool_name="second") == first
    second = abort(store, first)
    assert browse.get_row(store, first).tool_name == "second"
    undo(store, second)
    assert raw.row(first)["tool_name"] == "second"


def test_a_column_that_was_added_since_takes_its_default(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("B"))
    store, raw = open_file(path), SqliteRaw(path)
    earlier = abort(store, 1)
    raw.run("ALTER TABLE pending_messages ADD COLUMN priority INTEGER NOT NULL DEFAULT 7")
    store.refresh()
    abort(store, 2)
    undo(store, earlier)
    assert raw.row(1)["priority"] == 7
    raw.close()
