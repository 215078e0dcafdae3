"""PendingMessageStore: the contract. Every method leaves the rows that claude-mem's own store leaves at v8.2.6."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from webui.store import migrate
from webui.store import statements as sql
from webui.store.database import WORKER_WAIT, Database, Params, Record
from webui.store.encoding import from_json, is_empty, plain_text, storable, to_json, whole_number, without_nul
from webui.store.errors import InvalidPayload, UnknownSession, UnknownType, Unsupported
from webui.store.model import TYPES, Message, PendingMessage, SessionInfo
from webui.store.pace import Pace
from webui.store.schema import CLAIM_INDEX, Capabilities

_GIVEN = {field.name for field in fields(PendingMessage)}
_MAX = 2**63 - 1
_NAMES = Message._fields[:-1]


class PendingMessageStore:
    """A persistent queue of messages in one database; safe to share between threads.

    Any method may raise the database's named errors (Busy, ReadOnly, DiskFull, Corrupt, Missing, NotAQueue,
    SchemaChanged); those that change rows raise Unsupported where the file cannot hold the result. `max_retries` is
    how often a failed message is tried again; `clock` gives the time in ms and is the database's own without one.
    """

    def __init__(self, database: Database, *, max_retries: int = 3, clock: Callable[[], int] | None = None) -> None:
        self.database = database
        self.max_retries = max_retries
        self.now: Callable[[], int] = clock or database.now
        self.stamp: Callable[[], Any] = clock or database.stamp
        """What a statement takes for "now": the time, or the database's own mark for its clock as it runs."""

    @property
    def name(self) -> str:
        """The database's short name, for people."""
        return self.database.name

    @property
    def location(self) -> str:
        """Where the database is, in full."""
        return self.database.location

    @property
    def read_only(self) -> bool:
        """Whether the store was opened for reading only."""
        return self.database.read_only

    @property
    def capabilities(self) -> Capabilities:
        """What this file can hold."""
        return self.database.shape.capabilities

    def refresh(self) -> None:
        """Look at the file again before a page or an action: it may have been replaced, or its tables changed."""
        self.database.look()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def enqueue(self, session_db_id: int, content_session_id: str, message: PendingMessage | Mapping[str, Any]) -> int:
        """Insert a pending message and return its id. Raises UnknownType, UnknownSession, InvalidPayload."""
        given = _as_message(message)
        if given.type not in TYPES:
            raise UnknownType(f"A message's type is observation or summarize, not {given.type!r}.")
        if not _fits(session_db_id):
            raise UnknownSession(f"There is no session {session_db_id!r}.")
        if isinstance(given.prompt_number, int) and not _fits(given.prompt_number):
            raise InvalidPayload("prompt_number has more than 64 bits.")
        values = {
            "session": session_db_id, "cid": storable(content_session_id), "type": given.type, "now": self.stamp(),
            "tool_input": to_json(given.tool_input), "tool_response": to_json(given.tool_response),
        }  # fmt: skip
        for name in ("tool_name", "cwd", "last_user_message", "last_assistant_message"):
            values[name] = plain_text(getattr(given, name))
        values["prompt_number"] = whole_number(given.prompt_number)
        found: int = self.database.rows(sql.ENQUEUE, values)[0][0]
        return found

    def claim_next_message(self, session_db_id: int) -> Message | None:
        """The session's oldest pending message, now processing and the caller's alone; None if there is none."""
        claimed = self.database.claim(sql.CLAIM, {"session": session_db_id, "now": self.stamp()})
        return _message(claimed[0]) if claimed else None

    def get_all_pending(self, session_db_id: int) -> list[Message]:
        """All pending messages of a session by id, in memory at once."""
        return self.read(sql.ALL_PENDING, {"session": session_db_id})

    def get_queue_messages(self) -> list[Message]:
        """Every failed, processing and pending message with its project, in memory at once."""
        return self.read(sql.QUEUE, {})

    def get_stuck_count(self, threshold_ms: int) -> int:
        """How many messages have been processing for longer than so many ms."""
        return self._number(sql.STUCK_COUNT, {"cutoff": self._before(threshold_ms)})

    def retry_message(self, id: int) -> bool:
        """Make a pending, processing or failed message pending; whether there was such a row."""
        return self.database.change(sql.RETRY, {"id": id}) > 0

    def reset_processing_to_pending(self, session_db_id: int) -> int:
        """Make all of a session's processing messages pending; returns how many."""
        return self._in_batches(sql.PROCESSING_OF_SESSION, sql.RELEASE_OF_SESSION, {"session": session_db_id})

    def abort_message(self, id: int) -> bool:
        """Delete a message, whatever its status; whether there was one."""
        return self.database.change(sql.ABORT, {"id": id}) > 0

    def retry_all_stuck(self, threshold_ms: int) -> int:
        """Make every message pending that has been processing for longer than so many ms; returns how many."""
        return self._in_batches(sql.STUCK, sql.RELEASE_STUCK, {"cutoff": self._before(threshold_ms)})

    def reset_stuck_messages(self, threshold_ms: int) -> int:
        """As `retry_all_stuck`; 0 means every processing message that started before now."""
        return self.retry_all_stuck(threshold_ms)

    def get_recently_processed(self, limit: int = 10, within_minutes: float = 30) -> list[Message]:
        """The messages processed in the last minutes with their project, newest first; a negative limit is none."""
        limit = _MAX if limit < 0 else min(int(limit), _MAX)
        return self.read(sql.RECENT, {"since": self._before(within_minutes * 60_000), "limit": limit})

    def mark_processing(self, id: int) -> None:
        """Make a pending message processing, started now."""
        self.database.change(sql.MARK_PROCESSING, {"id": id, "now": self.stamp()})

    def mark_processed(self, id: int, claim: Message | None = None) -> bool | None:
        """Make a processing message processed and drop its tool input and response.

        With `claim`, the claimed message, only while that claim stands; then it returns whether it did."""
        if not self.capabilities.processed:
            raise self._cannot("record that a message was processed")
        statement = sql.MARK_PROCESSED + (sql.STANDS if claim else "")
        done = self.database.change(statement, self.claim_values(id, claim)) > 0
        return done if claim else None

    def mark_failed(self, id: int, *, error: str | None = None, claim: Message | None = None) -> bool | None:
        """Make a message pending for another attempt, or failed when its retries are used up.

        `error` is kept as the reason of this attempt, in a table of ours. With `claim`, the claimed message, it acts
        only while that claim stands; then it returns whether it did."""
        if not self.capabilities.retry_count:
            raise self._cannot("count a failed attempt")
        if not self.capabilities.failed:
            raise self._cannot("keep a failed message")
        statement = sql.MARK_FAILED + (sql.STANDS if claim else "")
        values = {**self.claim_values(id, claim), "max_retries": self.max_retries}
        if error is None:
            done = self.database.change(statement, values) > 0
            return done if claim else None
        with self.database.writing() as tx:
            migrate.ensure_side_tables(tx)  # before the row is locked, as an operator's action does it
            done = bool(tx.rows(statement + " RETURNING id", values))
            if done:
                tx.rows(sql.KEEP_REASON, {"id": id, "now": values["now"], "error": without_nul(error)})
        return done if claim else None

    def get_pending_count(self, session_db_id: int) -> int:
        """How many messages of a session are pending or processing."""
        return self._number(sql.PENDING_COUNT, {"session": session_db_id})

    def has_any_pending_work(self) -> bool:
        """Whether any message is pending or processing."""
        return bool(self._number(sql.ANY_WORK, {}))

    def get_sessions_with_pending_messages(self) -> list[int]:
        """The sessions that have pending or processing messages, ascending."""
        walks = CLAIM_INDEX in self.database.shape.indexes
        return [row[0] for row in self.database.rows(sql.SESSIONS if walks else sql.SESSIONS_READ)]

    def get_session_info_for_message(self, id: int) -> SessionInfo | None:
        """The session of a message, or None."""
        rows = self.database.rows(sql.SESSION_INFO, {"id": id})
        return SessionInfo(*rows[0]) if rows else None

    def cleanup_processed(self, retention_count: int = 100) -> int:
        """Keep the newest processed messages and delete the rest; a negative count deletes none. Returns how many."""
        if retention_count < 0:
            return 0
        first = self.database.rows(sql.FIRST_TO_GO, {"keep": retention_count})
        if not first:
            return 0
        completed, id = first[0]
        timed = 0
        if completed is not None:
            timed = self._in_batches(sql.TO_GO, sql.DELETE_PROCESSED, {"completed": completed, "id": id})
            id = -_MAX - 1
        return timed + self._in_batches(sql.TO_GO_UNTIMED, sql.DELETE_PROCESSED, {"id": id})

    def to_pending_message(self, row: Message) -> PendingMessage:
        """The row as a message again, its JSON parsed. Raises InvalidPayload for JSON that is not valid."""
        plain = {
            name: None if is_empty(value := getattr(row, name)) else value
            for name in ("tool_name", "cwd", "last_user_message", "last_assistant_message", "prompt_number")
        }
        return PendingMessage(
            type=row.message_type,
            tool_input=from_json(row.tool_input, "tool_input"),
            tool_response=from_json(row.tool_response, "tool_response"),
            **plain,
        )

    def ensure_session(self, content_session_id: str, project: str) -> int:
        """The id of the session with this name; it is made if it is not there (an existing one keeps its project)."""
        now = self.now()
        values = {"cid": storable(content_session_id), "project": storable(project), "now": now, "at": _iso(now)}
        found = self.database.rows(sql.FIND_SESSION, values)
        if not found:
            with self.database.writing() as tx:
                if not tx.shape.session_names_unique:
                    tx.alone()  # nothing else keeps two from making it at once
                if not tx.rows(sql.FIND_SESSION, values):
                    tx.rows(sql.ADD_SESSION, values)
                found = tx.rows(sql.FIND_SESSION, values)
        id: int = found[0][0]
        return id

    def get_message(self, id: int) -> Message | None:
        """One message, whole, or None."""
        found = self.read(sql.GET, {"id": id})
        return found[0] if found else None

    def claim(self, text: str, values: Params) -> list[Message]:
        """The messages that a statement claims."""
        return [_message(row) for row in self.database.claim(text, values)]

    def read(self, text: str, values: Params) -> list[Message]:
        """The messages that a statement returns."""
        return [_message(row) for row in self.database.rows(text, values)]

    def _number(self, text: str, values: Params) -> int:
        rows = self.database.rows(text, values)
        return rows[0][0] if rows else 0

    def _before(self, ms: float) -> int:
        ms = 0 if ms != ms else max(-(2**62), min(2**62, ms))
        return max(-_MAX, min(_MAX, self.now() - int(ms)))

    def _in_batches(self, find: str, change: str, values: Params) -> int:
        """Look for the next rows without the write lock, then change those that still match. Ids only go up, so that
        what a worker claims meanwhile cannot keep it going."""
        pace, total, after = Pace(self.database), 0, -_MAX - 1
        while ids := [row[0] for row in self.database.rows(find, {**values, "after": after, "chunk": pace.rows})]:
            with pace.batch(WORKER_WAIT) as tx:
                total += sum(len(tx.rows(change, {**values, "id": id})) for id in ids)
            after = ids[-1]
        return total

    def claim_values(self, id: int, claim: Message | None) -> dict[str, Any]:
        """What a statement about one message takes, with the state that its claim left it in."""
        if claim is None:
            return {"id": id, "now": self.stamp()}
        started, retry_count = claim.started_processing_at_epoch, claim.retry_count
        return {"id": id, "now": self.stamp(), "started": started, "retry_count": retry_count}

    def _cannot(self, what: str) -> Unsupported:
        return Unsupported(f"{self.name} cannot {what}: its table has no place for it. Nothing was changed.")


def _message(row: Record) -> Message:
    count = len(_NAMES)
    if len(row) == count:
        return Message._make((*row, {}))
    values, names = (*row,), row.keys()
    return Message._make((*values[:count], dict(zip(names[count:], values[count:], strict=True))))


def _as_message(message: PendingMessage | Mapping[str, Any]) -> PendingMessage:
    if isinstance(message, PendingMessage):
        return message
    unknown = sorted(set(message) - _GIVEN)
    if unknown:
        raise InvalidPayload(f"A message has no field {unknown[0]!r}; its fields are {', '.join(sorted(_GIVEN))}.")
    return PendingMessage(**{"type": None, **message})


def _fits(number: object) -> bool:
    """Whether it is a whole number of 64 bits."""
    return isinstance(number, int) and -_MAX <= number + 1 <= _MAX + 1


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
