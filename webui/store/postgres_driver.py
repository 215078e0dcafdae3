"""psycopg 3 and its pool, which nothing else but `postgres_statements` knows: connections, and the store's named errors
in place of the driver's."""

from __future__ import annotations

import os
import re
import select
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from webui.store import errors
from webui.store.database import WORKER_WAIT
from webui.store.postgres_errors import named, unreachable
from webui.store.postgres_statements import Connection, records
from webui.store.schema import QUEUE
from webui.store.sentence import sentence

CONNECTIONS = 20
"""At most so many connections of one process."""
LOOK = 0.25
"""Who waits for a connection asks why there is none after each so many seconds."""
DEFAULTS = {
    "application_name": "unstick", "connect_timeout": "3", "client_encoding": "UTF8",
    # A server that is gone without a word is noticed after some seconds, not after the kernel's minutes.
    "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "2", "tcp_user_timeout": "15000",
}  # fmt: skip
TOO_OLD = 130_000

Error = psycopg.Error
Canceled = psycopg.errors.QueryCanceled


class Taken(NamedTuple):
    """A connection, the pool that it goes back to, and what tells that there is something to read on it."""

    pool: ConnectionPool[Connection]
    connection: Connection
    poll: Any


@dataclass(frozen=True)
class Address:
    """Where a database is: for the driver, and (without the password) for people."""

    conninfo: str
    name: str
    location: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Raises Unsupported. What the driver says of a bad URL may quote the password, so it is not passed on."""
        try:
            given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
        except psycopg.ProgrammingError:
            given = {"port": "unknown"}
        name = given.get("dbname") or given.get("user") or "postgres"
        if not re.fullmatch(r"[0-9,]*", given.get("port", "")) or "@" in name:
            raise errors.Unsupported(
                "This is no address of a PostgreSQL database: postgresql://user:password@host:port/name?option=value,"
                " and in a name or password each of : / @ % ? # or a space is written as %3A, %2F, %40, %25, …"
            )
        user = f"{given['user']}@" if "user" in given else ""
        port = f":{given['port']}" if "port" in given else ""
        host = given.get("host", "")
        location = f"postgresql://{user}{'' if host.startswith('/') else host}{port}/{name}"
        return cls(make_conninfo(**{**DEFAULTS, **given}), name, location)


class Connections:
    """The connections of one process, shared between its threads; a forked child has its own. `on_change` is called
    when the tables turn out to be others than they were."""

    def __init__(
        self, address: Address, *, read_only: bool, prepare_threshold: int | None, on_change: Callable[[], None]
    ) -> None:
        self._address = address
        self._on_change = on_change
        self._outdated = errors.SchemaChanged if read_only else (errors.SchemaChanged, errors.ReadOnly)
        self._settings = f"SET lock_timeout = {WORKER_WAIT}"
        if read_only:
            self._settings += "; SET default_transaction_read_only = on"
        self._options = {"autocommit": True, "row_factory": records, "prepare_threshold": prepare_threshold}
        self._pool: ConnectionPool[Connection] | None = None
        self._forget()

    def _forget(self) -> None:
        # A fork's child keeps its parent's pool, unused: those connections are the parent's.
        self._parents, self._pool = self._pool, None
        self._front: deque[Taken] = deque()
        self._lock = Lock()
        self._owner = os.getpid()

    def one(self, wait: int = WORKER_WAIT) -> Borrowed:
        """A connection for this thread, in autocommit, after at most `wait` ms; for a `with`. Raises the store's named
        errors, also for the driver's."""
        return Borrowed(self, wait)

    def take(self, wait: int) -> Taken:
        """The pool waits for a server that is away; who wants a connection now is told why there is none. One that is
        idle stays in front of the pool: the way through it takes a worker longer than all else that we do."""
        if self._owner != os.getpid():
            self._forget()
        try:
            taken = self._front.pop()
        except IndexError:
            return self._from_pool(wait)
        if _lives(taken):
            return taken
        taken.connection.close()
        taken.pool.putconn(taken.connection)
        return self._from_pool(wait)

    def give_back(self, taken: Taken, error: BaseException | None) -> errors.StoreError | None:
        """Let others have it. Returns the store's error for one of the driver's, where it has a name."""
        found = named(_state(error), self._address.location) if isinstance(error, psycopg.Error) else None
        if outdated := isinstance(found, self._outdated):
            # What any of them has prepared is of the old tables, or they lead to the old primary.
            self._return_front()
            taken.pool.drain()
            self._on_change()
        # What an interrupt left inside a transaction is the pool's to end.
        if self._front or outdated or taken.connection.pgconn.transaction_status or taken.pool is not self._pool:
            taken.pool.putconn(taken.connection)
        else:
            self._front.append(taken)
            if taken.pool is not self._pool:
                self._return_front()  # closed meanwhile
        return found

    def _return_front(self) -> None:
        with suppress(IndexError):
            while True:
                taken = self._front.pop()
                taken.pool.putconn(taken.connection)

    def alone(self) -> Connection:
        """A connection outside the pool. Raises Missing, Busy, Unsupported."""
        try:
            connection = Connection.connect(self._address.conninfo, autocommit=True)
        except psycopg.OperationalError as error:
            raise unreachable(str(error), self._address.location) from None
        if connection.info.server_version < TOO_OLD:
            connection.close()
            raise errors.Unsupported(
                sentence("Unstick needs PostgreSQL 13 or newer: {place} is older.", place=self._address.location)
            )
        return connection

    def close(self) -> None:
        """Close them all; the next call opens new ones."""
        if self._owner != os.getpid():
            self._forget()
        with self._lock:
            pool, self._pool = self._pool, None
        self._return_front()
        if pool is not None:
            pool.close()

    def _from_pool(self, wait: int) -> Taken:
        deadline = time.monotonic() + wait / 1000
        while True:
            pool = self._opened()
            try:
                connection = pool.getconn(LOOK)
            except PoolClosed:
                continue  # another thread closed the store: it opens again
            except PoolTimeout:
                reason = self._why_none(pool)
                if not isinstance(reason, errors.Busy) or time.monotonic() >= deadline:
                    raise reason from None
                with suppress(IndexError):  # nobody who waits at the pool sees the one before it
                    return self._front.pop()
                continue
            taken = Taken(pool, connection, _poll(connection))
            if _lives(taken):
                return taken
            connection.close()
            pool.putconn(connection)  # it opens another in its place

    def _opened(self) -> ConnectionPool[Connection]:
        with self._lock:
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._address.conninfo, connection_class=Connection, kwargs=self._options,
                    min_size=0, max_size=CONNECTIONS, open=True, configure=self._configure, num_workers=2,
                    # No growing pauses between attempts to connect: who needs a connection asks again soon enough.
                    reconnect_timeout=0,
                )  # fmt: skip
            return self._pool

    def _configure(self, connection: Connection) -> None:
        if connection.info.server_version < TOO_OLD:
            raise psycopg.NotSupportedError("too old")  # `alone` says it
        connection.execute(self._settings)

    def _why_none(self, pool: ConnectionPool[Connection]) -> errors.StoreError:
        if pool.get_stats()["pool_size"] < CONNECTIONS:
            try:
                self.alone().close()
            except errors.StoreError as error:
                return error
        return errors.Busy(
            sentence("No connection to {place} was free in time: try again.", place=self._address.location)
        )


class Borrowed:
    """A connection for the length of a `with`. (A generator would take longer than all else that is done around a
    claim.)"""

    __slots__ = ("_connections", "_taken", "_wait")

    def __init__(self, connections: Connections, wait: int) -> None:
        self._connections, self._wait = connections, wait

    def __enter__(self) -> Connection:
        self._taken = self._connections.take(self._wait)
        return self._taken.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        found = self._connections.give_back(self._taken, error)
        if found is not None:
            raise found from error


def _poll(connection: Connection) -> Any:
    if not hasattr(select, "poll"):  # Windows
        return None
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return poll


def _lives(taken: Taken) -> bool:
    """Whether an idle connection still lives, without a journey to the server: what is readable there is its end, or a
    message that a statement will make us read."""
    if taken.poll is None or not taken.poll.poll(0):
        return True
    try:
        taken.connection.execute("")
    except psycopg.Error:
        return False
    return True


def _state(error: psycopg.Error) -> str:
    """The SQLSTATE of an error; of one that the driver raised itself, what it stands for: a value that cannot be sent,
    a server that says nothing. Any other is a fault of ours."""
    if error.sqlstate == "23503" and error.diag.table_name not in (None, QUEUE):
        return "23503 elsewhere"
    kinds = {psycopg.DataError: "22000", psycopg.OperationalError: "08006"}
    return error.sqlstate or next((state for kind, state in kinds.items() if isinstance(error, kind)), "")
