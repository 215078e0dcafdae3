"""What an action on many rows is about, as the operator saw it: ticked rows with their states, or everything that
matched some filters when the page was made. It is kept with the operation as JSON, so that any process can go on."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from webui.store import journal
from webui.store.database import Transaction
from webui.store.filters import Filters
from webui.store.journal import Chunk
from webui.store.schema import TRASH
from webui.store.store import PendingMessageStore

FROM = -(2**63)
BLOCK = 2_000
"""How many candidates are looked at for one chunk, where a filter has no index."""
# As it was seen, and not claimed in this very millisecond (then a second claim could have the first one's start, and a
# late worker would pass for it).
UNCLAIMED_NOW = "[AND (status <> 'processing' OR coalesce(started_processing_at_epoch, 0) <> :now)]"
SEEN = f"id = :id AND {{seen}} = :seen {UNCLAIMED_NOW}"
EDGE = """
SELECT max(id) FROM (SELECT id FROM pending_messages WHERE status = '<status>' AND id > :after AND id <= :until
  ORDER BY id LIMIT :block) AS block"""
THEN = "{changed} <= :as_of"
"""What has a newer time has changed since the page was made, and the operator never saw it so."""
MATCHED = f"""
SELECT id FROM pending_messages
WHERE status = '<status>' AND id > :after AND id <= :edge AND {THEN} <condition> ORDER BY id LIMIT :chunk"""
STILL = f"status = '<status>' AND id >= :first AND id <= :last AND {THEN} <condition> {UNCLAIMED_NOW}"
OF_LINE = """
SELECT message_id FROM unstick_journal_rows WHERE journal_id = :line AND message_id > :after
ORDER BY message_id LIMIT :chunk"""
IN_TRASH = """
SELECT trash_id FROM unstick_trash WHERE trash_id > :after AND trash_id <= :until ORDER BY trash_id LIMIT :chunk"""
OF_ABORT = """
SELECT trash_id FROM unstick_trash WHERE journal_id = :line AND trash_id > :after ORDER BY trash_id LIMIT :chunk"""


@dataclass(frozen=True, slots=True)
class Found:
    """The next rows of a selection, and the place up to which it was looked through."""

    ids: list[int]
    edge: int


class Selection(ABC):
    """Rows in sections, each by id: found without a lock, and looked at again under it."""

    kind: ClassVar[str]

    def sections(self, bulk: tuple[str, ...]) -> tuple[str, ...]:
        """What to go through, one after the other; `bulk` are the action's own statuses."""
        return ("",)

    @abstractmethod
    def find(self, store: PendingMessageStore, section: str, after: int, most: int) -> Found | None:
        """The next rows behind `after`; None at the section's end."""

    def remember(self, tx: Transaction, chunk: Chunk, section: str, found: Found, now: int) -> None:
        """Keep for the journal the state of those of the queue's rows that are still as the operator saw them."""
        raise NotImplementedError

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """What `parse` makes it of again."""

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps({"kind": self.kind, **self.values()})


@dataclass(frozen=True, slots=True)
class Frozen(Selection):
    """All that matched when the page was made: the filters, the highest id then, and the time in ms."""

    filters: Filters
    until: int
    as_of: int
    kind: ClassVar[str] = "frozen"

    def sections(self, bulk: tuple[str, ...]) -> tuple[str, ...]:
        """The action's statuses that the filters allow."""
        only = "processing" if self.filters.value("stuck") else self.filters.value("status")
        return tuple(status for status in bulk if only in (None, status)) or (() if only is None else (only,))

    def find(self, store: PendingMessageStore, section: str, after: int, most: int) -> Found | None:
        """Those that match, among the next candidates."""
        texts, params = self.texts(section)
        block = max(most, BLOCK) if self.filters else most
        edge = store.database.rows(texts[0], {**params, "after": after, "until": self.until, "block": block})[0][0]
        if edge is None:
            return None
        matched = store.database.rows(texts[1], {**params, "after": after, "edge": edge, "chunk": most})
        ids = [row[0] for row in matched]
        return Found(ids, ids[-1] if len(ids) == most else edge)

    def remember(self, tx: Transaction, chunk: Chunk, section: str, found: Found, now: int) -> None:
        """Those that match still."""
        texts, params = self.texts(section)
        journal.remember(tx, chunk, texts[2], {**params, "now": now})

    def texts(self, status: str) -> tuple[tuple[str, str, str], dict[str, Any]]:
        """The statements for one status, and their parameters."""
        condition, params = self.filters.condition(self.as_of)
        more = f"AND {condition}" if condition else ""
        edge, matched, still = (
            text.replace("<status>", status).replace("<condition>", more) for text in (EDGE, MATCHED, STILL)
        )
        return (edge, matched, still), {**params, "as_of": self.as_of}

    def values(self) -> dict[str, Any]:
        """The filters as a query string has them, and both marks."""
        return {"filters": self.filters.query(), "until": self.until, "as_of": self.as_of}


@dataclass(frozen=True, slots=True)
class Ticked(Selection):
    """These rows, each with its state as the page showed it: (id, `Row.seen`) by id."""

    rows: tuple[tuple[int, str], ...]
    kind: ClassVar[str] = "ticked"

    def find(self, store: PendingMessageStore, section: str, after: int, most: int) -> Found | None:
        """The next of them."""
        ids = [id for id, _ in self.rows if id > after][:most]
        return Found(ids, ids[-1]) if ids else None

    def remember(self, tx: Transaction, chunk: Chunk, section: str, found: Found, now: int) -> None:
        """Those that are as they were seen."""
        seen = dict(self.rows)
        given = [{**chunk.params(), "id": id, "seen": seen[id], "now": now} for id in found.ids]
        tx.many(f"{journal.REMEMBER}{SEEN} {{lock}}", given)

    def values(self) -> dict[str, Any]:
        """The pairs."""
        return {"rows": self.rows}


@dataclass(frozen=True, slots=True)
class Line(Selection):
    """The rows of a line of the journal, to be taken back."""

    line: int
    kind: ClassVar[str] = "line"

    def find(self, store: PendingMessageStore, section: str, after: int, most: int) -> Found | None:
        """The next of them."""
        ids = [row[0] for row in store.database.rows(OF_LINE, {"line": self.line, "after": after, "chunk": most})]
        return Found(ids, ids[-1]) if ids else None

    def values(self) -> dict[str, Any]:
        """The line."""
        return {"line": self.line}


@dataclass(frozen=True, slots=True)
class Trash(Selection):
    """What is in the trash, by the trash's own ids: up to one of them, what one line of the journal put there, or
    `only` these."""

    until: int = 0
    line: int | None = None
    only: tuple[int, ...] = ()
    kind: ClassVar[str] = "trash"

    def find(self, store: PendingMessageStore, section: str, after: int, most: int) -> Found | None:
        """The next of it."""
        if self.only:
            ids = [id for id in self.only if id > after][:most]
        elif not store.database.shape.has(TRASH):
            return None
        else:
            text, params = (IN_TRASH, {"until": self.until}) if self.line is None else (OF_ABORT, {"line": self.line})
            ids = [row[0] for row in store.database.rows(text, {**params, "after": after, "chunk": most})]
        return Found(ids, ids[-1]) if ids else None

    def values(self) -> dict[str, Any]:
        """What it is up to, of, or only."""
        return {"until": self.until, "line": self.line, "only": self.only}


def loads(text: str) -> Selection:
    """A selection as `dumps` wrote it."""
    values: Mapping[str, Any] = json.loads(text)
    kind = values["kind"]
    if kind == Frozen.kind:
        return Frozen(Filters.parse(values["filters"]), values["until"], values["as_of"])
    if kind == Ticked.kind:
        return Ticked(tuple((int(id), str(seen)) for id, seen in values["rows"]))
    return Line(values["line"]) if kind == Line.kind else Trash(values["until"], values["line"], tuple(values["only"]))
