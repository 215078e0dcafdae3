"""A bulk retry beside a worker that writes without a busy timeout, as claude-mem's does: what it loses by us."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import Process, Queue, get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from bench.goals import Goal
from bench.measure import Plan
from bench.pages_files import make
from bench.report import Section
from webui.store import gentle, open_store, operations, preview, working
from webui.store.filters import Filters

TITLE = "Bulk"
RATE = 20
"""Writes a second."""
SHARE, LONGEST = 0.01, 100
"""The goals: of the time for which the write lock is held, and for how many ms at once in 99 of 100 times."""


@dataclass(frozen=True)
class Bulk:
    """What was found, in words, and its goals."""

    text: str
    goals: list[Goal]


def measure(plan: Plan, folder: Path, say: Callable[[str], None]) -> Section:
    """As many failed messages as the largest of the plan's sizes; of a million it takes an hour."""
    with TemporaryDirectory(dir=folder) as place:
        bulk = beside_a_writer(Path(place), plan.sizes[-1], say)
    return Section(TITLE, bulk.text, bulk.goals, [])


def beside_a_writer(folder: Path, failed: int, say: Callable[[str], None]) -> Bulk:
    """Retry so many failed messages of a claude-mem file while somebody writes to it, and count what is refused."""
    say(f"{TITLE}: {failed:,} failed messages are retried beside a live writer")
    file = make(folder / "bulk.db", failed // 3 * 10 + failed % 3, tuned=False)
    context = get_context("spawn")
    told: Queue[tuple[int, int]] = context.Queue()
    stop = context.Event()
    writer: Process = context.Process(target=_write, args=(str(file.path), stop, told))  # type: ignore[assignment]
    with closing(open_store(str(file.path))) as store, _locks() as held:
        writer.start()
        begin = time.monotonic()
        id = operations.begin(
            store, "retry", preview.freeze(store, Filters.parse({"status": "failed"})), actor="bench", expected=failed
        )
        done = working.work(store, id)
        seconds = time.monotonic() - begin
        stop.set()
        writes, refused = told.get()
        writer.join()
    share = done.locked_ms / 1000 / seconds
    late = sorted(held)[int(len(held) * 0.99)] * 1000
    expected = preview.cost(done.done, None).locked_ms
    text = (
        f"{done.done:,} messages of a file with claude-mem's indexes were retried in {seconds:.0f} s, beside a worker"
        f" that wrote {RATE} times a second without waiting for a lock: {refused} of its {writes:,} writes were"
        f" refused. The write lock was held for {done.locked_ms:,} ms in all ({expected:,} ms were foretold),"
        f" {late:.0f} ms at the 99th percentile of {len(held):,} times, {done.longest_ms} ms at longest."
    )
    goals = [
        Goal(
            f"Bulk beside a live writer: the lock is held for {SHARE:.0%} of the time", share <= SHARE, f"{share:.2%}"
        ),
        Goal(f"Bulk: the lock for {LONGEST} ms (99th percentile)", late <= LONGEST, f"{late:.0f} ms"),
        Goal("Bulk: every failed message is retried", done.done == failed, f"{done.done:,} of {failed:,}"),
    ]
    return Bulk(text, goals)


@contextmanager
def _locks() -> Iterator[list[float]]:
    """For how many seconds each batch of an operation holds the lock, while the block lasts."""
    held: list[float] = []
    after = gentle.Gentle.after

    def noted(self: gentle.Gentle, seconds: float) -> float:
        held.append(seconds)
        return after(self, seconds)

    with patch.object(gentle.Gentle, "after", noted):
        yield held


def _write(path: str, stop: Event, told: Queue[tuple[int, int]]) -> None:
    """Write at this rate until told to stop; then tell how often, and how often in vain."""
    writes = refused = 0
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        while not stop.wait(1 / RATE):
            writes += 1
            try:
                connection.execute("UPDATE pending_messages SET prompt_number = prompt_number + 1 WHERE id = 5")
            except sqlite3.OperationalError:
                refused += 1
    told.put((writes, refused))
