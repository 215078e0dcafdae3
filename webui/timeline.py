"""What happened to a message, step by step, from the times that the file keeps and the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from webui.columns import Scene
from webui.store.diagnosis import is_stuck
from webui.store.model import Detail, JournalEntry, Row
from webui.wording import DONE, Span, is_time, plural, precise, span, text

JUST_NOW = 5_000
"""So many ms are not worth a number."""


class Step(NamedTuple):
    """One step: when (ms; None where nobody knows), what, a note, a tone, and how long after the step before (in
    words, None where that is not known)."""

    at: Any
    title: str
    note: str = ""
    tone: str = ""
    gap: str | None = None


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
    yield Step(row.created_at, "Enqueued", f"session #{text(row.session_db_id)}")
    if row.started_at is not None:
        pid = row.extra.get("worker_pid")
        yield Step(row.started_at, "Claimed", f"by process {text(pid)}" if pid else "by a worker")
    for failure in detail.failures:
        attempt = "" if failure.attempt is None else f", attempt {failure.attempt}"
        yield Step(failure.at, f"Failed{attempt}", text(failure.error), "bad")
    if not detail.failures:
        yield from _ended(row)
    for entry in detail.journal:
        yield Step(entry.at, done(entry), f"by {text(entry.actor, 80)}", "ok" if entry.action != "abort" else "warn")


def _ended(row: Row) -> Iterator[Step]:
    ended = row.completed_at if row.failed_at is None else row.failed_at
    if row.status == "processed":
        yield Step(ended, "Processed", "its input was cleared", "ok")
    elif row.status == "failed":
        used = f"after {text(row.retry_count, 20)} retries" if row.retry_count else "at the first attempt"
        yield Step(ended, "Failed", used, "bad")
    elif ended is not None:
        yield Step(ended, "Failed before", "", "bad")


def done(entry: JournalEntry) -> str:
    """What a journal line did, in a word or a few."""
    return DONE.get(entry.action, text(entry.action))


def _with_gaps(known: list[Step]) -> Iterator[Step]:
    before: Step | None = None
    for step in known:
        passed = int(step.at - before.at) if before else 0
        yield step._replace(gap=_gap(before, step, precise(passed))) if before and passed >= 1000 else step
        before = step


def _gap(before: Step, step: Step, passed: str) -> str:
    if before.title == "Enqueued" and step.title == "Claimed":
        return f"waited {passed}"
    ran = before.title == "Claimed" and step.title.startswith(("Failed", "Processed"))
    return f"ran {passed}" if ran else f"{passed} later"


def _untimed(detail: Detail) -> Iterator[Step]:
    row = detail.row
    if isinstance(row.retry_count, int) and row.retry_count > 0 and not detail.failures and row.status != "failed":
        yield Step(None, f"Tried {plural(row.retry_count, 'time')} before", "the file does not say when", "bad")


def _present(row: Row, scene: Scene, last: Any) -> Step:
    """How the message is now, and since when; `last` is the time of the step before, if there is one."""
    if row.trashed_by is not None:
        return Step(None, "Now: out of the queue", "restore it to bring it back as it was")
    since = Span(last, "") if row.status == "pending" and last is not None else span(row)
    words, tone = _now(row, is_stuck(row, scene.cutoff))
    return Step(None, f"Now: {words}", _since(since, scene), tone)


def _now(row: Row, stuck: bool) -> tuple[str, str]:
    if stuck:
        return "stuck", "bad"
    tones = {
        "pending": ("waiting to be claimed", "warn"),
        "processing": ("running", "run"),
        "failed": ("failed for good", "bad"),
    }
    return tones.get(row.status, (text(row.status), ""))


def _since(since: Span, scene: Scene) -> str:
    if not is_time(since.since):
        return ""
    passed = precise(int(scene.now - since.since))
    if scene.now - since.since < JUST_NOW:
        return "since just now"
    return f"for at most {passed}: the file does not say when it was claimed" if since.at_most else f"for {passed}"
