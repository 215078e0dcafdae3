"""The journal: who did what to which rows, the state of each before it, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webui.store import migrate
from webui.store.database import Transaction
from webui.store.encoding import without_nul
from webui.store.errors import NotFound, WrongState
from webui.store.model import JournalEntry
from webui.store.schema import SIDE
from webui.store.sentence import sentence
from webui.store.store import PendingMessageStore

_ENTRY = "j.id, j.at, j.actor, j.action, j.reason, j.done, j.undoes, j.undone_by, j.cutoff"
ONE = f"SELECT {_ENTRY} FROM unstick_journal AS j WHERE j.id = :id"
OF_MESSAGE = f"""
SELECT {_ENTRY}, r.before_status, r.before_started, r.before_retry_count
FROM unstick_journal_rows AS r JOIN unstick_journal AS j ON j.id = r.journal_id
WHERE r.message_id = :id ORDER BY r.journal_id DESC LIMIT 100"""
ONE_LOCKED = ONE + " {lock}"
ADD = """
INSERT INTO unstick_journal (at, actor, action, reason, cutoff, undoes, key)
VALUES (:now, :actor, :action, :reason, :cutoff, :undoes, :key) RETURNING id"""
BY_KEY = "SELECT id FROM unstick_journal WHERE key = :key"
ADD_DONE = "UPDATE unstick_journal SET done = done + :done WHERE id = :journal"
# The state before the action, from the queue's rows themselves; `after_seen` is filled when it is done.
REMEMBER = """
INSERT INTO unstick_journal_rows (journal_id, chunk, message_id, before_status, before_started, before_retry_count)
SELECT :journal, :chunk, id, status, {started_processing_at_epoch}, {retry_count} FROM pending_messages WHERE """
OF_CHUNK = "journal_id = :journal AND message_id >= :first AND message_id <= :last AND chunk = :chunk"
HERE = f"id IN (SELECT message_id FROM unstick_journal_rows WHERE {OF_CHUNK})"
"""The rows of one transaction of a line."""
REMEMBER_AFTER = f"""
UPDATE unstick_journal_rows
SET after_seen = (SELECT {{seen}} FROM pending_messages WHERE pending_messages.id = unstick_journal_rows.message_id)
WHERE {OF_CHUNK}"""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows that one transaction of a line touches: those from one id to another, by its number."""

    journal: int
    first: int
    last: int
    number: int = 0

    def params(self) -> dict[str, Any]:
        """What `HERE` takes."""
        return {"journal": self.journal, "first": self.first, "last": self.last, "chunk": self.number}


def entry(tx: Transaction, id: int) -> JournalEntry | None:
    """One line, or None."""
    try:
        return find(tx, id)
    except NotFound:
        return None


def entries_of(tx: Transaction, id: int) -> tuple[JournalEntry, ...]:
    """The newest 100 lines about one message, with its state before each."""
    if not tx.shape.has(f"{SIDE}journal"):
        return ()
    return tuple(JournalEntry(*record) for record in tx.rows(OF_MESSAGE, {"id": id}))


def get_entry(store: PendingMessageStore, id: int) -> JournalEntry:
    """One line of the journal. Raises NotFound."""
    with store.database.reading() as tx:
        return find(tx, id)


def find(tx: Transaction, id: int, text: str = ONE) -> JournalEntry:
    """One line. Raises NotFound."""
    found = tx.rows(text, {"id": id}) if tx.shape.has(f"{SIDE}journal") else []
    if not found:
        raise NotFound(sentence("There is no line {id} in the journal.", id=id))
    return JournalEntry(*found[0])


def add(
    tx: Transaction, now: int, action: str, actor: str, reason: str | None,
    *, cutoff: int | None = None, undoes: int | None = None, key: str | None = None,
) -> int:  # fmt: skip
    """Begin a line inside the action's own transaction, making our tables if need be; returns its id. `key` is the
    form's own: look for it first (`by_key`)."""
    migrate.ensure_side_tables(tx)
    values = {
        "now": now,
        "actor": without_nul(actor),
        "action": action,
        "reason": None if reason is None else without_nul(reason),
        "cutoff": cutoff,
        "undoes": undoes,
        "key": key,
    }
    id: int = tx.rows(ADD, values)[0][0]
    return id


def by_key(tx: Transaction, key: str | None) -> int | None:
    """The line that the form with this key began, if it did."""
    if key is None:
        return None
    migrate.ensure_side_tables(tx)
    tx.rows(tx.shape.dialect.once, {"key": key})
    found = tx.rows(BY_KEY, {"key": key})
    return found[0][0] if found else None


def remember(tx: Transaction, chunk: Chunk, which: str, params: dict[str, Any]) -> None:
    """Keep the state of the queue's rows that meet the condition `which`, before the line's action touches them."""
    tx.rows(f"{REMEMBER}{which} {{lock}}", {**params, **chunk.params()})


def finish(tx: Transaction, chunk: Chunk, done: int) -> None:
    """Add so many rows to the line, and to those of the chunk the state that the action left them in (so that undo can
    tell)."""
    tx.rows(REMEMBER_AFTER, chunk.params())
    tx.rows(ADD_DONE, {"journal": chunk.journal, "done": done})


def locked(tx: Transaction, id: int) -> JournalEntry:
    """A line that is to be taken back, and nobody else's until this transaction ends. Raises NotFound, WrongState."""
    line = find(tx, id, ONE_LOCKED)
    refuse_undone(line)
    return line


def refuse_undone(line: JournalEntry) -> None:
    """Raises WrongState where a line cannot be taken back."""
    if line.undoes is not None:
        raise WrongState(sentence("An undo cannot be taken back: act again instead."))
    if line.undone_by is not None:
        raise WrongState(sentence("This was already taken back: nothing was changed."))
