"""What the pages read: lists a page at a time, one message, a part of a payload. Nothing here loads a payload for a
list, counts all rows, or looks at more rows than its budget allows."""

from __future__ import annotations

import re

from webui.store import journal, rows
from webui.store.errors import NotFound
from webui.store.filters import BadFilter, Filters
from webui.store.model import QUEUED, Cursor, Detail, Failure, Page, Piece, Row
from webui.store.scan import NEWEST_AT_LEAST, Scan, recent, walk
from webui.store.schema import PAYLOADS, SIDE
from webui.store.store import PendingMessageStore

LIMIT = 50
_CURSOR = re.compile(r"(next|previous)-([a-z]+|-?[0-9]{1,19})-(-?[0-9]{1,19})", re.ASCII)

# Newest completion first, ties by id; going back is the same order read from its other end.
RECENT = """
SELECT {{row}} FROM {{processed}} WHERE status = 'processed' AND {{completed_at_epoch}} > :since {after}
ORDER BY {{completed_at_epoch}} {down}, id {up} LIMIT :limit"""
AFTER = "AND {{completed_at_epoch}} {side}= :at AND ({{completed_at_epoch}} {side} :at OR id {other} :id)"
FAILURES = "SELECT at, attempt, error FROM unstick_failures WHERE message_id = :id ORDER BY id DESC LIMIT 50"


def parse_cursor(text: str) -> Cursor:
    """A page mark as `str(cursor)` wrote it. Raises BadFilter."""
    match = _CURSOR.fullmatch(text)
    if not match or not -(2**63) <= int(match[3]) < 2**63:
        raise BadFilter("This page's address is not complete: go back to the first page.")
    return Cursor(match[1], match[2], int(match[3]))


def queue_page(
    store: PendingMessageStore, filters: Filters, cursor: Cursor | None = None, *, newest_first: bool = True,
    limit: int = LIMIT,
) -> Page:  # fmt: skip
    """The processing, failed and pending messages that match, in this order of sections and by id within each."""
    only = "processing" if filters.value("stuck") else filters.value("status")
    sections = tuple(status for status in QUEUED if only in (None, status))
    condition, params = filters.condition(store.now())
    return _listed(store, Scan(sections, newest_first, condition, params, "q" in params), cursor, limit)


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
    """A page of a scan from the cursor on; a cursor into a section that the filters exclude begins anew."""
    if cursor and cursor.section not in scan.sections:
        cursor = None
    sections = scan.sections
    backwards = cursor is not None and cursor.direction == "previous"
    if cursor:
        sections = sections[::-1] if backwards else sections
        sections = sections[sections.index(cursor.section) :]
    direction = "previous" if backwards else "next"
    scan = Scan(sections, scan.descending != backwards, scan.condition, scan.params, scan.searches, direction)
    with store.database.reading() as tx:
        found = walk(tx, scan, cursor, limit + 1)
        as_of = store.now()
    page = _paged(found.rows, cursor, found.resume, limit, as_of)
    return Page(page.rows, page.previous, page.next, as_of, found.looked_at)


def _paged(found: list[Row], cursor: Cursor | None, resume: Cursor | None, limit: int, as_of: int) -> Page:
    """The page of these rows (one more than `limit` when there are more), in the list's own order."""
    backwards = cursor is not None and cursor.direction == "previous"
    ahead, behind = ("previous", "next") if backwards else ("next", "previous")
    shown = found[:limit]
    onward = _mark(ahead, shown[::-1]) if len(found) > limit else resume
    back = None
    if cursor:
        back = _mark(behind, shown) or Cursor(behind, cursor.section, cursor.id)
    if backwards:
        return Page(tuple(shown[::-1]), onward, back, as_of)
    return Page(tuple(shown), back, onward, as_of)


def _mark(direction: str, shown: list[Row]) -> Cursor | None:
    """The place of the first of these rows that has one: what was completed at no time has none."""
    for row in shown:
        if row.status != "processed":
            return Cursor(direction, row.status, row.id)
        if isinstance(row.completed_at, int):
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
