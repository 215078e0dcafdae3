"""The contestants on SQLite. Each makes its own file in its own way, and works with its own settings, but for
`synchronous`, which is the same for all."""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import time
from abc import abstractmethod
from collections.abc import Hashable
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from bench.queues import COLUMNS, NAME, SESSION, TOOL_INPUT, Queue, StoreQueue
from webui.store import open_store

TEXT = json.dumps(TOOL_INPUT)
NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)"


class SqliteQueue(Queue):
    """A queue in one file."""

    tables: ClassVar[str]
    """Who made the file: contestants with the same tables share one."""
    forget: ClassVar[str] = ""
    """The statement that deletes what was processed."""

    @abstractmethod
    def __init__(self, path: Path, synchronous: str) -> None: ...

    @classmethod
    @abstractmethod
    def make(cls, path: Path, processed: int, pending: int) -> None:
        """Make a file with so many messages."""


class Unstick(StoreQueue, SqliteQueue):
    """Our store, as a program uses it: an acknowledgement counts only while its claim stands."""

    name = tables = "Unstick"
    forget = "DELETE FROM pending_messages WHERE status = 'processed'"

    def __init__(self, path: Path, synchronous: str) -> None:
        self._store = open_store(f"sqlite:///{path}?synchronous={synchronous}")

    @classmethod
    def make(cls, path: Path, processed: int, pending: int) -> None:
        """Make a file with so many messages, the processed ones without their payload."""
        with closing(open_store(f"sqlite:///{path}", create=True)) as store:
            store.ensure_session(NAME, "bench")
        columns = "session_db_id, content_session_id, message_type, tool_name, cwd, created_at_epoch"
        values = "1, 'bench', 'observation', 'Bash', '/home/somebody/project', n"
        _fill(
            path,
            (processed, f"INSERT INTO pending_messages ({columns}, status, started_processing_at_epoch,"
                        f" completed_at_epoch) {NUMBERS} SELECT {values}, 'processed', n, n FROM numbers"),
            (pending, f"INSERT INTO pending_messages ({columns}, tool_input)"
                      f" {NUMBERS} SELECT {values}, :text FROM numbers"),
        )  # fmt: skip


class ByHand(SqliteQueue):
    """The floor: the same tables and indexes, two statements, nothing around them."""

    name, tables = "sqlite3 by hand", Unstick.tables
    make, forget = Unstick.make, Unstick.forget

    ENQUEUE = (
        "INSERT INTO pending_messages (session_db_id, content_session_id, message_type, tool_name, tool_input, cwd,"
        " status, created_at_epoch) VALUES (?, ?, 'observation', ?, ?, ?, 'pending', ?) RETURNING id"
    )
    CLAIM = (
        "UPDATE pending_messages SET status = 'processing', started_processing_at_epoch = ?"
        " WHERE id = (SELECT id FROM pending_messages INDEXED BY unstick_claim"
        " WHERE session_db_id = ? AND status = 'pending' ORDER BY id LIMIT 1)"
        f" RETURNING {COLUMNS}"
    )
    ACKNOWLEDGE = (
        "UPDATE pending_messages SET status = 'processed', completed_at_epoch = ?, tool_input = NULL,"
        " tool_response = NULL WHERE id = ? AND status = 'processing'"
    )

    def __init__(self, path: Path, synchronous: str) -> None:
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute(f"PRAGMA synchronous = {synchronous}")

    def enqueue(self) -> object:
        """Add one message."""
        values = (SESSION, NAME, "Bash", json.dumps(TOOL_INPUT), "/home/somebody/project", _now())
        return self._connection.execute(self.ENQUEUE, values).fetchall()[0][0]

    def work(self) -> Hashable:
        """Claim and acknowledge."""
        claimed = self._connection.execute(self.CLAIM, (_now(), SESSION)).fetchall()
        if not claimed:
            return None
        id: int = claimed[0][0]
        self._connection.execute(self.ACKNOWLEDGE, (_now(), id))
        return id

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class LiteQueue(SqliteQueue):
    """litequeue: `pop` and `done`; a message that is done stays until `prune`."""

    name = tables = "litequeue"
    forget = "DELETE FROM [Queue] WHERE status = 2"

    def __init__(self, path: Path, synchronous: str) -> None:
        import litequeue

        self._queue = litequeue.LiteQueue(path)
        self._queue.conn.execute(f"PRAGMA synchronous = {synchronous}")

    @classmethod
    def make(cls, path: Path, processed: int, pending: int) -> None:
        """Make a file with so many messages."""
        cls(path, "OFF").close()
        # Its ids are texts that sort by time.
        text = (
            "INSERT INTO [Queue] (data, message_id, status, in_time, lock_time, done_time)"
            f" {NUMBERS} SELECT :text, printf('%08x-0000-7000-8000-%012x', {{}}, n), {{}} FROM numbers"
        )
        _fill(path, (processed, text.format(1, "2, n, n, n")), (pending, text.format(2, "0, n, NULL, NULL")))

    def enqueue(self) -> object:
        """Add one message."""
        return self._queue.put(json.dumps(TOOL_INPUT))

    def work(self) -> Hashable:
        """Claim and acknowledge."""
        message = self._queue.pop()
        if message is None:
            return None
        self._queue.done(message.message_id)
        id: str = message.message_id
        return id

    def close(self) -> None:
        """Close the connection."""
        self._queue.close()


class PersistQueue(SqliteQueue):
    """persist-queue's SQLiteAckQueue: `get` and `ack`; what is acknowledged stays until `clear_acked_data`."""

    name = tables = "persist-queue"
    forget = "DELETE FROM ack_queue_default WHERE status = 5"

    def __init__(self, path: Path, synchronous: str) -> None:
        from persistqueue import SQLiteAckQueue

        # Workers come and go: none may take what another is at for left behind.
        self._queue = SQLiteAckQueue(str(path.parent), db_file_name=path.name, auto_resume=False)
        self._queue._conn.execute(f"PRAGMA synchronous = {synchronous}")

    @classmethod
    def make(cls, path: Path, processed: int, pending: int) -> None:
        """Make a file with so many messages."""
        cls(path, "OFF").close()
        text = (
            f"INSERT INTO ack_queue_default (data, timestamp, status) {NUMBERS} SELECT :pickled, n, {{}} FROM numbers"
        )
        _fill(path, (processed, text.format("5")), (pending, text.format("1")))

    def enqueue(self) -> object:
        """Add one message."""
        return self._queue.put(TOOL_INPUT)

    def work(self) -> Hashable:
        """Claim and acknowledge."""
        from persistqueue import Empty

        try:
            message = self._queue.get(block=False, raw=True)
        except Empty:
            return None
        id: int = message["pqid"]
        self._queue.ack(id=id)
        return id

    def close(self) -> None:
        """Close the connection."""
        self._queue.close()


class Huey(SqliteQueue):
    """huey's SqliteStorage: a dequeue deletes the message, so there is nothing to acknowledge."""

    name = tables = "huey"
    acknowledges = keeps_processed = False

    def __init__(self, path: Path, synchronous: str) -> None:
        from huey.storage import SqliteStorage

        self._storage = SqliteStorage(NAME, str(path))
        self._storage.conn.execute(f"PRAGMA synchronous = {synchronous}")

    @classmethod
    def make(cls, path: Path, processed: int, pending: int) -> None:
        """Make a file with so many messages."""
        cls(path, "OFF").close()
        text = f"INSERT INTO task (queue, data) {NUMBERS} SELECT 'bench', CAST(n || ' ' || :text AS BLOB) FROM numbers"
        _fill(path, (pending, text))

    def enqueue(self) -> object:
        """Add one message."""
        self._storage.enqueue(b"0 " + json.dumps(TOOL_INPUT).encode())
        return True

    def work(self) -> Hashable:
        """Take one out; the number that it begins with is its id."""
        data = self._storage.dequeue()
        return None if data is None else bytes(data).split(b" ", 1)[0]

    def close(self) -> None:
        """Close the connection."""
        self._storage.close()


QUEUES: tuple[type[SqliteQueue], ...] = (Unstick, ByHand, LiteQueue, PersistQueue, Huey)


def clear(path: Path, queue: type[SqliteQueue]) -> None:
    """Delete what was processed in a file that is used again."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(queue.forget)


def _fill(path: Path, *steps: tuple[int, str]) -> None:
    """Add the messages in bulk, and have them on the disk before anything is measured."""
    values: dict[str, Any] = {"text": TEXT, "pickled": pickle.dumps(TOOL_INPUT)}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        for count, text in steps:
            if count:
                connection.execute(text, {**values, "count": count})
        connection.execute("PRAGMA journal_mode = WAL")
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _now() -> int:
    return time.time_ns() // 1_000_000
