"""What a statement or a transaction does on one connection to an SQLite file."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from webui.store.database import PAGE_WAIT, Params, Record, TimeUp
from webui.store.model import NOTHING, Piece
from webui.store.schema import KEYS, Shape
from webui.store.sqlite_shape import read_shape

T = TypeVar("T")
NOW = object()
"""In place of a time: the machine's clock as the statement runs."""
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Connection(sqlite3.Connection):
    """A connection whose commits wait for the disk as `level` says, but for those that may be `lazy`."""

    level = "full"
    lazy = False
    _logs = False

    def be(self, lazy: bool) -> None:
        """Be ready for what a power cut may take back, or for what must reach the disk."""
        if lazy is self.lazy or self.level == "normal":
            return
        # Only a write-ahead log is safe without; while a connection is open, no other can put an end to it.
        self._logs = self._logs or self._asked("PRAGMA journal_mode")[0][0] == "wal"
        if self._logs:
            self._asked("PRAGMA synchronous = normal" if lazy else "PRAGMA synchronous = full")
            self.lazy = lazy

    def _asked(self, text: str) -> list[Any]:
        return patiently(lambda: self.execute(text).fetchall(), PAGE_WAIT)


def connect(location: str, synchronous: str, *, read_only: bool) -> Connection:
    """A new connection to a file; `synchronous` is its level."""
    connection = sqlite3.connect(
        f"file:{quote(location)}?mode={'ro' if read_only else 'rw'}",
        uri=True,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        factory=Connection,
    )
    connection.level = synchronous
    connection.row_factory = sqlite3.Row
    connection.text_factory = _text
    try:
        for pragma in ("foreign_keys = ON", f"synchronous = {synchronous}"):
            patiently(partial(connection.execute, f"PRAGMA {pragma}"), PAGE_WAIT)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _text(stored: bytes) -> str:
    """Invalid UTF-8 must not fail the whole fetch. A claim reads six texts: the first try is the quick one."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored.decode(errors="backslashreplace")


class SQLiteTransaction:
    """Statements on one connection that see one state of the file."""

    def __init__(self, connection: sqlite3.Connection, shape: Shape) -> None:
        self.shape = shape
        self._connection = connection
        self._deadline: float | None = None

    def rows(self, text: str, params: Params | None = None) -> list[Record]:
        """Run one statement and return all its rows."""
        sql = self.shape.sql(text)
        try:
            return patiently(lambda: self._connection.execute(sql, bound(params)).fetchall(), PAGE_WAIT)
        except OverflowError:
            return []
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise TimeUp from error
            raise

    def many(self, text: str, params: list[dict[str, Any]]) -> None:
        """Run one statement for each of these parameters."""
        self._connection.executemany(self.shape.sql(text), params)

    def script(self, text: str) -> None:
        """Run the statements of a file of ours."""
        for statement in text.split(";\n"):
            self._connection.execute(statement)

    def alone(self) -> None:
        """Who has the write lock is alone."""

    def reshape(self) -> None:
        """Read the shape anew after this transaction changed it; only the commit makes it everybody's."""
        self.shape = any_shape(self._connection)

    def head(self, record: Record, table: str, column: str, limit: int) -> Piece:
        """The first `limit` bytes of a payload of a record, and its size."""
        return self._piece(table, column, record[KEYS[table]], record[f"{column}_kind"], 0, limit)

    def peek(self, table: str, column: str, key: int, offset: int, limit: int) -> Piece:
        """At most `limit` bytes of one stored value from `offset` on, and its size, without loading the rest."""
        for row in self.rows(f"SELECT typeof({column}) FROM {table} WHERE rowid = :key", {"key": key}):
            return self._piece(table, column, key, row[0], offset, limit)
        return NOTHING

    def _piece(self, table: str, column: str, key: int, kind: str, offset: int, limit: int) -> Piece:
        if kind not in ("text", "blob"):
            return NOTHING if kind == "null" else self._number(table, column, key, kind)
        try:
            with self._connection.blobopen(table, column, key, readonly=True) as blob:
                blob.seek(min(offset, len(blob)))
                return Piece(kind, len(blob), blob.read(limit), min(offset, len(blob)))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                return NOTHING  # the row or its value is gone
            raise

    def _number(self, table: str, column: str, key: int, kind: str) -> Piece:
        found = self.rows(f"SELECT CAST({column} AS TEXT) FROM {table} WHERE rowid = :key", {"key": key})
        data = found[0][0].encode() if found else b""
        return Piece(kind, len(data), data)

    def budget(self, ms: float | None) -> None:
        """Stop a statement that runs past so many ms from now with `TimeUp`; `None` lifts the limit."""
        if ms is None:
            self._connection.set_progress_handler(None, 0)
            return
        deadline = time.monotonic() + ms / 1000
        self._connection.set_progress_handler(lambda: time.monotonic() > deadline, 100)


def any_shape(connection: sqlite3.Connection) -> Shape:
    """The file's shape, whether there is a queue in it or not."""
    return read_shape(lambda text: connection.execute(text).fetchall())


def end(connection: sqlite3.Connection) -> None:
    """Leave a transaction that was not committed. After an I/O error there may be none left, and the error that
    matters is the first; a connection that is still inside one is closed, not used again."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def patiently(action: Callable[[], T], wait: int) -> T:
    """Try again every millisecond or so, for so many ms, while the file is locked: SQLite's own waiting backs off to
    100 ms and starves some processes."""
    deadline = time.monotonic() + wait / 1000
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.0005, 0.0015))


def is_locked(error: sqlite3.OperationalError) -> bool:
    """Whether another connection has the lock that the statement needs."""
    return (error.sqlite_errorcode & 0xFF) in _LOCKED


def clock() -> int:
    """The machine's clock, in ms since the epoch."""
    return time.time_ns() // 1_000_000


def bound(params: Params | None) -> Params:
    """The parameters of one try, with the time in place of the mark for it. A statement that waited for the lock and
    tries again must not come with the time from before, or two claims of one message could have the same start."""
    if params and params.get("now") is NOW:
        return {**params, "now": time.time_ns() // 1_000_000}
    return params or {}
