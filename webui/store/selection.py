"""What an action on many rows is about, as the operator saw it: ticked rows with their states, or everything that
matched some filters when the page was made. It is kept with the operation as JSON, so that any process can go on."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from webui.store import journal
from webui.store.act import SEEN, UNCLAIMED_NOW
from webui.store.database import Transaction
from webui.store.filters import Filters
from webui.store.journal import Chunk
from webui.store.schema import TRASH
from webui.store.store import PendingMessageStore

FROM = -(2**63)
BLOCK, SEARCHED = 2_000, 64
"""How many candidates are looked at for one chunk, where a filter has no index; where it reads payloads."""
EDGE = """
SELECT max(id) FROM (SELECT id FROM pending_messages WHERE status = '<status>' AND id > :after AND id <= :until
  ORDER BY id LIMIT :block) AS block"""
THEN = "{changed} <= :as_of {untouched}"
"""What has a newer time, or was acted on since, has changed since the page was made: the operator never saw it so.
(What a worker puts back for another attempt has no newer time.)"""
MATCHED = f"""
SELECT id FROM pending_messages
WHERE status = '<status>' AND id > :after AND id <= :edge AND {THEN} <condition> ORDER BY id LIMIT :chunk"""
ROW = f"id = :id AND status = '<status>' AND {THEN} <condition> {UNCLAIMED_NOW}"
# What this operation changed before, or the one that it goes on for, may match again: it is not met twice.
NOT_DONE = """
AND NOT EXISTS (SELECT 1 FROM unstick_journal_rows AS r
  WHERE r.journal_id IN (:line, :but) AND r.message_id = pending_messages.id)"""
STILL = f"status = '<status>' AND id >= :first AND id <= :last AND {THEN} <condition> {UNCLAIMED_NOW}"
OF_LINE = """
SELECT message_id FROM unstick_journal_rows WHERE journal_id = :line AND message_id > :after
ORDER BY message_id LIMIT :chunk"""
IN_TRASH = """
SELECT trash_id FROM unstick_trash WHERE trash_id > :after AND trash_id <= :until ORDER BY trash_id LIMIT :chunk"""
OF_ABORT = """
SELECT trash_id FROM unstick_trash WHERE journal_id = :line AND trash_id > :after ORDER BY trash_id LIMIT :chunk"""
TRASH_EDGE = """
SELECT max(trash_id) FROM (
  SELECT trash_id FROM unstick_trash WHERE trash_id > :after ORDER BY trash_id LIMIT :block) AS block"""
OLD_TRASH = """
SELECT t.trash_id FROM unstick_trash AS t WHERE t.trash_id > :after AND t.trash_id <= :edge
  AND EXISTS (SELECT 1 FROM unstick_journal AS j WHERE j.id = t.journal_id AND j.at < :before)
ORDER BY t.trash_id LIMIT :chunk"""


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
    def find(
        self, store: PendingMessageStore, section: str, after: int, most: int, line: int | None = None
    ) -> Found | None:
        """The next rows behind `after` that the `line` has not touched; None at the section's end."""

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """What `parse` makes it of again."""

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps({"kind": self.kind, **self.values()})


class OfQueue(Selection):
    """Rows of the queue, for its actions."""

    @abstractmethod
    def remember(
        self, tx: Transaction, chunk: Chunk, section: str, found: Found, now: int, bulk: tuple[str, ...]
    ) -> None:
        """Keep for the journal the state of those of the queue's rows that are still as the operator saw them, in a
        status that the action is for."""


@dataclass(frozen=True, slots=True)
class Frozen(OfQueue):
    """All that matched when the page was made: the filters, the highest id then, and the time in ms; `but` not what
    this line of the journal has touched."""

    filters: Filters
    until: int
    as_of: int
    but: int | None = None
    kind: ClassVar[str] = "frozen"

    def sections(self, bulk: tuple[str, ...]) -> tuple[str, ...]:
        """The action's statuses that the filters allow."""
        only = "processing" if self.filters.value("stuck") else self.filters.value("status")
        return tuple(status for status in bulk if only in (None, status))

    def find(
        self, store: PendingMessageStore, section: str, after: int, most: int, line: int | None = None
    ) -> Found | None:
        """Those that match, among the next candidates."""
        params = {**self.params(), "line": line, "but": self.but, "after": after, "until": self.until}
        block = SEARCHED if self.filters.searches else max(most, BLOCK) if self.filters else most
        edge = store.database.rows(self.text(EDGE, section), {**params, "block": block})[0][0]
        if edge is None:
            return None
        text = self.text(MATCHED, section, NOT_DONE if line is not None or self.but is not None else "")
        matched = store.database.rows(text, {**params, "edge": edge, "chunk": most})
        ids = [row[0] for row in matched]
        return Found(ids, ids[-1] if len(ids) == most else edge)

    def remember(
        self, tx: Transaction, chunk: Chunk, section: str, found: Found, now: int, bulk: tuple[str, ...]
    ) -> None:
        """Those that match still. What reads payloads is asked of the found rows alone: the lock is held meanwhile."""
        params = {**self.params(), **chunk.params(), "line": chunk.journal, "but": self.but, "now": now}
        if self.filters.searches:
            text = f"{journal.REMEMBER}{self.text(ROW, section, NOT_DONE)} {{lock}}"
            tx.many(text, [{**params, "id": id} for id in found.ids])
        else:
            journal.remember(tx, chunk, self.text(STILL, section, NOT_DONE), params)

    def text(self, text: str, status: str, more: str = "") -> str:
        """A statement for one status."""
        condition, _ = self.filters.condition(self.as_of)
        return text.replace("<status>", status).replace("<condition>", (f"AND {condition}" if condition else "") + more)

    def params(self) -> dict[str, Any]:
        """What the filters take."""
        return {**self.filters.condition(self.as_of)[1], "as_of": self.as_of}

    def values(self) -> dict[str, Any]:
        """The filters as a query string has them, and the marks."""
        return {"filters": self.filters.query(), "until": self.until, "as_of": self.as_of, "but": self.but}


@dataclass(frozen=True, slots=True)
class Ticked(OfQueue):
    """These rows, each with its state as the page showed it: (id, `Row.seen`) by id."""

    rows: tuple[tuple[int, str], ...]
    kind: ClassVar[str] = "ticked"

    def find(
        self, store: PendingMessageStore, section: str, after: int, most: int, line: int | None = None
    ) -> Found | None:
        """The next of them."""
        ids = [id for id, _ in self.rows if id > after][:most]
        return Found(ids, ids[-1]) if ids else None

    def remember(
        self, tx: Transaction, chunk: Chunk, section: str, found: Found, now: int, bulk: tuple[str, ...]
    ) -> None:
        """Those that are as they were seen."""
        seen = {id: state for id, state in self.rows if state.partition(".")[0] in bulk}
        given = [{**chunk.params(), "id": id, "seen": seen[id], "now": now} for id in found.ids if id in seen]
        tx.many(f"{journal.REMEMBER}{SEEN} {{lock}}", given)

    def values(self) -> dict[str, Any]:
        """The pairs."""
        return {"rows": self.rows}


@dataclass(frozen=True, slots=True)
class Line(Selection):
    """The rows of a line of the journal, to be taken back."""

    line: int
    kind: ClassVar[str] = "line"

    def find(
        self, store: PendingMessageStore, section: str, after: int, most: int, line: int | None = None
    ) -> Found | None:
        """The next of them."""
        ids = [row[0] for row in store.database.rows(OF_LINE, {"line": self.line, "after": after, "chunk": most})]
        return Found(ids, ids[-1]) if ids else None

    def values(self) -> dict[str, Any]:
        """The line."""
        return {"line": self.line}


@dataclass(frozen=True, slots=True)
class Trash(Selection):
    """What is in the trash, by the trash's own ids: up to one of them, what one line of the journal put there, what was
    aborted `before` a time (ms), or `only` these."""

    until: int = 0
    line: int | None = None
    only: tuple[int, ...] = ()
    before: int | None = None
    kind: ClassVar[str] = "trash"

    def find(
        self, store: PendingMessageStore, section: str, after: int, most: int, line: int | None = None
    ) -> Found | None:
        """The next of it."""
        if self.only:
            ids = [id for id in self.only if id > after][:most]
        elif not store.database.shape.has(TRASH):
            return None
        elif self.before is not None:
            params = {"after": after, "block": BLOCK}
            edge = store.database.rows(TRASH_EDGE, params)[0][0]
            if edge is None:
                return None
            old = store.database.rows(OLD_TRASH, {"after": after, "edge": edge, "before": self.before, "chunk": most})
            ids = [row[0] for row in old]
            return Found(ids, ids[-1] if len(ids) == most else edge)
        else:
            text, its = (IN_TRASH, {"until": self.until}) if self.line is None else (OF_ABORT, {"line": self.line})
            ids = [row[0] for row in store.database.rows(text, {**its, "after": after, "chunk": most})]
        return Found(ids, ids[-1]) if ids else None

    def values(self) -> dict[str, Any]:
        """What it is up to, of, or only."""
        return {"until": self.until, "line": self.line, "only": self.only, "before": self.before}


def loads(text: str) -> Selection:
    """A selection as `dumps` wrote it."""
    values: Mapping[str, Any] = json.loads(text)
    kind = values["kind"]
    if kind == Frozen.kind:
        return Frozen(Filters.parse(values["filters"]), values["until"], values["as_of"], values.get("but"))
    if kind == Ticked.kind:
        return Ticked(tuple((int(id), str(seen)) for id, seen in values["rows"]))
    return (
        Line(values["line"])
        if kind == Line.kind
        else Trash(values["until"], values["line"], tuple(values["only"]), values.get("before"))
    )
