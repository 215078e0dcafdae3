"""What operators do to messages. Each action touches a row only while it is as the operator saw it, and is one
transaction with its line in the journal, the state before it and, for an abort, the copy in the trash. A new action is
one entry in `ACTIONS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webui.store import journal, migrate, rows
from webui.store.database import PAGE_WAIT, Transaction
from webui.store.errors import Unsupported, WrongState
from webui.store.model import Count, Outcome, Row
from webui.store.schema import SIDE, quoted
from webui.store.store import CHUNK, PendingMessageStore

MOST_AT_ONCE = 5_000
"""How many rows one click changes at most; the outcome says how many remain."""

# The guard of one row: as it was seen, and not claimed in this very millisecond (then a second claim could have the
# first one's start, and a late worker would pass for it).
SEEN = """
id = :id AND {seen} = :seen [AND (status <> 'processing' OR coalesce(started_processing_at_epoch, 0) <> :now)]"""
STUCK = """
id IN (SELECT id FROM pending_messages WHERE status = 'processing' AND {started_processing_at_epoch} < :cutoff
  AND id > :after ORDER BY id LIMIT :chunk) [AND started_processing_at_epoch <> :now]"""
HERE = "id IN (SELECT message_id FROM unstick_journal_rows WHERE journal_id = :journal AND message_id > :after)"
RETRY = f"""
UPDATE pending_messages SET status = 'pending' [, started_processing_at_epoch = NULL] WHERE {HERE} RETURNING id"""
RETRY_FRESH = f"""
UPDATE pending_messages SET status = 'pending', retry_count = 0 [, started_processing_at_epoch = NULL]
WHERE {HERE} RETURNING id"""
ABORT = f"DELETE FROM pending_messages WHERE {HERE} RETURNING id"
STILL_STUCK = """
SELECT count(*) FROM (SELECT 1 FROM pending_messages
  WHERE status = 'processing' AND {started_processing_at_epoch} < :cutoff LIMIT 10001)"""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that operators do: its SQL, the statuses it applies to (none: all), what the file must have for it."""

    name: str
    sql: str
    states: tuple[str, ...] = ()
    needs: str | None = None
    to_trash: bool = False


WAITING = ("pending", "processing", "failed")
ACTIONS = {
    action.name: action
    for action in (
        Action("retry", RETRY, WAITING),
        Action("retry-fresh", RETRY_FRESH, WAITING, needs="retry_count"),
        Action("abort", ABORT, to_trash=True),
    )
}


def retry(store: PendingMessageStore, id: int, seen: str, *, actor: str, reason: str | None = None) -> Outcome:
    """Make one message pending again; its retries stay counted. Raises NotFound, WrongState, Unsupported."""
    return act(store, "retry", id, seen, actor=actor, reason=reason)


def retry_fresh(store: PendingMessageStore, id: int, seen: str, *, actor: str, reason: str | None = None) -> Outcome:
    """Make one message pending again with all its attempts. Raises NotFound, WrongState, Unsupported."""
    return act(store, "retry-fresh", id, seen, actor=actor, reason=reason)


def abort(store: PendingMessageStore, id: int, seen: str, *, actor: str, reason: str | None = None) -> Outcome:
    """Move one message to the trash, whatever its status. Raises NotFound, WrongState."""
    return act(store, "abort", id, seen, actor=actor, reason=reason)


def act(store: PendingMessageStore, name: str, id: int, seen: str, *, actor: str, reason: str | None = None) -> Outcome:
    """Do one of `ACTIONS` to one message, if it is still as `Row.seen` showed it.

    Raises NotFound; WrongState with the row as it is now; Unsupported where the file lacks what it needs.
    """
    action = ACTIONS[name]
    with store.database.writing(PAGE_WAIT) as tx:
        now = store.now()
        _check(tx, action)
        row = rows.find(tx, id)
        if row.trashed_by is not None or row.seen != seen:
            raise WrongState(_meanwhile(tx, row), row)
        if action.states and row.status not in action.states:
            raise WrongState(f"Message {id} is {row.status}: only {_or(action.states)} messages can be retried.", row)
        line = journal.add(tx, now, name, actor, reason)
        journal.remember(tx, line, SEEN, {"id": id, "seen": seen, "now": now})
        if not _carry_out(tx, action, line):
            raise WrongState(f"Message {id} was claimed in this very moment: look again.", row)
        return Outcome(name, line, (id,), row=rows.find(tx, id))


def retry_all_stuck(store: PendingMessageStore, cutoff: int, *, actor: str, reason: str | None = None) -> Outcome:
    """Make every message pending that has been processing since before the cutoff (an instant, in ms, frozen when the
    operator saw the number), in small batches of one transaction each. What was claimed later is not touched."""
    action = ACTIONS["retry"]
    done: list[int] = []
    line, after = None, -(2**63)
    while len(done) < MOST_AT_ONCE:
        with store.database.writing(PAGE_WAIT) as tx:
            now = store.now()
            if not tx.shape.capabilities.started:
                raise Unsupported("This file does not record when a message was claimed: nobody can say what is stuck.")
            if not tx.rows(STILL_STUCK, {"cutoff": cutoff})[0][0] and line is None:
                return Outcome("retry-all", None, ())
            line = line or journal.add(tx, now, "retry-all", actor, reason, cutoff=cutoff)
            journal.remember(tx, line, STUCK, {"cutoff": cutoff, "after": after, "chunk": CHUNK, "now": now})
            ids = _carry_out(tx, action, line, after)
            left: int = tx.rows(STILL_STUCK, {"cutoff": cutoff})[0][0]
        done += ids
        if len(ids) < CHUNK:
            break
        after = max(ids)
    return Outcome("retry-all", line, tuple(done), remaining=Count(min(left, 10_000), left > 10_000) if left else None)


def _carry_out(tx: Transaction, action: Action, line: int, after: int = -(2**63)) -> list[int]:
    """Do it to the rows that the line remembers; returns their ids."""
    params: dict[str, Any] = {"journal": line, "after": after}
    if action.to_trash:
        migrate.ensure_trash(tx)
        columns = ", ".join(quoted(name) for name in tx.shape.columns)
        tx.rows(
            f"INSERT INTO {SIDE}trash (journal_id, {columns})"
            f" SELECT :journal, {columns} FROM pending_messages WHERE {HERE}",
            params,
        )
    ids = [record[0] for record in tx.rows(action.sql, params)]
    journal.finish(tx, line, ids, after)
    return ids


def _check(tx: Transaction, action: Action) -> None:
    if action.needs and not getattr(tx.shape.capabilities, action.needs):
        raise Unsupported("This file does not count retries, so there is nothing to start afresh: use Retry.")


def _meanwhile(tx: Transaction, row: Row) -> str:
    """What happened to a row that is no longer as it was seen."""
    last = next(iter(journal.entries_of(tx, row.id)), None)
    if row.trashed_by is not None:
        by = f" by {last.actor}" if last else ""
        return f"Message {row.id} was already aborted{by}: nothing was changed."
    words = {
        "processed": "a worker has finished it",
        "processing": "a worker has claimed it",
        "pending": "it is pending again",
        "failed": "it has failed",
    }
    now = words.get(row.status, f"its state is {row.status}")
    return f"Message {row.id} changed meanwhile: {now}. Nothing was done."


def _or(words: tuple[str, ...]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]])
