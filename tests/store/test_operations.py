"""Actions on many rows: frozen sets, three-part outcomes, chunks, cancel and resume, undo, one-use keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.schemas import build, shape
from tests.store.backends import Clock, Raw
from tests.store.operating import FAILED, do, fail, ticked, undo
from webui.store import Busy, PendingMessageStore, Unsupported, WrongState, journal, operations, preview, working
from webui.store.filters import Filters
from webui.store.selection import Frozen, Line, Ticked, Trash, loads

Add = Callable[..., int]
pytestmark = pytest.mark.usefixtures("session")


def statuses(raw: Raw) -> list[str]:
    return [row["status"] for row in raw.rows()]


@pytest.mark.parametrize(
    ("action", "change"),
    [
        ("retry", {"status": "pending", "started_processing_at_epoch": None}),
        ("retry-fresh", {"status": "pending", "started_processing_at_epoch": None, "retry_count": 0}),
    ],
)
def test_all_that_matched_is_changed_and_comes_back(
    store: PendingMessageStore, raw: Raw, action: str, change: dict[str, object]
) -> None:
    fail(raw, 700)
    before = raw.rows()
    done = do(store, action, preview.freeze(store, FAILED), expected=700)
    assert (done.state, done.done, done.skipped, done.failed, done.action) == ("done", 700, 0, 0, action)
    assert raw.rows() == [{**row, **change} for row in before]
    back = undo(store, done)
    assert (back.state, back.done, back.skipped) == ("done", 700, 0)
    assert raw.rows() == before
    assert operations.get(store, done.id).undone_by == back.id


def test_what_is_aborted_is_in_the_trash_and_comes_back_to_the_byte(store: PendingMessageStore, raw: Raw) -> None:
    fail(raw, 300)
    before = raw.rows()
    done = do(store, "abort", preview.freeze(store, FAILED))
    assert (done.done, raw.rows()) == (300, [])
    assert len(raw.rows("unstick_trash")) == 300
    assert undo(store, done).done == 300
    assert (raw.rows(), raw.rows("unstick_trash")) == (before, [])


def test_what_came_or_failed_after_the_page_was_made_is_left(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock
) -> None:
    then = [add(status="failed", completed_at_epoch=clock.now - 5) for _ in range(3)]
    running = add(status="processing", started_processing_at_epoch=clock.now - 5)
    frozen = preview.freeze(store, FAILED)
    clock.tick(1_000)
    later = add(status="failed", completed_at_epoch=clock.now)
    raw.set(running, status="failed", completed_at_epoch=clock.now)
    found = preview.matching(store, "retry", frozen)
    assert (found.count.number, found.now.number, dict(found.by_status)) == (3, 5, {"failed": found.count})
    assert do(store, "retry", frozen).done == 3
    by_id = {row["id"]: row["status"] for row in raw.rows()}
    assert by_id == {**dict.fromkeys(then, "pending"), running: "failed", later: "failed"}


def test_filters_are_frozen_with_their_times(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock) -> None:
    stuck = add(status="processing", started_processing_at_epoch=clock.now - 300_001)
    almost = add(status="processing", started_processing_at_epoch=clock.now - 299_000)
    frozen = preview.freeze(store, Filters.parse({"stuck": "5m"}))
    clock.tick(3_600_000)
    assert do(store, "retry", frozen).done == 1
    assert (raw.row(stuck)["status"], raw.row(almost)["status"]) == ("pending", "processing")


def test_a_retry_of_all_leaves_what_is_pending_and_is_not_led_to_its_own_rows(
    store: PendingMessageStore, add: Add, raw: Raw
) -> None:
    add(status="pending", retry_count=2)
    fail(raw, 120)
    assert do(store, "retry", preview.freeze(store, Filters())).done == 120
    assert do(store, "retry-fresh", preview.freeze(store, Filters())).done == 121
    assert {row["retry_count"] for row in raw.rows()} == {0}


def test_the_outcome_has_three_parts_each_with_its_rows(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock
) -> None:
    kept, taken, gone = add(status="failed"), add(status="failed"), add(status="failed")
    refused = add(status="failed")
    selection = ticked(store, kept, taken, gone, refused)
    raw.set(taken, status="processing", started_processing_at_epoch=clock.now - 1)
    raw.run("DELETE FROM pending_messages WHERE id = :id", id=gone)
    raw.refuse(refused)
    done = do(store, "retry", selection)
    assert (done.state, done.done, done.skipped, done.failed) == ("done", 1, 2, 1)
    assert operations.done_rows(store, done.id, 0, 9) == [kept]
    assert operations.left_rows(store, done.id, "skipped", 0, 9) == [
        (taken, "processing now"), (gone, "no longer in the queue"),
    ]  # fmt: skip
    [(id, reason)] = operations.left_rows(store, done.id, "failed", 0, 9)
    assert id == refused
    assert reason
    assert {(part, number) for part, _, number in done.left} == {("skipped", 1), ("failed", 1)}
    assert raw.row(refused)["status"] == "failed"


def test_an_undo_leaves_what_has_moved_on(store: PendingMessageStore, session: int, raw: Raw) -> None:
    fail(raw, 5)
    done = do(store, "retry", preview.freeze(store, FAILED))
    claim = store.claim_next_message(session)
    assert claim is not None
    back = undo(store, done)
    assert (back.done, back.skipped) == (4, 1)
    assert operations.left_rows(store, back.id, "skipped", 0, 9) == [(claim.id, "processing now")]
    assert raw.row(claim.id)["status"] == "processing"
    with pytest.raises(WrongState, match="already taken back"):
        operations.begin_undo(store, done.id, actor="bob")


def test_a_key_is_used_once(store: PendingMessageStore, raw: Raw) -> None:
    fail(raw, 3)
    frozen = preview.freeze(store, FAILED)
    first = operations.begin(store, "retry", frozen, actor="ann", key="k")
    assert operations.begin(store, "retry", frozen, actor="ann", key="k") == first
    working.work(store, first)
    assert operations.begin(store, "retry", frozen, actor="ann", key="k") == first
    assert len(raw.rows("unstick_operations")) == 1
    back = operations.begin_undo(store, first, actor="ann", key="u")
    assert operations.begin_undo(store, first, actor="ann", key="u") == back


def test_one_first_and_then_the_rest(store: PendingMessageStore, raw: Raw) -> None:
    fail(raw, 60)
    first = do(store, "retry", preview.freeze(store, FAILED), expected=60, most=1)
    assert (first.state, first.done, statuses(raw).count("pending")) == ("done", 1, 1)
    rest = operations.rest_of(first)
    assert rest is not None
    done = do(store, "retry", rest)
    assert (done.done, operations.rest_of(done)) == (59, None)


def test_cancelled_it_ends_behind_a_step_and_resumed_it_goes_on(
    store: PendingMessageStore, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(raw, 200)
    id = operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ann")
    take = working._carried_out

    def once(*args: object) -> int:
        done = take(*args)  # type: ignore[arg-type]
        operations.cancel(store, id)
        return done

    with monkeypatch.context() as patched:
        patched.setattr(working, "_carried_out", once)
        ended = working.work(store, id)
    assert (ended.state, ended.done) == ("cancelled", statuses(raw).count("pending"))
    assert 0 < ended.done < 200
    assert working.work(store, id) == ended
    assert operations.resume(store, id).state == "running"
    assert working.work(store, id).done == 200
    with pytest.raises(WrongState, match="nothing left"):
        operations.resume(store, id)
    with pytest.raises(WrongState, match="over already"):
        operations.cancel(store, id)


def test_what_is_taken_back_while_it_runs_ends(store: PendingMessageStore, raw: Raw) -> None:
    fail(raw, 200)
    before = raw.rows()
    id = operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ann")
    working.work(store, id, seconds=0.0)
    back = operations.begin_undo(store, id, actor="bob")
    assert working.work(store, back).state == "done"
    assert (operations.get(store, id).state, raw.rows()) == ("cancelled", before)
    with pytest.raises(WrongState, match="taken back"):
        operations.resume(store, id)


def test_so_many_a_minute(store: PendingMessageStore, raw: Raw) -> None:
    fail(raw, 300)
    id = operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ann", per_minute=20)
    ended = working.work(store, id, seconds=2.9)
    assert (ended.state, ended.done) == ("running", 1)
    assert working.work(store, id).done == 1  # nobody goes on before it is time


def test_the_trash_comes_back_or_goes_for_good(store: PendingMessageStore, raw: Raw, add: Add, other: int) -> None:
    ids = [add(status="failed") for _ in range(4)]
    lost = add(session=other, status="failed")
    do(store, "abort", preview.freeze(store, FAILED))
    raw.delete_session(other)
    one = do(store, "restore", operations.freeze_trash(store, (ids[1], 999)))
    assert (one.done, [row["id"] for row in raw.rows()]) == (1, [ids[1]])
    all = do(store, "restore", operations.freeze_trash(store))
    assert (all.done, all.failed, [row["id"] for row in raw.rows()]) == (3, 1, ids)
    [(id, reason)] = operations.left_rows(store, all.id, "failed", 0, 9)
    assert (id, "session is not in this database" in reason) == (lost, True)
    gone = do(store, "purge", operations.freeze_trash(store))
    assert (gone.done, raw.rows("unstick_trash")) == (1, [])
    with pytest.raises(WrongState, match="gone for good"):
        operations.begin_undo(store, gone.id, actor="bob")


def test_ticked_rows_that_were_claimed_in_this_very_millisecond_are_left(
    store: PendingMessageStore, session: int, add: Add, clock: Clock
) -> None:
    add()
    claim = store.claim_next_message(session)
    assert claim is not None
    selection = ticked(store, claim.id)
    assert do(store, "retry", selection).skipped == 1
    clock.tick()
    assert do(store, "retry", selection).done == 1


def test_a_selection_survives_being_kept(store: PendingMessageStore) -> None:
    frozen = Frozen(Filters.parse({"status": "failed", "q": "a “b”"}), 7, 8)
    for selection in (frozen, Ticked(((1, "a.b.c"), (2, ""))), Line(4), Trash(5), Trash(line=6), Trash(only=(1, 2))):
        assert loads(selection.dumps()) == selection


def test_what_the_file_cannot_do_is_refused_before_anything_is_written(
    open_file: Callable[..., PendingMessageStore], tmp_path: Path
) -> None:
    store = open_file(build(tmp_path / "g.db", shape("G")))
    with pytest.raises(Unsupported):
        operations.begin(store, "retry-fresh", preview.freeze(store, Filters()), actor="ann")
    assert operations.newest(store) == []


def test_the_lines_say_what_was_left(store: PendingMessageStore, raw: Raw, add: Add) -> None:
    id = add(status="failed")
    selection = ticked(store, id)
    raw.set(id, status="pending")
    done = do(store, "retry", selection, reason="because")
    line = journal.get_entry(store, done.id)
    assert (line.done, line.undoable, line.reason) == (0, False, "because")
    assert done.skipped == 1


def test_what_is_done_but_not_yet_said_to_be_is_no_stopped_operation(
    store: PendingMessageStore, raw: Raw, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(raw, 1)
    id = operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ann", per_minute=20)
    with monkeypatch.context() as busy:
        busy.setattr(working, "_end", refuse)
        assert working.work(store, id, seconds=1.0).state == "running"
    clock.tick(10_000)
    ended = working.work(store, id)
    assert (ended.state, ended.done, ended.error) == ("done", 1, None)


def refuse(*ignored: object) -> None:
    raise Busy("q.db is busy.")
