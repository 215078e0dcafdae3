"""Waiting for commits to an SQLite file, which tells nobody: its `PRAGMA data_version` is looked at, ever less often
while nothing happens. It changes with the commits of all other connections, in any process, and nothing is ever written
on the one that asks; a look takes microseconds and leaves no transaction open."""

from __future__ import annotations

import os
import secrets
import time
from threading import Lock

from webui.store.database import Database
from webui.store.errors import Busy, StoreError

SHORTEST, LONGEST = 0.005, 0.1
"""Seconds between two looks."""
GROWTH = 1.5


class SQLiteWatcher:
    """Looks at a file through a database of its own, which nobody else uses."""

    def __init__(self, own: Database) -> None:
        self._own = own
        self._seen: object = None
        self._seen = self._look()
        self._pause = SHORTEST

    def wait(self, seconds: float) -> bool:
        """Wait for at most so long; whether anybody may have changed something since the wait before."""
        deadline = time.monotonic() + seconds
        while (now := self._look()) == self._seen:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(self._pause, left))
            self._pause = min(self._pause * GROWTH, LONGEST)
        self._seen = now
        self._pause = SHORTEST
        return True

    def _look(self) -> object:
        """The state of the file; None while it is away. A file in another's place is another state, whatever its
        version: versions count from the opening on."""
        try:
            file = os.stat(self._own.location)
            version = self._own.rows("PRAGMA data_version", wait=0)[0][0]
        except Busy:
            return self._seen
        except (StoreError, OSError):
            return None
        return file.st_dev, file.st_ino, version


class SQLiteRevision:
    """How often a file changed since this was made, as a text that nobody else's has. Safe to share between threads."""

    def __init__(self, own: Database) -> None:
        self._own = own
        self._watcher = SQLiteWatcher(own)
        self._lock = Lock()
        self._name = secrets.token_hex(4)
        self._number = 0

    def now(self) -> str:
        """The revision now."""
        with self._lock:
            self._number += self._watcher.wait(0)
            return f"{self._name}.{self._number}"

    def close(self) -> None:
        """Close its connection."""
        self._own.close()
