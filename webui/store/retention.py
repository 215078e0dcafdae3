"""How long the trash and the journal are kept: what is older goes, in small batches.

Who looks for what is old stops where a whole block of LOOK rows is young. They are in the order in which they were
made; but a clock that was set back may have put an old one behind young ones.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from webui.store import journal
from webui.store.database import PAGE_WAIT, Transaction
from webui.store.gentle import gentle
from webui.store.model import Count, Outcome
from webui.store.pace import STOPPED, Pace
from webui.store.schema import SIDE, TRASH
from webui.store.sentence import sentence
from webui.store.store import PendingMessageStore

DAY = 86_400_000
LONGEST = 1.5
"""For how many seconds one call goes on; what it returns says whether something remains."""
LOOK = 200
COUNTED = 10_000
"""How far what is old is counted."""
ACTOR = "retention"
"""Whom the journal names where no operator asked for it."""

OLD_TRASH = """
SELECT t.trash_id, (SELECT j.at FROM unstick_journal AS j WHERE j.id = t.journal_id) < :before
FROM unstick_trash AS t WHERE t.trash_id > :after ORDER BY t.trash_id LIMIT :look"""
# By the line, not by its own id: so an index alone answers it.
COUNT_OLD = """
SELECT count(*) FROM (
  SELECT (SELECT j.at FROM unstick_journal AS j WHERE j.id = t.journal_id) AS at
  FROM unstick_trash AS t ORDER BY t.journal_id LIMIT :look) AS oldest WHERE at < :before"""
PURGE = """
DELETE FROM unstick_trash WHERE trash_id >= :first AND trash_id <= :last
  AND EXISTS (SELECT 1 FROM unstick_journal AS j WHERE j.id = unstick_trash.journal_id AND j.at < :before)
RETURNING id"""
OLD_LINES = """
SELECT id, at < :before FROM unstick_journal WHERE id > :after ORDER BY id LIMIT :look"""
DOOMED = """
SELECT j.id FROM unstick_journal AS j WHERE j.id >= :first AND j.id <= :last AND j.at < :before"""
RESTORABLE = "EXISTS (SELECT 1 FROM unstick_trash AS t WHERE t.journal_id = j.id)"
GOING_ON = "EXISTS (SELECT 1 FROM unstick_operations AS o WHERE o.id IN (j.id, j.undone_by) AND o.state = 'running')"
"""Its operation, or the one that takes it back."""
PARTS = {f"{SIDE}journal_rows": "message_id", f"{SIDE}left": "part, message_id"}
"""The tables with what belongs to a line, and what names their rows in it."""
JOURNAL, OPERATIONS = f"{SIDE}journal", f"{SIDE}operations"


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: messages purged, lines forgotten; `more` says that something is left for the next one."""

    purged: int = 0
    forgotten: int = 0
    more: bool = False


def sweep(store: PendingMessageStore, trash_days: int, journal_days: int, now: int) -> Swept:
    """Purge and forget what is older than so many days (0 keeps it for ever) at `now` (ms). Makes no table, and does
    nothing in a store that is for reading only."""
    if store.read_only:
        return Swept()
    purged, remaining, forgotten, more = 0, None, 0, False
    if trash_days:
        done = purge(
            store, now - trash_days * DAY, actor=ACTOR, reason=sentence("older than {days} d", days=trash_days)
        )
        purged, remaining = len(done.done), done.remaining
    if journal_days:
        forgotten, more = forget(store, now - journal_days * DAY)
    return Swept(purged, forgotten, more or remaining is not None)


def count_old(store: PendingMessageStore, before: int) -> Count:
    """How many messages in the trash were aborted before a time (ms)."""
    with store.database.reading() as tx:
        if not tx.shape.has(TRASH):
            return Count(0)
        number = tx.rows(COUNT_OLD, {"before": before, "look": COUNTED + 1})[0][0]
        return Count(min(number, COUNTED), number > COUNTED)


def purge(store: PendingMessageStore, before: int, *, actor: str, reason: str | None = None) -> Outcome:
    """Delete for good what was aborted before a time (ms). It goes on for LONGEST, `remaining` says what is left; what
    stops it half-way leaves what is done. Raises Busy, DiskFull, ReadOnly where nothing was done."""
    if not _has(store, TRASH):
        return Outcome("purge", None, ())
    deadline, line = time.monotonic() + LONGEST, None
    done: list[int] = []
    try:
        with _paced(store) as pace:
            for first, last in _ranges(store, OLD_TRASH, before, pace):
                if done and time.monotonic() > deadline:
                    return Outcome("purge", line, tuple(done), remaining=count_old(store, before))
                with pace.batch(PAGE_WAIT) as tx:
                    line = line or journal.add(tx, store.now(), "purge", actor, reason, cutoff=before)
                    gone = tx.rows(PURGE, {"first": first, "last": last, "before": before})
                    tx.rows(journal.ADD_DONE, {"journal": line, "done": len(gone)})
                done += [record[0] for record in gone]
    except STOPPED:
        if not done:
            raise
        return Outcome("purge", line, tuple(done), remaining=count_old(store, before))
    return Outcome("purge", line, tuple(done))


def forget(store: PendingMessageStore, before: int) -> tuple[int, bool]:
    """Delete the journal's lines from before a time (ms) with all that belongs to them; returns how many, and whether
    some are left after LONGEST. A line stays as long as something that it aborted can be restored, or its operation
    goes on."""
    if not _has(store, JOURNAL):
        return 0, False
    deadline, forgotten = time.monotonic() + LONGEST, 0
    with _paced(store) as pace:
        for first, last in _ranges(store, OLD_LINES, before, pace):
            params, finished = {"first": first, "last": last, "before": before}, False
            while not finished:
                if time.monotonic() > deadline:
                    return forgotten, True
                with pace.batch(PAGE_WAIT) as tx:
                    gone, finished = _forget(tx, {**params, "batch": pace.rows})
                forgotten += gone
    return forgotten, False


@contextmanager
def _paced(store: PendingMessageStore) -> Iterator[Pace]:
    """Batches with pauses that leave a live writer its turn."""
    with gentle(store) as others:

        def pause(held: float) -> None:
            time.sleep(others.after(held))
            others.before()

        yield Pace(store.database, pause)


def _has(store: PendingMessageStore, table: str) -> bool:
    with store.database.reading() as tx:
        return tx.shape.has(table)


def _ranges(store: PendingMessageStore, text: str, before: int, pace: Pace) -> Iterator[tuple[int, int]]:
    """The first and the last id of so many old rows as the pace allows, again and again, found without the lock."""
    after = -(2**63)
    while True:
        block = store.database.rows(text, {"before": before, "after": after, "look": LOOK})
        old = [id for id, is_old in block if is_old]
        while old:
            batch = old[: pace.rows]
            yield batch[0], batch[-1]
            old = old[len(batch) :]
        if len(block) < LOOK or not any(is_old for _, is_old in block):
            return
        after = block[-1][0]


def _forget(tx: Transaction, params: dict[str, int]) -> tuple[int, bool]:
    """Delete lines in a range that may go, each after what belongs to it, about a batch of rows in all; how many lines,
    and whether those are all."""
    kept = {TRASH: RESTORABLE, OPERATIONS: GOING_ON}
    doomed = " AND NOT ".join([DOOMED, *(sql for table, sql in kept.items() if tx.shape.has(table))])
    owners = [table for table in (OPERATIONS, JOURNAL) if tx.shape.has(table)]
    left, forgotten = params["batch"], 0
    for (id,) in tx.rows(f"{doomed} ORDER BY j.id", params):
        for table, key in PARTS.items():
            gone, whole = _some(tx, table, key, id, left) if tx.shape.has(table) else (0, True)
            left -= gone
            if not whole:
                return forgotten, False
        for table in owners:
            tx.rows(f"DELETE FROM {table} WHERE id = :id", {"id": id})
        left, forgotten = left - 1, forgotten + 1
        if left <= 0:
            return forgotten, False
    return forgotten, True


def _some(tx: Transaction, table: str, key: str, line: int, most: int) -> tuple[int, bool]:
    """Delete at most so many rows of a line; how many, and whether those were the last. (By a range: a list of keys
    could be looked up in all of the table.)"""
    values = {"id": line, "most": most}
    cut = tx.rows(f"SELECT {key} FROM {table} WHERE journal_id = :id ORDER BY {key} LIMIT 1 OFFSET :most", values)
    marks = {f"k{number}": value for number, value in enumerate(cut[0] if cut else ())}
    before = f"AND ({key}) < ({', '.join(f':{mark}' for mark in marks)})" if cut else ""
    gone = tx.rows(f"DELETE FROM {table} WHERE journal_id = :id {before} RETURNING 1", {"id": line, **marks})
    return len(gone), not cut
