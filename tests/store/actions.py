"""The actions of operators by their names, on what a list showed."""

from __future__ import annotations

from collections.abc import Callable

from webui.store import PendingMessageStore, act, browse
from webui.store import undo as undoing
from webui.store.model import Outcome

Act = Callable[..., Outcome]
STATUSES = ("pending", "processing", "processed", "failed")
ACTIONS: dict[str, Act] = {"retry": act.retry, "retry-fresh": act.retry_fresh, "abort": act.abort}
FILLED = {
    "tool_response": '"r"',
    "cwd": "/c",
    "prompt_number": 3,
    "retry_count": 2,
    "started_processing_at_epoch": 55,
    "completed_at_epoch": 66,
}


def seen(store: PendingMessageStore, id: int) -> str:
    return browse.get_row(store, id).seen


def do(store: PendingMessageStore, name: str, id: int, reason: str | None = None) -> Outcome:
    return ACTIONS[name](store, id, seen(store, id), actor="ann", reason=reason)


def undo(store: PendingMessageStore, outcome: Outcome, actor: str = "bob") -> Outcome:
    assert outcome.journal_id is not None
    return undoing.undo(store, outcome.journal_id, actor=actor)
