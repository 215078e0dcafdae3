"""Where an operator is: a page and all that its address says, parsed. A form carries it, so that a press comes back to
the same page with its filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from flask import url_for

from webui.options import current
from webui.store.browse import parse_cursor
from webui.store.errors import StoreError
from webui.store.filters import Filters
from webui.store.history import LineFilters
from webui.store.model import LAST, Cursor
from webui.store.narrowing import BadFilter, format_duration, parse_duration
from webui.store.orders import NEWEST, Order, parse_order
from webui.store.sentence import sentence

WITHIN = 30 * 60_000
"""How far back the recent page looks without being told, in ms."""
NO_FILTERS = Filters()
ALL_LINES = LineFilters()
ID = r"-?[0-9]{1,19}"
LARGEST = 2**63 - 1
PARTS = ("done", "skipped", "failed")
"""The parts of an operation's outcome."""
MONTH = 30
"""Days after which a purge is offered where the trash is kept for ever."""

Given = Mapping[str, str]


class BadForm(StoreError):
    """A form does not carry what its button needs; nothing was done."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the operator is: a page and all that its URL says, parsed."""

    endpoint: ClassVar[str]

    @classmethod
    def parse(cls, given: Given) -> Self:
        """The place that these query arguments or form fields name. Raises BadFilter."""
        return cls()

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        return {}

    def url(self, **changes: str | None) -> str:
        """Its URL, with some arguments changed or (None) left out."""
        values: dict[str, Any] = {**self.query(), **changes}
        return url_for(f".{self.endpoint}", **values)

    def fields(self) -> dict[str, str]:
        """What a form carries, so that `place_of` finds the way back."""
        return {"at": self.endpoint, **self.query()}


@dataclass(frozen=True, slots=True)
class QueuePlace(Place):
    """The queue, narrowed to some filters, in an order, from a page mark on."""

    filters: Filters = NO_FILTERS
    cursor: Cursor | None = None
    order: Order = NEWEST
    endpoint: ClassVar[str] = "queue"

    @classmethod
    def parse(cls, given: Given) -> QueuePlace:
        """The place that these query arguments or form fields name. Raises BadFilter."""
        return cls(Filters.parse(given), _cursor(given, "cursor"), parse_order(given.get("order", "")))

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        return {**self.filters.query(), **self.sorting(), **_mark("cursor", self.cursor)}

    def view(self) -> dict[str, str]:
        """What of it is a view: all but the page mark."""
        return {**self.filters.query(), **self.sorting()}

    def sorting(self) -> dict[str, str]:
        """What of it is the order."""
        return {} if self.order == NEWEST else {"order": self.order.name}

    def first(self, filters: Filters) -> str:
        """The URL of the first page with other filters."""
        return QueuePlace(filters, None, self.order).url()

    def whole(self) -> str:
        """The URL of the first page without filters."""
        return self.first(NO_FILTERS)

    def last(self) -> str:
        """The URL of the last page."""
        return self.url(cursor=str(LAST))

    def ordered(self, order: Order) -> str:
        """The URL of the first page in another order."""
        return QueuePlace(self.filters, None, order).url()


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
            raise BadForm(sentence("This form does not say which message it is about: open the page again."))
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


@dataclass(frozen=True, slots=True)
class JournalPlace(Place):
    """The journal, narrowed to some filters, from a page mark on."""

    filters: LineFilters = ALL_LINES
    cursor: Cursor | None = None
    endpoint: ClassVar[str] = "journal"

    @classmethod
    def parse(cls, given: Given) -> JournalPlace:
        """The place that these query arguments or form fields name. Raises BadFilter."""
        return cls(LineFilters.parse(given), _cursor(given, "cursor"))

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        return {**self.filters.query(), **_mark("cursor", self.cursor)}

    def first(self, filters: LineFilters) -> str:
        """The URL of the first page with other filters."""
        return JournalPlace(filters).url()


@dataclass(frozen=True, slots=True)
class TrashPlace(Place):
    """The trash, from a page mark on."""

    cursor: Cursor | None = None
    endpoint: ClassVar[str] = "trash"

    @classmethod
    def parse(cls, given: Given) -> TrashPlace:
        """The place that these query arguments or form fields name. Raises BadFilter."""
        return cls(_cursor(given, "cursor"))

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        return _mark("cursor", self.cursor)


@dataclass(frozen=True, slots=True)
class PurgePlace(Place):
    """Where a purge is confirmed: of what was aborted over so many days ago."""

    days: int
    endpoint: ClassVar[str] = "purge"

    @classmethod
    def parse(cls, given: Given) -> PurgePlace:
        """The place that these query arguments or form fields name. Raises BadFilter."""
        text = given.get("days", "").strip()
        if text and not (text.isascii() and text.isdecimal() and len(text) <= 5):
            raise BadFilter(
                sentence("“{text}” is no number of days: write 30, or 0 for all that is in the trash.", text=text[:40])
            )
        return cls(int(text) if text else current().trash_days or MONTH)

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        return {"days": str(self.days)}


@dataclass(frozen=True, slots=True)
class OperationsPlace(Place):
    """The operations."""

    endpoint: ClassVar[str] = "operations"


@dataclass(frozen=True, slots=True)
class OperationPlace(Place):
    """One operation: a part of its outcome, from the row behind `after` on."""

    id: int
    part: str = "done"
    after: int | None = None
    endpoint: ClassVar[str] = "operation"

    @classmethod
    def parse(cls, given: Given) -> OperationPlace:
        """The place that these form fields name. Raises BadFilter, BadForm."""
        id, part = number_of(given, "operation"), given.get("part") or "done"
        if id is None:
            raise BadForm(sentence("This form does not say which operation it is about: open the page again."))
        if part not in PARTS:
            parts = ", ".join(PARTS)
            raise BadFilter(
                sentence("“{text}” is no part of an outcome: it is one of {parts}.", text=part[:40], parts=parts)
            )
        return cls(id, part, number_of(given, "after"))

    def query(self) -> dict[str, str]:
        """What its URL says, as text."""
        part = {} if self.part == "done" else {"part": self.part}
        return {"id": str(self.id), **part, **({} if self.after is None else {"after": str(self.after)})}

    def fields(self) -> dict[str, str]:
        """What a form carries; `id` is a filter's name."""
        shown = self.query()
        return {"at": self.endpoint, "operation": shown.pop("id"), **shown}


_LISTS = (QueuePlace, StuckPlace, RecentPlace, JournalPlace, TrashPlace, OperationsPlace)
_OTHERS = (MessagePlace, PurgePlace, OperationPlace)
PLACES: dict[str, type[Place]] = {place.endpoint: place for place in (*_LISTS, *_OTHERS)}


def _cursor(given: Given, name: str) -> Cursor | None:
    text = given.get(name, "")
    return parse_cursor(text) if text else None


def _mark(name: str, cursor: Cursor | None) -> dict[str, str]:
    return {name: str(cursor)} if cursor else {}


def number_of(given: Given, name: str) -> int | None:
    """A whole number that a page of ours wrote. Raises BadFilter."""
    text = given.get(name, "")
    if text and not re.fullmatch(ID, text, re.ASCII):
        raise BadFilter(sentence("“{text}” is no number of ours: go back to the list.", text=text[:40]))
    return min(max(int(text), -LARGEST), LARGEST) if text else None
