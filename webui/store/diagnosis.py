"""How the queue is doing: bounded counts, whether it drains, and why a message does not move. What the clock cannot
change is looked for once, until somebody commits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from webui.store import rows
from webui.store.database import TimeUp, Transaction
from webui.store.model import Count, Counts, Row, Verdict
from webui.store.scan import recent
from webui.store.schema import TRASH
from webui.store.sentence import counted, sentence
from webui.store.store import PendingMessageStore

BOUND, FEW = 10_000, 200
TRASH_BOUND = 1_000
BUDGET = 15
"""How long one number may take, in ms, before fewer rows are looked at for it."""
RECENT_WINDOW = 30 * 60_000
"""What the recent page shows without being asked for more, in ms."""
RATE_WINDOW = 5 * 60_000
SKEW = 30_000
"""Clocks that differ by no more than so many ms agree."""

COUNT = "SELECT count(*) FROM (SELECT 1 FROM pending_messages WHERE status = '{}' LIMIT :bound) AS found"
# Among the oldest that are processing: what is stuck is old, and no index may lead to it.
STUCK = """
SELECT count(CASE WHEN started < :cutoff THEN 1 END), min(CASE WHEN started >= :cutoff THEN started END)
FROM (SELECT {started_processing_at_epoch} AS started FROM pending_messages
  WHERE status = 'processing' ORDER BY id LIMIT :most) AS oldest"""
COMPLETED = """
SELECT count(*) FROM (SELECT 1 FROM {processed}
  WHERE status = 'processed' AND {completed_at_epoch} > :since LIMIT :bound) AS found"""
IN_TRASH = "SELECT count(*) FROM (SELECT journal_id FROM unstick_trash ORDER BY journal_id LIMIT :bound) AS found"
LAST_COMPLETED = "SELECT max({completed_at_epoch}) FROM {processed} WHERE status = 'processed'"
# Ids grow with time, so the smallest is the oldest, and the index gives it at once.
OLDEST = "SELECT {row} FROM pending_messages WHERE status = 'pending' ORDER BY id LIMIT 1"
NEWEST = "SELECT {row} FROM pending_messages ORDER BY id DESC LIMIT 1"

T = TypeVar("T")
Known = dict[str, Any]
_KNOWN: WeakKeyDictionary[PendingMessageStore, tuple[str, Known]] = WeakKeyDictionary()
"""Of each store what was found since the last commit, and the revision that it is of."""


def _settled(store: PendingMessageStore, look: Callable[[Known], T]) -> T:
    """What a look finds that begins with what is known since the last commit. Where somebody commits meanwhile, that is
    from before: the look is made again without."""
    revision = store.database.revision()
    kept = _KNOWN.get(store)
    if kept is None or kept[0] != revision:
        kept = _KNOWN[store] = (revision, {})
    known = kept[1]
    is_used = bool(known)
    found = look(known)
    return look({}) if is_used and store.database.revision() != revision else found


def _once(known: Known, name: str, find: Callable[[], T]) -> T:
    if name not in known:
        known[name] = find()
    found: T = known[name]
    return found


def counts(store: PendingMessageStore, cutoff: int) -> Counts:
    """The numbers on the tabs; stuck is what has been processing since before the cutoff (an instant, in ms)."""

    def look(known: Known) -> Counts:
        with store.database.reading() as tx:
            return _counts(tx, known, cutoff, store.now())

    return _settled(store, look)


def _counts(tx: Transaction, known: Known, cutoff: int, now: int) -> Counts:
    has = tx.shape.capabilities
    pending, processing, failed = (
        _once(known, status, partial(_count, tx, status)) for status in ("pending", "processing", "failed")
    )
    stuck, next_started_at = _stuck(tx, cutoff, processing) if has.started else (None, None)
    return Counts(
        pending=pending,
        processing=processing,
        failed=failed,
        processed=_completed(tx, known, now - RECENT_WINDOW) if has.completed else None,
        stuck=stuck,
        trash=_once(known, "trash", lambda: _trash(tx)) if tx.shape.has(TRASH) else None,
        next_started_at=next_started_at,
    )


def _count(tx: Transaction, status: str) -> Count:
    return _up_to_bound(tx.rows(COUNT.format(status), {"bound": BOUND + 1})[0][0])


def _up_to_bound(number: int) -> Count:
    return Count(min(number, BOUND), number > BOUND)


def _stuck(tx: Transaction, cutoff: int, processing: Count) -> tuple[Count, int | None]:
    """How many, and when the next one was claimed."""
    tx.budget(BUDGET)
    most = BOUND
    try:
        number, following = tx.rows(STUCK, {"cutoff": cutoff, "most": most})[0]
    except TimeUp:
        tx.budget(None)
        most = FEW
        number, following = tx.rows(STUCK, {"cutoff": cutoff, "most": most})[0]
    finally:
        tx.budget(None)
    found = Count(number, processing.more or processing.number > most)
    return found, following if isinstance(following, int) else None


def _trash(tx: Transaction) -> Count:
    number = tx.rows(IN_TRASH, {"bound": TRASH_BOUND + 1})[0][0]
    return Count(min(number, TRASH_BOUND), number > TRASH_BOUND)


def _completed(tx: Transaction, known: Known, since: int) -> Count:
    if known.get("none completed", since + 1) <= since:
        return Count(0)  # the later, the fewer
    records, cut = recent(tx, COMPLETED, {"since": since, "bound": BOUND + 1}, BUDGET)
    found = _up_to_bound(records[0][0])
    if not found.number and not cut:
        known["none completed"] = since
    return Count(found.number, found.more or cut)


def verdict(store: PendingMessageStore, cutoff: int) -> Verdict:
    """Whether the queue drains. It does not when work has waited or run since before the cutoff and nothing was
    completed since; where the file records no completions, the waiting alone decides."""
    return _settled(store, lambda known: _verdict(store, known, cutoff))


def _verdict(store: PendingMessageStore, known: Known, cutoff: int) -> Verdict:
    with store.database.reading() as tx:
        now = store.now()
        numbers = _counts(tx, known, cutoff, now)
        oldest, newest = (_once(known, text, partial(_row, tx, text)) for text in (OLDEST, NEWEST))
        last, completions = None, "unrecorded"
        if tx.shape.capabilities.completed:
            last = _last_completed(tx, known)
            completions = "none" if last is None else "recorded"
        rate = _completed(tx, known, now - RATE_WINDOW) if completions == "recorded" else Count(0)
    return Verdict(
        state=_state(numbers, oldest, last, cutoff),
        counts=numbers,
        oldest_pending=oldest,
        per_minute=rate.number * 60_000 / RATE_WINDOW if completions == "recorded" else None,
        last_completed_at=last if isinstance(last, int) else None,
        completions=completions,
        as_of=now,
        ahead=_ahead(newest, now) if newest else 0,
    )


def _last_completed(tx: Transaction, known: Known) -> object:
    if LAST_COMPLETED not in known:
        records, cut = recent(tx, LAST_COMPLETED, {}, BUDGET)
        if cut:
            return records[0][0]  # from a shorter look back: with more time it may be another
        known[LAST_COMPLETED] = records[0][0]
    last: object = known[LAST_COMPLETED]
    return last


def _row(tx: Transaction, text: str) -> Row | None:
    return next((rows.row(tx, record) for record in tx.rows(text)), None)


def _ahead(newest: Row, now: int) -> int:
    times = [time for time in (newest.created_at, newest.started_at) if isinstance(time, int)]
    ahead = max(times, default=now) - now
    return ahead if ahead > SKEW else 0


def _state(numbers: Counts, oldest: Row | None, last_completed: object, cutoff: int) -> str:
    if not numbers.pending and not numbers.processing:
        return "idle"
    if isinstance(last_completed, int) and last_completed >= cutoff:
        return "draining"
    if numbers.stuck or (oldest and isinstance(oldest.created_at, int) and oldest.created_at < cutoff):
        return "not-draining"
    return "waiting"


def is_stuck(row: Row, cutoff: int) -> bool:
    """Whether it has been processing since before the cutoff; never where nobody knows since when."""
    return row.status == "processing" and isinstance(row.started_at, int) and row.started_at < cutoff


def cause(row: Row, cutoff: int, now: int, max_retries: int) -> str | None:
    """Why a message does not move, in a short sentence; None where nothing is wrong with it."""
    if row.status == "processing":
        return _running_cause(row, cutoff, now)
    if row.status == "pending" and isinstance(row.created_at, int) and row.created_at < cutoff:
        return _waiting_cause(row, max_retries)
    return None


def _running_cause(row: Row, cutoff: int, now: int) -> str | None:
    if row.started_at is None:
        return sentence("Nobody recorded when it was claimed: at most since it was created.")
    if not isinstance(row.started_at, int):
        return sentence("Its start is no time, so nobody can say how long it has been running.")
    if row.started_at > now + SKEW:
        return sentence("It started in the future: the clocks of the worker and this machine disagree.")
    if row.started_at >= cutoff:
        return None
    if row.session_status == "completed":
        return sentence("Claimed and never finished; its session is completed, so no worker comes back to it.")
    if row.session_status == "failed":
        return sentence("Claimed and never finished; its session is failed, so no worker comes back to it.")
    return sentence("Claimed and never finished: its worker crashed, hangs, or lost it.")


def _waiting_cause(row: Row, max_retries: int) -> str:
    if row.session_status == "completed":
        return sentence("Its session is completed: no worker looks at it until it is asked to.")
    if row.session_status == "failed":
        return sentence("Its session is failed: no worker looks at it until it is asked to.")
    if row.retry_count is not None and isinstance(row.retry_count, int) and row.retry_count > 0:
        left = max(0, max_retries - row.retry_count) + 1
        again = counted("its last attempt", "{number} attempts left", left)
        return counted(
            "Tried once and put back; nobody has claimed it since ({again}).",
            "Tried {number} times and put back; nobody has claimed it since ({again}).",
            row.retry_count, again=again,
        )  # fmt: skip
    return sentence("It waits, and no worker takes it.")
