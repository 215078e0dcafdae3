"""What a list can be narrowed to. A new filter is one entry in `FIELDS`: it gives the name in the query string, the
form field, the chip, the check of what was typed, and the SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webui.store.encoding import storable
from webui.store.errors import StoreError
from webui.store.model import QUEUED, TYPES

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,6})\s*([smhd]?)", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
LONGEST_TEXT = 200
NO_PROJECT = "(none)"
"""What finds the messages without a project."""


class BadFilter(StoreError):
    """A filter, threshold or page mark cannot be understood."""


def parse_duration(text: str) -> int:
    """`90s`, `5m`, `2h` or `1d` in ms; a bare number is minutes. Raises BadFilter."""
    match = _DURATION.fullmatch(text.strip().lower())
    if not match or not int(match[1]):
        raise BadFilter(f"“{text[:40]}” is no length of time: write 90s, 5m, 2h or 1d.")
    return int(match[1]) * _UNITS[match[2] or "m"]


def format_duration(ms: int) -> str:
    """So many ms in the largest unit that divides them, as `parse_duration` reads it."""
    unit = next((unit for unit in "dhms" if ms % _UNITS[unit] == 0), "s")
    return f"{ms // _UNITS[unit]}{unit}"


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise BadFilter(f"“{text[:40]}” is no whole number.")
    return int(text)


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise BadFilter(f"“{text[:40]}” is none of {', '.join(choices)}.")
        return text

    return parse


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise BadFilter(f"A filter's text is at most {LONGEST_TEXT} characters long; this one has {len(text)}.")
    return str(storable(text.replace("\0", "")))


@dataclass(frozen=True, slots=True)
class Field:
    """One filter: `parse` turns what was typed into the value (or raises BadFilter), `sql` is the condition with the
    value as `:name`, `to_param` makes the parameter of it, and `words` is how a chip says it."""

    name: str
    label: str
    hint: str
    parse: Callable[[str], Any]
    sql: str
    choices: tuple[str, ...] = ()
    words: str = "{}"
    to_param: Callable[[Any], Any] = lambda value: value


# Not LIKE: on a text that repeats itself its time is the product of both lengths.
_SEARCHED = ("tool_name", "cwd", "tool_input", "tool_response", "last_user_message", "last_assistant_message")

FIELDS = (
    Field("status", "Status", "one state", _one_of(QUEUED), "status = :status", choices=QUEUED),
    Field("stuck", "Stuck", "processing for longer than, like 5m", parse_duration,
          "status = 'processing' AND {started_processing_at_epoch} < :stuck", words="longer than {}"),
    Field("session", "Session", "a session's number", _whole, "session_db_id = :session", words="#{}"),
    Field("project", "Project", "a project's whole name; (none) for messages without one", _text,
          "coalesce({project}, '') = :project", to_param=lambda name: "" if name == NO_PROJECT else name),
    Field("type", "Type", "what the message asks for", _one_of(TYPES), "message_type = :type", choices=TYPES),
    Field("tool", "Tool", "a tool's name, like Bash", _text, "lower(tool_name) = lower(:tool)"),
    Field("id", "Id", "a message's number", _whole, "id = :id"),
    Field("q", "Text", "text anywhere in the message", _text,
          "(" + " OR ".join(f"{{instr}}(lower({name}), lower(:q)) > 0" for name in _SEARCHED) + ")", words="“{}”"),
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter as the bar shows it."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Filters:
    """The active filters, as typed and checked; immutable and in the order of `FIELDS`."""

    texts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> Filters:
        """The filters among a request's values; empty ones and other names are passed over. Raises BadFilter."""
        found = []
        for field in FIELDS:
            text = given.get(field.name, "").strip()
            if text:
                try:
                    field.parse(text)
                except BadFilter as error:
                    raise BadFilter(f"{field.label}: {error}") from None
                found.append((field.name, text))
        return cls(tuple(found))

    def __bool__(self) -> bool:
        return bool(self.texts)

    def value(self, name: str) -> Any:
        """A filter's value, or None where it is not set."""
        text = dict(self.texts).get(name)
        return None if text is None else BY_NAME[name].parse(text)

    def query(self) -> dict[str, str]:
        """The values for a URL's query string or a form's fields."""
        return dict(self.texts)

    def chips(self) -> list[Chip]:
        """The filters in words."""
        return [Chip(name, BY_NAME[name].label, BY_NAME[name].words.format(text)) for name, text in self.texts]

    def without(self, name: str) -> Filters:
        """The same without one filter."""
        return Filters(tuple(pair for pair in self.texts if pair[0] != name))

    def with_(self, name: str, text: str) -> Filters:
        """The same with one filter set to what was typed. Raises BadFilter."""
        return Filters.parse({**self.query(), name: text})

    def condition(self, now: int, leave_out: frozenset[str] = frozenset()) -> tuple[str, dict[str, Any]]:
        """The SQL condition (empty where there is none) and its parameters."""
        names = [name for name, _ in self.texts if name not in leave_out]
        params = {name: BY_NAME[name].to_param(self.value(name)) for name in names}
        if "stuck" in params:
            params["stuck"] = now - params["stuck"]
        return " AND ".join(BY_NAME[name].sql for name in names), params
