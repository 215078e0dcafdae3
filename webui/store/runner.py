"""What goes on in the background: a thread of this process for each operation, which waits while another process is at
it and goes on when that one has ended; and, once in a while, the sweeping out of what is older than it is kept."""

from __future__ import annotations

import logging
import os
import time
from threading import Event, Lock, Thread

from webui.store import operations, retention
from webui.store.errors import StoreError
from webui.store.store import PendingMessageStore
from webui.store.working import work

MOST = 4
"""So many at once in one process, where writers are not in each other's way; else one. Those with a speed mostly wait,
and are not counted."""
OFTEN = 2.0
"""Seconds between two looks for operations whose process has ended."""
SELDOM = 3_600.0
"""Seconds between two sweeps."""

log = logging.getLogger(__name__)


class Runner:
    """Goes on with the operations of one store. `wake` it when one was begun, and whenever somebody looks. The trash
    and the journal are kept for so many days (0: for ever)."""

    def __init__(self, store: PendingMessageStore, *, trash_days: int = 0, journal_days: int = 0) -> None:
        self._store = store
        self._days = (trash_days, journal_days)
        self._swept_at = -SELDOM
        self._forget()

    def _forget(self) -> None:
        self._lock = Lock()
        self._stop = Event()
        self._threads: dict[int, Thread] = {}
        self._sweeper: Thread | None = None
        self._looked_at = 0.0
        self._owner = os.getpid()

    def wake(self, *, now: bool = False) -> None:
        """Start what waits. Called again a moment later (unless `now`), it does not even look."""
        if self._owner != os.getpid():
            self._forget()  # a fork's child has none of its parent's threads
        if self._store.read_only or (not now and time.monotonic() - self._looked_at < OFTEN):
            return
        with self._lock:
            self._looked_at = time.monotonic()
            self._threads = {id: thread for id, thread in self._threads.items() if thread.is_alive()}
            running = self._running()
            free = (1 if self._store.database.dialect.one_writer else MOST) - sum(
                running.get(id) is None for id in self._threads
            )
            for id, per_minute in running.items():
                free -= id not in self._threads and per_minute is None
                if id not in self._threads and (per_minute or free >= 0) and not self._stop.is_set():
                    self._threads[id] = Thread(
                        target=self._run, args=(id,), name=f"unstick-operation-{id}", daemon=True
                    )
                    self._threads[id].start()

    def sweep(self) -> None:
        """Purge and forget what is due, in a thread; called again within SELDOM it does nothing."""
        if self._store.read_only or not any(self._days) or time.monotonic() - self._swept_at < SELDOM:
            return
        with self._lock:
            self._swept_at = time.monotonic()
            if self._sweeper is None or not self._sweeper.is_alive():
                self._sweeper = Thread(target=self._sweep, name="unstick-sweep", daemon=True)
                self._sweeper.start()

    def stop(self) -> None:
        """Let each end behind its next step; whoever comes next goes on with them."""
        with self._lock:
            self._stop.set()
            threads = [*self._threads.values(), *([self._sweeper] if self._sweeper else [])]
        for thread in threads:
            thread.join()
        self._forget()

    def _running(self) -> dict[int, int | None]:
        try:
            return operations.running(self._store)
        except StoreError:
            return {}  # the page says it

    def _sweep(self) -> None:
        try:
            while not self._stop.is_set() and retention.sweep(self._store, *self._days, self._store.now()).more:
                self._stop.wait(OFTEN)
        except StoreError as error:
            log.warning("What is old stays for now: %s", error)

    def _run(self, id: int) -> None:
        """Until the operation is over: whoever else is at it may end before."""
        try:
            while not self._stop.is_set():
                operation = work(self._store, id, stop=self._stop)
                if operation.is_over:
                    break
                left = (operation.lease_until - self._store.now()) / 1000
                self._stop.wait(min(max(left, 0.01), OFTEN))
        except StoreError as error:
            log.warning("Operation %s waits: %s", id, error)
        except Exception:
            log.exception("Operation %s was stopped by an error of ours", id)
        else:
            with self._lock:
                self._threads.pop(id, None)
            self.wake(now=True)  # another one may have waited for its turn
