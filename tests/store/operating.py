"""Actions on many rows, from the beginning to the end."""

from __future__ import annotations

from tests.store.actions import seen
from tests.store.backends import Raw
from webui.store import PendingMessageStore, operations, preview, working
from webui.store import undo as undoing
from webui.store.filters import Filters
from webui.store.operations import Operation
from webui.store.selection import FROM, Selection, Ticked

FAILED = Filters.parse({"status": "failed"})


def fail(raw: Raw, count: int) -> None:
    """So many messages that have failed."""
    raw.fill(count, status="'failed'", retry_count="3", started_processing_at_epoch="i + 1",
             completed_at_epoch="i + 2")  # fmt: skip


def ticked(store: PendingMessageStore, *ids: int) -> Ticked:
    return Ticked(tuple((id, seen(store, id)) for id in sorted(ids)))


def do(store: PendingMessageStore, action: str, selection: Selection, **options: object) -> Operation:
    id = operations.begin(store, action, selection, actor="ann", **options)  # type: ignore[arg-type]
    return working.work(store, id)


def retry_stuck(store: PendingMessageStore, cutoff: int) -> Operation:
    """What the one button does with all that has been processing since before the cutoff (ms)."""
    return do(store, "retry", preview.freeze_stuck(store, 300_000, cutoff))


def undo(store: PendingMessageStore, operation: Operation) -> Operation:
    return working.work(store, operations.begin_undo(store, operation.id, actor="bob"))


def take_back(store: PendingMessageStore, line: int) -> list[int]:
    """Take a line of the journal back, as its page does; the messages that came back."""
    if operations.is_one(store, line):
        return changed(store, working.work(store, operations.begin_undo(store, line, actor="bob")))
    return list(undoing.undo(store, line, actor="bob").done)


def changed(store: PendingMessageStore, operation: Operation) -> list[int]:
    """The messages that it changed, by id."""
    return operations.done_rows(store, operation.id, FROM, 100_000)


def skipped(store: PendingMessageStore, operation: Operation) -> dict[int, str]:
    """Those that it left as they were, each with the reason."""
    return dict(operations.left_rows(store, operation.id, "skipped", FROM, 100_000))
