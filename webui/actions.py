"""What an operator can do to one message. A new action is one entry in `ACTIONS`: its URL, its button on every row and
on the message's page, what `may` is asked, and what its outcome says all come from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from webui import wording
from webui.columns import LONGEST_SEEN, Scene
from webui.store import act
from webui.store.diagnosis import is_stuck
from webui.store.model import Count, Outcome, Row
from webui.store.sentence import N_, NN_
from webui.texts import gettext as _
from webui.texts import ngettext

QUEUED = frozenset({"pending", "processing", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One verb. `run` is the store's function; `hint` says what it does, and `many` what to many; `done` are its
    outcome's words, `mark` stands on the row. `here` is its name on a way to a page; `these`, `all`, `first` and
    `nothing` are what its question says. `running` is asked first while a worker may be at it. `needs` is the
    capability of the file without which it is impossible, and `lacking` says so. `statuses` are those it applies to
    (None: all), `unfit` says why it is for none of the others. An `extra` one is on a row only where it differs from
    the plain one. After one that `wakes`, the worker may have to be woken."""

    name: str
    label: str
    here: str
    these: tuple[str, str]
    all: str
    first: str
    nothing: str
    rest: tuple[str, str]
    hint: str
    many: str
    done: str
    mark: str
    running: str
    run: Callable[..., Outcome]
    symbol: str = ""
    tone: str = ""
    statuses: frozenset[str] | None = QUEUED
    needs: str | None = None
    lacking: str = ""
    unfit: str = N_("Their state is none we know.")
    extra: bool = False
    wakes: bool = True


ACTIONS = {
    action.name: action
    for action in (
        Action(
            name="retry-fresh",
            label=N_("Retry fresh"),
            here=N_("retry fresh"),
            these=NN_("Retry fresh {number} message", "Retry fresh {number} messages"),
            all=N_("Retry fresh all that match"),
            first=N_("Retry fresh 1 first"),
            nothing=N_("Nothing to retry fresh"),
            rest=NN_("Retry fresh the other {number}", "Retry fresh the other {number}"),
            hint=N_("Make it pending again, with all its attempts"),
            many=N_("They become pending again, with all their attempts."),
            done=N_("Retried {messages} with fresh attempts"),
            mark=N_("Retried fresh just now"),
            running=N_("A second run may overlap the first."),
            run=act.retry_fresh,
            needs="retry_count",
            lacking=N_("This file does not count retries, so it would be the same as Retry."),
            extra=True,
        ),
        Action(
            name="retry",
            label=N_("Retry"),
            here=N_("retry"),
            these=NN_("Retry {number} message", "Retry {number} messages"),
            all=N_("Retry all that match"),
            first=N_("Retry 1 first"),
            nothing=N_("Nothing to retry"),
            rest=NN_("Retry the other {number}", "Retry the other {number}"),
            hint=N_("Make it pending again; its count of retries stays"),
            many=N_("They become pending again; their counts of retries stay."),
            done=N_("Retried {messages}"),
            mark=N_("Retried just now"),
            running=N_("A second run may overlap the first."),
            run=act.retry,
            symbol="retry",
            unfit=N_("Those are pending, and would stay as they are."),
        ),
        Action(
            name="abort",
            label=N_("Abort"),
            here=N_("abort"),
            these=NN_("Abort {number} message", "Abort {number} messages"),
            all=N_("Abort all that match"),
            first=N_("Abort 1 first"),
            nothing=N_("Nothing to abort"),
            rest=NN_("Abort the other {number}", "Abort the other {number}"),
            hint=N_("Take it out of the queue; it can be brought back"),
            many=N_("They leave the queue for the trash, and can be brought back until that is purged."),
            done=N_("Aborted {messages}"),
            mark=N_("Aborted just now"),
            running=N_("What it is doing may still be stored."),
            run=act.abort,
            tone="quiet danger",
            statuses=None,
            wakes=False,
        ),
    )
}


RESULTS = {
    "undo": N_("Taken back for {messages}"),
    "restore": N_("Brought back {messages}"),
    "purge": N_("Purged {messages}"),
}
"""What the outcome of an operation says that is none of them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An action as a page offers it for one row: why it cannot be done now, or what to ask before it is."""

    action: Action
    reason: str | None
    question: str | None


def offers(row: Row, scene: Scene, *, everything: bool = False) -> list[Offer]:
    """The buttons of a row, in order; with `everything`, those that would do the same as another one too."""
    found = []
    for action in ACTIONS.values():
        if not scene.may(action.name) or (action.extra and not everything and not _differs(row)):
            continue
        reason = why_not(action, row, scene)
        found.append(Offer(action, reason, None if reason else _question(action, row, scene)))
    return found


def why_not(action: Action, row: Row, scene: Scene) -> str | None:
    """Why an action cannot be done to a row, in a sentence; None if it can."""
    if row.trashed_by is not None:
        return _("It was aborted: restore it first.")
    if not _says_seen(row):
        return _("What is stored as its state is no state, so no form can say what was seen.")
    if action.needs and not getattr(scene.capabilities, action.needs):
        return _(action.lacking)
    if action.statuses is not None and row.status not in action.statuses:
        known = row.status == "processed"
        return _("It was processed, and its input is gone.") if known else _("Its state is none we know.")
    return None


@dataclass(frozen=True, slots=True)
class Verb:
    """An action as a page offers it for many rows. `states` are those that it is for (none: any), `reason` says why it
    cannot be done here at all."""

    action: Action
    states: tuple[str, ...]
    reason: str | None


def verbs(scene: Scene) -> list[Verb]:
    """What can be done to many at once, in order."""
    return [
        Verb(
            action,
            () if action.statuses is None else act.ACTIONS[action.name].bulk,
            action.lacking if action.needs and not getattr(scene.capabilities, action.needs) else None,
        )
        for action in sorted(ACTIONS.values(), key=lambda action: (bool(action.tone), action.extra))
        if scene.may(action.name)
    ]


def these(action: Action, count: Count) -> str:
    """What is asked about so many messages: `Retry 412 messages`."""
    return ngettext(*action.these, count.number, number=wording.count(count))


def result(name: str) -> str:
    """The words for what an operation did, for `wording.outcome` and `progress.carried`."""
    return ACTIONS[name].done if name in ACTIONS else RESULTS[name]


def permission(name: str) -> str:
    """What `may` is asked before somebody turns an operation."""
    return "undo" if name == "restore" else name


def tickable(row: Row) -> bool:
    """Whether a form can say that this row was seen."""
    return row.trashed_by is None and _says_seen(row)


def _says_seen(row: Row) -> bool:
    return len(row.seen) <= LONGEST_SEEN and row.seen.isascii() and row.seen.isprintable()


def primary(row: Row, scene: Scene) -> str | None:
    """The name of the action that most likely puts a message right; None where nothing is wrong with it."""
    if row.status == "failed" or is_stuck(row, scene.cutoff):
        used_up = isinstance(row.retry_count, int) and row.retry_count >= scene.max_retries
        return "retry-fresh" if used_up else "retry"
    return None


def _differs(row: Row) -> bool:
    return isinstance(row.retry_count, int) and row.retry_count > 0


def _question(action: Action, row: Row, scene: Scene) -> str | None:
    """What to ask about a row that a worker claimed a moment ago, and may still be at."""
    if row.status != "processing" or row.started_at is None or is_stuck(row, scene.cutoff):
        return None
    return _(
        "A worker is at message {id}. {warning} {action} all the same?",
        id=row.id, warning=_(action.running), action=_(action.label),
    )  # fmt: skip
