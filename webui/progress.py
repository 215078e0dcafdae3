"""Operations in words: how far one is, what it did, what it is about. Outside of a request they are
English."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from webui.actions import ACTIONS
from webui.store.model import LASTING
from webui.store.operations import Operation
from webui.store.selection import Frozen, Line, Ticked, Trash, loads
from webui.store.sentence import N_
from webui.texts import figure, ngettext, stored
from webui.texts import gettext as _
from webui.wording import Part, Said, Status, chip, duration, messages, part, text

STATES = {
    "running": Status(N_("Running"), "running"),
    "done": Status(N_("Done"), "check"),
    "cancelled": Status(N_("Cancelled"), "cross"),
    "stopped": Status(N_("Stopped"), "warning"),
}


class Outcomes(NamedTuple):
    """A part of an outcome, as its list says it."""

    heading: str
    sentence: str


PARTS = {
    "done": Outcomes(N_("Done"), N_("Each as it is now.")),
    "skipped": Outcomes(N_("Skipped"), N_("They had changed meanwhile, so they were left as they are.")),
    "failed": Outcomes(N_("Failed"), N_("The database refused to change them.")),
}
SETTLED = 1_000
"""After so many ms of work its rate says something."""


def chosen(operation: Operation) -> str:
    """What it is about: `all with Status: failed`, `12 ticked messages`, `what line 7 did`."""
    selection = loads(operation.selection)
    if isinstance(selection, Frozen):
        said = ", ".join(text(chip(active), 100) for active in selection.filters.chips())
        return _("all with {filters}", filters=said) if said else _("the whole queue")
    if isinstance(selection, Ticked):
        return ngettext("{number} ticked message", "{number} ticked messages", len(selection.rows))
    if isinstance(selection, Trash):
        if selection.before is not None:
            return _("what is old in the trash")
        if selection.only:
            return ngettext("{number} message of the trash", "{number} messages of the trash", len(selection.only))
        return _done_by(selection.line) if selection.line is not None else _("all of the trash")
    return _done_by(selection.line) if isinstance(selection, Line) else ""


def _done_by(line: int) -> str:
    return _("what line {id} did", id=line)


def rate(operation: Operation) -> str:
    """How fast it goes, or went; empty while that says nothing."""
    if operation.worked_ms < SETTLED or not operation.looked_at:
        return ""
    each = operation.looked_at * 1_000 / operation.worked_ms
    if operation.per_minute:
        each = min(each, operation.per_minute / 60)
    if each >= 1:
        return _("{number} a second", number=figure(each))
    return _("{number} a minute", number=figure(each * 60))


def time_left(operation: Operation) -> str:
    """How long it will still take at this rate; empty where that is not known."""
    whole = operation.most or operation.expected
    if operation.state != "running" or not whole or not rate(operation):
        return ""
    left = max(whole - operation.looked_at, 0) * operation.worked_ms // operation.looked_at
    if operation.per_minute:
        left = max(left, (whole - operation.looked_at) * 60_000 // operation.per_minute)
    return _("about {time} left", time=duration(max(left, 1_000)))


def carried(done: Operation, words: str, only: int | None = None, *, asleep: bool = False) -> Said:
    """What an operation did, or did so far, from words like `Retried {messages}`, in parts that link to their rows:
    `Retried 412 messages · skipped 3 (2 processing now, 1 no longer in the queue) · failed 1`. `only` is the one
    message, if it was one."""
    parts = list(_parts(done, words, only))
    tone = "ok" if done.state == "done" and done.done and not done.skipped + done.failed + gone(done) else "warn"
    return Said(
        " · ".join(said.words for said in parts),
        "bad" if done.state == "stopped" else "" if done.state == "running" else tone,
        done.id if undoable(done) else None,
        asleep and bool(done.done),
        done.id,
        tuple(parts),
        {"running": "watch", "stopped": "look", "cancelled": "look"}.get(done.state, ""),
        rest(done),
    )


def undoable(done: Operation) -> bool:
    """Whether something that it did can be taken back."""
    return done.done > 0 and done.undone_by is None and done.undoes is None and done.action not in LASTING


def has_rest(done: Operation) -> bool:
    """Whether an operation on a few of them first has left others to be done, as far as anybody knows."""
    over = done.state == "done" and done.undone_by is None and done.rest_by is None
    if not over or done.most is None or done.action not in ACTIONS:
        return False
    left = left_of(done)
    return done.done == done.most if left is None else left > 0


def left_of(done: Operation) -> int | None:
    """How many those are; None where they were too many to be counted."""
    return None if done.expected is None else max(done.expected - done.looked_at, 0)


def rest(done: Operation) -> str:
    """The button that does it to those, too; empty where none are left."""
    if not has_rest(done):
        return ""
    verb, left = ACTIONS[done.action], left_of(done)
    return _(verb.all) if left is None else ngettext(*verb.rest, left)


def gone(done: Operation) -> int:
    """How many of those that the operator was told of no longer matched when it came to them."""
    over = done.state == "done" and done.most is None
    return max((done.expected or 0) - done.looked_at, 0) if over else 0


def _parts(done: Operation, words: str, only: int | None) -> Iterator[Part]:
    going = done.state == "running"
    if done.done or going:
        those = f"#{only}" if only is not None else messages(done.done)
        if going and (whole := done.most or done.expected):
            those = ngettext("{done} of {number} message", "{done} of {number} messages", whole, done=figure(done.done))
        did = _(words, messages=those)
        yield Part(_("{sentence} so far", sentence=did) if going else did, "done")
    else:
        yield Part(_("Nothing was changed"))
    if done.skipped:
        left = [(why, number) for its, why, number in done.left if its == "skipped"][:3]
        reasons = [f"{figure(number)} {text(stored(why), 80)}" for why, number in left]
        yield Part(
            _("skipped {number} ({reasons})", number=figure(done.skipped), reasons=", ".join(reasons)), "skipped"
        )
    if done.failed:
        yield Part(_("failed {number}", number=figure(done.failed)), "failed")
    if gone(done):
        yield Part(part("gone", gone(done)))
    if done.state == "stopped":
        yield Part(_("then it was stopped: {reason}", reason=text(stored(done.error or ""), 200)))
    if done.state == "cancelled":
        yield Part(_("then it was cancelled"))
