"""Before an action on all that matches: how many that is, how many there were when the operator looked, and what it may
cost. Every number is bounded by rows and by time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from webui.store import rows
from webui.store.act import ACTIONS
from webui.store.database import TimeUp, Transaction
from webui.store.errors import Unsupported
from webui.store.filters import Filters
from webui.store.model import Count, Row
from webui.store.narrowing import format_duration
from webui.store.selection import FROM, THEN, Frozen
from webui.store.sentence import sentence
from webui.store.store import PendingMessageStore

BOUNDS = (2_000_000, 10_000, 500)
"""So many rows are counted at most, and fewer where that takes too long."""
BUDGET = 250
"""How long one count may take, in ms."""
SAMPLE = 3
HIGHEST = "SELECT max(id) FROM pending_messages"
COUNT = """
SELECT count(*) FROM (SELECT 1 FROM pending_messages
  WHERE status = '<status>' AND id <= :until <then> <condition> LIMIT :bound) AS found"""
PER_ROW, PER_CHUNK = 0.04, 5.0
"""How long the write lock is held, in ms: about so long for a row, and for a transaction."""
ROWS = 400
WRITES = 3
"""So often is a message written in its life: enqueued, claimed, acknowledged."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action on a frozen set would touch: by status, in all, and (`now`) how many match by now; `sample` are a
    few of the rows."""

    by_status: Mapping[str, Count]
    now: Count
    sample: tuple[Row, ...]

    @property
    def count(self) -> Count:
        """All statuses together."""
        return total(self.by_status.values())


@dataclass(frozen=True, slots=True)
class Cost:
    """What a large action costs a writer without a busy timeout: how long the write lock is held in all (ms), and how
    many of its writes may be refused meanwhile."""

    locked_ms: int
    refused: float


def freeze(store: PendingMessageStore, filters: Filters) -> Frozen:
    """All that matches now."""
    with store.database.reading() as tx:
        return Frozen(filters, tx.rows(HIGHEST)[0][0] or 0, store.now())


def freeze_stuck(store: PendingMessageStore, threshold: int, cutoff: int) -> Frozen:
    """All that has been processing since before the cutoff: an instant, in ms, that was `threshold` ms before its page
    was made. Raises Unsupported where nobody can say since when."""
    if not store.capabilities.started:
        raise Unsupported(
            sentence("This file does not record when a message was claimed: nobody can say what is stuck.")
        )
    filters = Filters.parse({"stuck": format_duration(threshold)})
    return replace(freeze(store, filters), as_of=cutoff + filters.value("stuck"))


def matching(store: PendingMessageStore, action: str, frozen: Frozen) -> Preview:
    """What an action on a frozen set would touch."""
    statuses = frozen.sections(ACTIONS[action].bulk)
    with store.database.reading() as tx:
        by_status = {status: _count(tx, frozen, status, f"AND {THEN}") for status in statuses}
        later = Frozen(frozen.filters, tx.rows(HIGHEST)[0][0] or 0, store.now())
        now = total(_count(tx, later, status, "") for status in statuses)
    return Preview(
        {status: count for status, count in by_status.items() if count.number or count.more},
        now,
        _sample(store, frozen, statuses),
    )


def count(store: PendingMessageStore, frozen: Frozen, statuses: tuple[str, ...]) -> Count:
    """How many rows of a frozen set are in these statuses and as they were."""
    with store.database.reading() as tx:
        return total(_count(tx, frozen, status, f"AND {THEN}") for status in statuses)


def cost(number: int, per_minute: float | None) -> Cost:
    """What to expect of so many rows beside a worker that finishes so many messages a minute."""
    locked = number * PER_ROW + (number / ROWS) * PER_CHUNK
    return Cost(round(locked), (per_minute or 0) / 60_000 * WRITES * locked)


def total(counts: Iterable[Count]) -> Count:
    """The sum, exact unless one of them is not."""
    found = list(counts)
    return Count(sum(count.number for count in found), any(count.more for count in found))


def _count(tx: Transaction, frozen: Frozen, status: str, then: str) -> Count:
    condition, params = frozen.filters.condition(frozen.as_of)
    more = f"AND {condition}" if condition else ""
    text = COUNT.replace("<status>", status).replace("<then>", then).replace("<condition>", more)
    for bound in BOUNDS:
        tx.budget(BUDGET)
        try:
            number = tx.rows(text, {**params, "until": frozen.until, "as_of": frozen.as_of, "bound": bound + 1})[0][0]
            return Count(min(number, bound), number > bound)
        except TimeUp:
            continue
        finally:
            tx.budget(None)
    return Count(0, True)


def _sample(store: PendingMessageStore, frozen: Frozen, statuses: tuple[str, ...]) -> tuple[Row, ...]:
    """The first of them, if they are found in time: they may stand behind many that do not match."""
    ids: list[int] = []
    deadline = time.monotonic() + BUDGET / 1_000
    for status in statuses:
        after = FROM
        while len(ids) < SAMPLE and (found := frozen.find(store, status, after, SAMPLE - len(ids))):
            ids, after = ids + found.ids, found.edge
            if time.monotonic() > deadline:
                break
    with store.database.reading() as tx:
        return tuple(row for id in ids if (row := rows.seek(tx, id)))
