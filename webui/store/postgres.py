"""A queue in a PostgreSQL database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from webui.store import errors
from webui.store.database import PAGE_WAIT, WORKER_WAIT, Params, Record, TimeUp
from webui.store.dialect import POSTGRES
from webui.store.model import NOTHING, Piece
from webui.store.postgres_driver import Address, Canceled, Connections, Error
from webui.store.postgres_shape import read_shape
from webui.store.postgres_statements import SERVER_CLOCK, Connection, change, run, run_many
from webui.store.postgres_watch import PostgresWatcher
from webui.store.schema import KEYS, Shape
from webui.store.sentence import sentence

# Planned for any limit and any time, as a prepared statement may be, a page's question could read the whole table.
BEGIN_PAGE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan"
LONGEST = 10_000
"""How long one statement of a page may run, in ms."""
TRIES = 100
# A replica's snapshot does not name who is at work on the primary: there it is how far it has come.
REVISION = """
SELECT CASE WHEN pg_is_in_recovery() THEN CAST(pg_last_wal_replay_lsn() AS TEXT)
  ELSE CAST(pg_current_snapshot() AS TEXT) END"""
# The schema is the queue's, or where one would be made: queues in other schemas of the database do not wait.
ALONE = """
SELECT pg_advisory_xact_lock(hashtext('unstick'), hashtext(CAST(coalesce(
  (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = to_regclass('pending_messages')),
  CAST(current_schema() AS regnamespace)) AS TEXT)))"""


class Postgres:
    """A queue in a PostgreSQL database. Connections are pooled and shared between threads; a forked child has a pool of
    its own. `prepare_threshold` is psycopg's: None for a pooler that keeps no prepared statements."""

    dialect = POSTGRES

    def __init__(self, url: str, *, read_only: bool = False, prepare_threshold: int | None = 5) -> None:
        address = Address.parse(url)
        self.name = address.name
        self.location = address.location
        self.read_only = read_only
        self._connections = Connections(
            address, read_only=read_only, prepare_threshold=prepare_threshold, on_change=self._forget
        )
        self._held = threading.local()
        self._shape: Shape | None = None

    @property
    def shape(self) -> Shape:
        """The shape that was found last."""
        return self._shape or self.look()

    def now(self) -> int:
        """The server's clock, in ms since the epoch: one for all hosts. Inside a transaction its connection asks, for
        many threads that each hold one and want another would wait for each other."""
        text = f"SELECT {SERVER_CLOCK}"
        held: Connection | None = getattr(self._held, "connection", None)
        if held is not None:
            return int(run(held, text, None)[0][0])
        with self._connections.one() as connection:
            return int(run(connection, text, None)[0][0])

    def stamp(self) -> object:
        """A mark: the statement that takes it reads the server's clock itself, without a journey of its own."""
        return SERVER_CLOCK

    def look(self) -> Shape:
        """Find the tables anew."""
        with self._connections.one() as connection:
            shape = _any_shape(connection)
        try:
            shape.check()
        except errors.NotAQueue as error:
            raise errors.NotAQueue(
                sentence(
                    "{place} holds no queue that Unstick knows: {problem} To make one: unstick migrate",
                    place=self.location,
                    problem=error.args[0],
                )
            ) from None
        self._shape = shape
        return shape

    def rows(self, text: str, params: Params | None = None, wait: int = WORKER_WAIT) -> list[Record]:
        """Run one statement in a transaction of its own and return all its rows."""
        sql = self.shape.sql(text)
        with self._connections.one(wait) as connection:
            return run(connection, sql, params)

    def claim(self, text: str, params: Params) -> list[Record]:
        """As `rows`: the statement itself says that its commit need not be waited for."""
        return self.rows(text, params)

    def change(self, text: str, params: Params) -> int:
        """Run one statement in a transaction of its own and return how many rows it changed."""
        sql = self.shape.sql(text)
        with self._connections.one() as connection:
            return change(connection, sql, params)

    @contextmanager
    def reading(self) -> Iterator[PostgresTransaction]:
        """A consistent view for a page."""
        shape = self.shape
        with self._transaction(BEGIN_PAGE, "statement_timeout", LONGEST, PAGE_WAIT) as page:
            yield PostgresTransaction(page, shape)

    @contextmanager
    def writing(self, wait: int = WORKER_WAIT, *, lazy: bool = False) -> Iterator[PostgresTransaction]:
        """Wait so long for each row that another transaction has locked; commit at the end, roll back on an
        exception. None is lazy: nobody waits for it, and a server that crashes would take it back while we live."""
        shape = self.shape
        with self._transaction("BEGIN", "lock_timeout", wait, wait) as connection:
            tx = PostgresTransaction(connection, shape)
            yield tx
        if tx.shape is not shape:
            self._shape = None

    @contextmanager
    def migrating(self) -> Iterator[PostgresTransaction]:
        """As `writing`, alone, in a database that may have no queue yet."""
        with self._transaction("BEGIN", "lock_timeout", WORKER_WAIT, WORKER_WAIT) as connection:
            tx = PostgresTransaction(connection, Shape(tables={}, dialect=POSTGRES))
            tx.alone()
            yield tx
        self._shape = None

    @contextmanager
    def watch(self) -> Iterator[PostgresWatcher]:
        """A watcher with a connection of its own, which listens."""
        with closing(PostgresWatcher(self._connections.alone)) as watcher:
            yield watcher

    def revision(self) -> str:
        """What is visible now; also others' changes elsewhere on the server make another."""
        with self._connections.one(PAGE_WAIT) as connection:
            return str(run(connection, REVISION, None)[0][0])

    def checkpoint(self) -> None:
        """The server has a process for that."""

    def close(self) -> None:
        """Close every connection; the next call opens new ones."""
        self._forget()
        self._connections.close()

    def _forget(self) -> None:
        self._shape = None

    @contextmanager
    def _transaction(self, begin: str, setting: str, ms: int, wait: int) -> Iterator[Connection]:
        if self.read_only and begin == "BEGIN":
            raise errors.ReadOnly(sentence("The queue is open for reading only: nothing was changed."))
        with self._connections.one(wait) as connection:
            connection.execute(f"{begin}; SET LOCAL {setting} = {int(ms)}")
            self._held.connection = connection
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                self._held.connection = None
                with suppress(Error):  # the first error is the one that matters
                    connection.rollback()


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
            return run(self._connection, sql, params)
        except Canceled as error:
            if not self._bounded:
                raise
            self._unbound()
            raise TimeUp from error

    def many(self, text: str, params: list[dict[str, Any]]) -> None:
        """Run one statement for each of these parameters."""
        run_many(self._connection, self.shape.sql(text), params)

    def script(self, text: str) -> None:
        """Run the statements of a file of ours."""
        self._connection.execute(text)

    def alone(self) -> None:
        """Be the only one who changes our tables until this transaction ends; the shape is read anew."""
        self._connection.execute(ALONE)
        self.reshape()

    def reshape(self) -> None:
        """Read the shape anew after this transaction changed it."""
        self.shape = _any_shape(self._connection)

    def head(self, record: Record, table: str, column: str, limit: int) -> Piece:
        """The first `limit` bytes of a payload of a record, and its size: the query itself brought them."""
        size = record[f"{column}_size"]
        return NOTHING if size is None else Piece("text", size, record[f"{column}_head"][:limit])

    def peek(self, table: str, column: str, key: int, offset: int, limit: int) -> Piece:
        """At most `limit` bytes of one stored value from `offset` on, and its size."""
        text = f"SELECT octet_length({column}), substr(convert_to({column}, 'UTF8'), %(start)s, %(limit)s) FROM {table}"
        values = {"key": key, "start": min(offset, 2**30) + 1, "limit": limit}
        for size, data in self._connection.execute(f"{text} WHERE {KEYS[table]} = %(key)s", values).fetchall():
            return NOTHING if size is None else Piece("text", size, data, min(offset, size))
        return NOTHING

    def budget(self, ms: float | None) -> None:
        """Stop a statement that runs past so many ms from now with `TimeUp`; `None` lifts the limit. For reading: what
        was written meanwhile is rolled back."""
        if self._bounded:
            self._unbound()
        if ms is not None:
            self._connection.execute(f"SAVEPOINT budget; SET LOCAL statement_timeout = {max(1, round(ms))}")
            self._bounded = True

    def _unbound(self) -> None:
        """Back to where the budget began, and to the limit that was before it. Until then the budget's limit is on this
        too, and on a busy machine it can be over before this begins: then again."""
        for _ in range(TRIES):
            with suppress(Canceled):
                self._connection.execute("ROLLBACK TO SAVEPOINT budget; RELEASE SAVEPOINT budget")
                break
        self._bounded = False


def _any_shape(connection: Connection) -> Shape:
    return read_shape(lambda text: connection.execute(text).fetchall())
