"""How many rows to change under one write lock. A worker without a busy timeout loses what it writes while we hold
it, so a batch is as large as fits into about 20 ms, and a pause as long follows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from webui.store.database import Database, Transaction
from webui.store.errors import Busy, DiskFull, ReadOnly
from webui.store.sentence import Sentence, sentence

STOPPED = (Busy, DiskFull, ReadOnly)
"""What ends a large change half-way: what is done stays done."""

FIRST, MOST = 50, 500
QUICK, SLOW = 0.015, 0.040
LONGEST_PAUSE = 0.05


class Pace:
    """The size of the next batch in `rows`, from how long the last one held the lock. (A row that carries a large
    payload is written anew with it, so a number of rows says little.)

    After each batch there is a pause as long as it `held` the lock (seconds), or what `pause` makes of that. With
    `lazy` no batch waits for the disk while it has the lock (see `Database.writing`)."""

    def __init__(
        self,
        database: Database,
        pause: Callable[[float], None] | None = None,
        first: int | None = None,
        *,
        lazy: bool = False,
    ) -> None:
        self.rows = FIRST if first is None else first
        self.held = 0.0
        self._database = database
        self._pause = pause or (lambda held: time.sleep(min(held, LONGEST_PAUSE)))
        self._lazy = lazy
        self._any = False

    @contextmanager
    def batch(self, wait: int) -> Iterator[Transaction]:
        """One transaction under the write lock, after the pause for the last one."""
        if self._any:
            self._pause(self.held)
        try:
            with self._database.writing(wait, lazy=self._lazy) as tx:
                began = time.monotonic()
                yield tx
        except STOPPED as error:
            if not self._any:
                raise
            said = error.args[0]
            why = said.but(unchanged="") if isinstance(said, Sentence) else said
            raise type(error)(sentence("{problem} A part is done, the rest is not.", problem=why)) from error
        self._any = True
        self.held = time.monotonic() - began
        if self.held < QUICK:
            self.rows = min(self.rows * 2, MOST)
        elif self.held > SLOW:
            self.rows = max(self.rows // 2, 1)
