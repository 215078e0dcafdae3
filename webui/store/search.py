"""The search box: all filters in one line, like `status:failed project:alpha age:>2d "some text"`, and what it could go
on with. A value with spaces stands in quotes (a quote in it is doubled); what has no name is the text to be found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from webui.store.database import Transaction
from webui.store.filters import FIELDS, TEXT, Filters
from webui.store.model import QUEUED
from webui.store.narrowing import BadFilter, Field
from webui.store.sentence import Figure, sentence
from webui.store.store import PendingMessageStore

LONGEST = 6_000
"""Characters in the box."""
MOST = 8
"""Suggestions at a time."""
OF_ONE = 4
"""Suggestions for one filter, while its name is typed."""
NEWEST = 200
"""Messages of each state whose values are suggested."""

# https://… and C:\… are text.
_PIECE = re.compile(r'(?:([A-Za-z]+):(?!//|\\))?(?:"((?:[^"]|"")*)(?:"|\Z)|(\S*))')
_NAMED = tuple(field for field in FIELDS if field.name != TEXT)
_KNOWN = tuple(field for field in FIELDS if field.known)
_COLUMNS = ", ".join(f"{field.known} AS {field.name}" for field in _KNOWN)
KNOWN = {
    status: f"SELECT {_COLUMNS} FROM pending_messages WHERE status = '{status}' ORDER BY id DESC LIMIT :most"
    for status in QUEUED
}


class _Piece(NamedTuple):
    name: str | None
    value: str


class Suggestion(NamedTuple):
    """What the box could say next: the words of the one filter, and all filters with it."""

    words: str
    filters: Filters


def parse(text: str) -> Filters:
    """The filters that were typed. Raises BadFilter."""
    if len(text) > LONGEST:
        raise BadFilter(
            sentence(
                "A search is at most {most} characters long; this one has {number}.",
                most=Figure(LONGEST), number=Figure(len(text)),
            )
        )  # fmt: skip
    return _filters(_pieces(text))


def canonical(filters: Filters) -> str:
    """The filters as the box shows them: `parse` gives the same again."""
    return " ".join(_written(name, text) for name, text in filters.query().items())


def suggest(store: PendingMessageStore, text: str) -> list[Suggestion]:
    """What the last word that was typed may become. Raises BadFilter for the words before it."""
    pieces = list(_pieces(text[:LONGEST]))
    if not pieces or (text[-1].isspace() and pieces[-1].value == pieces[-1].value.rstrip()):
        return []
    *before, last = pieces
    chosen = _filters(before)
    if last.name is not None and last.name not in Filters.fields:
        raise BadFilter(_unknown(last.name))
    with store.database.reading() as tx:
        known = _known(tx)
    found: dict[str, Suggestion] = {}
    for field, value in _fitting(last, known):
        words = _written(field.name, value)
        if words not in found and (filters := _with(chosen, field, value)):
            found[words] = Suggestion(words, filters)
    return list(found.values())[:MOST]


def _pieces(text: str) -> Iterator[_Piece]:
    for match in _PIECE.finditer(text):
        name, quoted, bare = match.groups()
        if match[0]:
            yield _Piece(name and name.lower(), bare or "" if quoted is None else quoted.replace('""', '"'))


def _filters(pieces: Iterable[_Piece]) -> Filters:
    given: dict[str, str] = {}
    words = []
    for name, value in pieces:
        if name is None:
            words.append(value)
        elif name == TEXT or name not in Filters.fields:
            raise BadFilter(_unknown(name))
        elif not value.strip():
            example = _written(name, Filters.fields[name].example)
            raise BadFilter(
                sentence("After {name}: comes what to look for, like {example}.", name=name, example=example)
            )
        elif name in given:
            raise BadFilter(sentence("{name}: is there twice, and a message has to meet both: keep one.", name=name))
        else:
            given[name] = value
    return Filters.parse({**given, TEXT: " ".join(words)})


def _unknown(name: str) -> str:
    known = ", ".join(f"{field.name}:" for field in _NAMED)
    return sentence(
        "There is no filter “{name}”, but there are {known}. To look for it as text, put it in quotes.",
        name=name[:40], known=known,
    )  # fmt: skip


def _written(name: str, text: str) -> str:
    """One filter as the box says it, in quotes only where it would be read as something else without."""
    bare = text if name == TEXT else f"{name}:{text}"
    pieces = list(_pieces(bare))
    plain = [_Piece(None, word) for word in text.split(" ")] if name == TEXT else [_Piece(name, text)]
    quoted = '"' + text.replace('"', '""') + '"'
    return bare if pieces == plain else quoted if name == TEXT else f"{name}:{quoted}"


def _known(tx: Transaction) -> dict[str, list[str]]:
    """The values of the newest messages, by the filter's name: those of the newest first."""
    found: dict[str, dict[str, None]] = {field.name: {} for field in _KNOWN}
    for text in KNOWN.values():
        for record in tx.rows(text, {"most": NEWEST}):
            for name, values in found.items():
                if record[name] is not None:
                    values[str(record[name])] = None
    return {name: list(values) for name, values in found.items()}


def _fitting(last: _Piece, known: dict[str, list[str]]) -> Iterator[tuple[Field, str]]:
    """The filters whose name begins like the last word, then the values that do."""
    start = last.value.lower()
    values = {field: [*field.choices, *known.get(field.name, ()), *field.offers] for field in _NAMED}
    if last.name is None:
        for field in _NAMED:
            if field.name.startswith(start):
                yield from ((field, value) for value in values[field][:OF_ONE])
    for field in _NAMED:
        if last.name in (None, field.name):
            yield from ((field, value) for value in values[field] if value.lower().startswith(start))


def _with(chosen: Filters, field: Field, value: str) -> Filters | None:
    """The filters with one more; None where it cannot be a filter: one that is too long, or begins with a space."""
    try:
        filters = chosen.with_(field.name, value)
    except BadFilter:
        return None
    return filters if filters.query().get(field.name) == value else None
