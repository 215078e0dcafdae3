"""Everything that is stuck made pending at one click, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.schemas import build, shape
from tests.store.backends import Clock, Raw, SqliteRaw
from tests.store.operating import changed, retry_stuck, skipped, undo
from webui.store import PendingMessageStore, Unsupported, WrongState, act, browse, journal

Add = Callable[..., int]


def test_what_started_strictly_before_the_cutoff_is_retried(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock
) -> None:
    cutoff = clock.now - 1_000
    stuck = [add(status="processing", started_processing_at_epoch=time, retry_count=3) for time in (cutoff - 1, 1)]
    for time in (cutoff, cutoff + 1, clock.now, None):
        add(status="processing", started_processing_at_epoch=time)
    for status in ("pending", "failed", "processed"):
        add(status=status, started_processing_at_epoch=1)
    before = raw.rows()
    done = retry_stuck(store, cutoff)
    change = {"status": "pending", "started_processing_at_epoch": None}
    assert raw.rows() == [{**row, **change} if row["id"] in stuck else row for row in before]
    assert (done.state, done.done, done.skipped, changed(store, done)) == ("done", 2, 0, stuck)
    entry = journal.get_entry(store, done.id)
    assert (entry.action, entry.actor, entry.done, entry.undoable) == ("retry", "ann", 2, True)


def test_the_cutoff_is_an_instant_and_does_not_move_with_the_clock(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    old = add(status="processing", started_processing_at_epoch=clock.now - 300_001)
    cutoff = clock.now - 300_000
    later = add()
    store.claim_next_message(session)
    clock.tick(3_600_000)
    assert changed(store, retry_stuck(store, cutoff)) == [old]
    assert raw.row(later)["status"] == "processing"


def test_what_was_claimed_in_this_very_millisecond_is_left(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    old = add(status="processing", started_processing_at_epoch=1)
    now = add()
    store.claim_next_message(session)
    assert changed(store, retry_stuck(store, clock.now + 1_000)) == [old]
    assert raw.row(now)["status"] == "processing"


def test_undone_every_row_is_as_it_was(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock) -> None:
    for started in (1, 5, 5, 99):
        add(status="processing", started_processing_at_epoch=started, retry_count=started % 3)
    before = raw.exact()
    done = retry_stuck(store, clock.now)
    assert raw.exact() != before
    back = undo(store, done)
    assert (changed(store, back), back.skipped) == (changed(store, done), 0)
    assert raw.exact() == before
    with pytest.raises(WrongState):
        undo(store, done)


def test_undo_skips_what_moved_on_and_says_why(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    ids = [add(status="processing", started_processing_at_epoch=1) for _ in range(5)]
    done = retry_stuck(store, clock.now)
    store.claim_next_message(session)
    store.abort_message(ids[1])
    act.abort(store, ids[2], browse.get_row(store, ids[2]).seen, actor="eve")
    before = raw.row(ids[0])
    back = undo(store, done)
    reasons = ("processing now", "no longer in the queue", "aborted now")
    assert skipped(store, back) == dict(zip(ids[:3], reasons, strict=True))
    assert (raw.row(ids[0]), journal.get_entry(store, back.id).done) == (before, 2)
    assert changed(store, back) == ids[3:]
    for id in ids[3:]:
        assert (raw.row(id)["status"], raw.row(id)["started_processing_at_epoch"]) == ("processing", 1)


def test_each_message_knows_the_line_and_its_own_state_before(
    store: PendingMessageStore, add: Add, clock: Clock
) -> None:
    ids = [add(status="processing", started_processing_at_epoch=time, retry_count=time) for time in (1, 2)]
    done = retry_stuck(store, clock.now)
    for time, id in enumerate(ids, start=1):
        [line] = browse.get_detail(store, id).journal
        assert (line.id, line.action, line.before_status) == (done.id, "retry", "processing")
        assert (line.before_started, line.before_retry_count) == (time, time)


def test_other_columns_stay_in_a_file_of_another_release(
    open_file: Callable[..., PendingMessageStore], tmp_path: Path, clock: Clock
) -> None:
    path = build(tmp_path / "f.db", shape("D"))
    store, raw = open_file(path), SqliteRaw(path)
    before = raw.exact()
    done = retry_stuck(store, clock.now)
    assert changed(store, done) == [5, 6, 7, 8]
    assert [raw.row(id)["agent_id"] for id in (5, 6, 7, 8)] == [f"agent_id-{id}" for id in (5, 6, 7, 8)]
    undo(store, done)
    assert raw.exact() == before
    raw.close()


def test_a_file_without_a_started_time_says_that_nobody_knows_what_is_stuck(
    open_file: Callable[..., PendingMessageStore], tmp_path: Path, clock: Clock
) -> None:
    path = build(tmp_path / "f.db", shape("E"))
    store, raw = open_file(path), SqliteRaw(path)
    with pytest.raises(Unsupported) as caught:
        retry_stuck(store, clock.now)
    assert len(str(caught.value).split()) > 4
    assert raw.side_tables() == []
    raw.close()
