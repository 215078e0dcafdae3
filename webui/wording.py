"""Values of the queue in words: ages, times, sizes, states, the verdict, what an action did. Knows no web framework."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from webui.json_text import visible
from webui.store.model import Outcome, Row, Verdict
from webui.store.narrowing import format_duration, parse_duration

MINUTE, HOUR, DAY, YEAR = 60_000, 3_600_000, 86_400_000, 31_557_600_000
LAST_TIME = 253_402_214_400_000
"""The last ms that every calendar can say: the end of the year 9999, a day early for the time zones."""


class Status(NamedTuple):
    """How a state, or an action, looks: never by its colour alone."""

    word: str
    icon: str


STATUSES = {
    "pending": Status("Pending", "clock"),
    "processing": Status("Processing", "running"),
    "failed": Status("Failed", "cross"),
    "processed": Status("Processed", "check"),
    "stuck": Status("Stuck", "warning"),
    "aborted": Status("Aborted", "trash"),
}
UNKNOWN_STATUS = "question"
DONE = {
    "retry": "Retried",
    "retry-fresh": "Retried with fresh attempts",
    "abort": "Aborted",
    "retry-all": "Retried with all that was stuck",
    "undo": "Taken back",
    "restore": "Brought back",
    "purge": "Purged from the trash",
}
"""What a journal line's action is called once it is done."""
KINDS = {
    "retry": Status("Retry", "retry"),
    "retry-fresh": Status("Retry fresh", "retry"),
    "retry-all": Status("Retry all stuck", "retry"),
    "abort": Status("Abort", "cross"),
    "undo": Status("Undo", "undo"),
    "restore": Status("Restore", "undo"),
    "purge": Status("Purge", "trash"),
}
"""What the journal calls an action."""


def text(value: Any, most: int = 400) -> str:
    """Any stored value as text that can be seen and stays in its place; at most so many characters."""
    plain = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    shown = visible(plain[:most])
    return shown + "…" if len(plain) > most else shown


def is_time(value: Any) -> bool:
    """Whether a stored value is a time that a calendar can say (a damaged file may hold anything)."""
    return isinstance(value, int) and 0 < value < LAST_TIME


def duration(ms: int) -> str:
    """So many ms in the one unit that says it best: 34 s, 41 min, 26 h, 3 d. times.js ticks by the same rule."""
    if ms < MINUTE:
        return f"{max(ms, 0) // 1000} s"
    if ms < HOUR:
        return f"{ms // MINUTE} min"
    if ms < 2 * DAY:
        return f"{ms // HOUR} h"
    return f"{ms // DAY} d" if ms < 2 * YEAR else f"{ms // YEAR} years"


def precise(ms: int) -> str:
    """A length of time for a step: as `duration`, but 0.3 s, and 1 h 12 min rather than 1 h."""
    if ms < 10_000:
        return f"{max(ms, 0) / 1000:.1f} s"
    if HOUR < ms < DAY and ms % HOUR >= MINUTE:
        return f"{ms // HOUR} h {ms % HOUR // MINUTE} min"
    return duration(ms)


def short(ms: int) -> str:
    """A threshold as a URL says it: 5m."""
    return format_duration(ms)


def spoken(threshold: str) -> str:
    """A threshold as a button says it: 5 min."""
    return duration(parse_duration(threshold))


def exact(ms: int) -> str:
    """A time to the ms, as ISO 8601 in this machine's time zone."""
    return datetime.fromtimestamp(ms / 1000).astimezone().isoformat(timespec="milliseconds")


def clock(ms: int) -> str:
    """The time of day of a time."""
    return datetime.fromtimestamp(ms / 1000).strftime("%H:%M:%S")


def moment(ms: int, now: int) -> str:
    """A time as a list says it: the time of day where it was today, else the day before it."""
    then, today = datetime.fromtimestamp(ms / 1000), datetime.fromtimestamp(now / 1000)
    if then.date() == today.date():
        return clock(ms)
    return then.strftime("%d %b %H:%M" if then.year == today.year else "%Y-%m-%d %H:%M").lstrip("0")


def plural(number: int, noun: str) -> str:
    """`1 message`, `2,400 messages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class Span(NamedTuple):
    """How long a row has been in its state: since when, in which words, and whether that is only an upper bound."""

    since: Any
    words: str
    at_most: bool = False


def span(row: Row) -> Span:
    """Since when a row is as it is (was, if it was aborted); a file that does not say so gives the next best."""
    since = _span(row)
    return since if row.trashed_by is None else since._replace(words=f"was {since.words}")


def _span(row: Row) -> Span:
    if row.status == "processing" and row.started_at is None:
        return Span(row.created_at, "since created", True)
    if row.status == "processing":
        return Span(row.started_at, "running")
    if row.status == "failed":
        times = (row.failed_at, row.completed_at, row.started_at, row.created_at)
        return Span(next(time for time in times if time is not None), "failed")
    if row.status == "processed" and row.completed_at is not None:
        return Span(row.completed_at, "processed")
    return Span(row.created_at, "waiting" if row.status == "pending" else "created")


class Part(NamedTuple):
    """A piece of a sentence; `target` names where it links to, if it does."""

    words: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict in words: a headline, the parts of its sentence, a tone and an icon."""

    headline: str
    parts: tuple[Part, ...]
    tone: str
    icon: str


HEADLINES = {
    "draining": ("Draining.", "ok", "check"),
    "not-draining": ("Not draining.", "warn", "warning"),
    "waiting": ("Work has arrived.", "", "clock"),
    "idle": ("Idle.", "ok", "check"),
}


def health(verdict: Verdict) -> Health:
    """Whether the queue drains, in a headline and one sentence of figures that link to what they count."""
    headline, tone, icon = HEADLINES[verdict.state]
    if verdict.state == "draining" and verdict.counts.stuck:
        headline, tone, icon = "Draining, but some are stuck.", "warn", "warning"
    first, *rest = _figures(verdict)
    return Health(headline, (Part(first.words[0].upper() + first.words[1:], first.target), *rest), tone, icon)


def _figures(verdict: Verdict) -> Iterator[Part]:
    counts = verdict.counts
    if verdict.per_minute:
        yield Part(f"{verdict.per_minute:,.0f}/min" if verdict.per_minute >= 1 else "under 1/min")
    oldest = verdict.oldest_pending
    if oldest is None:
        yield Part("nothing is waiting")
    elif is_time(oldest.created_at):
        yield Part(f"oldest pending {duration(verdict.as_of - oldest.created_at)}", "oldest")
    else:
        yield Part("oldest pending", "oldest")
    yield from _completions(verdict)
    if counts.stuck:
        yield Part(f"{counts.stuck} stuck", "stuck")
    if counts.failed:
        yield Part(f"{counts.failed} failed", "failed")


def _completions(verdict: Verdict) -> Iterator[Part]:
    if verdict.completions == "unrecorded":
        yield Part("this file keeps no record of completions")
    elif verdict.completions == "none":
        yield Part("nothing is recorded as completed")
    elif verdict.last_completed_at is not None and verdict.state != "draining" and is_time(verdict.last_completed_at):
        ago = duration(verdict.as_of - verdict.last_completed_at)
        yield Part(f"nothing completed for {ago}" if verdict.state == "not-draining" else f"last completed {ago} ago")


@dataclass(frozen=True, slots=True)
class Said:
    """What an action did, for the operator: a sentence, a tone (`ok`, `warn`, `bad`), the journal line that can be
    taken back, and whether the worker may have to be woken for it to matter.

    What an `operation` did is said in `parts`, each with the part of the outcome that it links to. `going` is why to
    open its page: to `watch` it, or to `look` why it ended; `rest` is the button for what it left to be done."""

    sentence: str
    tone: str = "ok"
    undo: int | None = None
    asleep: bool = False
    operation: int | None = None
    parts: tuple[Part, ...] = ()
    going: str = ""
    rest: str = ""


def outcome(done: Outcome, words: str, *, asleep: bool = False) -> Said:
    """What an action on one message did, from words like `Retried {}`: `Retried #7.`"""
    can_be_undone = done.action != "undo"
    return Said(f"{words.format(f'#{done.done[0]}')}.", "ok", done.journal_id if can_be_undone else None, asleep)
