"""Histories made by hand, for the tests of the checker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.store.kill.checker import Fence, Row, problems
from tests.store.kill.history import Call

A, B = "worker a", "worker b"


class Story:
    """A history made by hand: one call after the other, each as long as one tick."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.rows: dict[int, Row] = {}
        self.tick = 0

    def call(self, who: str, name: str, given: Any, answer: Any = None, *, killed: bool = False) -> None:
        self.tick += 2
        self.calls.append(Call(who, name, given, self.tick, answer, None if killed else self.tick + 1))

    def enqueue(self, id: int = 1, *, killed: bool = False) -> None:
        self.call("producer", "enqueue", id + 100, None if killed else id, killed=killed)

    def claim(self, who: str, started: int, retry_count: int = 0, id: int = 1) -> Fence:
        fence = Fence(id, started, retry_count)
        self.call(who, "claim", None, [list(fence)])
        return fence

    def settle(self, who: str, name: str, fence: Fence, stood: bool = True, *, killed: bool = False) -> None:
        self.call(who, name, list(fence), None if killed else stood, killed=killed)

    def renew(self, who: str, fence: Fence, started: int) -> Fence:
        new = fence._replace(started=started)
        self.call(who, "renew", list(fence), list(new))
        return new

    def release(self, answer: Any, *, killed: bool = False) -> None:
        self.call("driver", "release", None, answer, killed=killed)

    def left(self, fence: Fence, status: str = "processed", **values: Any) -> None:
        """What the table has of the message: settled by this claim."""
        row = Row(fence.id, fence.id + 100, status, fence.started, 99, fence.retry_count or 0)
        self.rows[fence.id] = replace(row, **values)

    def problems(self) -> list[str]:
        return problems(self.calls, self.rows.values(), max_retries=1)
