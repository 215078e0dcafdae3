"""Waiting for messages in PostgreSQL: its triggers notify whoever listens. Where there are none (another program's
table), behind a pooler and on a replica nothing is ever heard, and whoever waits looks by himself after a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from webui.store.errors import StoreError
from webui.store.postgres_driver import Error
from webui.store.postgres_statements import Connection

PAUSE = 1.0
"""Seconds between two attempts to connect."""
# Queues in other schemas of the database notify through the same channel: each says which it is.
WHERE = """
SELECT n.nspname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('pending_messages')"""


class PostgresWatcher:
    """Listens on a connection of its own, which `connect` makes; one that is lost is made anew."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._queue = ""
        self._not_before = 0.0
        self._listen()

    def wait(self, seconds: float) -> bool:
        """Wait for at most so long (and a connection's own time-out, where the server does not answer at all); whether
        messages may have become pending since the wait before."""
        deadline = time.monotonic() + seconds
        if self._connection is None:
            if self._listen():
                return True
            time.sleep(max(0.0, deadline - time.monotonic()))
            return False
        try:
            return self._heard(self._connection, deadline)
        except Error:
            self.close()
            return True

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _heard(self, connection: Connection, deadline: float) -> bool:
        while True:
            left = max(0.0, deadline - time.monotonic())
            heard = {notice.payload for notice in connection.notifies(timeout=left, stop_after=1)}
            if heard & {"", self._queue}:
                return True
            if not heard:
                return False

    def _listen(self) -> bool:
        if time.monotonic() < self._not_before:
            return False
        self._not_before = time.monotonic() + PAUSE
        with suppress(StoreError):
            connection = self._connect()
            try:
                connection.execute("LISTEN unstick")
                self._queue = next((row[0] for row in connection.execute(WHERE)), "")
            except Error:
                connection.close()
            else:
                self._connection = connection
        return self._connection is not None
