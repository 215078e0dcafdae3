"""The verdict in words: whether the queue drains, and the figures behind that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from webui.store.model import Verdict
from webui.store.sentence import N_
from webui.texts import figure, ngettext
from webui.texts import gettext as _
from webui.wording import Part, count, duration, is_time, part


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict in words: a headline, the parts of its sentence, a tone and an icon."""

    headline: str
    parts: tuple[Part, ...]
    tone: str
    icon: str


HEADLINES = {
    "draining": (N_("Draining."), "ok", "check"),
    "not-draining": (N_("Not draining."), "warn", "warning"),
    "waiting": (N_("Work has arrived."), "", "clock"),
    "idle": (N_("Idle."), "ok", "check"),
}


def health(verdict: Verdict) -> Health:
    """Whether the queue drains, in a headline and one sentence of figures that link to what they count."""
    headline, tone, icon = HEADLINES[verdict.state]
    if verdict.state == "draining" and verdict.counts.stuck:
        headline, tone, icon = N_("Draining, but some are stuck."), "warn", "warning"
    first, *rest = _figures(verdict)
    return Health(_(headline), (Part(first.words[0].upper() + first.words[1:], first.target), *rest), tone, icon)


def _figures(verdict: Verdict) -> Iterator[Part]:
    counts = verdict.counts
    if verdict.per_minute:
        rate = figure(verdict.per_minute)
        yield Part(_("{number}/min", number=rate) if verdict.per_minute >= 1 else _("under 1/min"))
    oldest = verdict.oldest_pending
    if oldest is None:
        yield Part(_("nothing is waiting"))
    elif is_time(oldest.created_at):
        yield Part(_("oldest pending {time}", time=duration(verdict.as_of - oldest.created_at)), "oldest")
    else:
        yield Part(_("oldest pending"), "oldest")
    yield from _completions(verdict)
    if counts.stuck:
        yield Part(
            ngettext("{number} stuck", "{number} stuck", counts.stuck.number, number=count(counts.stuck)), "stuck"
        )
    if counts.failed:
        yield Part(part("failed", counts.failed.number, count(counts.failed)), "failed")


def _completions(verdict: Verdict) -> Iterator[Part]:
    if verdict.completions == "unrecorded":
        yield Part(_("this file keeps no record of completions"))
    elif verdict.completions == "none":
        yield Part(_("nothing is recorded as completed"))
    elif verdict.last_completed_at is not None and verdict.state != "draining" and is_time(verdict.last_completed_at):
        ago = duration(verdict.as_of - verdict.last_completed_at)
        idle = verdict.state == "not-draining"
        yield Part(_("nothing completed for {time}", time=ago) if idle else _("last completed {time} ago", time=ago))
