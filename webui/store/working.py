"""Carrying operations out, in small transactions. Each moves the operation's place together with what it changed, and
only while the operation is ours: so after a kill it goes on exactly where it was, in any process, and never in two."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

from webui.store import act, journal, operations, undo
from webui.store.database import WORKER_WAIT, Transaction
from webui.store.errors import (
    Busy,
    DiskFull,
    InvalidPayload,
    SchemaChanged,
    StoreError,
    UnknownSession,
    Unsupported,
    WrongState,
)
from webui.store.gentle import Gentle, gentle
from webui.store.journal import Chunk
from webui.store.operations import Operation
from webui.store.pace import Pace
from webui.store.selection import FROM, Found, Frozen, Line, OfQueue, Selection, Trash, loads
from webui.store.sentence import sentence
from webui.store.store import PendingMessageStore

LEASE = 15_000
"""How long, in ms, nobody else takes an operation whose process says nothing."""
SEARCH = 300_000
"""So much longer where a look for the next rows reads payloads: those may be huge, and it says nothing meanwhile."""
PATIENCE = 10
"""How often in a row somebody else may hold the lock for WORKER_WAIT until an operation stops."""
REFUSED = (InvalidPayload, UnknownSession, Unsupported, WrongState)
"""What a database says of a row that it does not take."""

TAKE = """
UPDATE unstick_operations SET owner = :owner, lease_until = :lease
WHERE id = :id AND state = 'running' AND lease_until < :now
RETURNING at_section, at_id, chunks, most"""
OURS = "WHERE id = :id AND owner = :owner AND state = 'running' RETURNING id"
STEP = f"""
UPDATE unstick_operations SET at_section = :section, at_id = :at, chunks = :number, lease_until = :lease,
  worked_ms = worked_ms + :worked, locked_ms = locked_ms + :held, updated_at = :now,
  longest_ms = CASE WHEN longest_ms < :held THEN :held ELSE longest_ms END {OURS}"""
END = f"""
UPDATE unstick_operations SET state = :state, error = :error, owner = NULL, lease_until = 0, updated_at = :now,
  worked_ms = worked_ms + :worked, locked_ms = locked_ms + :held,
  longest_ms = CASE WHEN longest_ms < :held THEN :held ELSE longest_ms END {OURS}"""
LEAVE = "UPDATE unstick_operations SET owner = NULL, lease_until = :lease WHERE id = :id AND owner = :owner"
LEFT = """
INSERT INTO unstick_left (journal_id, part, message_id, reason) VALUES (:id, :part, :message, :reason)
ON CONFLICT DO NOTHING"""
COUNT = "UPDATE unstick_journal SET skipped = skipped + :skipped, failed = failed + :failed WHERE id = :id"
PURGE = "DELETE FROM unstick_trash WHERE trash_id = :trash_id RETURNING trash_id"
MESSAGE = "SELECT id FROM unstick_trash WHERE trash_id = :trash_id"

_unsaid: dict[tuple[str, int], str] = {}
"""Why a full disk stopped an operation that it did not even let us say so of, by database and id: it is said as soon as
there is room, or the operation would silently go on."""


class _Lost(Exception):
    """The operation is somebody else's now, or was cancelled: what was begun is rolled back."""


@dataclass
class _Job:
    """An operation that this call carries out, and its place."""

    store: PendingMessageStore
    operation: Operation
    selection: Selection
    sections: tuple[str, ...]
    pace: Pace
    gentle: Gentle
    section: int
    at: int
    number: int
    left: float
    """How many rows may still be changed."""
    owner: str
    singly: int = 0
    """So many rows are taken one by one, for one of them was refused."""
    counted: float = field(default_factory=time.monotonic)

    def rows(self) -> int:
        """How many to look for next."""
        most = 1 if self.singly else int(min(self.pace.rows, self.left))
        each = self.operation.per_minute
        return max(1, min(most, each // 30 or 1)) if each else max(1, most)


def work(store: PendingMessageStore, id: int, *, seconds: float | None = None, stop: Event | None = None) -> Operation:
    """Carry an operation out until it is over, for so many seconds, or until `stop`; then anybody may go on with it.
    Does nothing where somebody else is at it. Raises NotFound, what the database raises at the first look, and DiskFull
    where there is no room to say that it was stopped."""
    deadline = None if seconds is None else time.monotonic() + seconds
    place = (store.database.location, id)
    try:
        with gentle(store) as others:
            job = _taken(store, id, others)
            if job is not None and place in _unsaid:
                _stop(job, _unsaid.pop(place))
            elif job is not None:
                _steps(job, stop or Event(), deadline)
    except DiskFull as error:
        _unsaid[place] = str(error)
        raise
    return operations.get(store, id)


def _steps(job: _Job, stop: Event, deadline: float | None) -> None:
    pause, tired = 0.0, 0
    try:
        while not stop.is_set():
            if deadline is not None and time.monotonic() >= deadline - pause:
                with suppress(Busy, SchemaChanged):
                    if _found(job) is None:
                        _end(job, "done", None)  # or its answer would say `2 of 2 so far`
                break
            if pause and stop.wait(pause):
                break
            try:
                pause, tired = _step(job), 0
            except (Busy, SchemaChanged):
                tired += 1
                if tired == PATIENCE:
                    raise
                pause = 1.0
            if pause < 0:
                break
    except _Lost:
        pass
    except Exception as error:
        known = isinstance(error, StoreError)
        _stop(job, str(error) if known else sentence("Something went wrong inside Unstick: see its log."))
        if not known:
            raise
    finally:
        with suppress(StoreError):
            lease = job.store.now() + int(max(pause, 0.0) * 1000)
            job.store.database.change(LEAVE, {"id": job.operation.id, "owner": job.owner, "lease": lease})


def _stop(job: _Job, why: str) -> None:
    """End it for a reason that the operator sees. Raises DiskFull with the reason where there is no room to say so."""
    try:
        _end(job, "stopped", why)
    except DiskFull as error:
        raise DiskFull(why) from error
    except (StoreError, _Lost):
        pass


def _taken(store: PendingMessageStore, id: int, others: Gentle) -> _Job | None:
    operation = operations.get(store, id)
    selection = loads(operation.selection)
    now, owner = store.now(), secrets.token_hex(8)
    lease = now + _lease(selection, operation.per_minute)
    found = store.database.rows(TAKE, {"id": id, "owner": owner, "now": now, "lease": lease})
    if not found:
        return None
    operation = operations.get(store, id)  # as whoever had it left it
    section, at, number, most = found[0]
    bulk = act.ACTIONS[operation.action].bulk if operation.action in act.ACTIONS else ()
    return _Job(
        store, operation, selection, selection.sections(bulk),
        # A power cut takes a chunk back with the operation's place, so it goes on from there; its end is synced.
        pace=Pace(store.database, lambda held: None, first=1, lazy=True), gentle=others,
        section=section, at=FROM if at is None else at, number=number,
        left=float("inf") if most is None else most - operation.done, owner=owner,
    )  # fmt: skip


def _step(job: _Job) -> float:
    """The next chunk. Returns how many seconds to wait after it, or -1 when there is no more."""
    found = _found(job)
    if found is None:
        _end(job, "done", None)
        return -1
    job.gentle.before()
    if not found.ids:
        if time.monotonic() - job.counted > 1:
            with job.pace.batch(WORKER_WAIT) as tx:
                _move(tx, job, found.edge)
        job.at = found.edge
        return 0
    try:
        done = _carried_out(job, found)
    except REFUSED as error:
        if len(found.ids) > 1:
            job.singly = len(found.ids)
            return 0
        _fail(job, found, str(error))
        done = 0
    job.at, job.left, job.singly = found.edge, job.left - done, max(0, job.singly - 1)
    pause = job.gentle.after(job.pace.held)  # before anything else takes time, or a writer's commit would pass for ours
    job.store.database.checkpoint()
    if job.left <= 0:
        return 0
    each = job.operation.per_minute
    return max(pause, 60.0 / each * len(found.ids) if each else 0.0)


def _found(job: _Job) -> Found | None:
    while job.left > 0 and job.section < len(job.sections):
        line = job.operation.id
        found = job.selection.find(job.store, job.sections[job.section], job.at, job.rows(), line)
        if found is not None:
            return found
        job.section, job.at = job.section + 1, FROM
    return None


def _carried_out(job: _Job, found: Found) -> int:
    """One transaction: the operation's place, the change, and what was left as it was. Returns how many changed."""
    with job.pace.batch(WORKER_WAIT) as tx:
        _move(tx, job, found.edge)
        chunk = Chunk(job.operation.id, found.ids[0], found.ids[-1], job.number)
        done = _WAYS.get(job.operation.action, _act)(tx, job, found, chunk)
        if not isinstance(job.selection, Trash):
            passed = {id: undo.moved_on(tx, id) for id in sorted(set(found.ids) - set(done))}
            _leave(tx, chunk.journal, "skipped", passed)
        return len(done)


def _act(tx: Transaction, job: _Job, found: Found, chunk: Chunk) -> list[int]:
    assert isinstance(job.selection, OfQueue)
    action = act.ACTIONS[job.operation.action]
    job.selection.remember(tx, chunk, job.sections[job.section], found, job.store.now(), action.bulk)
    return act.change(tx, action, chunk)


def _take_back(tx: Transaction, job: _Job, found: Found, chunk: Chunk) -> list[int]:
    if isinstance(job.selection, Line):
        return undo.take_back(tx, chunk, job.selection.line)
    return _restore(tx, job, found, chunk)  # an abort's rows are in the trash


def _restore(tx: Transaction, job: _Job, found: Found, chunk: Chunk) -> list[int]:
    return undo.bring_back(tx, chunk.journal, job.number, found.ids)


def _purge(tx: Transaction, job: _Job, found: Found, chunk: Chunk) -> list[int]:
    gone = [row[0] for id in found.ids for row in tx.rows(PURGE, {"trash_id": id})]
    tx.rows(journal.ADD_DONE, {"journal": chunk.journal, "done": len(gone)})
    return gone


_WAYS = {operations.UNDO: _take_back, operations.RESTORE: _restore, operations.PURGE: _purge}
"""How what is none of the queue's own actions is carried out: each returns the ids that it changed."""


def _fail(job: _Job, found: Found, reason: str) -> None:
    """One row was refused: its reason stays with the operation, which goes on behind it."""
    with job.pace.batch(WORKER_WAIT) as tx:
        _move(tx, job, found.edge)
        id = found.ids[0]
        if isinstance(job.selection, Trash):
            id = next((row[0] for row in tx.rows(MESSAGE, {"trash_id": id})), id)
        _leave(tx, job.operation.id, "failed", {id: reason})


def _leave(tx: Transaction, line: int, part: str, passed: dict[int, str]) -> None:
    if passed:
        tx.many(LEFT, [{"id": line, "part": part, "message": id, "reason": why} for id, why in passed.items()])
        numbers = {"skipped": 0, "failed": 0, part: len(passed)}
        tx.rows(COUNT, {"id": line, **numbers})


def _move(tx: Transaction, job: _Job, edge: int) -> None:
    """The operation's new place, if it is still ours."""
    job.number += 1
    place = {"section": job.section, "at": edge, "number": job.number}
    lease = job.store.now() + _lease(job.selection, job.operation.per_minute)
    if not tx.rows(STEP, {**_measured(job), **place, "lease": lease}):
        raise _Lost


def _end(job: _Job, state: str, error: str | None) -> None:
    if not job.store.database.rows(END, {**_measured(job), "state": state, "error": error}):
        raise _Lost


def _measured(job: _Job) -> dict[str, object]:
    """How long it took since this was last asked, and how long the last batch held the lock, in ms."""
    now = time.monotonic()
    worked, job.counted = int((now - job.counted) * 1000), now
    held, job.pace.held = round(job.pace.held * 1000), 0.0
    return {"id": job.operation.id, "owner": job.owner, "now": job.store.now(), "worked": worked, "held": held}


def _lease(selection: Selection, per_minute: int | None) -> int:
    is_search = isinstance(selection, Frozen) and selection.filters.searches
    return LEASE + (60_000 // per_minute * 2 if per_minute else 0) + (SEARCH if is_search else 0)
