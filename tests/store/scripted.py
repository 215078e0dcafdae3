"""One call of everything that the store can do, for the tests that watch it from outside."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.store import operating
from webui.store import (
    PendingMessageStore,
    StoreError,
    act,
    browse,
    diagnosis,
    history,
    journal,
    retention,
    search,
    trash,
    tune,
    undo,
    views,
)
from webui.store.filters import Filters
from webui.store.keyset import Paged
from webui.store.model import LAST, QUEUED, Cursor, Page
from webui.store.orders import ORDERS, Order
from webui.store.schema import PAYLOADS

FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"status": "failed"},
    {"status": "pending", "type": "observation"},
    {"stuck": "5m"},
    {"session": "1"},
    {"project": "red"},
    {"project": "(none)"},
    {"type": "summarize"},
    {"tool": "Read"},
    {"id": "1"},
    {"age": ">1s"},
    {"attempts": "2"},
    {"size": "<1m"},
    {"q": "file"},
    {"q": "file", "session": "1", "type": "observation", "tool": "bash", "project": "red", "stuck": "1s"},
)


def quietly(call: Callable[[], object]) -> object:
    """What a call gives, or the named error that it raises."""
    try:
        return call()
    except StoreError as error:
        return error


def both_ways(page: Callable[[Cursor | None], Page]) -> list[int]:
    """Read three pages onward and one back; the ids in the order read."""
    found: list[int] = []
    cursor: Cursor | None = None
    for _ in range(3):
        current = page(cursor)
        found += [row.id for row in current.rows]
        cursor = current.next or cursor
    if current.previous:
        found += [row.id for row in page(current.previous).rows]
    return found


def queue_pages(store: PendingMessageStore, given: dict[str, str]) -> list[list[int]]:
    filters = Filters.parse(given)

    def page(cursor: Cursor | None, order: Order) -> Page:
        return browse.queue_page(store, filters, cursor, order=order, limit=2)

    shape = store.database.shape
    return [both_ways(partial(page, order=order)) for order in ORDERS if not order.lacks(shape)]


LINES: tuple[dict[str, str], ...] = (
    {}, {"actor": "ann"}, {"message": "1"}, {"action": "abort", "undone": "no", "since": "1d", "message": "1"},
)  # fmt: skip


def through(page: Callable[[Cursor | None], Paged[Any]]) -> int:
    """Read two pages onward and one back; how many rows that were."""
    first = page(None)
    second = page(first.next)
    third = page(second.previous) if second.previous else second
    return len(first.rows + second.rows + third.rows)


def journal_pages(store: PendingMessageStore, given: dict[str, str]) -> int:
    return through(lambda cursor: history.page(store, history.LineFilters.parse(given), cursor, limit=1))


Call = Callable[[PendingMessageStore], object]

READS: dict[str, Call] = {
    "get_all_pending": lambda store: store.get_all_pending(1),
    "get_queue_messages": lambda store: store.get_queue_messages(),
    "get_stuck_count": lambda store: store.get_stuck_count(0),
    "get_recently_processed": lambda store: store.get_recently_processed(3, 10_000_000),
    "get_pending_count": lambda store: store.get_pending_count(1),
    "has_any_pending_work": lambda store: store.has_any_pending_work(),
    "get_sessions_with_pending_messages": lambda store: store.get_sessions_with_pending_messages(),
    "get_session_info_for_message": lambda store: store.get_session_info_for_message(1),
    "get_message": lambda store: store.get_message(1),
    "refresh": lambda store: store.refresh(),
    "counts": lambda store: diagnosis.counts(store, store.now()),
    "verdict": lambda store: diagnosis.verdict(store, store.now()),
    "get_row": lambda store: quietly(lambda: browse.get_row(store, 1)),
    "get_detail": lambda store: quietly(lambda: browse.get_detail(store, 1)),
    "get_entry": lambda store: quietly(lambda: journal.get_entry(store, 1)),
    **{f"journal {given}": partial(journal_pages, given=given) for given in LINES},
    "journal line": lambda store: history.line(store, 1),
    "trash": lambda store: through(lambda cursor: trash.page(store, cursor, limit=1)),
    "trash size": lambda store: trash.size(store),
    "old trash": lambda store: retention.count_old(store, store.now()),
    "read_payload": lambda store: [quietly(partial(browse.read_payload, store, 1, name, 1, 9)) for name in PAYLOADS],
    **{f"queue_page {given}": partial(queue_pages, given=given) for given in FILTERS},
    "last page": lambda store: [row.id for row in browse.queue_page(store, Filters(), LAST, limit=2).rows],
    "cursor_at": lambda store: [browse.cursor_at(store, status, 1_000) for status in QUEUED],
    "suggest": lambda store: [suggestion.words for suggestion in search.suggest(store, "s")],
    "saved": lambda store: views.saved(store),
    "tune": lambda store: tune.look(store.database).found,
    "stuck_page": lambda store: both_ways(lambda cursor: browse.stuck_page(store, store.now(), cursor, limit=2)),
    "unclaimed_page": lambda store: both_ways(
        lambda cursor: browse.unclaimed_page(store, store.now(), cursor, limit=2)
    ),
    "recent_page": lambda store: both_ways(lambda cursor: browse.recent_page(store, 0, cursor, limit=2)),
}


def looks(store: PendingMessageStore) -> None:
    """Every call that only reads."""
    for read in READS.values():
        read(store)


def everything(store: PendingMessageStore) -> None:
    """Every call there is, with every branch that changes the SQL. Needs messages of every status, some stuck."""
    session = store.ensure_session("alpha", "red")
    store.ensure_session("brand new", "red")
    looks(store)
    for _ in range(4):
        store.enqueue(session, "alpha", {"type": "observation", "tool_name": "Read", "tool_input": {"a": 1}})
    claimed = store.claim_next_message(session)
    assert claimed is not None
    store.mark_processed(claimed.id, claim=claimed)
    claimed = store.claim_next_message(session)
    assert claimed is not None
    store.mark_failed(claimed.id, claim=claimed, error="why")
    store.mark_failed(claimed.id, error="why")
    store.mark_failed(claimed.id)
    store.retry_message(claimed.id)
    store.mark_processing(claimed.id)
    store.mark_processed(claimed.id)
    for action in (act.retry, act.retry_fresh, act.abort):
        [row, *_] = browse.queue_page(store, Filters.parse({"status": "failed"})).rows
        outcome = action(store, row.id, row.seen, actor="ann")
        assert outcome.journal_id is not None
        browse.get_detail(store, row.id)
        for column in PAYLOADS:
            browse.read_payload(store, row.id, column)
        journal.get_entry(store, outcome.journal_id)
        undo.undo(store, outcome.journal_id, actor="ann")
    [row, *_] = browse.queue_page(store, Filters.parse({"status": "failed"})).rows
    act.abort(store, row.id, row.seen, actor="ann")
    retention.purge(store, store.now() + 1, actor="ann")
    retention.forget(store, store.now() + 1)
    views.save(store, "mine", {"status": "failed"})
    for view in views.saved(store):
        views.remove(store, view.id)
    operating.undo(store, operating.retry_stuck(store, store.now() - 1_000))
    looks(store)
    store.retry_all_stuck(0)
    store.reset_stuck_messages(0)
    store.reset_processing_to_pending(session)
    store.cleanup_processed(2)
    row = browse.get_row(store, claimed.id)
    act.abort(store, row.id, row.seen, actor="ann")
    store.abort_message(store.enqueue(session, "alpha", {"type": "observation"}))
    looks(store)
