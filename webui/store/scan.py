"""Walking through a status by id: in blocks, each by its index, until the page is full or the budget ends. So a filter
that no index serves, or a text search, looks at a bounded number of rows and can go on from where it stopped. An order
by another key walks through the messages of each of its values, one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from webui.store import rows
from webui.store.database import Record, TimeUp, Transaction
from webui.store.model import Cursor, Row

BUDGET = 25
"""How long a list may look for rows that match, in ms, once it has looked at ENOUGH of them."""
SEARCH_BUDGET = 250
"""How long it may look for a text, or at the first ENOUGH rows, in ms."""
ENOUGH = 1_000
SMALL_SESSION = 5_000
"""A session with at most so many messages is looked up by its own index."""
FIRST_BLOCK, LARGEST_BLOCK = 64, 2_000
NEWEST, NEWEST_AT_LEAST = 5_000, 200
"""How far back to look for completions in a file that has no index on them, and where even that takes too long."""
_LARGEST = 2**63 - 1

BLOCK = """
SELECT {edge}(id), count(*) FROM (
  SELECT id FROM pending_messages WHERE status = '{status}' {same} {narrow} {start}
  ORDER BY id {order} LIMIT :block) AS block"""
MATCHES = """
SELECT {{row}} FROM pending_messages WHERE {is_status} {same} {narrow} {start} AND id {until} :edge {condition}
ORDER BY id {order} LIMIT :limit"""
NEXT_KEY = "SELECT {next}({key}) FROM pending_messages WHERE status = '{status}' AND {key} {beyond} :key"
# Two lists of ids, each from an index alone, meet before any row is read.
OF_SESSION = "AND id {one_of} (SELECT id FROM pending_messages {by_session} WHERE session_db_id = :session){one_of_end}"
PROCESSED = "SELECT count(*) FROM (SELECT 1 FROM pending_messages WHERE status = 'processed' LIMIT :most) AS found"
SESSION_SIZE = """
SELECT count(*) FROM (
  SELECT 1 FROM pending_messages {by_session} WHERE session_db_id = :session LIMIT :most) AS found"""


@dataclass(frozen=True, slots=True)
class Scan:
    """What to look through (statuses in order, each by `key`, where there is one, and id), and what a row must meet.
    `searches` when payloads are read for it; `direction` is the page's, for the cursor of where it stopped."""

    sections: tuple[str, ...]
    descending: bool
    condition: str = ""
    params: dict[str, Any] | None = None
    searches: bool = False
    direction: str = "next"
    key: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The rows that were found; `resume` is where to go on when the budget ended after `looked_at` rows."""

    rows: list[Row]
    resume: Cursor | None = None
    looked_at: int | None = None


def walk(tx: Transaction, scan: Scan, cursor: Cursor | None, limit: int) -> Found:
    """At most `limit` rows that match, from the cursor on."""
    began = time.monotonic()
    narrow = _narrowed(tx, scan)
    block = 1 if scan.searches else FIRST_BLOCK if scan.condition else limit
    found: list[Row] = []
    looked = 0
    for number, at in enumerate(_places(tx, scan, cursor)):
        if number and scan.key and scan.condition and _time_left(scan, began, max(looked, ENOUGH)) <= 0:
            return Found(found, at, looked)
        while True:
            texts = _texts(scan, at, narrow)
            params = {**(scan.params or {}), "from": at.id, "key": at.key, "block": block, "limit": limit - len(found)}
            edge, count = tx.rows(texts[0], params)[0]
            if not count:
                break
            # Without a condition the page itself is the bound; one row must always be looked at, or nothing moves on.
            bounded = scan.condition and block > 1
            tx.budget(max(1.0, _time_left(scan, began, looked)) if bounded else None)
            try:
                matches = tx.rows(texts[1], {**params, "edge": edge})
            except TimeUp:
                if looked:
                    return Found(found, at, looked)
                block = max(1, block // 8)
                continue
            finally:
                tx.budget(None)
            found += [rows.row(tx, match) for match in matches]
            looked, at = looked + count, replace(at, id=edge)
            if len(found) >= limit:
                return Found(found)
            if count < block:
                break
            if _time_left(scan, began, looked) <= 0:
                return Found(found, at, looked)
            block = min(block * 2, LARGEST_BLOCK)
    return Found(found)


def _places(tx: Transaction, scan: Scan, cursor: Cursor | None) -> Iterator[Cursor]:
    """Where to begin in each section, and in an order by a key in each of its values: before the first row, or at the
    cursor."""
    before = _LARGEST if scan.descending else -_LARGEST - 1
    for status in scan.sections:
        if cursor and cursor.section == status:
            yield cursor
            key = cursor.key
        elif not scan.key:
            yield Cursor(scan.direction, status, before)
        else:
            key = before
        while scan.key and key is not None:
            key = tx.rows(_next_key(scan, status), {"key": key})[0][0]
            if isinstance(key, int):  # a damaged row may have anything
                yield Cursor(scan.direction, status, before, key)


def _next_key(scan: Scan, status: str) -> str:
    words = {"next": "max", "beyond": "<"} if scan.descending else {"next": "min", "beyond": ">"}
    return NEXT_KEY.format(key=scan.key, status=status, **words)


def _time_left(scan: Scan, began: float, looked: int) -> float:
    """So many ms may still be spent. A busy machine does not make a short queue's pages shorter."""
    budget = SEARCH_BUDGET if scan.searches or looked < ENOUGH else BUDGET
    return budget - (time.monotonic() - began) * 1000


def _texts(scan: Scan, at: Cursor, narrow: str) -> tuple[str, str]:
    parts = {
        "status": at.section,
        # Joined to nothing, the status has no index: its own would read all its rows between the ends of the block.
        "is_status": f"status || '' = '{at.section}'" if narrow else f"status = '{at.section}'",
        "same": f"AND {scan.key} = :key" if scan.key else "",
        "narrow": narrow,
        "order": "DESC" if scan.descending else "ASC",
        "edge": "min" if scan.descending else "max",
        "until": ">=" if scan.descending else "<=",
        "start": f"AND id {'<' if scan.descending else '>'} :from" if -_LARGEST <= at.id < _LARGEST else "",
        "condition": f"AND {scan.condition}" if scan.condition else "",
    }
    return BLOCK.format(**parts), MATCHES.format(**parts)


def _narrowed(tx: Transaction, scan: Scan) -> str:
    """What the candidates themselves can be narrowed to: one id, or one session with few messages."""
    params = scan.params or {}
    if "id" in params:
        return "AND id = :id"
    if "session" in params:
        size = tx.rows(SESSION_SIZE, {"session": params["session"], "most": SMALL_SESSION + 1})
        if size and size[0][0] <= SMALL_SESSION:
            return OF_SESSION
    return ""


def recent(
    tx: Transaction, text: str, params: dict[str, Any], budget: float | None = None
) -> tuple[list[Record], bool]:
    """The rows of a query over `{processed}`, and whether they are from a shorter look back because time was up."""
    tx.budget(BUDGET if budget is None else budget)
    try:
        return tx.rows(text, {**params, "newest": NEWEST}), False
    except TimeUp:
        tx.budget(None)
        cut = tx.rows(PROCESSED, {"most": NEWEST_AT_LEAST + 1})[0][0] > NEWEST_AT_LEAST
        return tx.rows(text, {**params, "newest": NEWEST_AT_LEAST}), cut
    finally:
        tx.budget(None)
