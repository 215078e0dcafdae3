"""Values of the queue in words: ages, times, sizes, states, what an action did. Outside of
a request they are English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from webui import texts
from webui.json_text import visible
from webui.store.model import Count, JournalEntry, Outcome, Row
from webui.store.narrowing import Chip, format_duration, parse_duration
from webui.store.sentence import N_, NN_
from webui.texts import figure, ngettext
from webui.texts import gettext as _

MINUTE, HOUR, DAY, YEAR = 60_000, 3_600_000, 86_400_000, 31_557_600_000
LAST_TIME = 253_402_214_400_000
"""The last ms that every calendar can say: the end of the year 9999, a day early for the time zones."""


class Status(NamedTuple):
    """How a state, or an action, looks: never by its colour alone."""

    word: str
    icon: str


STATUSES = {
    "pending": Status(N_("Pending"), "clock"),
    "processing": Status(N_("Processing"), "running"),
    "failed": Status(N_("Failed"), "cross"),
    "processed": Status(N_("Processed"), "check"),
    "stuck": Status(N_("Stuck"), "warning"),
    "aborted": Status(N_("Aborted"), "trash"),
}
UNKNOWN_STATUS = "question"
DONE = {
    "retry": N_("Retried"),
    "retry-fresh": N_("Retried with fresh attempts"),
    "abort": N_("Aborted"),
    "retry-all": N_("Retried with all that was stuck"),
    "undo": N_("Taken back"),
    "restore": N_("Brought back"),
    "purge": N_("Purged from the trash"),
}
"""What a journal line's action is called once it is done."""
KINDS = {
    "retry": Status(N_("Retry"), "retry"),
    "retry-fresh": Status(N_("Retry fresh"), "retry"),
    "retry-all": Status(N_("Retry all stuck"), "retry"),
    "abort": Status(N_("Abort"), "cross"),
    "undo": Status(N_("Undo"), "undo"),
    "restore": Status(N_("Restore"), "undo"),
    "purge": Status(N_("Purge"), "trash"),
}
"""What the journal calls an action."""
JUMPS = {
    "pending": N_("Pending, at"),
    "processing": N_("Processing, at"),
    "failed": N_("Failed, at"),
}
"""What stands before the time to jump to, in the last state of a page."""
PARTS = {
    "done": NN_("{number} done", "{number} done"),
    "skipped": NN_("{number} skipped", "{number} skipped"),
    "failed": NN_("{number} failed", "{number} failed"),
    "gone": NN_("{number} no longer matched", "{number} no longer matched"),
}
"""The parts of an outcome."""
SEARCHED = {
    ("message", "next"): NN_(
        "Searched the next {number} message, as many as a page has time for",
        "Searched the next {number} messages, as many as a page has time for",
    ),
    ("message", "newest"): NN_(
        "Searched the newest {number} message, as many as a page has time for",
        "Searched the newest {number} messages, as many as a page has time for",
    ),
    ("message", "oldest"): NN_(
        "Searched the oldest {number} message, as many as a page has time for",
        "Searched the oldest {number} messages, as many as a page has time for",
    ),
    ("message", "attempts"): NN_(
        "Searched the most attempted {number} message, as many as a page has time for",
        "Searched the most attempted {number} messages, as many as a page has time for",
    ),
    ("line", "next"): NN_(
        "Searched the next {number} line, as many as a page has time for",
        "Searched the next {number} lines, as many as a page has time for",
    ),
    ("line", "newest"): NN_(
        "Searched the newest {number} line, as many as a page has time for",
        "Searched the newest {number} lines, as many as a page has time for",
    ),
}
"""How far a page looked, by what it lists and where it began."""
CHOICES = (
    N_("pending"), N_("processing"), N_("failed"), N_("processed"), N_("yes"), N_("no"), N_("complete"),
    N_("skipped"), N_("done"), N_("nothing"), N_("retry"), N_("retry-fresh"), N_("retry-all"), N_("abort"), N_("undo"),
    N_("restore"), N_("purge"), N_("observation"), N_("summarize"),
)  # fmt: skip
"""What can be chosen in a filter, and is stored: in the middle of a sentence."""
UNITS = (N_("{} s"), N_("{} min"), N_("{} h"), N_("{} d"), N_("{} years"))


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
        return _(UNITS[0]).format(max(ms, 0) // 1000)
    if ms < HOUR:
        return _(UNITS[1]).format(ms // MINUTE)
    if ms < 2 * DAY:
        return _(UNITS[2]).format(ms // HOUR)
    return _(UNITS[3]).format(ms // DAY) if ms < 2 * YEAR else _(UNITS[4]).format(ms // YEAR)


def units() -> str:
    """The units for times.js."""
    return "|".join(_(unit) for unit in UNITS)


def precise(ms: int) -> str:
    """A length of time for a step: as `duration`, but 0.3 s, and 1 h 12 min rather than 1 h."""
    if ms < 10_000:
        return _(UNITS[0]).format(figure(max(ms, 0) / 1000, 1))
    if HOUR < ms < DAY and ms % HOUR >= MINUTE:
        return f"{_(UNITS[2]).format(ms // HOUR)} {_(UNITS[1]).format(ms % HOUR // MINUTE)}"
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
    if then.year != today.year:
        return then.strftime("%Y-%m-%d %H:%M")
    return _("{day} {month} {time}", day=then.day, month=texts.month(then.month), time=f"{then:%H:%M}")


def count(found: Count) -> str:
    """A bounded count: `10,000+` where counting stopped there."""
    return f"{figure(found.number)}+" if found.more else figure(found.number)


def messages(number: int | Count) -> str:
    """`1 message`, `2,400 messages`."""
    bounded = number if isinstance(number, Count) else Count(number)
    return ngettext("{number} message", "{number} messages", bounded.number, number=count(bounded))


def part(name: str, number: int, shown: str | None = None) -> str:
    """A part of an outcome: `3 skipped`."""
    return ngettext(*PARTS[name], number, number=shown or figure(number))


def searched(reach: str, number: int, noun: str = "message") -> str:
    """How far a page looked."""
    return ngettext(*SEARCHED[noun, reach], number)


def chip(active: Chip) -> str:
    """An active filter in words: `Status: failed`."""
    return _("{filter}: {value}", filter=_(active.label), value=text(texts.translated(active.value)))


def status(state: str) -> Status:
    """How a state looks, in this language; one that we do not know, as it is stored."""
    known = STATUSES.get(state)
    return Status(_(known.word), known.icon) if known else Status(state or _("No state"), UNKNOWN_STATUS)


def done(entry: JournalEntry) -> str:
    """What a journal line did, in a word or a few."""
    return _(DONE[entry.action]) if entry.action in DONE else text(entry.action)


class Span(NamedTuple):
    """How long a row has been in its state: since when, in which words, and whether that is only an upper bound."""

    since: Any
    words: str
    at_most: bool = False


def span(row: Row) -> Span:
    """Since when a row is as it is (was, if it was aborted); a file that does not say so gives the next best."""
    found, aborted = _span(row), row.trashed_by is not None
    return found._replace(words=_(_WAS[found.words] if aborted else found.words))


def since(row: Row) -> Any:
    """The time since when, without the words."""
    return _span(row).since


_WAS = {
    "since created": N_("was since created"),
    "running": N_("was running"),
    "failed": N_("was failed"),
    "processed": N_("was processed"),
    "waiting": N_("was waiting"),
    "created": N_("was created"),
}


def _span(row: Row) -> Span:
    if row.status == "processing" and row.started_at is None:
        return Span(row.created_at, N_("since created"), True)
    if row.status == "processing":
        return Span(row.started_at, N_("running"))
    if row.status == "failed":
        times = (row.failed_at, row.completed_at, row.started_at, row.created_at)
        return Span(next(time for time in times if time is not None), N_("failed"))
    if row.status == "processed" and row.completed_at is not None:
        return Span(row.completed_at, N_("processed"))
    return Span(row.created_at, N_("waiting") if row.status == "pending" else N_("created"))


class Part(NamedTuple):
    """A piece of a sentence; `target` names where it links to, if it does."""

    words: str
    target: str | None = None


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
    """What an action on one message did, from words like `Retried {messages}`: `Retried #7.`"""
    can_be_undone = done.action != "undo"
    undo = done.journal_id if can_be_undone else None
    return Said(closed(words, f"#{done.done[0]}"), "ok", undo, asleep)


def closed(words: str, messages: str) -> str:
    """What was done to these messages, as a whole sentence."""
    return _("{sentence}.", sentence=_(words, messages=messages))
