from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.schemas import build, shape
from tests.store.backends import Backend, Clock, Raw, SqliteRaw
from webui.store import PendingMessageStore, Unsupported, WrongState, act, browse, journal
from webui.store import undo as undoing
from webui.store.model import Outcome

Add = Callable[..., int]


def bulk(raw: Raw, count: int) -> None:
    """So many messages that have been processing for long."""
    raw.fill(count, status="'processing'", retry_count="i % 4", started_processing_at_epoch="i + 1")


def undo(store: PendingMessageStore, outcome: Outcome) -> Outcome:
    assert outcome.journal_id is not None
    return undoing.undo(store, outcome.journal_id, actor="bob")


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
    outcome = act.retry_all_stuck(store, cutoff, actor="ann", reason="the worker crashed")
    change = {"status": "pending", "started_processing_at_epoch": None}
    assert raw.rows() == [{**row, **change} if row["id"] in stuck else row for row in before]
    assert (outcome.action, outcome.done, outcome.remaining) == ("retry-all", tuple(stuck), None)
    assert outcome.journal_id is not None
    entry = journal.get_entry(store, outcome.journal_id)
    assert (entry.action, entry.actor, entry.reason) == ("retry-all", "ann", "the worker crashed")
    assert (entry.done, entry.cutoff, entry.undoable) == (2, cutoff, True)


def test_the_cutoff_is_an_instant_and_does_not_move_with_the_clock(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    add(status="processing", started_processing_at_epoch=clock.now - 300_001)
    cutoff = clock.now - 300_000
    later = add()
    store.claim_next_message(session)
    clock.tick(3_600_000)
    assert act.retry_all_stuck(store, cutoff, actor="ann").done == (1,)
    assert raw.row(later)["status"] == "processing"


def test_what_was_claimed_in_this_very_millisecond_is_left(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    old = add(status="processing", started_processing_at_epoch=1)
    now = add()
    store.claim_next_message(session)
    assert act.retry_all_stuck(store, clock.now + 1_000, actor="ann").done == (old,)
    assert raw.row(now)["status"] == "processing"


def test_with_nothing_stuck_there_is_no_line_and_no_table(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock
) -> None:
    add(status="processing", started_processing_at_epoch=clock.now)
    outcome = act.retry_all_stuck(store, clock.now - 1, actor="ann")
    assert (outcome.done, outcome.journal_id, raw.side_tables()) == ((), None, [])


def test_a_second_click_finds_nothing(store: PendingMessageStore, add: Add, clock: Clock) -> None:
    add(status="processing", started_processing_at_epoch=1)
    first = act.retry_all_stuck(store, clock.now, actor="ann")
    second = act.retry_all_stuck(store, clock.now, actor="ann")
    assert (first.done, second.done, second.journal_id) == ((1,), (), None)


def test_undone_every_row_is_as_it_was(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock) -> None:
    for started in (1, 5, 5, 99):
        add(status="processing", started_processing_at_epoch=started, retry_count=started % 3)
    before = raw.exact()
    outcome = act.retry_all_stuck(store, clock.now, actor="ann")
    assert raw.exact() != before
    back = undo(store, outcome)
    assert (back.done, dict(back.skipped)) == (outcome.done, {})
    assert raw.exact() == before
    with pytest.raises(WrongState):
        undo(store, outcome)


def test_undo_skips_what_moved_on_and_says_why(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    ids = [add(status="processing", started_processing_at_epoch=1) for _ in range(5)]
    outcome = act.retry_all_stuck(store, clock.now, actor="ann")
    store.claim_next_message(session)
    store.abort_message(ids[1])
    act.abort(store, ids[2], browse.get_row(store, ids[2]).seen, actor="eve")
    before = {row["id"]: row for row in raw.rows()}
    back = undo(store, outcome)
    assert back.done == (ids[3], ids[4])
    assert set(back.skipped) == {ids[0], ids[1], ids[2]}
    for id, word in zip(ids[:3], ("processing", "no longer", "aborted"), strict=True):
        assert word in back.skipped[id]
    assert raw.row(ids[0]) == before[ids[0]]
    assert back.journal_id is not None
    assert journal.get_entry(store, back.journal_id).done == 2
    for id in back.done:
        assert (raw.row(id)["status"], raw.row(id)["started_processing_at_epoch"]) == ("processing", 1)


def test_each_message_knows_the_line_and_its_own_state_before(
    store: PendingMessageStore, add: Add, clock: Clock
) -> None:
    ids = [add(status="processing", started_processing_at_epoch=time, retry_count=time) for time in (1, 2)]
    outcome = act.retry_all_stuck(store, clock.now, actor="ann")
    for time, id in enumerate(ids, start=1):
        [line] = browse.get_detail(store, id).journal
        assert (line.id, line.action, line.before_status) == (outcome.journal_id, "retry-all", "processing")
        assert (line.before_started, line.before_retry_count) == (time, time)


def test_many_are_retried_and_taken_back(
    store: PendingMessageStore, session: int, raw: Raw, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(act, "LONGEST", 60)
    bulk(raw, 1_700)
    before = raw.exact()
    outcome = act.retry_all_stuck(store, clock.now, actor="ann")
    assert (len(outcome.done), len(set(outcome.done)), outcome.remaining) == (1_700, 1_700, None)
    assert store.get_stuck_count(0) == 0
    assert outcome.journal_id is not None
    assert journal.get_entry(store, outcome.journal_id).done == 1_700
    assert len(undo(store, outcome).done) == 1_700
    assert raw.exact() == before


def test_a_click_is_bounded_and_says_what_remains(
    store: PendingMessageStore, session: int, raw: Raw, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk(raw, 300)
    monkeypatch.setattr(act, "LONGEST", 0)
    done: list[int] = []
    outcome = act.retry_all_stuck(store, clock.now, actor="ann")
    assert outcome.remaining is not None
    assert len(outcome.done) + outcome.remaining.number == 300
    done += outcome.done
    while outcome.remaining:
        outcome = act.retry_all_stuck(store, clock.now, actor="ann")
        done += outcome.done
    assert sorted(done) == raw.ids()


def test_what_was_done_before_somebody_took_the_lock_is_said_and_can_be_taken_back(
    store: PendingMessageStore, session: int, raw: Raw, clock: Clock, backend: Backend
) -> None:
    bulk(raw, 5_000)
    before = raw.exact()
    returned = threading.Event()

    def take_the_lock() -> None:
        other = backend.raw()
        while not other.run("SELECT 1 FROM pending_messages WHERE status = 'pending' LIMIT 1"):
            pass
        with other.write_lock():
            returned.wait(20)
        other.close()

    thread = threading.Thread(target=take_the_lock)
    thread.start()
    try:
        outcome = act.retry_all_stuck(store, clock.now, actor="ann")
    finally:
        returned.set()
        thread.join()
    assert outcome.done
    assert outcome.remaining is not None
    assert store.get_stuck_count(0) == 5_000 - len(outcome.done)
    assert undo(store, outcome).done == outcome.done
    assert raw.exact() == before


def test_other_columns_stay_in_a_file_of_another_release(
    open_file: Callable[..., PendingMessageStore], tmp_path: Path, clock: Clock
) -> None:
    path = build(tmp_path / "f.db", shape("D"))
    store, raw = open_file(path), SqliteRaw(path)
    before = raw.exact()
    outcome = act.retry_all_stuck(store, clock.now, actor="ann")
    assert outcome.done == (5, 6, 7, 8)
    assert [raw.row(id)["agent_id"] for id in outcome.done] == [f"agent_id-{id}" for id in outcome.done]
    undo(store, outcome)
    assert raw.exact() == before
    raw.close()


def test_a_file_without_a_started_time_says_that_nobody_knows_what_is_stuck(
    open_file: Callable[..., PendingMessageStore], tmp_path: Path, clock: Clock
) -> None:
    path = build(tmp_path / "f.db", shape("E"))
    store, raw = open_file(path), SqliteRaw(path)
    with pytest.raises(Unsupported) as caught:
        act.retry_all_stuck(store, clock.now, actor="ann")
    assert len(str(caught.value).split()) > 4
    assert raw.side_tables() == []
    raw.close()
