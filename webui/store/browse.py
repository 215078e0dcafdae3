"""What the pages read: lists a page at a time, one message, a part of a payload. Nothing here loads a payload for a
list, counts all rows, or looks at more rows than its budget allows."""

from __future__ import annotations

import re
from dataclasses import replace

from webui.store import journal, rows
from webui.store.errors import NotFound
from webui.store.filters import Filters
from webui.store.model import LAST, QUEUED, Cursor, Detail, Failure, Page, Piece, Row
from webui.store.narrowing import BadFilter
from webui.store.orders import NEWEST, Order
from webui.store.scan import NEWEST_AT_LEAST, Scan, recent, walk
from webui.store.schema import PAYLOADS, SIDE
from webui.store.sentence import sentence
from webui.store.store import PendingMessageStore

LIMIT = 50
_CURSOR = re.compile(r"(next|previous)-(?:([a-z]+)(?:\.(-?[0-9]{1,19}))?|(-?[0-9]{1,19}))-(-?[0-9]{1,19})", re.ASCII)

# Newest completion first, ties by id; going back is the same order read from its other end.
RECENT = """
SELECT {{row}} FROM {{processed}} WHERE status = 'processed' AND {{completed_at_epoch}} > :since {after}
ORDER BY {{completed_at_epoch}} {down}, id {up} LIMIT :limit"""
AFTER = "AND {{completed_at_epoch}} {side}= :at AND ({{completed_at_epoch}} {side} :at OR id {other} :id)"
# Each by itself is one step in the index; together they would be a walk through it.
ENDS = """
SELECT (SELECT min(id) FROM pending_messages WHERE status = '{0}'),
  (SELECT max(id) FROM pending_messages WHERE status = '{0}')"""
FROM_ID = "SELECT id, created_at_epoch FROM pending_messages WHERE status = '{}' AND id >= :id ORDER BY id LIMIT 1"
FAILURES = "SELECT at, attempt, error FROM unstick_failures WHERE message_id = :id ORDER BY id DESC LIMIT 50"


def parse_cursor(text: str) -> Cursor:
    """A page mark as `str(cursor)` wrote it. Raises BadFilter."""
    match = _CURSOR.fullmatch(text)
    if match:
        key, id = None if match[3] is None else int(match[3]), int(match[5])
        if all(-(2**63) <= number < 2**63 for number in (key or 0, id)):
            return Cursor(match[1], match[2] or match[4], id, key)
    raise BadFilter(sentence("This page's address is not complete: go back to the first page."))


def queue_page(
    store: PendingMessageStore, filters: Filters, cursor: Cursor | None = None, *, order: Order = NEWEST,
    limit: int = LIMIT,
) -> Page:  # fmt: skip
    """The processing, failed and pending messages that match, in this order of sections and in `order` within each.
    Raises Unsupported where the file has no index for the order."""
    order.check(store.database.shape)
    condition, params = filters.condition(store.now())
    scan = Scan(sections_of(filters), order.descending, condition, params, filters.searches, key=order.key)
    return _listed(store, scan, cursor, limit)


def sections_of(filters: Filters) -> tuple[str, ...]:
    """The statuses that the queue shows with these filters, in its order."""
    only = "processing" if filters.value("stuck") else filters.value("status")
    return tuple(status for status in QUEUED if only in (None, status))


def cursor_at(store: PendingMessageStore, section: str, instant: int, order: Order = NEWEST) -> Cursor | None:
    """The page mark of the page that begins with the last message of a section that was created at or before an instant
    (ms), or with its first one where all are younger; None in an empty section.

    Ids grow with time, so it is found by halving them, without an index on the times.
    """
    with store.database.reading() as tx:
        low, high = tx.rows(ENDS.format(section))[0]
        if low is None:
            return None
        while low < high:
            middle = (low + high + 1) // 2
            id, created = tx.rows(FROM_ID.format(section), {"id": middle})[0]
            if isinstance(created, int) and created > instant:
                high = middle - 1
            else:
                low = id
    return Cursor("next", section, low + 1 if order.descending else low - 1)


def stuck_page(store: PendingMessageStore, cutoff: int, cursor: Cursor | None = None, limit: int = LIMIT) -> Page:
    """What has been processing since before the cutoff, oldest first; where nobody knows since when, what was created
    before it."""
    since = "{started_processing_at_epoch}" if store.capabilities.started else "created_at_epoch"
    return _listed(store, Scan(("processing",), False, f"{since} < :cutoff", {"cutoff": cutoff}), cursor, limit)


def unclaimed_page(store: PendingMessageStore, cutoff: int, cursor: Cursor | None = None, limit: int = LIMIT) -> Page:
    """What has been pending since before the cutoff, oldest first."""
    return _listed(store, Scan(("pending",), False, "created_at_epoch < :cutoff", {"cutoff": cutoff}), cursor, limit)


def recent_page(store: PendingMessageStore, since: int, cursor: Cursor | None = None, limit: int = LIMIT) -> Page:
    """What was processed after `since`, newest first. Without an index on the completed time, among the newest ids."""
    if cursor and not cursor.section.lstrip("-").isdigit():
        cursor = None
    backwards = cursor is not None and cursor.direction == "previous"
    ends = {"down": "ASC NULLS FIRST" if backwards else "DESC NULLS LAST", "up": "DESC" if backwards else "ASC"}
    sides = {"side": ">", "other": "<"} if backwards else {"side": "<", "other": ">"}
    text = RECENT.format(after=AFTER.format(**sides) if cursor else "", **ends)
    params = {"since": since, "limit": limit + 1}
    if cursor:
        params |= {"at": int(cursor.section), "id": cursor.id}
    with store.database.reading() as tx:
        records, cut = recent(tx, text, params)
        found = [rows.row(tx, record) for record in records]
        as_of = store.now()
    page = _paged(found, cursor, None, limit, as_of)
    return Page(page.rows, page.previous, page.next, as_of, NEWEST_AT_LEAST if cut else None)


def _listed(store: PendingMessageStore, scan: Scan, cursor: Cursor | None, limit: int) -> Page:
    """A page of a scan from the cursor on; a cursor into a section that the filters exclude, or without the key that
    the order goes by, begins anew."""
    if cursor and cursor != LAST and (cursor.section not in scan.sections or (scan.key and cursor.key is None)):
        cursor = None
    sections = scan.sections
    backwards = cursor is not None and cursor.direction == "previous"
    if cursor:
        sections = sections[::-1] if backwards else sections
        sections = sections if cursor == LAST else sections[sections.index(cursor.section) :]
    direction = "previous" if backwards else "next"
    scan = replace(scan, sections=sections, descending=scan.descending != backwards, direction=direction)
    with store.database.reading() as tx:
        found = walk(tx, scan, cursor, limit + 1)
        as_of = store.now()
    page = _paged(found.rows, cursor, found.resume, limit, as_of, scan.key)
    return Page(page.rows, page.previous, page.next, as_of, found.looked_at)


def _paged(
    found: list[Row], cursor: Cursor | None, resume: Cursor | None, limit: int, as_of: int, key: str = ""
) -> Page:
    """The page of these rows (one more than `limit` when there are more), in the list's own order."""
    backwards = cursor is not None and cursor.direction == "previous"
    ahead, behind = ("previous", "next") if backwards else ("next", "previous")
    shown = found[:limit]
    onward = _mark(ahead, shown[::-1], key) if len(found) > limit else resume
    back = None
    if cursor and cursor != LAST:
        back = _mark(behind, shown, key) or replace(cursor, direction=behind)
    if backwards:
        return Page(tuple(shown[::-1]), onward, back, as_of)
    return Page(tuple(shown), back, onward, as_of)


def _mark(direction: str, shown: list[Row], key: str) -> Cursor | None:
    """The place of the first of these rows that has one: what was completed at no time has none, nor has what was tried
    a number of times that is none."""
    for row in shown:
        if row.status != "processed" and not key:
            return Cursor(direction, row.status, row.id)
        if row.status != "processed" and isinstance(row.retry_count, int):
            return Cursor(direction, row.status, row.id, row.retry_count)
        if row.status == "processed" and isinstance(row.completed_at, int):
            return Cursor(direction, str(row.completed_at), row.id)
    return None


def get_row(store: PendingMessageStore, id: int) -> Row:
    """One message as a list shows it, from the trash if it was aborted. Raises NotFound."""
    with store.database.reading() as tx:
        return rows.find(tx, id)


def get_detail(store: PendingMessageStore, id: int) -> Detail:
    """What the message's own page shows, from the trash if it was aborted. Raises NotFound."""
    with store.database.reading() as tx:
        row = rows.find(tx, id)
        failures = tx.rows(FAILURES, {"id": id}) if tx.shape.has(f"{SIDE}failures") else []
        return Detail(
            row=row,
            journal=journal.entries_of(tx, id),
            failures=tuple(Failure(*failure) for failure in failures),
            aborted=None if row.trashed_by is None else journal.entry(tx, row.trashed_by),
            as_of=store.now(),
        )


def read_payload(store: PendingMessageStore, id: int, column: str, offset: int = 0, limit: int = 65_536) -> Piece:
    """At most `limit` bytes of one payload from `offset` on, with the whole one's size. Raises NotFound."""
    if column not in PAYLOADS:
        raise NotFound(f"A message has no payload {column!r}; it has {', '.join(PAYLOADS)}.")
    with store.database.reading() as tx:
        return rows.payload(tx, id, column, offset, limit)
