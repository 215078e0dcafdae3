"""How a list is narrowed: what was typed for each of its filters, checked, in words, and as SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from webui.store.encoding import storable
from webui.store.errors import StoreError
from webui.store.sentence import sentence

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,6})\s*([smhd]?)", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_SIZES = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_SIZE = re.compile(r"([0-9]{1,9})\s*([bkmg]?)", re.ASCII)
_SIGNED = re.compile(r"(>=|<=|>|<|=)?\s*(.*)", re.DOTALL)
LONGEST_TEXT = 200


class BadFilter(StoreError):
    """A filter, threshold or page mark cannot be understood."""


def parse_duration(text: str) -> int:
    """`90s`, `5m`, `2h` or `1d` in ms; a bare number is minutes. Raises BadFilter."""
    match = _DURATION.fullmatch(text.strip().lower())
    if not match or not int(match[1]):
        raise BadFilter(sentence("“{text}” is no length of time: write 90s, 5m, 2h or 1d.", text=text[:40]))
    return int(match[1]) * _UNITS[match[2] or "m"]


def format_duration(ms: int) -> str:
    """So many ms in the largest unit that divides them, as `parse_duration` reads it."""
    unit = next((unit for unit in "dhms" if ms % _UNITS[unit] == 0), "s")
    return f"{ms // _UNITS[unit]}{unit}"


def parse_instant(text: str, now: int) -> int:
    """`2026-11-22T14:00` (of this machine's time zone, where it names none) or, as `2h`, so long before `now`; an
    instant in ms. Raises BadFilter."""
    with suppress(BadFilter):
        return now - parse_duration(text)
    with suppress(ValueError, OverflowError, OSError):
        return int(datetime.fromisoformat(text.strip()).timestamp() * 1000)
    raise BadFilter(sentence("“{text}” is no time: write 2026-11-22 14:00, or how long ago, like 2h.", text=text[:40]))


def parse_size(text: str) -> int:
    """`512`, `100k`, `2m` or `1g` in bytes; 1k is 1,024 of them. Raises BadFilter."""
    match = _SIZE.fullmatch(text.strip().lower())
    if not match:
        raise BadFilter(sentence("“{text}” is no size: write 512, 100k, 2m or 1g.", text=text[:40]))
    return int(match[1]) * _SIZES[match[2]]


class Compared(NamedTuple):
    """A value to be compared with: the sign, as SQL has it too, and the number."""

    sign: str
    number: int


def compared(parse: Callable[[str], int], usual: str) -> Callable[[str], Compared]:
    """What `>2d` says; a number without a sign is taken for `usual`."""

    def parsed(text: str) -> Compared:
        match = _SIGNED.fullmatch(text)
        assert match  # it takes any text
        return Compared(match[1] or usual, parse(match[2]))

    return parsed


def whole(text: str) -> int:
    """A whole number of 64 bits. Raises BadFilter."""
    if not _WHOLE.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise BadFilter(sentence("“{text}” is no whole number.", text=text[:40]))
    return int(text)


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """What takes one of these words, as it is."""

    def parse(text: str) -> str:
        if text not in choices:
            raise BadFilter(sentence("“{text}” is none of {choices}.", text=text[:40], choices=", ".join(choices)))
        return text

    return parse


def plain(text: str) -> str:
    """A text that a database can hold. Raises BadFilter."""
    if len(text) > LONGEST_TEXT:
        raise BadFilter(
            sentence(
                "A filter's text is at most {most} characters long; this one has {number}.",
                most=LONGEST_TEXT, number=len(text),
            )
        )  # fmt: skip
    return str(storable(text.replace("\0", "")))


@dataclass(frozen=True, slots=True)
class Field:
    """One filter.

    `parse` turns what was typed into the value (or raises BadFilter), `sql` is the condition with the value as `:name`
    (`<=>` in it stands for the sign of a value that is compared with), `to_param` makes the parameter of the value,
    `ago` says that the parameter is the instant so many ms ago, `searches` that payloads are read for it, and `indexed`
    that it narrows the candidates themselves. `words` is how a chip says it, `example` a value that works, `choices`
    are all values there can be, `offers` some good ones, and `known` is the SQL of a row's own value, where that is
    worth suggesting.
    """

    name: str
    label: str
    hint: str
    parse: Callable[[str], Any]
    sql: str
    example: str = ""
    choices: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    known: str = ""
    words: str = "{value}"
    to_param: Callable[[Any], Any] = lambda value: value
    ago: bool = False
    searches: bool = False
    indexed: bool = False

    def said(self, text: str) -> str:
        """What was typed, as a chip says it."""
        return sentence(text) if text in self.choices else text

    def bound(self, text: str, now: int) -> tuple[str, Any]:
        """The condition for what was typed, and its parameter; `now` is an instant in ms."""
        value = self.parse(text)
        sign, value = value if isinstance(value, Compared) else ("", value)
        param = self.to_param(value)
        return self.sql.replace("<=>", sign), now - param if self.ago else param


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter as the bar shows it."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The active filters of a list, as typed and checked; immutable and in the order of its `fields`."""

    fields: ClassVar[Mapping[str, Field]]
    texts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> Self:
        """The filters among a request's values; empty ones and other names are passed over. Raises BadFilter."""
        found = []
        for field in cls.fields.values():
            text = given.get(field.name, "").strip()
            if text:
                try:
                    field.parse(text)
                except BadFilter as error:
                    problem = error.args[0]
                    raise BadFilter(
                        sentence("{filter}: {problem}", filter=sentence(field.label), problem=problem)
                    ) from None
                found.append((field.name, text))
        return cls(tuple(found))

    def __bool__(self) -> bool:
        return bool(self.texts)

    def value(self, name: str) -> Any:
        """A filter's value, or None where it is not set."""
        text = self.query().get(name)
        return None if text is None else self.fields[name].parse(text)

    @property
    def searches(self) -> bool:
        """Whether payloads are read for them: then a page looks for longer, and at fewer messages."""
        return any(self.fields[name].searches for name, _ in self.texts)

    def query(self) -> dict[str, str]:
        """The values for a URL's query string or a form's fields."""
        return dict(self.texts)

    def chips(self) -> list[Chip]:
        """The filters in words."""
        fields = ((self.fields[name], text) for name, text in self.texts)
        return [Chip(field.name, field.label, sentence(field.words, value=field.said(text))) for field, text in fields]

    def without(self, name: str) -> Self:
        """The same without one filter."""
        return type(self)(tuple(pair for pair in self.texts if pair[0] != name))

    def with_(self, name: str, text: str) -> Self:
        """The same with one filter set to what was typed. Raises BadFilter."""
        return self.parse({**self.query(), name: text})

    def condition(self, now: int, *, indexed: bool | None = None) -> tuple[str, dict[str, Any]]:
        """The SQL condition (empty where there is none) of all, or of those that are, or are not, `indexed`, and its
        parameters; `now` is an instant in ms."""
        meant = [(self.fields[name], text) for name, text in self.texts]
        bound = {field.name: field.bound(text, now) for field, text in meant if indexed in (None, field.indexed)}
        return " AND ".join(sql for sql, _ in bound.values()), {name: param for name, (_, param) in bound.items()}
