"""What operators did: the lines of the journal, a page at a time. Each filter of theirs is one entry in `FIELDS`.

A look makes nothing: without our tables there are no lines, and tables of an earlier Unstick are read as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from webui.store import keyset
from webui.store.act import ACTIONS
from webui.store.database import Transaction
from webui.store.keyset import Paged
from webui.store.model import LASTING, Cursor, JournalEntry
from webui.store.narrowing import Field, Narrowing, one_of, parse_duration, plain, whole
from webui.store.schema import SIDE, TRASH
from webui.store.sentence import N_, sentence
from webui.store.store import PendingMessageStore

LOOK = 10_000
"""So many lines are looked at for a page."""
KINDS = (*ACTIONS, "retry-all", "undo", *LASTING)
"""The actions that the journal knows."""
OUTCOMES = ("complete", "skipped", "failed", "nothing")

_JOURNAL = f"{SIDE}journal"
_NEW = ("skipped", "failed")
"""Columns that a journal of an earlier Unstick lacks."""

BLOCK = """
SELECT {edge}(id), count(*) FROM (
  SELECT id FROM unstick_journal WHERE {among} AND id {beyond} :from ORDER BY id {order} LIMIT :look) AS block"""
LINES = """
SELECT {facts} FROM unstick_journal AS j
WHERE {among} AND j.id {beyond} :from AND j.id {until} :edge AND {condition} ORDER BY j.id {order} LIMIT :limit"""
ANY = "1 = 1"
ENTRY = "j.id, j.at, j.actor, j.action, j.reason, j.done, j.undoes, j.undone_by, j.cutoff"
ONLY_MESSAGE = "(SELECT min(r.message_id) FROM unstick_journal_rows AS r WHERE r.journal_id = j.id)"
TAKEN_BACK_BY = "(SELECT u.actor FROM unstick_journal AS u WHERE u.id = j.undone_by)"
# Not EXISTS: PostgreSQL could read all of the trash for it at once.
IN_TRASH = "(SELECT t.trash_id FROM unstick_trash AS t WHERE t.journal_id = j.id LIMIT 1)"
STATE = "(SELECT o.state FROM unstick_operations AS o WHERE o.id = j.id)"


FIELDS = (
    Field("actor", N_("Who"), N_("an operator's whole name"), plain, "j.actor = :actor"),
    Field("action", N_("Action"), N_("what was done"), one_of(KINDS), "j.action = :action", choices=KINDS),
    Field("since", N_("Since"), N_("how long ago at most, like 2d"), parse_duration, "j.at >= :since",
          words=N_("{value} ago"), ago=True),
    Field("message", N_("Message"), N_("a message's number"), whole, words="#{value}", indexed=True,
          sql="id IN (SELECT r.journal_id FROM unstick_journal_rows AS r WHERE r.message_id = :message)"),
    Field("undone", N_("Taken back"), N_("whether it was undone"), one_of(("yes", "no")),
          "CASE WHEN j.undone_by IS NULL THEN 'no' ELSE 'yes' END = :undone", choices=("yes", "no")),
    Field("outcome", N_("Outcome"), N_("what it left"), one_of(OUTCOMES),
          "CASE WHEN j.failed > 0 THEN 'failed' WHEN j.skipped > 0 THEN 'skipped' WHEN j.done > 0 THEN 'complete'"
          " ELSE 'nothing' END = :outcome", choices=OUTCOMES),
    Field("reason", N_("Reason"), N_("a part of the reason that was given"), plain,
          "{instr}(lower(coalesce(j.reason, '')), lower(:reason)) > 0"),
)  # fmt: skip


class LineFilters(Narrowing):
    """The active filters of the journal."""

    __slots__ = ()
    fields: ClassVar[Mapping[str, Field]] = {field.name: field for field in FIELDS}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal as its page shows it.

    `message_id` is the one message that it is about, if it is about one. `taken_back_by` is who took it back. `state`
    is how far the operation is whose line it is (see `Operation`). `in_trash` is whether something that it aborted can
    still be restored.
    """

    entry: JournalEntry
    skipped: int
    failed: int
    message_id: int | None
    taken_back_by: str | None
    state: str | None
    in_trash: bool

    @property
    def why_lasting(self) -> str | None:
        """Why it cannot be taken back (any more); None where it can."""
        entry = self.entry
        if entry.undone_by is not None:
            by = self.taken_back_by
            return sentence("taken back by {actor}", actor=by) if by else sentence("taken back")
        if entry.undoes is not None:
            return sentence("an undo")
        if self.state == "running":
            return sentence("still going on")
        if entry.action in LASTING:
            return sentence("for good") if entry.action == "purge" else sentence("abort again instead")
        if entry.action == "abort" and entry.done and not self.in_trash:
            return sentence("no longer in the trash")
        return None if entry.undoable else sentence("nothing was changed")


def page(
    store: PendingMessageStore, filters: LineFilters, cursor: Cursor | None = None, limit: int = keyset.LIMIT
) -> Paged[Line]:
    """The lines that match, the newest first. A filter that no index serves looks at the next LOOK of them."""
    now = store.now()
    among, narrowed = filters.condition(now, indexed=True)
    condition, checked = filters.condition(now, indexed=False)
    parts = {"among": among or ANY, "condition": condition or ANY, **keyset.words(cursor)}
    look = LOOK if condition else limit + 1
    params = {**narrowed, **checked, "from": keyset.beginning(cursor), "look": look, "limit": limit + 1}
    with store.database.reading() as tx:
        edge, looked, found = 0, 0, []
        if tx.shape.has(_JOURNAL):
            edge, looked = tx.rows(BLOCK.format(**parts), params)[0]
        if looked:
            found = [_line(record) for record in tx.rows(_lines(tx, parts), {**params, "edge": edge})]
        shown = keyset.paged(found, lambda line: line.entry.id, cursor, limit, now)
    if not condition or looked < look or len(found) > limit:
        return shown
    if keyset.words(cursor) is keyset.BACK:
        return replace(shown, previous=Cursor("previous", keyset.SECTION, edge), looked_at=looked)
    return replace(shown, next=Cursor("next", keyset.SECTION, edge), looked_at=looked)


def line(store: PendingMessageStore, id: int) -> Line | None:
    """One line; None where there is none."""
    with store.database.reading() as tx:
        if not tx.shape.has(_JOURNAL):
            return None
        parts = {"among": ANY, "condition": ANY, **keyset.ONWARD, "beyond": "<="}
        found = tx.rows(_lines(tx, parts), {"from": id, "edge": id, "limit": 1})
        return _line(found[0]) if found else None


def _lines(tx: Transaction, parts: Mapping[str, str]) -> str:
    """The query for lines, as far as this file has what they show."""
    has = tx.shape.tables[_JOURNAL]
    facts = [f"j.{name}" if name in has else "0" for name in _NEW]
    facts += [ONLY_MESSAGE, TAKEN_BACK_BY]
    facts += [STATE if tx.shape.has(f"{SIDE}operations") else "NULL", IN_TRASH if tx.shape.has(TRASH) else "NULL"]
    return LINES.format(facts=", ".join([ENTRY, *facts]), **parts)


def _line(record: Any) -> Line:
    values = list(record)
    skipped, failed, message, by, state, in_trash = values[9:]
    entry = JournalEntry(*values[:9])
    one = message if entry.done + skipped + failed <= 1 else None
    return Line(entry, skipped, failed, one, by, state, in_trash is not None)
