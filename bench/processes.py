"""Several processes that work on one queue at the same time."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import inf
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError

from bench.queues import Queue

# A server that forks: a child of this process would have its parent's connections.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["bench.sqlite_queues", "bench.postgres_queues"])
_barrier: Barrier
_PATIENCE = 120
"""How long the processes wait for each other, in seconds."""


@dataclass(frozen=True)
class Share:
    """What one process did. Times are the machine's monotonic clock, the same for all processes."""

    ids: list[Hashable]
    errors: Counter[str]
    begin: float
    end: float
    longest: float


@dataclass(frozen=True)
class Contest:
    """What all processes did. `rate` is messages per second, each counted once; `smallest_share` is the part of the
    messages that the process with fewest had; `longest` is the longest single claim and acknowledgement, in ms."""

    rate: float
    smallest_share: float
    longest: float
    doubles: int
    errors: Counter[str]

    @property
    def figures(self) -> dict[str, float]:
        """What is kept of it for the results; `work` is µs per message, to compare by."""
        return {
            "work": 1e6 / self.rate if self.rate else inf, "rate": self.rate, "share": self.smallest_share,
            "longest": self.longest, "doubles": self.doubles, "errors": self.errors.total(),
        }  # fmt: skip


def contest(open_queue: Callable[[], Queue], workers: int, seconds: float) -> Contest:
    """Let so many processes claim and acknowledge until nothing is left, or the time is up."""
    barrier = _CONTEXT.Barrier(workers)
    with ProcessPoolExecutor(workers, mp_context=_CONTEXT, initializer=_meet_at, initargs=(barrier,)) as pool:
        shares = [future.result() for future in [pool.submit(_work, open_queue, seconds) for _ in range(workers)]]
    ids = [id for share in shares for id in share.ids]
    elapsed = max(share.end for share in shares) - min(share.begin for share in shares)
    return Contest(
        rate=len(set(ids)) / elapsed,
        smallest_share=min(len(share.ids) for share in shares) / max(len(ids), 1),
        longest=max(share.longest for share in shares) * 1000,
        doubles=len(ids) - len(set(ids)),
        errors=sum((share.errors for share in shares), Counter()),
    )


def _meet_at(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def _work(open_queue: Callable[[], Queue], seconds: float) -> Share:
    queue = open_queue()
    try:
        _barrier.wait(_PATIENCE)
    except BrokenBarrierError:
        queue.close()
        raise
    ids: list[Hashable] = []
    errors: Counter[str] = Counter()
    longest = 0.0
    begin = last = time.monotonic()
    while last - begin < seconds:
        try:
            id = queue.work()
        except Exception as error:
            errors[f"{type(error).__name__}: {error}"] += 1
        else:
            if id is None:
                break
            ids.append(id)
        now = time.monotonic()
        longest = max(longest, now - last)
        last = now
    queue.close()
    return Share(ids, errors, begin, last, longest)
