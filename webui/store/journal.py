"""The journal: who did what to which rows, the state of each before it, and the way back."""

from __future__ import annotations

import json
from typing import Any

from webui.store import migrate, rows
from webui.store.database import PAGE_WAIT, Transaction
from webui.store.encoding import without_nul
from webui.store.errors import NotFound, UnknownSession, WrongState
from webui.store.model import Count, JournalEntry, Outcome, Row
from webui.store.pace import STOPPED, Pace
from webui.store.schema import QUEUE, SESSION_NAMES, SIDE, quoted
from webui.store.store import PendingMessageStore

_ENTRY = "j.id, j.at, j.actor, j.action, j.reason, j.done, j.undoes, j.undone_by, j.cutoff"
ONE = f"SELECT {_ENTRY} FROM unstick_journal AS j WHERE j.id = :id"
OF_MESSAGE = f"""
SELECT {_ENTRY}, r.before_status, r.before_started, r.before_retry_count
FROM unstick_journal_rows AS r JOIN unstick_journal AS j ON j.id = r.journal_id
WHERE r.message_id = :id ORDER BY r.journal_id DESC LIMIT 100"""
ONE_LOCKED = ONE + " {lock}"
ADD = """
INSERT INTO unstick_journal (at, actor, action, reason, cutoff, undoes)
VALUES (:now, :actor, :action, :reason, :cutoff, :undoes) RETURNING id"""
ADD_DONE = "UPDATE unstick_journal SET done = done + :done WHERE id = :journal"
# The state before the action, from the queue's rows themselves; `after_seen` is filled when it is done.
REMEMBER = """
INSERT INTO unstick_journal_rows (journal_id, message_id, before_status, before_started, before_retry_count)
SELECT :journal, id, status, {started_processing_at_epoch}, {retry_count} FROM pending_messages WHERE """
REMEMBER_AFTER = """
UPDATE unstick_journal_rows
SET after_seen = (SELECT {seen} FROM pending_messages WHERE pending_messages.id = unstick_journal_rows.message_id)
WHERE journal_id = :journal AND message_id > :after AND after_seen IS NULL"""
LINES = """
SELECT message_id FROM unstick_journal_rows WHERE journal_id = :undoes AND message_id > :after
ORDER BY message_id LIMIT :chunk"""
# Of the next rows of the line, those that are still as the action left them. The token is the locked row's own: one
# that was read apart could be older.
UNTOUCHED = """
id IN (SELECT message_id FROM unstick_journal_rows
  WHERE journal_id = :undoes AND message_id > :after AND message_id <= :until)
AND {seen} = (SELECT r.after_seen FROM unstick_journal_rows AS r
  WHERE r.journal_id = :undoes AND r.message_id = pending_messages.id)"""
_BEFORE = """(SELECT r.{} FROM unstick_journal_rows AS r
    WHERE r.journal_id = :undoes AND r.message_id = pending_messages.id)"""
TAKE_BACK = f"""
UPDATE pending_messages SET status = {_BEFORE.format("before_status")}
  [, started_processing_at_epoch = {_BEFORE.format("before_started")}]
  [, retry_count = {_BEFORE.format("before_retry_count")}]
WHERE id IN (SELECT message_id FROM unstick_journal_rows WHERE journal_id = :journal AND message_id > :after)
RETURNING id"""
CLOSE = "UPDATE unstick_journal SET undone_by = :journal WHERE id = :undoes"
KEPT = "SELECT kept FROM unstick_trash WHERE journal_id = :undoes LIMIT 1"
OUT_OF_TRASH = "DELETE FROM unstick_trash WHERE journal_id = :undoes RETURNING id"
ABORTED = "SELECT 1 FROM unstick_trash WHERE id = :id LIMIT 1"
STATE = "SELECT status FROM pending_messages WHERE id = :id"


def entry(tx: Transaction, id: int) -> JournalEntry | None:
    """One line, or None."""
    try:
        return _entry(tx, id)
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
        return _entry(tx, id)


def _entry(tx: Transaction, id: int, text: str = ONE) -> JournalEntry:
    found = tx.rows(text, {"id": id}) if tx.shape.has(f"{SIDE}journal") else []
    if not found:
        raise NotFound(f"There is no line {id} in the journal.")
    return JournalEntry(*found[0])


def add(
    tx: Transaction, now: int, action: str, actor: str, reason: str | None,
    *, cutoff: int | None = None, undoes: int | None = None,
) -> int:  # fmt: skip
    """Begin a line inside the action's own transaction, making our tables if need be; returns its id."""
    migrate.ensure_side_tables(tx)
    values = {
        "now": now,
        "actor": without_nul(actor),
        "action": action,
        "reason": None if reason is None else without_nul(reason),
        "cutoff": cutoff,
        "undoes": undoes,
    }
    id: int = tx.rows(ADD, values)[0][0]
    return id


def remember(tx: Transaction, journal: int, which: str, params: dict[str, Any]) -> None:
    """Keep the state of the queue's rows that meet the condition `which`, before the line's action touches them."""
    tx.rows(f"{REMEMBER}{which} {{lock}}", {**params, "journal": journal})


def finish(tx: Transaction, journal: int, ids: list[int], after: int = -(2**63)) -> None:
    """Add these rows to the line, with the state that the action left them in (so that undo can tell)."""
    tx.rows(REMEMBER_AFTER, {"journal": journal, "after": after})
    tx.rows(ADD_DONE, {"journal": journal, "done": len(ids)})


def undo(store: PendingMessageStore, id: int, *, actor: str, reason: str | None = None) -> Outcome:
    """Take a line of the journal back for all its rows that are still as it left them.

    Raises NotFound, WrongState (it was taken back before, or its only row has moved on: `row` is how it is now) and
    UnknownSession (an aborted message whose session is gone stays in the trash).
    """
    with store.database.reading() as tx:
        line = _entry(tx, id)
    if line.action == "abort":
        return _restore(store, line, actor, reason)
    pace, journal, after = Pace(store.database), None, -(2**63)
    done: list[int] = []
    passed: list[int] = []
    try:
        while ids := _lines(store, id, after, pace.rows):
            with pace.batch(PAGE_WAIT) as tx:
                _refuse_undone(_entry(tx, id, ONE_LOCKED))
                journal = journal or add(tx, store.now(), "undo", actor, reason, undoes=id)
                back = _take_back(tx, journal, id, after, ids)
                if line.done == 1 and not back:
                    raise WrongState(
                        f"Nothing was taken back: message {ids[0]} has moved on: it is {_moved_on(tx, ids[0])}.",
                        _row(tx, ids[0]),
                    )
                if len(done) + len(passed) + len(ids) >= line.done:
                    tx.rows(CLOSE, {"journal": journal, "undoes": id})
            done += back
            passed += [other for other in ids if other not in set(back)]
            after = ids[-1]
    except (*STOPPED, WrongState):
        if not done:
            raise
    with store.database.reading() as tx:
        skipped = {other: _moved_on(tx, other) for other in passed}
        row = _row(tx, after) if line.done == 1 else None
    left = line.done - len(done) - len(passed)
    return Outcome("undo", journal, tuple(done), skipped, row, Count(left) if left > 0 else None)


def _lines(store: PendingMessageStore, id: int, after: int, chunk: int) -> list[int]:
    return [record[0] for record in store.database.rows(LINES, {"undoes": id, "after": after, "chunk": chunk})]


def _take_back(tx: Transaction, journal: int, undoes: int, after: int, ids: list[int]) -> list[int]:
    remember(tx, journal, UNTOUCHED, {"undoes": undoes, "after": after, "until": ids[-1]})
    back = [record[0] for record in tx.rows(TAKE_BACK, {"journal": journal, "undoes": undoes, "after": after})]
    finish(tx, journal, back, after)
    return back


def _restore(store: PendingMessageStore, line: JournalEntry, actor: str, reason: str | None) -> Outcome:
    """Bring what an abort took away back out of the trash, byte for byte."""
    try:
        with store.database.writing(PAGE_WAIT) as tx:
            _refuse_undone(_entry(tx, line.id, ONE_LOCKED))
            journal = add(tx, store.now(), "undo", actor, reason, undoes=line.id)
            tx.rows(_out_of_trash(tx, line.id), {"undoes": line.id})
            ids = [record[0] for record in tx.rows(OUT_OF_TRASH, {"undoes": line.id})]
            for id in ids:
                remember(tx, journal, "id = :id", {"id": id})
            tx.rows(
                "UPDATE unstick_journal_rows SET before_status = 'aborted', before_started = NULL,"
                " before_retry_count = NULL WHERE journal_id = :journal",
                {"journal": journal},
            )
            finish(tx, journal, ids)
            tx.rows(CLOSE, {"journal": journal, "undoes": line.id})
            return Outcome("undo", journal, tuple(ids), {}, rows.find(tx, ids[0]))
    except UnknownSession:
        raise UnknownSession(
            "It cannot come back: its session is no longer in the database. It stays in the trash."
        ) from None


def _out_of_trash(tx: Transaction, undoes: int) -> str:
    """Bring back the columns that the row came with and that the queue still has; a column that is new since takes its
    default."""
    held = tx.shape.tables[f"{SIDE}trash"]
    kept = {name for record in tx.rows(KEPT, {"undoes": undoes}) for name in json.loads(record[0])}
    if not kept:
        raise NotFound("What was aborted is no longer in the trash, so it cannot come back.")
    named = bool(set(SESSION_NAMES) & kept)
    names = [name for name in tx.shape.columns if name in kept or (named and name in SESSION_NAMES)]
    columns = ", ".join(quoted(name) for name in names)
    values = ", ".join(tx.shape.from_trash(name, held) for name in names)
    return f"INSERT INTO {QUEUE} ({columns}) SELECT {values} FROM unstick_trash WHERE journal_id = :undoes"


def is_undone(tx: Transaction, id: int) -> bool:
    """Whether somebody took the line back, who from now on has to wait for this transaction."""
    return _entry(tx, id, ONE_LOCKED).undone_by is not None


def _refuse_undone(line: JournalEntry) -> None:
    if line.undoes is not None:
        raise WrongState("An undo cannot be taken back: act again instead.")
    if line.undone_by is not None:
        raise WrongState("This was already taken back: nothing was changed.")


def _row(tx: Transaction, id: int) -> Row | None:
    try:
        return rows.find(tx, id)
    except NotFound:
        return None


def _moved_on(tx: Transaction, id: int) -> str:
    """How a row is that is no longer as the action left it: `processing now`."""
    found = tx.rows(STATE, {"id": id})
    if found:
        return f"{found[0][0]} now"
    aborted = tx.shape.has(f"{SIDE}trash") and tx.rows(ABORTED, {"id": id})
    return "aborted now" if aborted else "no longer in the queue"
