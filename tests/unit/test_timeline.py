from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rows import row
from webui.columns import Scene
from webui.store.model import Detail, Failure, JournalEntry
from webui.store.schema import Capabilities
from webui.timeline import steps

NOW = 1_750_000_000_000
S, M, H = 1_000, 60_000, 3_600_000
EVERYTHING = Capabilities(True, True, True, True, True, True, False, ())
SCENE = Scene(NOW, NOW - 5 * M, 3, EVERYTHING, lambda action: True)


def told(journal: tuple[JournalEntry, ...] = (), failures: tuple[Failure, ...] = (), **columns: Any) -> list[str]:
    detail = Detail(row(**columns), journal, failures, None, NOW)
    return [f"{step.gap + ': ' if step.gap else ''}{step.title}{', ' + step.note if step.note else ''}"
            for step in steps(detail, SCENE)]  # fmt: skip


def test_a_message_that_waits() -> None:
    assert told(created_at=NOW - 41 * M) == ["Enqueued, session #1", "Now: waiting to be claimed, for 41 min"]


def test_a_message_that_is_stuck() -> None:
    assert told(status="processing", created_at=NOW - 2 * H, started_at=NOW - 41 * M, extra={"worker_pid": 4711}) == [
        "Enqueued, session #1", "waited 1 h 19 min: Claimed, by process 4711", "Now: stuck, for 41 min",
    ]  # fmt: skip


def test_a_message_that_runs() -> None:
    assert told(status="processing", created_at=NOW - 20 * S, started_at=NOW - 20 * S)[1:] == [
        "Claimed, by a worker", "Now: running, for 20 s",
    ]  # fmt: skip


def test_one_of_which_nobody_knows_since_when_it_runs() -> None:
    assert told(status="processing", created_at=NOW - 2 * H)[-1] == (
        "Now: running, for at most 2 h: the file does not say when it was claimed"
    )


def test_a_message_that_failed_for_good() -> None:
    started, ended = NOW - 30 * M, NOW - 29 * M
    assert told(status="failed", retry_count=3, created_at=NOW - H, started_at=started, completed_at=ended) == [
        "Enqueued, session #1", "waited 30 min: Claimed, by a worker", "ran 1 min: Failed, after 3 retries",
        "Now: failed for good, for 29 min",
    ]  # fmt: skip


def test_failures_with_their_reasons() -> None:
    failures = (Failure(NOW - M, 2, "timed out"), Failure(NOW - 5 * M, None, "<no key>"))
    assert told(failures=failures, created_at=NOW - H, retry_count=2) == [
        "Enqueued, session #1", "55 min later: Failed, <no key>", "4 min later: Failed, attempt 2, timed out",
        "Now: waiting to be claimed, for 1 min",
    ]  # fmt: skip


def test_a_message_that_was_processed_ends_there() -> None:
    assert told(status="processed", created_at=NOW - M, started_at=NOW - M, completed_at=NOW) == [
        "Enqueued, session #1", "Claimed, by a worker", "ran 1 min: Processed, its input was cleared",
    ]  # fmt: skip


def test_what_operators_did_is_part_of_it() -> None:
    journal = (JournalEntry(2, NOW - 2 * S, "ana", "undo", None, 1), JournalEntry(1, NOW - M, "ana", "retry", None, 1))
    assert told(journal, created_at=NOW - H)[1:] == [
        "59 min later: Retried, by ana", "58 s later: Taken back, by ana", "Now: waiting to be claimed, since just now",
    ]  # fmt: skip


def test_an_aborted_message_is_out_of_the_queue() -> None:
    journal = (JournalEntry(1, NOW - M, "ana", "abort", None, 1),)
    assert told(journal, trashed_by=1, created_at=NOW - H)[-2:] == [
        "59 min later: Aborted, by ana", "Now: out of the queue, restore it to bring it back as it was",
    ]  # fmt: skip


def test_retries_without_a_time_are_said() -> None:
    assert "Tried 2 times before, the file does not say when" in told(created_at=NOW - H, retry_count=2)


@pytest.mark.parametrize("odd", ["yesterday", 2**63 - 1, -1, 1.5e308, ""])
@pytest.mark.parametrize("status", ["pending", "processing", "failed", "processed", "lost"])
def test_odd_times_stop_nothing(odd: Any, status: str) -> None:
    told(status=status, created_at=odd, started_at=odd, completed_at=odd, failed_at=odd, retry_count=odd)
