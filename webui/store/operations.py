"""Operations: actions on many rows. One is begun here, looked at, cancelled and resumed; `working` carries it out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from webui.store import act, journal, undo
from webui.store.database import PAGE_WAIT, Transaction
from webui.store.errors import NotFound, WrongState
from webui.store.schema import SIDE, TRASH
from webui.store.selection import Frozen, Line, Selection, loads
from webui.store.selection import Trash as InTrash
from webui.store.sentence import N_, sentence
from webui.store.store import PendingMessageStore

_OPERATION = """
o.id, j.action, j.actor, j.reason, j.at, o.state, o.selection, o.expected, j.done, j.skipped, j.failed, o.most,
o.per_minute, o.worked_ms, o.locked_ms, o.longest_ms, o.error, o.lease_until, j.undoes, j.undone_by,
(SELECT r.id FROM unstick_journal AS r WHERE r.key = 'rest-' || o.id)"""
_FROM = "FROM unstick_operations AS o JOIN unstick_journal AS j ON j.id = o.id"
ONE = f"SELECT {_OPERATION} {_FROM} WHERE o.id = :id"
NEWEST = f"SELECT {_OPERATION} {_FROM} WHERE o.id < :before ORDER BY o.id DESC LIMIT :most"
RUNNING = "SELECT id, per_minute FROM unstick_operations WHERE state = 'running' ORDER BY id LIMIT 20"
LEFT = """
SELECT part, reason, count(*) FROM (
  SELECT part, reason FROM unstick_left WHERE journal_id = :id ORDER BY part, message_id LIMIT :bound) AS first
GROUP BY part, reason ORDER BY part, count(*) DESC, reason LIMIT 40"""
COUNTED = 10_000
"""So many rows that an operation left are counted by their reason."""
BEGIN = """
INSERT INTO unstick_operations (id, state, selection, expected, most, per_minute, updated_at)
VALUES (:id, 'running', :selection, :expected, :most, :per_minute, :now)"""
CANCEL = "UPDATE unstick_operations SET state = 'cancelled' WHERE id = :id AND state IN ('running', 'stopped')"
RESUME = """
UPDATE unstick_operations SET state = 'running', error = NULL, lease_until = 0
WHERE id = :id AND state IN ('cancelled', 'stopped')
  AND NOT EXISTS (SELECT 1 FROM unstick_journal AS j WHERE j.id = :id AND j.undone_by IS NOT NULL)"""
TURNED = {CANCEL: "cancelled", RESUME: "running"}
"""What each makes of it."""
DONE_ROWS = """
SELECT message_id FROM unstick_journal_rows WHERE journal_id = :id AND message_id > :after
ORDER BY message_id LIMIT :most"""
LEFT_ROWS = """
SELECT message_id, reason FROM unstick_left WHERE journal_id = :id AND part = :part AND message_id > :after
ORDER BY message_id LIMIT :most"""
TOUCHED = "SELECT 1 FROM unstick_journal_rows WHERE journal_id = :id AND message_id = :message"
HIGHEST = "SELECT max(id) FROM pending_messages"
HIGHEST_IN_TRASH = "SELECT max(trash_id) FROM unstick_trash"
TRASH_ID = "SELECT max(trash_id) FROM unstick_trash WHERE id = :id"
REST = "rest-{}"
"""The key of the operation that goes on with what a bounded one left."""
RESTORE, PURGE, UNDO = "restore", "purge", "undo"


@dataclass(frozen=True, slots=True)
class Operation:
    """An action on many rows, and how far it is. Its id is its line's in the journal.

    `state` is `running`, `done`, `cancelled` or `stopped` (by `error`: it can be resumed). `done`, `skipped` and
    `failed` are numbers of rows; `left` says of the last two (of COUNTED rows) how many for which reason, as (part,
    reason, number). `expected` is how many there were when the operator looked, `most` a bound that was asked for,
    `per_minute` a speed. `worked_ms` is the time from its start to its last step, `locked_ms` how long it held the
    write lock in all, `longest_ms` at once.
    """

    id: int
    action: str
    actor: str
    reason: str | None
    at: int
    state: str
    selection: str
    expected: int | None
    done: int
    skipped: int
    failed: int
    most: int | None
    per_minute: int | None
    worked_ms: int
    locked_ms: int
    longest_ms: int
    error: str | None
    lease_until: int
    undoes: int | None = None
    undone_by: int | None = None
    rest_by: int | None = None
    """The operation that went on with what a bounded one left."""
    left: tuple[tuple[str, str, int], ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.state != "running"

    @property
    def looked_at(self) -> int:
        """All rows of its outcome together."""
        return self.done + self.skipped + self.failed


def begin(
    store: PendingMessageStore, action: str, selection: Selection,
    *, actor: str, reason: str | None = None, key: str | None = None, expected: int | None = None,
    most: int | None = None, per_minute: int | None = None,
) -> int:  # fmt: skip
    """Write an operation down, to be carried out by `working.work`; returns its id, or with a `key` that was used
    before the first one's. `action` is one of `act.ACTIONS`, `restore` or `purge`. What one operation left is another's
    only once. Raises Unsupported."""
    if isinstance(selection, Frozen) and selection.but is not None:
        key = REST.format(selection.but)
    with store.database.writing(PAGE_WAIT) as tx:
        before = journal.by_key(tx, key)
        if before is not None:
            return before
        if action in act.ACTIONS:
            act.check(tx, act.ACTIONS[action])
        now = store.now()
        line = journal.add(tx, now, action, actor, reason, key=key)
        values = {"expected": expected, "most": most, "per_minute": per_minute}
        return _begin(tx, line, selection, now, **values)


def _begin(tx: Transaction, line: int, selection: Selection, now: int, **values: Any) -> int:
    defaults = {"expected": None, "most": None, "per_minute": None}
    tx.rows(BEGIN, {**defaults, **values, "id": line, "selection": selection.dumps(), "now": now})
    return line


def begin_undo(store: PendingMessageStore, id: int, *, actor: str, key: str | None = None) -> int:
    """Write down that a line of the journal is taken back, for all its rows that are still as it left them; an
    operation that still runs is cancelled. Raises NotFound, WrongState."""
    with store.database.writing(PAGE_WAIT) as tx:
        before = journal.by_key(tx, key)
        if before is not None:
            return before
        if tx.shape.has(f"{SIDE}operations"):
            tx.rows(CANCEL, {"id": id})  # before the line is locked: a step of it takes them in this order
        now = store.now()
        line, mine = undo.begin(tx, now, id, actor, key)
        selection: Selection = InTrash(line=id) if line.action == "abort" else Line(id)
        return _begin(tx, mine, selection, now, expected=line.done)


def rest_of(operation: Operation) -> Frozen | None:
    """What a bounded operation on all that matched left to be done; None where it was about anything else."""
    selection = loads(operation.selection)
    if operation.most is None or not isinstance(selection, Frozen):
        return None
    return replace(selection, but=operation.id)


def freeze_trash(store: PendingMessageStore, ids: tuple[int, ...] = ()) -> InTrash:
    """All that is in the trash now, or what it holds of these messages."""
    if not store.database.look().has(TRASH):
        return InTrash()
    with store.database.reading() as tx:
        if not ids:
            return InTrash(until=tx.rows(HIGHEST_IN_TRASH)[0][0] or 0)
        found = [tx.rows(TRASH_ID, {"id": id})[0][0] for id in ids]
    return InTrash(only=tuple(sorted(id for id in found if id is not None)))


def get(store: PendingMessageStore, id: int) -> Operation:
    """One operation with its outcome so far. Raises NotFound."""
    with store.database.reading() as tx:
        found = tx.rows(ONE, {"id": id}) if tx.shape.has(f"{SIDE}operations") else []
        if not found:
            raise NotFound(sentence("There is no operation {id}.", id=id))
        counted = tx.rows(LEFT, {"id": id, "bound": COUNTED})
        left = tuple((str(part), str(reason), int(number)) for part, reason, number in counted)
        return replace(Operation(*found[0]), left=left)


def was_used(store: PendingMessageStore, key: str | None) -> bool:
    """Whether the form with this key has been here before. Makes nothing."""
    with store.database.reading() as tx:
        known = key is not None and "key" in tx.shape.tables.get(f"{SIDE}journal", ())
        return known and bool(tx.rows(journal.BY_KEY, {"key": key}))


def is_one(store: PendingMessageStore, id: int) -> bool:
    """Whether a line of the journal has to be taken back as an operation: it was one, or it is not about one
    message. Raises NotFound."""
    with store.database.reading() as tx:
        line = journal.entry(tx, id)
        if line is None:
            raise NotFound(sentence("There is no line {id} in the journal.", id=id))
        return line.done != 1 or bool(tx.shape.has(f"{SIDE}operations") and tx.rows(ONE, {"id": id}))


def newest(store: PendingMessageStore, before: int = 2**63 - 1, most: int = 51) -> list[Operation]:
    """Operations below an id, newest first."""
    with store.database.reading() as tx:
        if not tx.shape.has(f"{SIDE}operations"):
            return []
        return [Operation(*record) for record in tx.rows(NEWEST, {"before": before, "most": most})]


def running(store: PendingMessageStore) -> dict[int, int | None]:
    """The operations that run, in whatever process, each with its speed."""
    if not store.database.shape.has(f"{SIDE}operations"):
        return {}
    return {row[0]: row[1] for row in store.database.rows(RUNNING)}


def cancel(store: PendingMessageStore, id: int) -> Operation:
    """End an operation behind its last step; what it did stays done. Raises NotFound; WrongState where it is over."""
    return _turn(store, id, CANCEL, N_("Operation {id} is over already: nothing was changed."))


def resume(store: PendingMessageStore, id: int) -> Operation:
    """Go on where a cancelled or stopped operation ended. Raises NotFound; WrongState where it runs, is done, or was
    taken back."""
    return _turn(store, id, RESUME, N_("Operation {id} has nothing left to go on with: nothing was changed."))


def _turn(store: PendingMessageStore, id: int, text: str, refusal: str) -> Operation:
    operation = get(store, id)
    if text == RESUME and operation.undone_by is not None:
        raise WrongState(sentence("Operation {id} was taken back, so it cannot go on. Nothing was changed.", id=id))
    done = store.database.change(text, {"id": id}) > 0
    operation = get(store, id)
    if not done and operation.state != TURNED[text]:  # pressed twice, it is as the first press left it
        raise WrongState(sentence(refusal, id=id))
    return operation


def done_rows(store: PendingMessageStore, id: int, after: int, most: int) -> list[int]:
    """The next messages that an operation changed, by id."""
    return [row[0] for row in store.database.rows(DONE_ROWS, {"id": id, "after": after, "most": most})]


def left_rows(store: PendingMessageStore, id: int, part: str, after: int, most: int) -> list[tuple[int, str]]:
    """The next messages that an operation skipped or failed at (`part`), by id, each with the reason."""
    params = {"id": id, "part": part, "after": after, "most": most}
    return [(row[0], row[1]) for row in store.database.rows(LEFT_ROWS, params)]


def touched(store: PendingMessageStore, id: int, messages: frozenset[int]) -> list[int]:
    """Which of these messages a line of the journal changed."""
    with store.database.reading() as tx:
        if not tx.shape.has(f"{SIDE}journal"):
            return []
        return [message for message in sorted(messages) if tx.rows(TOUCHED, {"id": id, "message": message})]
