"""What happened to a message, step by step, from the times that the file keeps and the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from webui.columns import Scene
from webui.store.diagnosis import is_stuck
from webui.store.model import Detail, Row
from webui.texts import gettext as _
from webui.texts import ngettext
from webui.wording import Span, done, is_time, precise, span, text

JUST_NOW = 5_000
"""So many ms are not worth a number."""


class Step(NamedTuple):
    """One step: when (ms; None where nobody knows), what, a note, a tone, how long after the step before (in words,
    None where that is not known), and for some of which `kind` it is."""

    at: Any
    title: str
    note: str = ""
    tone: str = ""
    gap: str | None = None
    kind: str = ""


def steps(detail: Detail, scene: Scene) -> list[Step]:
    """The steps of a message, oldest first, with what passed between them; the last one says how it is now."""
    past = [step for step in _past(detail) if step.at is not None]
    known = sorted((step for step in past if is_time(step.at)), key=lambda step: step.at)
    strange = [step for step in past if not is_time(step.at)]
    placed = [*strange, *_with_gaps(known), *_untimed(detail)]
    if detail.row.status == "processed" and detail.row.trashed_by is None:
        return placed
    return [*placed, _present(detail.row, scene, known[-1].at if known else None)]


def _past(detail: Detail) -> Iterator[Step]:
    row = detail.row
    yield Step(row.created_at, _("Enqueued"), _("session #{id}", id=text(row.session_db_id)), kind="enqueued")
    if row.started_at is not None:
        pid = row.extra.get("worker_pid")
        by = _("by process {id}", id=text(pid)) if pid else _("by a worker")
        yield Step(row.started_at, _("Claimed"), by, kind="claimed")
    for failure in detail.failures:
        attempt = failure.attempt
        title = _("Failed") if attempt is None else _("Failed, attempt {number}", number=attempt)
        yield Step(failure.at, title, text(failure.error), "bad", kind="ended")
    if not detail.failures:
        yield from _ended(row)
    for entry in detail.journal:
        by = _("by {actor}", actor=text(entry.actor, 80))
        yield Step(entry.at, done(entry), by, "ok" if entry.action != "abort" else "warn")


def _ended(row: Row) -> Iterator[Step]:
    ended = row.completed_at if row.failed_at is None else row.failed_at
    if row.status == "processed":
        yield Step(ended, _("Processed"), _("its input was cleared"), "ok", kind="ended")
    elif row.status == "failed":
        yield Step(ended, _("Failed"), _used(row.retry_count), "bad", kind="ended")
    elif ended is not None:
        yield Step(ended, _("Failed before"), "", "bad", kind="ended")


def _used(retries: Any) -> str:
    if not retries:
        return _("at the first attempt")
    number = retries if isinstance(retries, int) else 2  # what a damaged file holds there is no number of anything
    return ngettext("after {number} retry", "after {number} retries", number, number=text(retries, 20))


def _with_gaps(known: list[Step]) -> Iterator[Step]:
    before: Step | None = None
    for step in known:
        passed = int(step.at - before.at) if before else 0
        yield step._replace(gap=_gap(before, step, precise(passed))) if before and passed >= 1000 else step
        before = step


def _gap(before: Step, step: Step, passed: str) -> str:
    if before.kind == "enqueued" and step.kind == "claimed":
        return _("waited {time}", time=passed)
    ran = before.kind == "claimed" and step.kind == "ended"
    return _("ran {time}", time=passed) if ran else _("{time} later", time=passed)


def _untimed(detail: Detail) -> Iterator[Step]:
    row = detail.row
    if isinstance(row.retry_count, int) and row.retry_count > 0 and not detail.failures and row.status != "failed":
        tried = ngettext("Tried {number} time before", "Tried {number} times before", row.retry_count)
        yield Step(None, tried, _("the file does not say when"), "bad")


def _present(row: Row, scene: Scene, last: Any) -> Step:
    """How the message is now, and since when; `last` is the time of the step before, if there is one."""
    if row.trashed_by is not None:
        return Step(None, _("Now: out of the queue"), _("restore it to bring it back as it was"))
    since = Span(last, "") if row.status == "pending" and last is not None else span(row)
    title, tone = _now(row, is_stuck(row, scene.cutoff))
    return Step(None, title, _since(since, scene), tone)


def _now(row: Row, stuck: bool) -> tuple[str, str]:
    if stuck:
        return _("Now: stuck"), "bad"
    known = {
        "pending": (_("Now: waiting to be claimed"), "warn"),
        "processing": (_("Now: running"), "run"),
        "failed": (_("Now: failed for good"), "bad"),
    }
    return known.get(row.status) or (_("Now: {state}", state=text(row.status)), "")


def _since(since: Span, scene: Scene) -> str:
    if not is_time(since.since):
        return ""
    passed = precise(int(scene.now - since.since))
    if scene.now - since.since < JUST_NOW:
        return _("since just now")
    if since.at_most:
        return _("for at most {time}: the file does not say when it was claimed", time=passed)
    return _("for {time}", time=passed)
