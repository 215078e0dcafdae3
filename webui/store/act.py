"""What operators do to messages. Each action touches a row only while it is as the operator saw it, and is one
transaction with its line in the journal, the state before it and, for an abort, the copy in the trash. A new action is
one entry in `ACTIONS`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from webui.store import journal, migrate, rows
from webui.store.database import PAGE_WAIT, Transaction
from webui.store.errors import Unsupported, WrongState
from webui.store.journal import Chunk
from webui.store.model import STATUSES, Outcome, Row
from webui.store.schema import SIDE, quoted
from webui.store.sentence import sentence
from webui.store.store import PendingMessageStore

# As it was seen, and not claimed in this very millisecond (then a second claim could have the first one's start, and a
# late worker would pass for it).
UNCLAIMED_NOW = "[AND (status <> 'processing' OR coalesce(started_processing_at_epoch, 0) <> :now)]"
SEEN = f"id = :id AND {{seen}} = :seen {UNCLAIMED_NOW}"
RETRY = f"""
UPDATE pending_messages SET status = 'pending' [, started_processing_at_epoch = NULL]
WHERE {journal.HERE} RETURNING id"""
RETRY_FRESH = f"""
UPDATE pending_messages SET status = 'pending', retry_count = 0 [, started_processing_at_epoch = NULL]
WHERE {journal.HERE} RETURNING id"""
ABORT = f"DELETE FROM pending_messages WHERE {journal.HERE} RETURNING id"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that operators do: its SQL, the statuses it applies to (none: all), what the file must have for it.
    `bulk` are the statuses that it looks through where it is done to all that matches, the one that it leads to first:
    so it does not meet what it changed itself."""

    name: str
    sql: str
    bulk: tuple[str, ...]
    states: tuple[str, ...] = ()
    needs: str | None = None
    to_trash: bool = False


WAITING = ("pending", "processing", "failed")
ACTIONS = {
    action.name: action
    for action in (
        Action("retry", RETRY, ("failed", "processing"), WAITING),  # what is pending would stay as it is
        Action("retry-fresh", RETRY_FRESH, ("pending", "failed", "processing"), WAITING, needs="retry_count"),
        Action("abort", ABORT, ("failed", "processing", "pending"), to_trash=True),
    )
}


def retry(store: PendingMessageStore, id: int, seen: str, **by: Any) -> Outcome:
    """Make one message pending again; its retries stay counted. See `act`."""
    return act(store, "retry", id, seen, **by)


def retry_fresh(store: PendingMessageStore, id: int, seen: str, **by: Any) -> Outcome:
    """Make one message pending again with all its attempts. See `act`."""
    return act(store, "retry-fresh", id, seen, **by)


def abort(store: PendingMessageStore, id: int, seen: str, **by: Any) -> Outcome:
    """Move one message to the trash, whatever its status. See `act`."""
    return act(store, "abort", id, seen, **by)


def act(
    store: PendingMessageStore, name: str, id: int, seen: str,
    *, actor: str, reason: str | None = None, key: str | None = None,
) -> Outcome:  # fmt: skip
    """Do one of `ACTIONS` to one message, if it is still as `Row.seen` showed it. A second call with the same one-use
    `key` does nothing, and returns what the first one did.

    Raises NotFound; WrongState with the row as it is now; Unsupported where the file lacks what it needs.
    """
    with store.database.writing(PAGE_WAIT) as tx:
        before = journal.by_key(tx, key)
        if before is not None:
            return Outcome(name, before, (id,), row=rows.seek(tx, id))
        now = store.now()
        check(tx, ACTIONS[name])
        row = _as_seen(tx, id, seen)
        action = ACTIONS[name]
        if action.states and row.status not in action.states:
            raise WrongState(_unfit(row), row)
        chunk = Chunk(journal.add(tx, now, name, actor, reason, key=key), id, id)
        journal.remember(tx, chunk, SEEN, {"id": id, "seen": seen, "now": now})
        if not change(tx, action, chunk):
            row = _as_seen(tx, id, seen)  # on PostgreSQL it was not locked until now
            raise WrongState(sentence("Message {id} was claimed in this very moment: look again.", id=id), row)
        return Outcome(name, chunk.journal, (id,), row=rows.find(tx, id))


def _as_seen(tx: Transaction, id: int, seen: str) -> Row:
    row = rows.find(tx, id)
    if row.trashed_by is not None or row.seen != seen:
        raise WrongState(_meanwhile(tx, row), row)
    return row


def change(tx: Transaction, action: Action, chunk: Chunk) -> list[int]:
    """Do it to the rows that the chunk remembers; returns their ids."""
    params = chunk.params()
    if action.to_trash:
        tx.reshape()  # a column that is new since the last look belongs to the row
        migrate.ensure_trash(tx)
        columns = ", ".join(quoted(name) for name in tx.shape.columns)
        tx.rows(
            f"INSERT INTO {SIDE}trash (journal_id, kept, {columns})"
            f" SELECT :journal, :kept, {columns} FROM pending_messages WHERE {journal.HERE} ORDER BY id",
            {**params, "kept": json.dumps(tx.shape.columns)},
        )
    ids = [record[0] for record in tx.rows(action.sql, params)]
    journal.finish(tx, chunk, len(ids))
    return ids


def check(tx: Transaction, action: Action) -> None:
    """Raises Unsupported where the file lacks what the action needs."""
    if action.needs and not getattr(tx.shape.capabilities, action.needs):
        raise Unsupported(sentence("This file does not count retries, so there is nothing to start afresh: use Retry."))


def _meanwhile(tx: Transaction, row: Row) -> str:
    """What happened to a row that is no longer as it was seen."""
    last = next(iter(journal.entries_of(tx, row.id)), None)
    if row.trashed_by is not None:
        if last is None:
            return sentence("Message {id} was already aborted: nothing was changed.", id=row.id)
        return sentence(
            "Message {id} was already aborted by {actor}: nothing was changed.", id=row.id, actor=last.actor
        )
    words = {
        "processed": sentence("a worker has finished it"),
        "processing": sentence("a worker has claimed it"),
        "pending": sentence("it is pending again"),
        "failed": sentence("it has failed"),
    }
    now = words.get(row.status) or sentence("its state is {state}", state=row.status)
    return sentence("Message {id} changed meanwhile: {what}. Nothing was done.", id=row.id, what=now)


def _unfit(row: Row) -> str:
    return sentence(
        "Message {id} is {state}: only pending, processing or failed messages can be retried.",
        id=row.id, state=sentence(row.status) if row.status in STATUSES else row.status,
    )  # fmt: skip
