"""PostgreSQL through psycopg 3 and its pool: the only file that knows them."""

from __future__ import annotations

import os
import re
import selectors
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import no_result
from psycopg_pool import ConnectionPool, PoolTimeout

from webui.store import errors
from webui.store.database import PAGE_WAIT, WORKER_WAIT, Params, Record, TimeUp
from webui.store.dialect import POSTGRES
from webui.store.model import Piece
from webui.store.postgres_errors import named, unreachable
from webui.store.postgres_shape import read_shape
from webui.store.schema import KEYS, Shape

CONNECTIONS = 20
"""At most so many connections of one process."""
LONGEST = 10_000
"""How long one statement of a page may run, in ms."""
DEFAULTS = {
    "application_name": "unstick",
    "connect_timeout": "5",
    "client_encoding": "UTF8",
    # A server that is gone without a word is noticed after some seconds, not after the kernel's minutes.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "15000",
}
MIGRATION_LOCK = 0x756E737469636B
"""The advisory lock of whoever changes our tables: `unstick` as a number."""
SERVER_CLOCK = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
TOO_OLD = 130_000

Connection = psycopg.Connection[Any]


class Postgres:
    """A queue in a PostgreSQL database. Connections are pooled and shared between threads; a forked child has a pool of
    its own. `prepare_threshold` is psycopg's: None for a pooler that keeps no prepared statements."""

    dialect = POSTGRES

    def __init__(self, url: str, *, read_only: bool = False, prepare_threshold: int | None = 5) -> None:
        try:
            given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
        except psycopg.ProgrammingError as error:
            raise errors.Unsupported(f"This is no address of a PostgreSQL database: {error}") from None
        self._conninfo = make_conninfo(**{**DEFAULTS, **given})
        self._prepare_threshold = prepare_threshold
        self.name = given.get("dbname") or given.get("user") or "postgres"
        user = f"{given['user']}@" if "user" in given else ""
        port = f":{given['port']}" if "port" in given else ""
        host = given.get("host", "")
        self.location = f"postgresql://{user}{'' if host.startswith('/') else host}{port}/{self.name}"
        self.read_only = read_only
        self._pool: ConnectionPool[Connection] | None = None
        self._owner = os.getpid()
        self._shape: Shape | None = None

    @property
    def shape(self) -> Shape:
        """The shape that was found last."""
        return self._shape or self.look()

    def now(self) -> int:
        """The server's clock, in ms since the epoch: one for all hosts."""
        with self._connection() as connection:
            return int(connection.execute(f"SELECT {SERVER_CLOCK}").fetchall()[0][0])

    def stamp(self) -> object:
        """A mark: the statement that takes it reads the server's clock itself, without a journey of its own."""
        return SERVER_CLOCK

    def look(self) -> Shape:
        """Find the tables anew."""
        with self._connection() as connection:
            shape = _any_shape(connection)
        try:
            shape.check()
        except errors.NotAQueue as error:
            raise errors.NotAQueue(
                f"{self.location} holds no queue that Unstick knows: {error} To make one: unstick migrate"
            ) from None
        self._shape = shape
        return shape

    def rows(self, text: str, params: Params | None = None, wait: int = WORKER_WAIT) -> list[Record]:
        """Run one statement in a transaction of its own and return all its rows."""
        sql = self.shape.sql(text)
        with self._connection() as connection:
            return _run(connection, sql, params)

    @contextmanager
    def reading(self) -> Iterator[PostgresTransaction]:
        """A consistent view for a page."""
        shape = self.shape
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "statement_timeout", LONGEST) as page:
            yield PostgresTransaction(page, shape)

    @contextmanager
    def writing(self, wait: int = WORKER_WAIT) -> Iterator[PostgresTransaction]:
        """Wait so long for each row that another transaction has locked; commit at the end, roll back on an
        exception."""
        shape = self.shape
        with self._transaction("BEGIN", "lock_timeout", wait) as connection:
            tx = PostgresTransaction(connection, shape)
            yield tx
        if tx.shape is not shape:
            self._shape = None

    @contextmanager
    def migrating(self) -> Iterator[PostgresTransaction]:
        """As `writing`, alone, in a database that may have no queue yet."""
        with self._transaction("BEGIN", "lock_timeout", WORKER_WAIT) as connection:
            tx = PostgresTransaction(connection, Shape(tables={}, dialect=POSTGRES))
            tx.alone()
            yield tx
        self._shape = None

    @contextmanager
    def _transaction(self, begin: str, setting: str, ms: int) -> Iterator[Connection]:
        if self.read_only and begin == "BEGIN":
            raise errors.ReadOnly("The queue is open for reading only: nothing was changed.")
        with self._connection() as connection:
            connection.execute(f"{begin}; SET LOCAL {setting} = {int(ms)}")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                with suppress(psycopg.Error):  # the first error is the one that matters
                    connection.rollback()

    def close(self) -> None:
        """Close every connection; the next call opens new ones."""
        pool, self._pool, self._shape = self._pool, None, None
        if pool is not None and self._owner == os.getpid():
            pool.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        pool = self._opened()
        try:
            connection = pool.getconn(PAGE_WAIT / 1000)
        except PoolTimeout:
            raise self._why() from None
        except psycopg.OperationalError as error:
            raise unreachable(error.sqlstate, str(error), self.location) from None
        try:
            yield connection
        except psycopg.Error as error:
            found = named(error.sqlstate, self.location) if _is_known(error) else None
            if isinstance(found, errors.SchemaChanged):
                self._shape = None
                connection.close()  # what it has prepared is of the old tables
            if found is None:
                raise
            raise found from error
        finally:
            pool.putconn(connection)

    def _opened(self) -> ConnectionPool[Connection]:
        if self._owner != os.getpid():
            # A fork's child keeps its parent's pool, unused: its connections are the parent's.
            self._parents, self._pool, self._owner = self._pool, None, os.getpid()
        if self._pool is None:
            self._connect().close()  # a pool would only say that it took too long
            pool: ConnectionPool[Connection] = ConnectionPool(
                self._conninfo, min_size=0, max_size=CONNECTIONS, open=True, check=_check, configure=self._configure,
                kwargs={"autocommit": True, "row_factory": _records, "prepare_threshold": self._prepare_threshold},
            )  # fmt: skip
            self._pool = pool
        return self._pool

    def _connect(self) -> Connection:
        try:
            connection: Connection = psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.OperationalError as error:
            raise unreachable(error.sqlstate, str(error), self.location) from None
        if connection.info.server_version < TOO_OLD:
            connection.close()
            raise errors.Unsupported(f"Unstick needs PostgreSQL 13 or newer: {self.location} is older.")
        return connection

    def _why(self) -> errors.StoreError:
        """Why the pool has no connection for us."""
        try:
            self._connect().close()
        except errors.StoreError as error:
            return error
        return errors.Busy(f"All {CONNECTIONS} connections to {self.location} are in use: try again.")

    def _configure(self, connection: Connection) -> None:
        read_only = "; SET default_transaction_read_only = on" if self.read_only else ""
        connection.execute(f"SET lock_timeout = {WORKER_WAIT}{read_only}")


class PostgresTransaction:
    """Statements on one connection, inside its transaction."""

    def __init__(self, connection: Connection, shape: Shape) -> None:
        self.shape = shape
        self._connection = connection
        self._bounded = False

    def rows(self, text: str, params: Params | None = None) -> list[Record]:
        """Run one statement and return all its rows."""
        sql = self.shape.sql(text)
        try:
            return _run(self._connection, sql, params)
        except psycopg.errors.QueryCanceled as error:
            if not self._bounded:
                raise
            self._connection.execute("ROLLBACK TO SAVEPOINT budget")
            raise TimeUp from error

    def script(self, text: str) -> None:
        """Run the statements of a file of ours."""
        self._connection.execute(text)

    def alone(self) -> None:
        """Be the only one who changes our tables until this transaction ends; the shape is read anew."""
        self._connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        self.reshape()

    def reshape(self) -> None:
        """Read the shape anew after this transaction changed it."""
        self.shape = _any_shape(self._connection)

    def head(self, record: Record, table: str, column: str, limit: int) -> Piece:
        """The first `limit` bytes of a payload of a record, and its size: the query itself brought them."""
        size = record[f"{column}_size"]
        return Piece("null") if size is None else Piece("text", size, record[f"{column}_head"][:limit])

    def peek(self, table: str, column: str, key: int, offset: int, limit: int) -> Piece:
        """At most `limit` bytes of one stored value from `offset` on, and its size."""
        text = f"SELECT octet_length({column}), substr(convert_to({column}, 'UTF8'), %(start)s, %(limit)s) FROM {table}"
        values = {"key": key, "start": min(offset, 2**30) + 1, "limit": limit}
        for size, data in self._connection.execute(f"{text} WHERE {KEYS[table]} = %(key)s", values).fetchall():
            return Piece("null") if size is None else Piece("text", size, data, min(offset, size))
        return Piece("null")

    def budget(self, ms: float | None) -> None:
        """Stop a statement that runs past so many ms from now with `TimeUp`; `None` lifts the limit."""
        if self._bounded:
            self._connection.execute(f"RELEASE SAVEPOINT budget; SET LOCAL statement_timeout = {LONGEST}")
        self._bounded = ms is not None
        if ms is not None:
            self._connection.execute(f"SAVEPOINT budget; SET LOCAL statement_timeout = {max(1, round(ms))}")


class _Record(tuple[Any, ...]):
    """A row by position, by name, or unpacked."""

    names: tuple[str, ...]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        return list(self.names)


@lru_cache(maxsize=512)
def _record(names: tuple[str, ...]) -> type[_Record]:
    return type("_Record", (_Record,), {"names": names, "__slots__": ()})


def _records(cursor: psycopg.Cursor[Any]) -> Any:
    """psycopg's row factory for such records."""
    if cursor.description is None:
        return no_result
    return _record(tuple(column.name for column in cursor.description))


_NAME = re.compile(r"(?<![:\w]):([a-z_]\w*)")


@lru_cache(maxsize=1024)
def _translated(sql: str, server_clock: bool) -> str:
    """The text with psycopg's marks for parameters."""
    sql = sql.replace("%", "%%")
    if server_clock:
        sql = re.sub(r"(?<![:\w]):now\b", SERVER_CLOCK, sql)
    return _NAME.sub(r"%(\1)s", sql)


def _run(connection: Connection, sql: str, params: Params | None) -> list[Record]:
    given = params or {}
    cursor = connection.execute(_translated(sql, given.get("now") is SERVER_CLOCK), given)
    return cursor.fetchall() if cursor.description is not None else []


def _any_shape(connection: Connection) -> Shape:
    return read_shape(lambda text: connection.execute(text).fetchall())


def _is_known(error: psycopg.Error) -> bool:
    """Whether the server, or its silence, is to blame; an error of the driver's without a state is a fault of ours."""
    return error.sqlstate is not None or isinstance(error, (psycopg.OperationalError, psycopg.DataError))


def _check(connection: Connection) -> None:
    """Whether an idle connection still lives, without a journey to the server: what is readable there is its end, or a
    message that a statement will make us read."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(connection, selectors.EVENT_READ)
        if waiting.select(0):
            ConnectionPool.check_connection(connection)
