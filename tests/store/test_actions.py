"""What operators do: guarded by what was seen, written into the journal, and brought back byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.schemas import build, shape
from tests.store.backends import Clock, Raw
from tests.store.scripted import looks
from webui.store import NotFound, PendingMessageStore, ReadOnly, Unsupported, WrongState, act, browse, journal, migrate
from webui.store.model import Outcome

Add = Callable[..., int]
Act = Callable[..., Outcome]
STATUSES = ("pending", "processing", "processed", "failed")
ACTIONS: dict[str, Act] = {"retry": act.retry, "retry-fresh": act.retry_fresh, "abort": act.abort}
FILLED = {
    "tool_response": '"r"',
    "cwd": "/c",
    "prompt_number": 3,
    "retry_count": 2,
    "started_processing_at_epoch": 55,
    "completed_at_epoch": 66,
}


@pytest.fixture(params=ACTIONS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def seen(store: PendingMessageStore, id: int) -> str:
    return browse.get_row(store, id).seen


def do(store: PendingMessageStore, name: str, id: int, reason: str | None = None) -> Outcome:
    return ACTIONS[name](store, id, seen(store, id), actor="ann", reason=reason)


def undo(store: PendingMessageStore, outcome: Outcome, actor: str = "bob") -> Outcome:
    assert outcome.journal_id is not None
    return journal.undo(store, outcome.journal_id, actor=actor)


@pytest.mark.parametrize("status", ["pending", "processing", "failed"])
@pytest.mark.parametrize(("name", "count"), [("retry", 2), ("retry-fresh", 0)])
def test_a_retry_makes_it_pending(
    store: PendingMessageStore, add: Add, raw: Raw, name: str, count: int, status: str
) -> None:
    id = add(**FILLED, status=status)
    add(**FILLED, status=status)
    before = raw.rows()
    outcome = do(store, name, id)
    change = {"status": "pending", "started_processing_at_epoch": None, "retry_count": count}
    assert raw.rows() == [{**before[0], **change}, before[1]]
    assert (outcome.action, outcome.done, dict(outcome.skipped)) == (name, (id,), {})
    assert outcome.row == browse.get_row(store, id)
    assert outcome.row.status == "pending"


@pytest.mark.parametrize("name", ["retry", "retry-fresh"])
def test_a_processed_message_is_not_retried(store: PendingMessageStore, add: Add, raw: Raw, name: str) -> None:
    id = add(**FILLED, status="processed")
    before = raw.rows()
    with pytest.raises(WrongState) as caught:
        do(store, name, id)
    assert caught.value.row == browse.get_row(store, id)
    assert (raw.rows(), raw.side_tables()) == (before, [])


@pytest.mark.parametrize("status", STATUSES)
def test_an_abort_moves_it_to_the_trash(store: PendingMessageStore, add: Add, raw: Raw, status: str) -> None:
    id, kept = add(**FILLED, status=status), add(**FILLED, status=status)
    row = browse.get_row(store, id)
    outcome = do(store, "abort", id, "too big")
    assert raw.ids() == [kept]
    assert store.get_message(id) is None
    trashed = browse.get_row(store, id)
    assert outcome.row == trashed
    assert trashed.trashed_by == outcome.journal_id
    assert (trashed.status, trashed.retry_count, trashed.tool_input) == (status, 2, row.tool_input)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "processing"},
        {"status": "processed"},
        {"retry_count": 1},
        {"started_processing_at_epoch": 9},
        {"status": "processing", "started_processing_at_epoch": 9},
    ],
    ids=repr,
)
def test_a_row_that_changed_since_it_was_seen_is_not_touched(
    store: PendingMessageStore, add: Add, raw: Raw, name: str, change: dict[str, Any]
) -> None:
    id = add(status="failed")
    token = seen(store, id)
    raw.set(id, **change)
    before = raw.rows()
    with pytest.raises(WrongState) as caught:
        ACTIONS[name](store, id, token, actor="ann")
    assert caught.value.row == browse.get_row(store, id)
    assert len(str(caught.value).split()) > 4
    assert (raw.rows(), raw.side_tables()) == (before, [])


def test_what_else_changed_does_not_matter(store: PendingMessageStore, add: Add, raw: Raw, name: str) -> None:
    id = add(status="failed")
    token = seen(store, id)
    raw.set(id, cwd="/elsewhere", completed_at_epoch=5, tool_input="{}")
    assert ACTIONS[name](store, id, token, actor="ann").done == (id,)


@pytest.mark.parametrize("unknown", [0, 99, -1, 2**63, 2**100])
def test_an_unknown_id_is_not_found(store: PendingMessageStore, add: Add, raw: Raw, name: str, unknown: int) -> None:
    token = seen(store, add())
    with pytest.raises(NotFound):
        ACTIONS[name](store, unknown, token, actor="ann")
    assert raw.side_tables() == []


@pytest.mark.parametrize("token", ["", "x", "pending", "pending..", "pending..0 OR 1=1", "\x00", "é" * 5_000])
def test_a_token_that_nobody_gave_out_matches_nothing(
    store: PendingMessageStore, add: Add, raw: Raw, name: str, token: str
) -> None:
    id = add(status="failed", retry_count=3)
    before = raw.rows()
    with pytest.raises(WrongState):
        ACTIONS[name](store, id, token, actor="ann")
    assert raw.rows() == before


def test_a_second_click_does_nothing_twice(store: PendingMessageStore, add: Add, raw: Raw, name: str) -> None:
    id = add(status="failed", retry_count=2)
    token = seen(store, id)
    ACTIONS[name](store, id, token, actor="ann")
    before = raw.rows(), raw.exact("unstick_journal")
    with pytest.raises(WrongState) as caught:
        ACTIONS[name](store, id, token, actor="ann")
    assert caught.value.row is not None
    assert (caught.value.row.trashed_by is not None) is (name == "abort")
    assert (raw.rows(), raw.exact("unstick_journal")) == before


def test_a_message_claimed_in_this_very_millisecond_is_not_released(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add()
    store.claim_next_message(session)
    before = raw.rows()
    for name in ("retry", "retry-fresh"):
        with pytest.raises(WrongState):
            do(store, name, id)
    assert (raw.rows(), raw.side_tables()) == (before, [])
    clock.tick()
    assert do(store, "retry", id).done == (id,)


def test_a_released_claim_cannot_be_acknowledged_any_more(
    store: PendingMessageStore, session: int, add: Add, clock: Clock
) -> None:
    id = add()
    late = store.claim_next_message(session)
    clock.tick()
    do(store, "retry", id)
    current = store.claim_next_message(session)
    assert store.mark_processed(id, claim=late) is False
    assert store.mark_processed(id, claim=current) is True


def test_the_journal_says_who_when_why_and_what_was_before(
    store: PendingMessageStore, add: Add, clock: Clock, name: str
) -> None:
    id = add(**FILLED, status="failed")
    clock.tick(5)
    outcome = do(store, name, id, "because\n<b>é</b>")
    assert outcome.journal_id is not None
    entry = journal.get_entry(store, outcome.journal_id)
    assert (entry.action, entry.actor, entry.reason, entry.at) == (name, "ann", "because\n<b>é</b>", clock.now)
    assert (entry.done, entry.undoes, entry.undone_by, entry.undoable) == (1, None, None, True)
    [line] = browse.get_detail(store, id).journal
    assert (line.id, line.before_status, line.before_started, line.before_retry_count) == (entry.id, "failed", 55, 2)


def test_the_journal_of_a_message_is_its_own_and_newest_first(store: PendingMessageStore, add: Add) -> None:
    one, two = add(status="failed"), add(status="failed")
    for id in (one, two, one):
        do(store, "retry", id)
    do(store, "abort", one)
    lines = browse.get_detail(store, one).journal
    assert [line.action for line in lines] == ["abort", "retry", "retry"]
    assert [line.id for line in lines] == [4, 3, 1]
    assert [line.id for line in browse.get_detail(store, two).journal] == [2]


def test_there_is_no_line_of_the_journal_that_was_never_written(store: PendingMessageStore, add: Add) -> None:
    for unknown in (0, 1, 99, 2**80):
        with pytest.raises(NotFound):
            journal.get_entry(store, unknown)
        with pytest.raises(NotFound):
            journal.undo(store, unknown, actor="bob")
    do(store, "retry", add(status="failed"))
    for unknown in (0, 2, 2**80):
        with pytest.raises(NotFound):
            journal.undo(store, unknown, actor="bob")


@pytest.mark.parametrize("status", STATUSES)
def test_every_action_undone_leaves_the_row_exactly_as_before(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock, name: str, status: str
) -> None:
    if status == "processed" and name != "abort":
        return
    id = add(**FILLED, status=status)
    add(**FILLED, status=status)
    before = raw.exact()
    outcome = do(store, name, id)
    assert raw.exact() != before
    clock.tick(60_000)
    back = undo(store, outcome)
    assert raw.exact() == before
    assert (back.action, back.done, dict(back.skipped)) == ("undo", (id,), {})
    assert back.row == browse.get_row(store, id)
    assert back.row.trashed_by is None


def test_an_undo_is_a_line_of_its_own_and_closes_the_other(
    store: PendingMessageStore, add: Add, clock: Clock, name: str
) -> None:
    id = add(status="failed")
    outcome = do(store, name, id)
    back = undo(store, outcome)
    assert outcome.journal_id is not None
    assert back.journal_id is not None
    first, second = (journal.get_entry(store, line) for line in (outcome.journal_id, back.journal_id))
    assert (first.undone_by, first.undoable) == (second.id, False)
    assert (second.action, second.actor, second.undoes, second.done, second.undoable) == (
        "undo",
        "bob",
        first.id,
        1,
        False,
    )


def test_an_undo_happens_once(store: PendingMessageStore, add: Add, raw: Raw, name: str) -> None:
    id = add(status="failed", retry_count=2)
    outcome = do(store, name, id)
    back = undo(store, outcome)
    before = raw.rows(), raw.exact("unstick_journal")
    for line in (outcome, back):
        with pytest.raises(WrongState):
            undo(store, line)
    assert (raw.rows(), raw.exact("unstick_journal")) == before


def test_a_row_that_moved_on_is_not_taken_back(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    id = add(status="failed", retry_count=2)
    outcome = do(store, "retry", id)
    store.claim_next_message(session)
    before = raw.rows()
    with pytest.raises(WrongState, match="processing") as caught:
        undo(store, outcome)
    assert caught.value.row == browse.get_row(store, id)
    assert raw.rows() == before


def test_a_row_that_is_gone_is_not_taken_back(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    id = add(status="failed")
    outcome = do(store, "retry", id)
    store.abort_message(id)
    with pytest.raises(WrongState, match="no longer"):
        undo(store, outcome)
    id = add(status="failed")
    outcome = do(store, "retry", id)
    do(store, "abort", id)
    with pytest.raises(WrongState, match="aborted"):
        undo(store, outcome)


def test_an_action_after_an_undo_can_be_undone_again(store: PendingMessageStore, add: Add, raw: Raw, name: str) -> None:
    id = add(**FILLED, status="failed")
    before = raw.exact()
    for _ in range(3):
        undo(store, do(store, name, id))
        assert raw.exact() == before


def test_a_read_only_store_acts_on_nothing(
    store: PendingMessageStore, make_store: Callable[..., PendingMessageStore], add: Add, raw: Raw, name: str
) -> None:
    id = add(status="failed")
    line = do(store, name, id)
    id = add(status="processing", started_processing_at_epoch=1)
    reader = make_store(create=False, read_only=True)
    before = raw.exact(), raw.exact("unstick_journal"), raw.schema(ours=True)
    token = seen(reader, id)
    for call in (
        lambda: ACTIONS[name](reader, id, token, actor="ann"),
        lambda: act.retry_all_stuck(reader, 5, actor="ann"),
        lambda: undo(reader, line),
        lambda: migrate.clean(reader.database),
    ):
        with pytest.raises(ReadOnly):
            call()
    assert (raw.exact(), raw.exact("unstick_journal"), raw.schema(ours=True)) == before


def test_without_a_retry_count_there_is_no_fresh_retry(
    open_file: Callable[..., PendingMessageStore], tmp_path: Path
) -> None:
    store = open_file(build(tmp_path / "g.db", shape("G")))
    with pytest.raises(Unsupported):
        do(store, "retry-fresh", 5)
    assert do(store, "retry", 5).done == (5,)


def test_a_look_makes_and_changes_nothing(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock) -> None:
    for status in STATUSES:
        add(status=status, started_processing_at_epoch=1, completed_at_epoch=1)
    before = raw.traces()
    looks(store)
    assert raw.traces() == before


def test_any_write_leaves_traces(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    id = add()
    writes: list[Callable[[], object]] = [
        lambda: store.retry_message(id),
        lambda: store.abort_message(id),
        lambda: store.ensure_session("new", "red"),
        lambda: migrate.migrate(store.database),
    ]
    for write in writes:
        before = raw.traces()
        write()
        assert raw.traces() != before


def test_the_queues_own_tables_are_as_they_were_after_every_action(
    store: PendingMessageStore, add: Add, raw: Raw
) -> None:
    before = raw.schema()
    for name in ACTIONS:
        undo(store, do(store, name, add(status="failed")))
    store.mark_failed(add(), error="why")
    act.retry_all_stuck(store, 5, actor="ann")
    assert raw.schema() == before
    assert raw.side_tables() != []


def test_clean_removes_all_of_ours_and_nothing_else(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    add(status="failed")
    before = raw.schema(ours=True)
    for name in ACTIONS:
        do(store, name, add(status="failed"))
    store.mark_failed(add(), error="why")
    rows = raw.exact()
    sizes = {table: len(raw.run(f"SELECT * FROM {table}")) for table in raw.side_tables()}
    assert migrate.clean(store.database) == sizes
    assert (raw.side_tables(), raw.schema(ours=True), raw.exact()) == ([], before, rows)
    assert migrate.clean(store.database) == {}
    assert do(store, "retry", add(status="failed")).journal_id == 1


def test_side_tables_of_another_version_are_left_alone(
    store: PendingMessageStore, add: Add, raw: Raw, name: str
) -> None:
    line = do(store, name, add(status="failed"))
    raw.run("INSERT INTO unstick_migrations (name) VALUES ('9999_from_the_future')")
    id = add(status="failed")
    before = raw.exact(), raw.exact("unstick_journal")
    for call in (
        lambda: do(store, name, id),
        lambda: undo(store, line),
        lambda: store.mark_failed(id, error="why"),
    ):
        with pytest.raises(Unsupported, match="newer"):
            call()
    assert (raw.exact(), raw.exact("unstick_journal")) == before


def test_after_a_clean_there_is_nothing_to_take_back(store: PendingMessageStore, add: Add, name: str) -> None:
    outcome = do(store, name, add(status="failed"))
    migrate.clean(store.database)
    with pytest.raises(NotFound):
        undo(store, outcome)


def test_a_reason_of_a_failure_is_kept_with_its_attempt(
    store: PendingMessageStore, session: int, add: Add, clock: Clock
) -> None:
    id = add(retry_count=2)
    for error in ("first\x00\ud800", "second"):
        clock.tick()
        claimed = store.claim_next_message(session)
        assert claimed is not None
        assert store.mark_failed(id, error=error, claim=claimed) is True
    failures = browse.get_detail(store, id).failures
    assert [(failure.at, failure.attempt, failure.error) for failure in failures] == [
        (clock.now, 4, "second"),
        (clock.now - 1, 3, "first\ufffd\ufffd"),
    ]
    message = store.get_message(id)
    assert message is not None
    assert (message.status, message.retry_count) == ("failed", 3)


def test_no_reason_is_kept_for_what_did_not_happen(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    id = add()
    claimed = store.claim_next_message(session)
    store.retry_message(id)
    assert store.mark_failed(id, error="late", claim=claimed) is False
    assert store.mark_failed(99, error="nobody") is None
    assert store.mark_failed(2**70, error="nobody") is None
    assert browse.get_detail(store, id).failures == ()
    assert raw.row(id)["retry_count"] == 0
