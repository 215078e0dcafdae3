"""What is kept beside the queue: the journal, undone byte for byte, and the reasons of failures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.actions import ACTIONS, FILLED, STATUSES, do, undo
from tests.store.backends import Clock, Raw
from webui.store import NotFound, PendingMessageStore, Unsupported, WrongState, browse, journal, migrate
from webui.store import undo as undoing

Add = Callable[..., int]


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
            undoing.undo(store, unknown, actor="bob")
    do(store, "retry", add(status="failed"))
    for unknown in (0, 2, 2**80):
        with pytest.raises(NotFound):
            undoing.undo(store, unknown, actor="bob")


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
    assert (back.action, back.done) == ("undo", (id,))
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
