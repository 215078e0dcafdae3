"""Whether the queue drains, and why a message does not move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.schemas import MINUTE, build, shape
from tests.store.backends import Clock, Raw, only
from webui.store import PendingMessageStore, browse, diagnosis, scan
from webui.store.database import Transaction

Add = Callable[..., int]
AGE = 5 * MINUTE


@pytest.fixture
def state(store: PendingMessageStore, clock: Clock) -> Callable[[], str]:
    return lambda: diagnosis.verdict(store, clock.now - AGE).state


def test_counts_are_those_of_the_contract(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock) -> None:
    for status, count in {"pending": 1, "processing": 4, "failed": 3, "processed": 2}.items():
        for _ in range(count):
            add(status=status, completed_at_epoch=clock.now)
    cutoff = clock.now - AGE
    for id, started in ((2, cutoff - 1), (3, cutoff), (4, 1)):
        raw.set(id, started_processing_at_epoch=started)
    counts = diagnosis.counts(store, cutoff)
    numbers = [counts.pending, counts.processing, counts.failed, counts.processed, counts.stuck, counts.queue]
    assert [count and (count.number, count.more) for count in numbers] == [
        (number, False) for number in (1, 4, 3, 2, 2, 8)
    ]
    assert counts.stuck is not None
    assert counts.stuck.number == store.get_stuck_count(AGE)


@pytest.fixture
def numbers(store: PendingMessageStore, clock: Clock) -> Callable[[], list[int]]:
    def counted() -> list[int]:
        found = diagnosis.verdict(store, clock.now - AGE).counts
        return [
            count.number for count in (found.pending, found.failed, found.processed, found.stuck) if count is not None
        ]

    return counted


def test_numbers_follow_every_commit_and_the_clock(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock, numbers: Callable[[], list[int]]
) -> None:
    for status in ("pending", "failed", "failed"):
        add(status=status)
    add(status="processing", started_processing_at_epoch=clock.now)
    add(status="processed", completed_at_epoch=clock.now)
    assert numbers() == [1, 2, 1, 0]
    clock.tick(AGE + 1)
    assert numbers() == [1, 2, 1, 1]
    clock.tick(diagnosis.RECENT_WINDOW)
    assert numbers() == [1, 2, 0, 1]
    raw.run("UPDATE pending_messages SET status = 'failed' WHERE id = 1")
    assert numbers() == [0, 3, 0, 1]
    store.retry_message(2)
    assert numbers() == [1, 2, 0, 1]
    add(status="processed", completed_at_epoch=clock.now)
    assert numbers() == [1, 2, 1, 1]
    clock.tick(-diagnosis.RECENT_WINDOW)
    assert numbers() == [1, 2, 2, 1]


def test_what_is_committed_during_a_look_is_not_missed(
    store: PendingMessageStore, add: Add, raw: Raw, numbers: Callable[[], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    add()
    assert numbers() == [1, 0, 0, 0]
    revisions = iter([store.database.revision(), "another"])
    raw.run("UPDATE pending_messages SET status = 'failed'")
    monkeypatch.setattr(store.database, "revision", lambda: next(revisions))
    assert numbers() == [0, 1, 0, 0]


def test_what_there_was_no_time_for_is_looked_for_again(
    store: PendingMessageStore, add: Add, clock: Clock, state: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(created_at_epoch=clock.now - 2 * AGE)
    add(status="processed", completed_at_epoch=clock.now)

    def cut(tx: Transaction, text: str, params: dict[str, Any], budget: float) -> tuple[list[Any], bool]:
        return ([(None,)] if text == diagnosis.LAST_COMPLETED else [(0,)]), True

    monkeypatch.setattr(diagnosis, "recent", cut)
    assert state() == "not-draining"
    monkeypatch.setattr(diagnosis, "recent", scan.recent)
    assert state() == "draining"


@only("sqlite", "elsewhere what others do on the server makes another revision")
def test_what_the_clock_cannot_change_is_looked_for_once(
    store: PendingMessageStore,
    add: Add,
    clock: Clock,
    numbers: Callable[[], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add(status="failed")
    add(status="processed", completed_at_epoch=clock.now)
    looks: list[str] = []

    def spy(name: str, at: int) -> None:
        find = getattr(diagnosis, name)

        def noted(*given: Any) -> Any:
            looks.append(given[at])
            return find(*given)

        monkeypatch.setattr(diagnosis, name, noted)

    spy("_count", 1)
    spy("recent", 1)
    numbers()
    assert {"pending", "processing", "failed", diagnosis.LAST_COMPLETED} <= set(looks)
    looks.clear()
    numbers()
    assert looks == [diagnosis.COMPLETED] * 2  # in the last half hour, and in the last minutes
    clock.tick(diagnosis.RECENT_WINDOW + 1)
    numbers()
    looks.clear()
    numbers()
    assert looks == []


def test_an_empty_queue_is_idle(store: PendingMessageStore, add: Add, state: Callable[[], str]) -> None:
    assert state() == "idle"
    add(status="failed")
    add(status="processed", completed_at_epoch=1)
    assert state() == "idle"


def test_young_work_is_waiting(store: PendingMessageStore, add: Add, state: Callable[[], str]) -> None:
    add()
    assert state() == "waiting"


def test_old_work_without_completions_does_not_drain(
    store: PendingMessageStore, add: Add, state: Callable[[], str], clock: Clock
) -> None:
    add(created_at_epoch=clock.now - AGE - 1)
    assert state() == "not-draining"
    add(status="processed", completed_at_epoch=clock.now - AGE - 1)
    assert state() == "not-draining"


def test_work_with_recent_completions_drains(store: PendingMessageStore, add: Add, clock: Clock) -> None:
    old = add(created_at_epoch=1)
    for age in (0, MINUTE, AGE - 1):
        add(status="processed", completed_at_epoch=clock.now - age)
    verdict = diagnosis.verdict(store, clock.now - AGE)
    assert (verdict.state, verdict.completions, verdict.last_completed_at) == ("draining", "recorded", clock.now)
    assert (verdict.per_minute, verdict.as_of) == (0.6, clock.now)
    assert verdict.oldest_pending is not None
    assert verdict.oldest_pending.id == old


def test_a_message_that_hangs_alone_does_not_drain(
    store: PendingMessageStore, add: Add, state: Callable[[], str], clock: Clock
) -> None:
    add(status="processing", started_processing_at_epoch=clock.now - AGE)
    assert state() == "waiting"
    clock.tick()
    assert state() == "not-draining"


def test_a_file_that_could_record_completions_and_has_none_says_so(
    store: PendingMessageStore, add: Add, clock: Clock
) -> None:
    add()
    verdict = diagnosis.verdict(store, clock.now - AGE)
    assert (verdict.completions, verdict.last_completed_at, verdict.per_minute) == ("none", None, None)


@pytest.mark.parametrize("name", ["G", "I", "G-kept-counts"])
def test_a_file_that_records_no_completions_is_never_told_that_nothing_completed(
    tmp_path: Path, open_file: Callable[..., PendingMessageStore], clock: Clock, name: str
) -> None:
    store = open_file(build(tmp_path / "f.db", shape(name)))
    verdict = diagnosis.verdict(store, clock.now)
    assert (verdict.completions, verdict.last_completed_at, verdict.per_minute) == ("unrecorded", None, None)
    assert verdict.counts.processed is None
    assert (verdict.counts.stuck is None) is (name != "G-kept-counts")


def test_the_causes_are_sentences_for_what_does_not_move(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock
) -> None:
    row = browse.get_row(store, add())
    cutoff = clock.now - AGE
    stuck = replace(row, status="processing", started_at=1)
    waiting = replace(row, created_at=1)
    lame = [
        stuck,
        replace(stuck, session_status="completed"),
        replace(stuck, started_at=None),
        replace(stuck, started_at=clock.now + 60 * MINUTE),
        waiting,
        replace(waiting, retry_count=1),
        replace(waiting, retry_count=3),
        replace(waiting, retry_count=None),
        replace(waiting, session_status="failed"),
    ]
    causes = [diagnosis.cause(each, cutoff, clock.now, 3) for each in lame]
    assert all(cause and len(cause.split()) > 3 and cause.endswith(".") for cause in causes)
    assert len(set(causes)) >= 7
    fine = [row, replace(stuck, started_at=cutoff), replace(waiting, created_at=cutoff), replace(row, status="failed")]
    assert [diagnosis.cause(each, cutoff, clock.now, 3) for each in fine] == [None] * 4


@pytest.mark.parametrize("column", ["created_at_epoch", "started_processing_at_epoch"])
@pytest.mark.parametrize(("later", "ahead"), [(30_000, 0), (30_001, 30_001)])
def test_a_newest_message_from_after_now_shows_that_clocks_disagree(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock, column: str, later: int, ahead: int
) -> None:
    for id in (add(), add()):
        raw.set(id, **{column: clock.now + later})  # type: ignore[arg-type]  # `file` is no column
    assert diagnosis.verdict(store, clock.now - AGE).ahead == ahead


def test_stuck_is_strict_and_never_without_a_start(store: PendingMessageStore, add: Add) -> None:
    row = replace(browse.get_row(store, add()), status="processing", started_at=99)
    assert diagnosis.is_stuck(row, 100) is True
    others = [
        replace(row, started_at=100),
        replace(row, started_at=None),
        replace(row, status="pending"),
    ]
    assert [diagnosis.is_stuck(other, 100) for other in others] == [False] * 3
    odd: list[object] = ["abc", b"\xff"]
    assert [diagnosis.is_stuck(replace(row, started_at=value), 100) for value in odd] == [False] * 2


@only("sqlite", "elsewhere a time is a whole number")
@pytest.mark.parametrize("value", ["'abc'", "x'00ff'", "1.5"])
def test_odd_times_break_neither_counts_nor_verdict(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock, value: str
) -> None:
    break_nothing(store, add, raw, clock, value)


@pytest.mark.parametrize("value", ["0", "-1", "9223372036854775807", "-9223372036854775808"])
def test_times_of_64_bits_break_neither_counts_nor_verdict(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock, value: str
) -> None:
    break_nothing(store, add, raw, clock, value)


def break_nothing(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock, value: str) -> None:
    for status in ("pending", "processing", "failed", "processed"):
        add(status=status)
    columns = ("created_at_epoch", "started_processing_at_epoch", "completed_at_epoch", "retry_count")
    raw.run(f"UPDATE pending_messages SET {', '.join(f'{name} = {value}' for name in columns)}")
    verdict = diagnosis.verdict(store, clock.now - AGE)
    assert verdict.state in ("draining", "not-draining", "waiting")
    for id in raw.ids():
        row = browse.get_row(store, id)
        diagnosis.cause(row, clock.now - AGE, clock.now, 3)
        assert diagnosis.is_stuck(row, clock.now - AGE) in (True, False)
    pages = [browse.stuck_page(store, clock.now), browse.unclaimed_page(store, clock.now), browse.recent_page(store, 0)]
    assert all(len(page.rows) <= 1 for page in pages)
