from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rows import row
from webui.health import health
from webui.store.model import Count, Counts, Outcome, Verdict
from webui.wording import Said, duration, is_time, moment, outcome, precise, span, text

S, M, H, D = 1_000, 60_000, 3_600_000, 86_400_000
NOW = 1_750_000_000_000


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (-5 * S, "0 s"), (0, "0 s"), (59_999, "59 s"), (M, "1 min"), (41 * M + 59 * S, "41 min"), (H, "1 h"),
        (47 * H, "47 h"), (48 * H, "2 d"), (700 * D, "700 d"), (800 * D, "2 years"), (2**62, "146135511 years"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_one_number(ms: int, words: str) -> None:
    assert duration(ms) == words


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (-1, "0.0 s"), (340, "0.3 s"), (9_999, "10.0 s"), (60 * S, "1 min"), (72 * M, "1 h 12 min"), (H, "1 h"),
        (3 * D, "3 d"),
    ],
)  # fmt: skip
def test_a_step_is_said_more_precisely(ms: int, words: str) -> None:
    assert precise(ms) == words


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, 10**15, "yesterday", b"\x00", None, 1.5e308, float("nan")])
def test_what_no_calendar_has_is_no_time(value: Any) -> None:
    assert not is_time(value)


def test_today_is_the_time_of_day() -> None:
    assert moment(NOW - M, NOW).count(":") == 2
    assert moment(NOW - 3 * D, NOW).count(":") == 1
    assert moment(NOW - 400 * D, NOW).startswith("2024-")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\x00b", "a␀b"), (b"\x80a", "\\x80a"), (7, "7"), ("\ud800", "\\ud800"), ("a\u202eb", "a\\u202eb"),
        ("x" * 500, "x" * 400 + "…"),
    ],
)  # fmt: skip
def test_any_value_is_text(value: Any, shown: str) -> None:
    assert text(value) == shown


@pytest.mark.parametrize(
    ("columns", "since", "words", "at_most"),
    [
        ({"status": "pending"}, 1, "waiting", False),
        ({"status": "processing", "started_at": 2}, 2, "running", False),
        ({"status": "processing"}, 1, "since created", True),
        ({"status": "failed", "failed_at": 4, "completed_at": 3}, 4, "failed", False),
        ({"status": "failed", "completed_at": 3}, 3, "failed", False),
        ({"status": "failed"}, 1, "failed", False),
        ({"status": "processed", "completed_at": 3}, 3, "processed", False),
        ({"status": "processed"}, 1, "created", False),
        ({"status": "lost"}, 1, "created", False),
        ({"status": "pending", "trashed_by": 9}, 1, "was waiting", False),
    ],
)
def test_since_when_a_row_is_as_it_is(columns: dict[str, Any], since: int, words: str, at_most: bool) -> None:
    assert span(row(created_at=1, **columns)) == (since, words, at_most)


def verdict(state: str, **values: Any) -> Verdict:
    given: dict[str, Any] = {
        "counts": Counts(Count(0), Count(0), Count(0), Count(0), Count(0)), "oldest_pending": None, "per_minute": None,
        "last_completed_at": None, "completions": "recorded", "as_of": NOW, **values,
    }  # fmt: skip
    return Verdict(state=state, **given)


def said(given: Verdict) -> str:
    words = health(given)
    return " · ".join([words.headline, *(part.words for part in words.parts)])


def test_the_verdict_in_words() -> None:
    waits = row(created_at=NOW - 41 * M)
    counts = Counts(Count(5), Count(3), Count(8), Count(2), Count(3))
    stopped = verdict("not-draining", counts=counts, oldest_pending=waits, last_completed_at=NOW - 12 * M)
    assert said(stopped) == "Not draining. · Oldest pending 41 min · nothing completed for 12 min · 3 stuck · 8 failed"
    runs = verdict("draining", per_minute=42.0, oldest_pending=row(created_at=NOW - 3 * S), last_completed_at=NOW)
    assert said(runs) == "Draining. · 42/min · oldest pending 3 s"
    assert said(verdict("draining", counts=counts, per_minute=0.2, last_completed_at=NOW)).startswith(
        "Draining, but some are stuck. · Under 1/min · nothing is waiting"
    )
    assert said(verdict("idle", completions="none")) == "Idle. · Nothing is waiting · nothing is recorded as completed"
    assert said(verdict("waiting", oldest_pending=row(created_at=NOW - 9 * S), last_completed_at=NOW - H)) == (
        "Work has arrived. · Oldest pending 9 s · last completed 1 h ago"
    )


def test_a_file_without_completions_never_says_that_nothing_was_completed() -> None:
    waits = row(created_at="soon")
    assert said(verdict("not-draining", completions="unrecorded", oldest_pending=waits)) == (
        "Not draining. · Oldest pending · this file keeps no record of completions"
    )


def test_an_outcome_says_what_was_done() -> None:
    assert outcome(Outcome("retry", 3, (7,)), "Retried {messages}", asleep=True) == Said("Retried #7.", "ok", 3, True)
    undone = outcome(Outcome("undo", 4, (7,)), "Taken back for {messages}")
    assert undone == Said("Taken back for #7.", "ok", None, False)
