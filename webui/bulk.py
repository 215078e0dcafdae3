"""Actions on many messages: what their forms carry, and the addresses that name everything that matches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import url_for
from wtforms import IntegerField, StringField
from wtforms.validators import Length, NumberRange, Optional

from webui.columns import LONGEST_SEEN
from webui.forms import PlaceForm
from webui.options import current
from webui.places import ID, PLACES, BadForm, Given, Place, QueuePlace, StuckPlace, number_of
from webui.store import diagnosis, preview
from webui.store.act import ACTIONS
from webui.store.filters import Filters
from webui.store.model import Count
from webui.store.narrowing import format_duration
from webui.store.preview import Cost
from webui.store.selection import Frozen, Ticked
from webui.store.sentence import Figure, sentence

MOST = 1_000
"""So many messages can be ticked."""
LARGE = 5_000
"""From so many rows on it is said what they cost."""
FASTEST = 100_000
"""Messages a minute that can be asked for."""
_TICK = re.compile(rf"({ID}):([ -~]{{0,{LONGEST_SEEN}}})", re.ASCII)


class BulkForm(PlaceForm):
    """An action on many: those that are ticked, or all that the address names; at `most` so many of them, so many
    `per_minute`, for a `reason`. `expected` is how many the operator was told."""

    expected = IntegerField(validators=[Optional(), NumberRange(0, 2**53)])
    most = IntegerField(validators=[Optional(), NumberRange(1, 2**53)])
    per_minute = StringField(validators=[Length(max=40)])
    reason = StringField(validators=[Length(max=400)])

    def speed(self) -> int | None:
        """Messages a minute, None for as fast as it goes. Raises BadForm."""
        text = (self.per_minute.data or "").strip().replace(",", "")
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 0 < int(text) <= FASTEST):
            raise BadForm(
                sentence(
                    "“{text}” is no number of messages a minute, so nothing was done: write 60, or leave it empty.",
                    text=text,
                )
            )
        return int(text)

    def why(self) -> str | None:
        """The reason, if one was given."""
        return (self.reason.data or "").strip() or None


class RestoreForm(PlaceForm):
    """What is ticked in the trash or, with `until`, all of it up to there."""

    until = IntegerField(validators=[Optional(), NumberRange(0, 2**63 - 1)])


def ticked(given: list[str]) -> Ticked:
    """The rows that a form's ticks name, each with its state as the page showed it. Raises BadForm."""
    if not given:
        raise BadForm(
            sentence("Nothing is ticked, so nothing was done: tick the messages that you mean, then press again.")
        )
    if len(given) > MOST:
        raise BadForm(
            sentence(
                "{number} messages are ticked, and it can be {most} at once. Nothing was done: narrow the list with "
                "filters, and act on all that match.",
                number=Figure(len(given)), most=Figure(MOST),
            )
        )  # fmt: skip
    found = [_TICK.fullmatch(text) for text in given]
    if not all(found):
        raise BadForm(sentence("This form is not complete, so nothing was done: reload the page and tick again."))
    return Ticked(tuple(sorted({int(tick[1]): tick[2] for tick in found if tick}.items())))


@dataclass(frozen=True, slots=True)
class Matching:
    """Everything that matched some filters when a page was made, and that page. `expected` is how many that were, and
    `told` how many of each status, as the operator saw it; None where nobody counted them."""

    frozen: Frozen
    back: Place
    expected: int | None = None
    told: Mapping[str, Count] | None = None

    @classmethod
    def parse(cls, given: Given) -> Matching:
        """What an address names; what matches now, where it does not say when. Raises BadFilter, BadForm."""
        filters = Filters.parse(given)
        until, as_of = number_of(given, "until"), number_of(given, "as_of")
        store = current().store
        if until is None or as_of is None:
            frozen = preview.freeze(store, filters)
        elif as_of > store.now():
            raise BadForm(sentence("This page was made by a clock that is ahead of this one: open it again."))
        else:
            frozen = Frozen(filters, until, as_of)
        return cls(frozen, _back(given, filters), number_of(given, "expected"))

    def url(self, action: str, *, expected: int | None = None, again: bool = False) -> str:
        """Where the action on it is asked about, and done; `again`, on all that will match by then."""
        marks = {} if again else {"until": self.frozen.until, "as_of": self.frozen.as_of}
        expected = self._told(action) if expected is None else expected
        number = {} if expected is None or again else {"expected": expected}
        values: dict[str, Any] = {**self.frozen.filters.query(), **marks, **number}
        return url_for(".ask", action=action, back=urlencode(self.back.fields()), **values)

    def _told(self, action: str) -> int | None:
        """How many of those that were counted an action is for."""
        meant = [count for status, count in (self.told or {}).items() if status in ACTIONS[action].bulk]
        whole = preview.total(meant)
        return None if self.told is None or whole.more else whole.number

    def count_url(self, links: str) -> str:
        """Where it is counted: the answer is the number, and a page's `links` (`all` or `failed`) with it."""
        return url_for(".count", links=links, back=urlencode(self.back.fields()), **self.query())

    def query(self) -> Mapping[str, Any]:
        """The filters and the marks, as an address has them."""
        return {**self.frozen.filters.query(), "until": self.frozen.until, "as_of": self.frozen.as_of}

    def only(self, name: str, value: str) -> Matching:
        """The same, narrowed by one filter more."""
        filters = self.frozen.filters.with_(name, value)
        return Matching(Frozen(filters, self.frozen.until, self.frozen.as_of), self.back)


def cost_of(count: Count, cutoff: int) -> Cost | None:
    """What to say of so many rows before they are changed; None where they are few, or keep nobody waiting."""
    store = current().store
    if count.number <= LARGE or not store.database.dialect.one_writer:
        return None
    return preview.cost(count.number, diagnosis.verdict(store, cutoff).per_minute)


def matching_of(place: Place, as_of: int) -> Matching | None:
    """All that a list goes through that was read at a time (ms); None for a page without such a list."""
    if isinstance(place, StuckPlace):
        filters = Filters.parse({"stuck": format_duration(max(place.threshold, 1_000))})
    elif isinstance(place, QueuePlace):
        filters = place.filters
    else:
        return None
    return Matching(Frozen(filters, preview.freeze(current().store, filters).until, as_of), place)


def _back(given: Given, filters: Filters) -> Place:
    fields = dict(parse_qsl(given.get("back", "")))
    kind = PLACES.get(fields.get("at", ""))
    return kind.parse(fields) if kind else QueuePlace(filters)
