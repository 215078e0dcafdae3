"""What a form carries: where the operator is, and what was seen there. Every button belongs to the one form of its
page (`form="place"`), so that an answer needs no copy of the filters, and a plain form comes back to the same page.

The token against forged forms is checked for the whole blueprint (`csrf.py`), not here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from flask import url_for
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional, Regexp

from webui.columns import LONGEST_SEEN
from webui.options import current
from webui.store.browse import parse_cursor
from webui.store.errors import StoreError
from webui.store.filters import BadFilter, Filters, format_duration, parse_duration
from webui.store.model import Cursor

WITHIN = 30 * 60_000
"""How far back the recent page looks without being told, in ms."""
NO_FILTERS = Filters()
ID = r"-?[0-9]{1,19}"

Given = Mapping[str, str]


class BadForm(StoreError):
    """A form does not carry what its button needs; nothing was done."""


@dataclass(frozen=True, slots=True)
class Place(ABC):
    """Where the operator is: a page and all that its URL says, parsed."""

    endpoint: ClassVar[str]

    @classmethod
    @abstractmethod
    def parse(cls, given: Given) -> Self:
        """The place that these query arguments or form fields name. Raises BadFilter."""

    @abstractmethod
    def query(self) -> dict[str, str]:
        """What its URL says, as text."""

    def url(self, **changes: str | None) -> str:
        """Its URL, with some arguments changed or (None) left out."""
        values: dict[str, Any] = {**self.query(), **changes}
        return url_for(f".{self.endpoint}", **values)

    def fields(self) -> dict[str, str]:
        """What a form carries, so that `place_of` finds the way back."""
        return {"at": self.endpoint, **self.query()}


@dataclass(frozen=True, slots=True)
class QueuePlace(Place):
    """The queue, narrowed to some filters, from a page mark on."""

    filters: Filters = NO_FILTERS
    cursor: Cursor | None = None
    oldest_first: bool = False
    endpoint: ClassVar[str] = "queue"

    @classmethod
    def parse(cls, given: Given) -> QueuePlace:
        """The place that these query arguments or form fields name. Raises BadFilter."""
        return cls(Filters.parse(given), _cursor(given, "cursor"), _order(given))

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        order = {"order": "oldest"} if self.oldest_first else {}
        return {**self.filters.query(), **order, **_mark("cursor", self.cursor)}

    def first(self, filters: Filters) -> str:
        """The URL of the first page with other filters."""
        return QueuePlace(filters, None, self.oldest_first).url()

    def whole(self) -> str:
        """The URL of the first page without filters."""
        return self.first(NO_FILTERS)

    def turned(self) -> str:
        """The URL of the first page in the other order."""
        return QueuePlace(self.filters, None, not self.oldest_first).url()


@dataclass(frozen=True, slots=True)
class StuckPlace(Place):
    """The stuck page: a threshold in ms, and a page mark in each of its two lists."""

    threshold: int
    cursor: Cursor | None = None
    waiting: Cursor | None = None
    endpoint: ClassVar[str] = "stuck"

    @classmethod
    def parse(cls, given: Given) -> StuckPlace:
        """The place that these query arguments or form fields name. Raises BadFilter."""
        text = given.get("threshold", "").strip()
        threshold = parse_duration(text) if text else current().stuck_after
        return cls(threshold, _cursor(given, "cursor"), _cursor(given, "waiting"))

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        usual = self.threshold == current().stuck_after
        threshold = {} if usual else {"threshold": format_duration(self.threshold)}
        return {**threshold, **_mark("cursor", self.cursor), **_mark("waiting", self.waiting)}


@dataclass(frozen=True, slots=True)
class RecentPlace(Place):
    """The recent page: how far back, in ms, and a page mark."""

    within: int = WITHIN
    cursor: Cursor | None = None
    endpoint: ClassVar[str] = "recent"

    @classmethod
    def parse(cls, given: Given) -> RecentPlace:
        """The place that these query arguments or form fields name. Raises BadFilter."""
        text = given.get("within", "").strip()
        return cls(parse_duration(text) if text else WITHIN, _cursor(given, "cursor"))

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        within = {} if self.within == WITHIN else {"within": format_duration(self.within)}
        return {**within, **_mark("cursor", self.cursor)}


@dataclass(frozen=True, slots=True)
class MessagePlace(Place):
    """One message's own page."""

    id: int
    endpoint: ClassVar[str] = "message"

    @classmethod
    def parse(cls, given: Given) -> MessagePlace:
        """The place that these form fields name. Raises BadFilter, BadForm."""
        filters = Filters.parse({"id": given.get("message", "")})
        if not filters:
            raise BadForm("This form does not say which message it is about: open the page again.")
        return cls(filters.value("id"))

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        return {"id": str(self.id)}

    def url(self, **changes: str | None) -> str:
        """Its URL."""
        return url_for(".message", id=self.id)

    def fields(self) -> dict[str, str]:
        """What a form carries; `id` is a filter's name."""
        return {"at": self.endpoint, "message": str(self.id)}


PLACES: dict[str, type[Place]] = {
    place.endpoint: place for place in (QueuePlace, StuckPlace, RecentPlace, MessagePlace)
}


class PlaceForm(FlaskForm):  # type: ignore[misc]
    """What every button's form carries; `shown` are the ids of the rows on the page."""

    at = StringField(validators=[AnyOf(PLACES)], default="queue")
    shown = StringField(validators=[Optional(), Length(max=4_500), Regexp(rf"(?a)\A{ID}(,{ID})*\Z")])

    class Meta:
        """Without a token of its own: the blueprint's is checked before a view runs."""

        csrf = False

    def ids(self) -> frozenset[int]:
        """The ids of the rows on the page that the button was pressed on."""
        return frozenset(int(id) for id in self.shown.data.split(",")) if self.shown.data else frozenset()


class ActionForm(PlaceForm):
    """An action on one message: with its state as the page showed it."""

    seen = StringField(validators=[InputRequired(), Length(max=LONGEST_SEEN)])


class RetryAllForm(PlaceForm):
    """Retry all that is stuck: with the instant (ms) before which a claim counts as stuck."""

    cutoff = IntegerField(validators=[InputRequired(), NumberRange(0, 2**53)])


FormT = TypeVar("FormT", bound=PlaceForm)


def checked(form: FormT) -> FormT:
    """The form, if it carries what it must. Raises BadForm."""
    if not form.validate():
        raise BadForm("This form is not complete, so nothing was done: reload the page and press the button again.")
    return form


def place_of(form: PlaceForm, given: Given) -> Place:
    """Where the operator pressed the button. Raises BadFilter."""
    return PLACES[form.at.data or ""].parse(given)


def _cursor(given: Given, name: str) -> Cursor | None:
    text = given.get(name, "")
    return parse_cursor(text) if text else None


def _mark(name: str, cursor: Cursor | None) -> dict[str, str]:
    return {name: str(cursor)} if cursor else {}


def _order(given: Given) -> bool:
    order = given.get("order", "")
    if order not in ("", "newest", "oldest"):
        raise BadFilter(f"“{order[:40]}” is no order: it is newest or oldest.")
    return order == "oldest"
