"""What every subject measures with: timed loops, rounds in which all contestants take turns, medians and ratios."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any, TypeVar

from bench.queues import Queue

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """Where something is measured. `workers` 0 is the measuring process itself."""

    durability: str
    pending: int
    processed: int = 0
    workers: int = 0


@dataclass(frozen=True)
class Plan:
    """How much is measured. `processed` is how many processed messages lie before the pending ones where there are any;
    `most_seconds` ends a loop before it has done its `operations`."""

    rounds: int
    sizes: tuple[int, ...]
    processed: int
    operations: int
    most_seconds: float
    workers: int
    work_rounds: int
    work_messages: int
    work_seconds: float

    def alone(self, durabilities: Sequence[str]) -> list[Case]:
        """What one process measures: so many pending; at last the smallest number behind many processed ones."""
        depths = [(pending, 0) for pending in self.sizes] + [(self.sizes[0], self.processed)]
        return [Case(durability, *depth) for durability in durabilities for depth in depths]

    def together(self, durabilities: Sequence[str], histories: Sequence[int]) -> list[Case]:
        """What one process and several measure, each claiming as fast as it can: first the one, then the several."""
        return [
            Case(durability, self.work_messages, processed, workers)
            for durability in durabilities
            for processed in histories
            for workers in (1, self.workers)
        ]


FULL = Plan(7, (1_000, 100_000, 1_000_000), 100_000, 1_000, 0.7, 8, 5, 10_000, 1.5)
QUICK = Plan(1, (100, 300, 1_000), 1_000, 20, 0.2, 3, 1, 200, 0.5)
"""Whether everything runs; its figures mean nothing."""


Rounds = dict[str, list[float]]
"""A contestant's figures, one for each round."""


class Results:
    """The figures of one subject: for each case and contestant, one of each kind per round."""

    def __init__(self) -> None:
        self.cases: dict[Case, dict[str, Rounds]] = {}

    def add(self, case: Case, queue: str, figures: Mapping[str, float]) -> None:
        """Keep one round's figures."""
        rounds = self.cases.setdefault(case, {}).setdefault(queue, {})
        for kind, figure in figures.items():
            rounds.setdefault(kind, []).append(figure)

    def all(self, case: Case, queue: str, kind: str) -> list[float]:
        """The figures of all rounds; empty where nothing was measured."""
        return self.cases.get(case, {}).get(queue, {}).get(kind, [])

    def median(self, case: Case, queue: str, kind: str) -> float | None:
        """The median over the rounds."""
        found = self.all(case, queue, kind)
        return median(found) if found else None

    def ratio(self, kind: str, one: tuple[Case, str], other: tuple[Case, str]) -> float | None:
        """How many times the other one is: the median of the ratios within each round."""
        pairs = list(zip(self.all(*one, kind), self.all(*other, kind), strict=False))
        return median(a / b for a, b in pairs) if pairs else None

    def as_json(self) -> list[dict[str, Any]]:
        """Every figure."""
        return [
            {**asdict(case), "queue": queue, "rounds": rounds}
            for case, queues in self.cases.items()
            for queue, rounds in queues.items()
        ]


@dataclass(frozen=True)
class Timing:
    """A timed loop, in µs per operation; the mean has everything in it, a database's checkpoints too."""

    mean: float
    p50: float
    p99: float


def timed(action: Callable[[], object], operations: int, most_seconds: float, at_least: int = 3) -> Timing:
    """Time so many operations, or as many as the seconds allow. An action that returns nothing found nothing to do."""
    laps: list[float] = []
    begin = last = time.perf_counter()
    while len(laps) < operations and (last - begin < most_seconds or len(laps) < at_least):
        if not action():
            raise RuntimeError("The queue ran empty while it was measured.")
        now = time.perf_counter()
        laps.append((now - last) * 1e6)
        last = now
    ordered = sorted(laps)
    return Timing(fmean(laps), median(laps), ordered[int(len(ordered) * 0.99)])


def alone(queue: Queue, plan: Plan) -> dict[str, float]:
    """The figures of one process that enqueues, then claims and acknowledges as many."""
    timed(queue.enqueue, 10, 0.1)
    timed(queue.work, 10, 0.1, at_least=1)
    enqueue = timed(queue.enqueue, plan.operations, plan.most_seconds)
    work = timed(queue.work, plan.operations, plan.most_seconds)
    return {"enqueue": enqueue.mean, "work": work.mean, "p50": work.p50, "p99": work.p99}


def in_turns(rounds: int, cases: Sequence[Case], contestants: Sequence[T]) -> Iterator[tuple[int, Case, T]]:
    """Every contestant in every case, in each round anew, another one first each time: what slows the machine down for
    a while meets all alike, and any two figures of one round can be compared."""
    for number in range(rounds):
        first = number % len(contestants)
        for case in cases:
            for contestant in (*contestants[first:], *contestants[:first]):
                yield number + 1, case, contestant
