"""SQLite through the standard library's driver: the only file that knows it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TypeVar

from webui.store import errors
from webui.store.database import PAGE_WAIT, WORKER_WAIT, Params, Record
from webui.store.dialect import SQLITE
from webui.store.schema import Shape
from webui.store.sentence import sentence
from webui.store.sqlite_errors import named
from webui.store.sqlite_fork import close_before_forks
from webui.store.sqlite_transaction import (
    NOW,
    Connection,
    SQLiteTransaction,
    any_shape,
    bound,
    clock,
    connect,
    end,
    is_locked,
    patiently,
)
from webui.store.sqlite_watch import SQLiteRevision, SQLiteWatcher

T = TypeVar("T")
Identity = tuple[int, int]
"""A file's device and inode."""
FRESH = 0.001
"""Seconds for which a worker's statement takes the file for the one that was there."""


class SQLite:
    """A queue in an SQLite file. Connections are kept and shared between threads, and none is kept over a fork."""

    dialect = SQLITE

    def __init__(self, path: str, *, read_only: bool = False, create: bool = False, synchronous: str = "full") -> None:
        self.location = str(Path(path).expanduser().resolve())
        self.name = Path(self.location).name
        self.read_only = read_only
        if synchronous not in ("full", "normal"):
            raise errors.Unsupported(f"synchronous is full or normal, not {synchronous[:20]!r}.")
        self._synchronous = synchronous
        self._fresh = FRESH
        if sqlite3.sqlite_version_info < (3, 35):
            raise errors.Unsupported(f"Unstick needs SQLite 3.35 or newer; this Python has {sqlite3.sqlite_version}.")
        if create:
            self._touch()
        self.begin_anew()
        close_before_forks(self)

    def begin_anew(self) -> None:
        """Have no connection, and no lock that another thread may hold."""
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._idle: list[Connection] = []
        self._identity: Identity | None = None
        self._checked = 0.0
        self._version = -1
        self._shape: Shape | None = None
        self._revision: SQLiteRevision | None = None

    @property
    def shape(self) -> Shape:
        """The shape that was found last."""
        return self._shape or self.look()

    def now(self) -> int:
        """The machine's clock, in ms since the epoch."""
        return clock()

    def stamp(self) -> object:
        """A mark: the statement that takes it reads the machine's clock when it runs."""
        return NOW

    def look(self) -> Shape:
        """Find the file (again, if it was replaced) and its shape."""
        with self._connection() as connection:
            return self._load(connection)

    def _load(self, connection: sqlite3.Connection) -> Shape:
        def found() -> Shape:
            version: int = connection.execute("PRAGMA schema_version").fetchone()[0]
            shape = self._shape
            if shape is None or version != self._version:
                shape = self._read(connection)
                self._shape, self._version = shape, version
            return shape

        return patiently(found, PAGE_WAIT)

    def _read(self, connection: sqlite3.Connection) -> Shape:
        shape = any_shape(connection)
        try:
            shape.check()
        except errors.NotAQueue as error:
            raise errors.NotAQueue(
                sentence(
                    "{place} holds no queue that Unstick knows: {problem}", place=self.location, problem=error.args[0]
                )
            ) from None
        return shape

    def rows(self, text: str, params: Params | None = None, wait: int = WORKER_WAIT) -> list[Record]:
        """Run one statement in a transaction of its own and return all its rows."""
        return self._run(text, params, sqlite3.Cursor.fetchall, wait) or []

    def claim(self, text: str, params: Params) -> list[Record]:
        """As `rows`; where there is a write-ahead log, its commit is not synced (in another file it has to be)."""
        return self._run(text, params, sqlite3.Cursor.fetchall, WORKER_WAIT, lazy=True) or []

    def change(self, text: str, params: Params) -> int:
        """Run one statement in a transaction of its own and return how many rows it changed."""
        return self._run(text, params, lambda cursor: cursor.rowcount, WORKER_WAIT) or 0

    def _run(
        self, text: str, params: Params | None, result: Callable[[sqlite3.Cursor], T], wait: int, lazy: bool = False
    ) -> T | None:
        # Every claim comes this way, and its acknowledgement: each call less is seen in their time. So it has
        # `_connection` in it, without a generator's context, and is impatient at first.
        if time.monotonic() - self._checked >= self._fresh:
            self._check_file()
        home = self._idle
        try:
            connection = home.pop()  # a list's steps are whole: no lock
        except IndexError:
            connection = self._opened()
        try:
            if connection.lazy is not lazy:
                connection.be(lazy)
            sql = (self._shape or self._load(connection)).sql(text)
            try:
                return result(connection.execute(sql, bound(params)))
            except sqlite3.OperationalError as error:
                if not is_locked(error):
                    raise
            return _again(connection, sql, params, result, wait)
        except OverflowError:
            return None  # no stored number is beyond 64 bits: nothing matches
        except sqlite3.Error as error:
            raise self._named(error) from error
        finally:
            home.append(connection)
            if home is not self._idle:
                _close_all(home)

    @contextmanager
    def reading(self) -> Iterator[SQLiteTransaction]:
        """A consistent view for a page."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield SQLiteTransaction(connection, self._load(connection))
            finally:
                connection.set_progress_handler(None, 0)
                end(connection)

    @contextmanager
    def writing(self, wait: int = WORKER_WAIT, *, lazy: bool = False) -> Iterator[SQLiteTransaction]:
        """Take the write lock at once, commit at the end, roll back on an exception."""
        with self._connection(lazy) as connection:
            with self._locked(connection, wait):
                tx = SQLiteTransaction(connection, self._load(connection))
                yield tx
            if tx.shape is not self._shape:
                self._shape = None  # it made tables

    @contextmanager
    def migrating(self) -> Iterator[SQLiteTransaction]:
        """As `writing`, in a file that may have no queue yet; a file that is empty gets a write-ahead log."""
        with self._connection() as connection:
            tables = "SELECT 1 FROM sqlite_master LIMIT 1"
            if not patiently(lambda: connection.execute(tables).fetchall(), WORKER_WAIT):
                patiently(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchall(), WORKER_WAIT)
            with self._locked(connection, WORKER_WAIT):
                yield SQLiteTransaction(connection, any_shape(connection))

    @contextmanager
    def _locked(self, connection: sqlite3.Connection, wait: int) -> Iterator[None]:
        if self.read_only:
            raise errors.ReadOnly(sentence("The queue is open for reading only: nothing was changed."))
        patiently(lambda: connection.execute("BEGIN IMMEDIATE"), wait)
        try:
            yield
            patiently(lambda: connection.execute("COMMIT"), wait)
        finally:
            end(connection)

    @contextmanager
    def watch(self) -> Iterator[SQLiteWatcher]:
        """A watcher with a connection of its own: SQLite tells a connection of everybody's commits but its own."""
        with closing(self._own()) as own:
            yield SQLiteWatcher(own)

    def _own(self) -> SQLite:
        own = SQLite(self.location, read_only=self.read_only)
        own._fresh = 0.0
        return own

    def revision(self) -> str:
        """What one watching connection of this process says."""
        with self._lock:
            self._revision = self._revision or SQLiteRevision(self._own())
            return self._revision.now()

    def checkpoint(self) -> None:
        """Bring the write-ahead log into the file, as far as nobody is kept waiting by it: else it is the next writer
        who has to."""
        with suppress(errors.StoreError):
            self.rows("PRAGMA wal_checkpoint(PASSIVE)", wait=0)

    def close(self) -> None:
        """Close every idle connection; the next call opens new ones."""
        with self._lock:
            idle, revision = self._idle, self._revision
            self._forget()
        _close_all(idle)
        if revision:
            revision.close()

    @contextmanager
    def _connection(self, lazy: bool = False) -> Iterator[Connection]:
        self._check_file()
        home = self._idle
        try:
            connection = home.pop()
        except IndexError:
            connection = self._opened()
        try:
            connection.be(lazy)
            yield connection
        except sqlite3.Error as error:
            raise self._named(error) from error
        finally:
            if connection.in_transaction:
                connection.close()
            else:
                home.append(connection)
            if home is not self._idle:
                _close_all(home)

    def _opened(self) -> Connection:
        try:
            return connect(self.location, self._synchronous, read_only=self.read_only)
        except sqlite3.Error as error:
            raise self._named(error) from error

    def _check_file(self) -> None:
        """Reopen a file that was replaced: an old connection would write into one that nobody sees."""
        try:
            status = os.stat(self.location)
        except OSError as error:
            raise errors.Missing(
                sentence("There is no database at {place} ({reason}).", place=self.location, reason=error.strerror)
            ) from error
        self._checked = time.monotonic()
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

    def _named(self, error: sqlite3.Error) -> Exception:
        found = named(error, getattr(error, "sqlite_errorname", ""), self.location)
        if isinstance(found, errors.SchemaChanged):
            self._shape = None
        return found


def _again(
    connection: Connection, sql: str, params: Params | None, result: Callable[[sqlite3.Cursor], T], wait: int
) -> T:
    return patiently(lambda: result(connection.execute(sql, bound(params))), wait)


def _close_all(connections: list[Connection]) -> None:
    """Close what is idle among connections that nobody takes any more."""
    with suppress(IndexError):
        while True:
            connections.pop().close()
