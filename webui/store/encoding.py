"""A message's payload as JSON text and back: out as JavaScript's `JSON.stringify` writes it, in strictly."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, NoReturn

from webui.store.errors import InvalidPayload

_SURROGATE = re.compile("[\ud800-\udfff]")


def is_empty(value: Any) -> bool:
    """Whether JavaScript takes it for false: such a value is stored as NULL. Empty objects and lists are not."""
    return value is None or value is False or (isinstance(value, str) and not value) or _is_zero(value)


def _is_zero(value: Any) -> bool:
    return isinstance(value, (int, float)) and (value == 0 or value != value)


def plain_text(value: Any) -> str | None:
    """A text column's value: empty ones are NULL, the rest as `storable` has it. Raises InvalidPayload."""
    return None if is_empty(value) else storable(value)


def storable(value: Any) -> str | None:
    """A text that UTF-8 can hold: a lone surrogate becomes U+FFFD, and a number its digits (True is 1), as SQLite has
    it. None stays None. Raises InvalidPayload for anything else."""
    if value is None:
        return None
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", _paired(value))
    if not isinstance(value, (int, float)):
        raise InvalidPayload(f"There is a {type(value).__name__} where a text belongs.")
    try:
        return str(int(value) if isinstance(value, bool) else value)
    except ValueError as error:
        raise InvalidPayload(f"There is a number where a text belongs, and it is too long: {error}.") from None


def whole_number(value: Any) -> Any:
    """A number column's value: empty ones are NULL. A fraction goes as its digits, which a database takes as they are
    or refuses, but never rounds."""
    if is_empty(value):
        return None
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < 2**63 else repr(value)
    return int(value) if isinstance(value, bool) else value


def without_nul(text: str) -> str:
    """A text that every database can hold: a NUL becomes U+FFFD too."""
    return str(storable(text.replace("\0", "\ufffd")))


def _paired(text: str) -> str:
    """Two surrogates that belong together are one character, as in JavaScript."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def to_json(value: Any) -> str | None:
    """The value as `JSON.stringify` writes it; None for what is stored as NULL. Raises InvalidPayload."""
    if is_empty(value):
        return None
    try:
        return "".join(_written(value))
    except RecursionError:
        raise InvalidPayload("A payload refers to itself or is nested too deeply to be stored as JSON.") from None
    except ValueError as error:
        raise InvalidPayload(f"A payload holds a number that is too long to be stored: {error}.") from None


def _written(value: Any) -> list[str]:
    if isinstance(value, str):
        return [_string(value)]
    if value is None or value is True or value is False:
        return [{None: "null", True: "true", False: "false"}[value]]
    if isinstance(value, (int, float)):
        return [number(value)]
    if isinstance(value, Mapping):
        return ["{", *_joined([[_string(_key(k)), ":", *_written(v)] for k, v in value.items()]), "}"]
    if isinstance(value, (list, tuple)):
        return ["[", *_joined([_written(item) for item in value]), "]"]
    raise InvalidPayload(f"A payload holds a {type(value).__name__}, which JSON has no form for.")


def _joined(parts: list[list[str]]) -> list[str]:
    done: list[str] = []
    for part in parts:
        if done:
            done.append(",")
        done.extend(part)
    return done


def _string(value: str) -> str:
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", encode_basestring(_paired(value)))


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, (bool, int, float)):
        return "".join(_written(key)) if not isinstance(key, float) or math.isfinite(key) else str(key)
    raise InvalidPayload(f"A payload has a key of type {type(key).__name__}; keys must be text.")


def number(value: float) -> str:
    """A number as JavaScript writes it: 1.0 as 1, 1e21 as 1e+21, NaN and infinities as null. Whole Python numbers keep
    all their digits."""
    if isinstance(value, int):
        return str(int(value))
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    sign, power = "-" if value < 0 else "", int(exponent or 0)
    digits = mantissa.replace(".", "")
    if 0 < power < 21:
        return sign + digits.ljust(power + 1, "0")
    if -7 < power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    return sign + mantissa.removesuffix(".0") + (f"e{power:+d}" if power else "")


def from_json(text: Any, field: str) -> Any:
    """A stored payload, parsed strictly; None for NULL and empty text. Raises InvalidPayload."""
    if is_empty(text):
        return None
    if not isinstance(text, str):
        raise InvalidPayload(f"The stored {field} is not text, so it is no JSON.")
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidPayload(f"The stored {field} is not valid JSON: {error}.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")
