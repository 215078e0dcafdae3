"""What was aborted, a page at a time, and how much it is. A look makes nothing: without our tables it is empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webui.store import keyset, rows
from webui.store.database import TimeUp, Transaction
from webui.store.keyset import Paged
from webui.store.model import Count, Cursor, Row
from webui.store.schema import PAYLOADS, TRASH
from webui.store.store import PendingMessageStore

COUNTED = 10_000
"""How far the messages of the trash are counted."""
BUDGET = 25
"""How long its size may take, in ms, before fewer messages are looked at."""
SIZED = (2_000, 100)

HELD = """
SELECT {{row}}, journal_id, trash_id,
  (SELECT j.at FROM unstick_journal AS j WHERE j.id = journal_id) AS aborted_at,
  (SELECT j.actor FROM unstick_journal AS j WHERE j.id = journal_id) AS aborted_by,
  (SELECT j.reason FROM unstick_journal AS j WHERE j.id = journal_id) AS aborted_for
FROM {{trash}} WHERE trash_id {beyond} :from ORDER BY trash_id {order} LIMIT :limit"""
HOW_MANY = "SELECT count(*) FROM (SELECT journal_id FROM unstick_trash ORDER BY journal_id LIMIT :most) AS held"
HOW_LARGE = f"""
SELECT {" + ".join(f"coalesce(sum({{octets_of}} {name} {{octets_of_end}}), 0)" for name in PAYLOADS)}
FROM (SELECT {", ".join(PAYLOADS)} FROM unstick_trash ORDER BY trash_id DESC LIMIT :most) AS newest"""


@dataclass(frozen=True, slots=True)
class Held:
    """A message in the trash: the row as it was, and who aborted it, when (ms) and why."""

    row: Row
    trash_id: int
    at: int | None
    actor: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Size:
    """How much is in the trash: `count` messages, and `payload` bytes, or (`more`) at least so many."""

    count: Count
    payload: int = 0
    more: bool = False


def page(store: PendingMessageStore, cursor: Cursor | None = None, limit: int = keyset.LIMIT) -> Paged[Held]:
    """The messages in the trash, the newest abort first."""
    with store.database.reading() as tx:
        found = []
        if tx.shape.has(TRASH):
            params = {"from": keyset.beginning(cursor), "limit": limit + 1}
            found = [_held(tx, record) for record in tx.rows(HELD.format(**keyset.words(cursor)), params)]
        return keyset.paged(found, lambda held: held.trash_id, cursor, limit, store.now())


def _held(tx: Transaction, record: Any) -> Held:
    row = rows.row(tx, record, trashed=True)
    return Held(row, record["trash_id"], record["aborted_at"], record["aborted_by"], record["aborted_for"])


def size(store: PendingMessageStore) -> Size:
    """How much is in the trash. Its bytes are those of the newest aborts, as far as there is time to look."""
    with store.database.reading() as tx:
        if not tx.shape.has(TRASH):
            return Size(Count(0))
        number = tx.rows(HOW_MANY, {"most": COUNTED + 1})[0][0]
        count = Count(min(number, COUNTED), number > COUNTED)
        for most in SIZED:
            tx.budget(BUDGET)
            try:
                payload = int(tx.rows(HOW_LARGE, {"most": most})[0][0])
                return Size(count, payload, number > most)
            except TimeUp:
                continue
            finally:
                tx.budget(None)
        return Size(count, 0, more=True)
