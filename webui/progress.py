"""Operations in words: how far one is, what it did, what it is about. Knows no web framework."""

from __future__ import annotations

from collections.abc import Iterator

from webui.store.model import LASTING
from webui.store.operations import Operation
from webui.store.selection import Frozen, Line, Ticked, Trash, loads
from webui.wording import KINDS, Part, Said, Status, duration, plural, text

STATES = {
    "running": Status("Running", "running"),
    "done": Status("Done", "check"),
    "cancelled": Status("Cancelled", "cross"),
    "stopped": Status("Stopped", "warning"),
}
SETTLED = 1_000
"""After so many ms of work its rate says something."""


def chosen(operation: Operation) -> str:
    """What it is about: `status: failed`, `12 ticked messages`, `what line 7 did`."""
    selection = loads(operation.selection)
    if isinstance(selection, Frozen):
        chips = selection.filters.chips()
        said = ", ".join(f"{chip.label.lower()} {text(chip.value, 80)}" for chip in chips)
        return f"all with {said}" if said else "the whole queue"
    if isinstance(selection, Ticked):
        return plural(len(selection.rows), "ticked message")
    if isinstance(selection, Trash):
        if selection.before is not None:
            return "what is old in the trash"
        if selection.only:
            return plural(len(selection.only), "message") + " of the trash"
        return f"what line {selection.line} did" if selection.line is not None else "all of the trash"
    return f"what line {selection.line} did" if isinstance(selection, Line) else ""


def rate(operation: Operation) -> str:
    """How fast it goes, or went; empty while that says nothing."""
    if operation.worked_ms < SETTLED or not operation.looked_at:
        return ""
    each = operation.looked_at * 1_000 / operation.worked_ms
    if operation.per_minute:
        each = min(each, operation.per_minute / 60)
    return f"{each:,.0f} a second" if each >= 1 else f"{each * 60:,.0f} a minute"


def time_left(operation: Operation) -> str:
    """How long it will still take at this rate; empty where that is not known."""
    whole = operation.most or operation.expected
    if operation.state != "running" or not whole or not rate(operation):
        return ""
    left = max(whole - operation.looked_at, 0) * operation.worked_ms // operation.looked_at
    if operation.per_minute:
        left = max(left, (whole - operation.looked_at) * 60_000 // operation.per_minute)
    return f"about {duration(max(left, 1_000))} left"


def carried(done: Operation, words: str, only: int | None = None, *, asleep: bool = False) -> Said:
    """What an operation did, or did so far, from words like `Retried {}`, in parts that link to their rows:
    `Retried 412 messages · skipped 3 (2 processing now, 1 no longer in the queue) · failed 1`. `only` is the one
    message, if it was one."""
    parts = list(_parts(done, words, only))
    tone = "ok" if done.state == "done" and done.done and not done.skipped + done.failed else "warn"
    rest = left_of(done)
    return Said(
        " · ".join(part.words for part in parts),
        "bad" if done.state == "stopped" else "" if done.state == "running" else tone,
        done.id if undoable(done) else None,
        asleep and bool(done.done),
        done.id,
        tuple(parts),
        {"running": "watch", "stopped": "look", "cancelled": "look"}.get(done.state, ""),
        f"{KINDS[done.action].word} the other {rest:,}" if rest else "",
    )


def undoable(done: Operation) -> bool:
    """Whether something that it did can be taken back."""
    return done.done > 0 and done.undone_by is None and done.undoes is None and done.action not in LASTING


def left_of(done: Operation) -> int:
    """How many an operation on a few of them first has left to be done."""
    bounded = done.state == "done" and done.most is not None and done.expected is not None
    if not bounded or done.undone_by is not None or done.rest_by is not None:
        return 0
    return max((done.expected or 0) - done.looked_at, 0)


def gone(done: Operation) -> int:
    """How many of those that the operator was told of no longer matched when it came to them."""
    over = done.state == "done" and done.most is None
    return max((done.expected or 0) - done.looked_at, 0) if over else 0


def _parts(done: Operation, words: str, only: int | None) -> Iterator[Part]:
    going = done.state == "running"
    if done.done or going:
        those = f"#{only}" if only is not None else plural(done.done, "message")
        if going and (whole := done.most or done.expected):
            those = f"{done.done:,} of {plural(whole, 'message')}"
        yield Part(words.format(those) + (" so far" if going else ""), "done")
    else:
        yield Part("Nothing was changed")
    if done.skipped:
        reasons = [f"{number:,} {text(why, 80)}" for part, why, number in done.left if part == "skipped"][:3]
        yield Part(f"skipped {done.skipped:,} ({', '.join(reasons)})", "skipped")
    if done.failed:
        yield Part(f"failed {done.failed:,}", "failed")
    if gone(done):
        yield Part(f"{gone(done):,} no longer matched")
    if done.state == "stopped":
        yield Part(f"then it was stopped: {text(done.error or '', 200)}")
    if done.state == "cancelled":
        yield Part("then it was cancelled")
