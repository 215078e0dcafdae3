"""Taking a line of the journal back: the state before it, for rows that are still as it left them, and the way out of
the trash. A line about one message is taken back here at once, any other by an operation."""

from __future__ import annotations

import json

from webui.store import journal, rows
from webui.store.database import PAGE_WAIT, Transaction
from webui.store.errors import NotFound, UnknownSession, WrongState
from webui.store.journal import Chunk
from webui.store.model import JournalEntry, Outcome
from webui.store.schema import QUEUE, SESSION_NAMES, SIDE, quoted
from webui.store.sentence import N_, sentence
from webui.store.store import PendingMessageStore

OF_LINE = "SELECT message_id FROM unstick_journal_rows WHERE journal_id = :line LIMIT 1"
# Of the next rows of the line, those that are still as the action left them. The token is the locked row's own: one
# that was read apart could be older.
UNTOUCHED = """
id IN (SELECT message_id FROM unstick_journal_rows
  WHERE journal_id = :undoes AND message_id >= :first AND message_id <= :last)
AND {seen} = (SELECT r.after_seen FROM unstick_journal_rows AS r
  WHERE r.journal_id = :undoes AND r.message_id = pending_messages.id)
AND NOT EXISTS (SELECT 1 FROM unstick_journal_rows AS later JOIN unstick_journal AS j ON j.id = later.journal_id
  WHERE later.message_id = pending_messages.id AND later.journal_id > :undoes AND later.journal_id <> :journal
    AND j.undoes IS NULL AND j.undone_by IS NULL)"""
_BEFORE = """(SELECT r.{} FROM unstick_journal_rows AS r
    WHERE r.journal_id = :undoes AND r.message_id = pending_messages.id)"""
TAKE_BACK = f"""
UPDATE pending_messages SET status = {_BEFORE.format("before_status")}
  [, started_processing_at_epoch = {_BEFORE.format("before_started")}]
  [, retry_count = {_BEFORE.format("before_retry_count")}]
WHERE {journal.HERE} RETURNING id"""
CLOSE = "UPDATE unstick_journal SET undone_by = :journal WHERE id = :undoes"
TRASH_OF_LINE = "SELECT trash_id FROM unstick_trash WHERE journal_id = :undoes LIMIT 1"
IN_TRASH = "SELECT id, kept FROM unstick_trash WHERE trash_id = :trash_id {lock}"
OUT_OF_TRASH = "DELETE FROM unstick_trash WHERE trash_id = :trash_id"
WAS_ABORTED = f"""
UPDATE unstick_journal_rows SET before_status = 'aborted', before_started = NULL, before_retry_count = NULL
WHERE {journal.OF_CHUNK}"""
ABORTED = "SELECT 1 FROM unstick_trash WHERE id = :id LIMIT 1"
STATE = "SELECT status FROM pending_messages WHERE id = :id"
WHY_NOT = {
    "purge": N_("What was purged is gone for good: nothing was changed."),
    "restore": N_("What came back out of the trash is aborted again, not undone: nothing was changed."),
}
"""Why a line of one of `LASTING` is not taken back."""
NOW = {
    "pending": sentence("pending now"),
    "processing": sentence("processing now"),
    "failed": sentence("failed now"),
    "processed": sentence("processed now"),
}


def undo(store: PendingMessageStore, id: int, *, actor: str, key: str | None = None) -> Outcome:
    """Take back a line of the journal about one message, if that is still as the line left it. A second call with the
    same one-use `key` does nothing, and returns what the first one did.

    Raises NotFound, WrongState (it was taken back before, it is about many messages, or its one has moved on: `row` is
    how that is now) and UnknownSession (an aborted message whose session is gone stays in the trash).
    """
    try:
        with store.database.writing(PAGE_WAIT) as tx:
            mine = journal.by_key(tx, key)
            if mine is None:
                line, mine = begin(tx, store.now(), id, actor, key)
                if line.done != 1:
                    raise WrongState(
                        sentence("This line is not about one message: only an operation can take it back.")
                    )
                way = _restore if line.action == "abort" else _take_back
                way(tx, mine, id)
            done = _message(tx, mine)
            return Outcome("undo", mine, (done,), row=rows.seek(tx, done))
    except UnknownSession:
        raise UnknownSession(
            sentence("It cannot come back: its session is no longer in the database. It stays in the trash.")
        ) from None


def begin(tx: Transaction, now: int, id: int, actor: str, key: str | None) -> tuple[JournalEntry, int]:
    """Begin the line that takes another one back and closes it; returns that one, and its own id. Raises NotFound,
    WrongState."""
    line = journal.locked(tx, id)
    if line.action in WHY_NOT:
        raise WrongState(sentence(WHY_NOT[line.action]))
    mine = journal.add(tx, now, "undo", actor, None, undoes=id, key=key)
    tx.rows(CLOSE, {"journal": mine, "undoes": id})
    return line, mine


def _message(tx: Transaction, line: int) -> int:
    id: int = tx.rows(OF_LINE, {"line": line})[0][0]
    return id


def _take_back(tx: Transaction, mine: int, undoes: int) -> None:
    message = _message(tx, undoes)
    if not take_back(tx, Chunk(mine, message, message), undoes):
        raise WrongState(
            sentence(
                "Nothing was taken back: message {id} has moved on: it is {how}.", id=message, how=moved_on(tx, message)
            ),
            rows.seek(tx, message),
        )


def _restore(tx: Transaction, mine: int, undoes: int) -> None:
    held = tx.rows(TRASH_OF_LINE, {"undoes": undoes}) if tx.shape.has(f"{SIDE}trash") else []
    if not bring_back(tx, mine, 0, [record[0] for record in held]):
        raise NotFound(sentence("What was aborted is no longer in the trash, so it cannot come back."))


def take_back(tx: Transaction, chunk: Chunk, undoes: int) -> list[int]:
    """Bring the rows of a line back to the state before it that are still as it left them; returns their ids."""
    params = {**chunk.params(), "undoes": undoes}
    journal.remember(tx, chunk, UNTOUCHED, params)
    back = [record[0] for record in tx.rows(TAKE_BACK, params)]
    journal.finish(tx, chunk, len(back))
    return back


def bring_back(tx: Transaction, line: int, number: int, trash_ids: list[int]) -> list[int]:
    """Put rows of the trash back into the queue, byte for byte, as the chunk `number` of a line; returns the messages'
    ids. The transaction fails with UnknownSession where the session of one is gone."""
    held = [(id, *found[0]) for id in trash_ids if (found := tx.rows(IN_TRASH, {"trash_id": id}))]
    ids = sorted(id for _, id, _ in held)
    if ids:
        for kept in {kept for _, _, kept in held}:
            tx.many(_out_of_trash(tx, kept), [{"trash_id": trash_id} for trash_id, _, its in held if its == kept])
        tx.many(OUT_OF_TRASH, [{"trash_id": trash_id} for trash_id, _, _ in held])
        chunk = Chunk(line, ids[0], ids[-1], number)
        tx.many(f"{journal.REMEMBER}id = :id", [{**chunk.params(), "id": id} for id in ids])
        tx.rows(WAS_ABORTED, chunk.params())
        journal.finish(tx, chunk, len(ids))
    return ids


def _out_of_trash(tx: Transaction, kept: str) -> str:
    """Bring back the columns that the row came with and that the queue still has; a column that is new since takes its
    default."""
    held, had = tx.shape.tables[f"{SIDE}trash"], set(json.loads(kept))
    named = bool(set(SESSION_NAMES) & had)
    names = [name for name in tx.shape.columns if name in had or (named and name in SESSION_NAMES)]
    columns = ", ".join(quoted(name) for name in names)
    values = ", ".join(tx.shape.from_trash(name, held) for name in names)
    return f"INSERT INTO {QUEUE} ({columns}) SELECT {values} FROM unstick_trash WHERE trash_id = :trash_id"


def moved_on(tx: Transaction, id: int) -> str:
    """How a row is that is no longer as the action left it: `processing now`."""
    found = tx.rows(STATE, {"id": id})
    if found:
        return NOW.get(found[0][0]) or sentence("{state} now", state=found[0][0])
    aborted = tx.shape.has(f"{SIDE}trash") and tx.rows(ABORTED, {"id": id})
    return sentence("aborted now") if aborted else sentence("no longer in the queue")
