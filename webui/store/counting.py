"""Numbers that are larger than a page has time to count: exact, in a request of their own, within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webui.store.database import TimeUp, Transaction
from webui.store.diagnosis import RECENT_WINDOW
from webui.store.model import QUEUED
from webui.store.schema import DONE_INDEX, TRASH
from webui.store.store import PendingMessageStore

BUDGET = 1_000
"""How long one number may take, in ms."""
STATUS = "SELECT count(*) FROM pending_messages WHERE status = '{}'"
STUCK = "SELECT count(*) FROM pending_messages WHERE status = 'processing' AND {started_processing_at_epoch} < :cutoff"
COMPLETED = "SELECT count(*) FROM pending_messages WHERE status = 'processed' AND {completed_at_epoch} > :since"
IN_TRASH = "SELECT count(*) FROM unstick_trash"
KINDS = ("queue", "stuck", "recent", "trash")


def exact(store: PendingMessageStore, kind: str, cutoff: int) -> int | None:
    """How many messages one of `KINDS` has, or None where that takes too long or this file cannot say it. Stuck is what
    has been processing since before the cutoff (an instant, in ms)."""
    with store.database.reading() as tx:
        params = {"cutoff": cutoff, "since": store.now() - RECENT_WINDOW}
        tx.budget(BUDGET)
        try:
            return sum(int(tx.rows(text, _used(text, params))[0][0]) for text in _texts(tx, kind)) or None
        except TimeUp:
            return None
        finally:
            tx.budget(None)


def _texts(tx: Transaction, kind: str) -> list[str]:
    has = tx.shape.capabilities
    if kind == "queue":
        return [STATUS.format(status) for status in QUEUED]
    if kind == "stuck" and has.started:
        return [STUCK]
    # Without its index it would read the whole history.
    if kind == "recent" and has.completed and DONE_INDEX in tx.shape.indexes:
        return [COMPLETED]
    return [IN_TRASH] if kind == "trash" and tx.shape.has(TRASH) else []


def _used(text: str, params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if f":{name}" in text}
