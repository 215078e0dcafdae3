"""Staying out of a live writer's way. A writer without a busy timeout loses what it writes while we hold SQLite's one
write lock: its rate × the time that we hold it. So while one is seen, each batch is followed by a pause that keeps our
share of the time below one in a hundred; a server with locks on rows needs none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from webui.store.database import Watcher
from webui.store.errors import StoreError
from webui.store.store import PendingMessageStore

SHARE = 0.008
"""The part of the time that we may hold the lock while somebody writes; with what is free, below one in a hundred."""
AT_ONCE = 0.1
"""Seconds that are free, in all, before that rule begins: what is small is done at once."""
LONGEST = 10.0
"""Seconds between two batches at most; what is still owed is waited for behind the next ones."""
ALIVE = 600_000
"""A queue whose newest message is younger, in ms, has a writer."""
FORGOTTEN = 60.0
"""A writer that was not seen for so many seconds is gone."""
NEWEST = "SELECT created_at_epoch FROM pending_messages WHERE id = (SELECT max(id) FROM pending_messages)"


class Gentle:
    """How long to wait between the batches of one operation. `watcher` sees others' commits; None where no writer is
    in another's way."""

    def __init__(self, store: PendingMessageStore, watcher: Watcher | None) -> None:
        self._store = store
        self._watcher = watcher
        self._total = self._owed = 0.0
        self._seen_at = time.monotonic() if watcher and self._is_alive() else -FORGOTTEN

    def after(self, held: float) -> float:
        """So many seconds to wait after a batch that held the lock for `held` seconds."""
        if self._watcher is None:
            return 0.0
        self._total += held
        self._watcher.wait(0)  # what it saw so far was our own commit
        is_watched = time.monotonic() - self._seen_at < FORGOTTEN and self._total > AT_ONCE
        self._owed = self._owed + held * (1 / SHARE - 1) if is_watched else held
        pause = min(self._owed, LONGEST)
        self._owed -= pause
        return pause

    def before(self) -> None:
        """Look, before the next batch, whether anybody wrote in the meantime."""
        if self._watcher is not None and self._total and self._watcher.wait(0):
            self._seen_at = time.monotonic()

    def _is_alive(self) -> bool:
        try:
            newest = self._store.database.rows(NEWEST, wait=0)
        except StoreError:
            return True
        return any(isinstance(time, int) and self._store.now() - time < ALIVE for (time,) in newest)


@contextmanager
def gentle(store: PendingMessageStore) -> Iterator[Gentle]:
    """For as long as the block lasts."""
    if not store.database.dialect.one_writer:
        yield Gentle(store, None)
        return
    with store.database.watch() as watcher:
        yield Gentle(store, watcher)
