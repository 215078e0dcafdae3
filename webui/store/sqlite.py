"""SQLite through the standard library's driver: the only file that knows it."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar
from urllib.parse import quote

from webui.store import errors
from webui.store.database import PAGE_WAIT, WORKER_WAIT, Params, Record, TimeUp
from webui.store.dialect import SQLITE
from webui.store.model import Piece
from webui.store.schema import KEYS, Shape
from webui.store.sqlite_errors import named
from webui.store.sqlite_shape import read_shape

T = TypeVar("T")


class SQLite:
    """A queue in an SQLite file. Connections are kept and shared between threads; a forked child opens its own."""

    dialect = SQLITE

    def __init__(
        self, path: str, *, read_only: bool = False, create: bool = False, synchronous: str = "full"
    ) -> None:
        self.location = str(Path(path).expanduser().resolve())
        self.name = Path(self.location).name
        self.read_only = read_only
        if synchronous not in ("full", "normal"):
            raise errors.Unsupported(f"synchronous is full or normal, not {synchronous[:20]!r}.")
        self._synchronous = synchronous
        if sqlite3.sqlite_version_info < (3, 35):
            raise errors.Unsupported(f"Unstick needs SQLite 3.35 or newer; this Python has {sqlite3.sqlite_version}.")
        if create:
            self._touch()
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        # A fork's child keeps its parent's connections, unused: to close them would end the parent's locks.
        self._parents = getattr(self, "_idle", None)
        self._idle: list[sqlite3.Connection] = []
        self._owner = os.getpid()
        self._identity: tuple[int, int] | None = None
        self._version = -1
        self._shape: Shape | None = None

    @property
    def shape(self) -> Shape:
        """The shape that was found last."""
        return self._shape or self.look()

    def now(self) -> int:
        """The machine's clock, in ms since the epoch."""
        return time.time_ns() // 1_000_000

    stamp = now

    def look(self) -> Shape:
        """Find the file (again, if it was replaced) and its shape."""
        with self._connection() as connection:
            return self._load(connection)

    def _load(self, connection: sqlite3.Connection) -> Shape:
        def found() -> Shape:
            version: int = connection.execute("PRAGMA schema_version").fetchone()[0]
            if self._shape is None or version != self._version:
                self._shape, self._version = self._read(connection), version
            return self._shape

        return self._patiently(found, PAGE_WAIT)

    def _read(self, connection: sqlite3.Connection) -> Shape:
        shape = _any_shape(connection)
        try:
            shape.check()
        except errors.NotAQueue as error:
            raise errors.NotAQueue(f"{self.location} holds no queue that Unstick knows: {error}") from None
        return shape

    def rows(self, text: str, params: Params | None = None, wait: int = WORKER_WAIT) -> list[Record]:
        """Run one statement in a transaction of its own and return all its rows."""
        with self._connection() as connection:
            sql = (self._shape or self._load(connection)).sql(text)
            try:
                return self._patiently(lambda: connection.execute(sql, params or {}).fetchall(), wait)
            except OverflowError:
                return []  # no stored number is beyond 64 bits: nothing matches

    @contextmanager
    def reading(self) -> Iterator[SQLiteTransaction]:
        """A consistent view for a page."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield SQLiteTransaction(self, connection, self._load(connection))
            finally:
                connection.set_progress_handler(None, 0)
                _end(connection)

    @contextmanager
    def writing(self, wait: int = WORKER_WAIT) -> Iterator[SQLiteTransaction]:
        """Take the write lock at once, commit at the end, roll back on an exception."""
        with self._connection() as connection, self._locked(connection, wait):
            yield SQLiteTransaction(self, connection, self._load(connection))

    @contextmanager
    def migrating(self) -> Iterator[SQLiteTransaction]:
        """As `writing`, in a file that may have no queue yet; a file that is empty gets a write-ahead log."""
        with self._connection() as connection:
            tables = "SELECT 1 FROM sqlite_master LIMIT 1"
            if not self._patiently(lambda: connection.execute(tables).fetchall(), WORKER_WAIT):
                self._patiently(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchall(), WORKER_WAIT)
            with self._locked(connection, WORKER_WAIT):
                yield SQLiteTransaction(self, connection, _any_shape(connection))

    @contextmanager
    def _locked(self, connection: sqlite3.Connection, wait: int) -> Iterator[None]:
        if self.read_only:
            raise errors.ReadOnly("The queue is open for reading only: nothing was changed.")
        self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"), wait)
        try:
            yield
            self._patiently(lambda: connection.execute("COMMIT"), wait)
        finally:
            _end(connection)

    def close(self) -> None:
        """Close every idle connection; the next call opens new ones."""
        with self._lock:
            idle = self._idle
            self._forget()
        for connection in idle:
            connection.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if os.getpid() != self._owner:
            self._forget()  # a connection must not cross a fork
        self._check_file()
        identity, connection = self._identity, None
        try:
            connection = self._take()
            yield connection
        except sqlite3.Error as error:
            raise self._named(error) from error
        finally:
            if connection is not None:
                self._give_back(connection, identity)

    def _give_back(self, connection: sqlite3.Connection, identity: tuple[int, int] | None) -> None:
        with self._lock:
            if identity == self._identity and not connection.in_transaction:
                self._idle.append(connection)
                return
        connection.close()

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _check_file(self) -> None:
        """Reopen a file that was replaced: an old connection would write into one that nobody sees."""
        try:
            status = os.stat(self.location)
        except OSError as error:
            raise errors.Missing(f"There is no database at {self.location} ({error.strerror}).") from error
        identity = (status.st_dev, status.st_ino)
        if identity != self._identity:
            if self._identity is not None:
                self.close()
            self._identity = identity

    def _touch(self) -> None:
        try:
            Path(self.location).touch()
        except OSError as error:
            raise errors.Missing(f"No database can be made at {self.location} ({error.strerror}).") from error

    def _connect(self) -> sqlite3.Connection:
        mode = "ro" if self.read_only else "rw"
        connection = sqlite3.connect(
            f"file:{quote(self.location)}?mode={mode}",
            uri=True,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.row_factory = sqlite3.Row
        connection.text_factory = _text
        try:
            for pragma in ("foreign_keys = ON", f"synchronous = {self._synchronous}"):
                self._patiently(partial(connection.execute, f"PRAGMA {pragma}"), PAGE_WAIT)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _patiently(self, action: Callable[[], T], wait: int) -> T:
        """Try again every millisecond or so: SQLite's own waiting backs off to 100 ms and starves some processes."""
        deadline = time.monotonic() + wait / 1000
        while True:
            try:
                return action()
            except sqlite3.OperationalError as error:
                if (error.sqlite_errorcode & 0xFF) not in _LOCKED or time.monotonic() > deadline:
                    raise
            time.sleep(random.uniform(0.0005, 0.0015))

    def _named(self, error: sqlite3.Error) -> Exception:
        found = named(error, getattr(error, "sqlite_errorname", ""), self.location)
        if isinstance(found, errors.SchemaChanged):
            self._shape = None
        return found


class SQLiteTransaction:
    """Statements on one connection that see one state of the file."""

    def __init__(self, database: SQLite, connection: sqlite3.Connection, shape: Shape) -> None:
        self.shape = shape
        self._database = database
        self._connection = connection
        self._deadline: float | None = None

    def rows(self, text: str, params: Params | None = None) -> list[Record]:
        """Run one statement and return all its rows."""
        sql = self.shape.sql(text)
        try:
            return self._database._patiently(lambda: self._connection.execute(sql, params or {}).fetchall(), PAGE_WAIT)
        except OverflowError:
            return []
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise TimeUp from error
            raise

    def script(self, text: str) -> None:
        """Run the statements of a file of ours."""
        for statement in text.split(";\n"):
            self._connection.execute(statement)

    def alone(self) -> None:
        """Who has the write lock is alone."""

    def reshape(self) -> None:
        """Read the shape anew after this transaction changed it; only the commit makes it everybody's."""
        self.shape = _any_shape(self._connection)

    def head(self, record: Record, table: str, column: str, limit: int) -> Piece:
        """The first `limit` bytes of a payload of a record, and its size."""
        return self._piece(table, column, record[KEYS[table]], record[f"{column}_kind"], 0, limit)

    def peek(self, table: str, column: str, key: int, offset: int, limit: int) -> Piece:
        """At most `limit` bytes of one stored value from `offset` on, and its size, without loading the rest."""
        for row in self.rows(f"SELECT typeof({column}) FROM {table} WHERE rowid = :key", {"key": key}):
            return self._piece(table, column, key, row[0], offset, limit)
        return Piece("null")

    def _piece(self, table: str, column: str, key: int, kind: str, offset: int, limit: int) -> Piece:
        if kind not in ("text", "blob"):
            return Piece(kind) if kind == "null" else self._number(table, column, key, kind)
        try:
            with self._connection.blobopen(table, column, key, readonly=True) as blob:
                blob.seek(min(offset, len(blob)))
                return Piece(kind, len(blob), blob.read(limit), min(offset, len(blob)))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                return Piece("null")  # the row or its value is gone
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


def _any_shape(connection: sqlite3.Connection) -> Shape:
    return read_shape(lambda text: connection.execute(text).fetchall())


def _end(connection: sqlite3.Connection) -> None:
    """Leave a transaction that was not committed. After an I/O error there may be none left, and the error that
    matters is the first; a connection that is still inside one is closed, not used again."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _text(data: bytes) -> str:
    """Invalid UTF-8 must not fail the whole fetch."""
    return data.decode("utf-8", "backslashreplace")


_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
