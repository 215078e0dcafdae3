"""Everything that a list shows, whole, one message after the other: as NDJSON (a JSON object for each line) or CSV.

One message is in memory at a time, and no transaction is open between two."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from webui.store import statements as sql
from webui.store.model import QUEUED, Message
from webui.store.selection import FROM, Frozen
from webui.store.store import PendingMessageStore

CHUNK = 200
NAMES = Message._fields[:-1]
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet, and what is stored is foreign."""


def matching(store: PendingMessageStore, frozen: Frozen) -> Iterator[Message]:
    """The messages of a frozen set, section by section, each by id."""
    for status in frozen.sections(QUEUED):
        after = FROM
        while found := frozen.find(store, status, after, CHUNK):
            yield from these(store, found.ids)
            after = found.edge


def these(store: PendingMessageStore, ids: list[int]) -> Iterator[Message]:
    """The messages with these ids that are (still) in the queue."""
    for id in ids:
        yield from store.read(sql.WHOLE, {"id": id})


def ndjson(messages: Iterator[Message]) -> Iterator[bytes]:
    """A line of JSON for each: the contract's fields, then what other releases added; payloads are text, as stored."""
    for message in messages:
        yield (
            json.dumps(_values(message), ensure_ascii=False, default=_text).encode("utf-8", "backslashreplace") + b"\n"
        )


def as_csv(messages: Iterator[Message]) -> Iterator[bytes]:
    """A header, and a row for each, as RFC 4180 has it. What a spreadsheet would calculate gets a `'` before it."""
    yield _row(NAMES)
    for message in messages:
        yield _row([_cell(value) for value in message[:-1]])


FORMATS = {"ndjson": (ndjson, "application/x-ndjson"), "csv": (as_csv, "text/csv; charset=utf-8")}
"""A format's writer and its media type."""


def _values(message: Message) -> Mapping[str, Any]:
    return {**dict(zip(NAMES, message, strict=False)), **message.extra}


def _row(cells: Any) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Any) -> Any:
    text = _text(value) if isinstance(value, bytes) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
