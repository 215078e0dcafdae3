"""What an operator can do to one message. A new action is one entry in `ACTIONS`: its URL, its button on every row and
on the message's page, what `may` is asked, and what its outcome says all come from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from webui.columns import LONGEST_SEEN, Scene
from webui.store import act
from webui.store.diagnosis import is_stuck
from webui.store.model import Outcome, Row

QUEUED = frozenset({"pending", "processing", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One verb. `run` is the store's function; `hint` says what it does, and `many` what to many; `done` are its
    outcome's words, `mark` stands on the row. `running` is asked first while a worker may be at it. `needs` is the
    capability of the file without which it is impossible, and `lacking` says so. `statuses` are those it applies to
    (None: all), `unfit` says why it is for none of the others. An `extra` one is on a row only where it differs from
    the plain one. After one that `wakes`, the worker may have to be woken."""

    name: str
    label: str
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
    unfit: str = "Their state is none we know."
    extra: bool = False
    wakes: bool = True


ACTIONS = {
    action.name: action
    for action in (
        Action(
            name="retry-fresh",
            label="Retry fresh",
            hint="Make it pending again, with all its attempts",
            many="They become pending again, with all their attempts.",
            done="Retried {} with fresh attempts",
            mark="Retried fresh",
            running="A second run may overlap the first.",
            run=act.retry_fresh,
            needs="retry_count",
            lacking="This file does not count retries, so it would be the same as Retry.",
            extra=True,
        ),
        Action(
            name="retry",
            label="Retry",
            hint="Make it pending again; its count of retries stays",
            many="They become pending again; their counts of retries stay.",
            done="Retried {}",
            mark="Retried",
            running="A second run may overlap the first.",
            run=act.retry,
            symbol="retry",
            unfit="Those are pending, and would stay as they are.",
        ),
        Action(
            name="abort",
            label="Abort",
            hint="Take it out of the queue; it can be brought back",
            many="They leave the queue for the trash, and can be brought back until that is purged.",
            done="Aborted {}",
            mark="Aborted",
            running="What it is doing may still be stored.",
            run=act.abort,
            tone="quiet danger",
            statuses=None,
            wakes=False,
        ),
    )
}


RESULTS = {"undo": "Taken back for {}", "restore": "Brought back {}", "purge": "Purged {}"}
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
        return "It was aborted: restore it first."
    if not _says_seen(row):
        return "What is stored as its state is no state, so no form can say what was seen."
    if action.needs and not getattr(scene.capabilities, action.needs):
        return action.lacking
    if action.statuses is not None and row.status not in action.statuses:
        return "It was processed, and its input is gone." if row.status == "processed" else "Its state is none we know."
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


def result(name: str) -> str:
    """The words for what an operation did."""
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
    return f"A worker is at message {row.id}. {action.running} {action.label} all the same?"
