"""Whether a history of calls and the table that is left agree. Pure: calls and rows in, sentences out.

Calls without an answer may have happened or not; everything else is held to what the store answered. The calls:

| name | given | answer |
|---|---|---|
| `enqueue` | the message's number | its id |
| `claim` | | the fences of what was claimed |
| `renew` | a fence | the new fence, or None |
| `ack`, `fail` | a fence | whether the claim stood |
| `release` | | the ids that were released, or (where the call does not say which) how many |

A fence is what a claim is known by: (id, start, retry count).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from tests.store.kill.history import Call

SETTLES = {"ack": "processed", "fail": "failed"}


class Fence(NamedTuple):
    id: int
    started: int | None
    retry_count: int | None


@dataclass(frozen=True)
class Row:
    """A message as the table has it in the end."""

    id: int
    number: int
    status: str
    started: int | None
    completed: int | None
    retry_count: int

    @property
    def fence(self) -> Fence:
        return Fence(self.id, self.started, self.retry_count)


@dataclass(frozen=True)
class Held:
    """A claim, by its `number`, from the moment on that it is known by this fence: `since` it was got by `call` itself,
    or since it was renewed."""

    number: int
    fence: Fence
    call: Call
    since: Call


def problems(calls: Iterable[Call], rows: Iterable[Row], max_retries: int) -> list[str]:
    """Every way in which the history and the table contradict each other, or what the store promises."""
    return list(_Check(list(calls), list(rows), max_retries).all())


class _Check:
    def __init__(self, calls: list[Call], rows: list[Row], max_retries: int) -> None:
        self.calls: dict[str, list[Call]] = defaultdict(list)
        for call in sorted(calls, key=lambda call: call.began):
            self.calls[call.name].append(call)
        self.rows = {row.id: row for row in rows}
        self.max_retries = max_retries
        self.held = list(_held(self.calls["claim"], self.calls["renew"]))
        self.by_fence = {(held.call.who, held.fence): held for held in self.held}
        self.of_id: dict[int, list[Held]] = defaultdict(list)
        for held in self.held:
            self.of_id[held.fence.id].append(held)
        self.settled = self.calls["ack"] + self.calls["fail"]
        self.settled_of: dict[int, list[Call]] = defaultdict(list)
        for call in self.settled:
            self.settled_of[_fence(call).id].append(call)

    def all(self) -> Iterator[str]:
        yield from self._enqueued()
        yield from self._claimed()
        yield from self._told_apart()
        yield from self._by_a_live_claim()
        yield from self._refused()
        yield from self._once()
        for row in self.rows.values():
            yield from self._left(row)

    def _enqueued(self) -> Iterator[str]:
        """What was enqueued is there, once, and nothing else is."""
        known = {call.answer: call.given for call in self.calls["enqueue"] if not call.unknown}
        open_numbers = {call.given for call in self.calls["enqueue"] if call.unknown}
        for id, number in known.items():
            if id not in self.rows:
                yield f"message {id} was enqueued, and is lost"
            elif self.rows[id].number != number:
                yield f"message {id} was enqueued as number {number}, and is number {self.rows[id].number}"
        for row in self.rows.values():
            if row.id not in known and row.number not in open_numbers:
                yield f"message {row.id} is there, and nobody enqueued it"
        for number, times in Counter(row.number for row in self.rows.values()).items():
            if times > 1:
                yield f"number {number} was enqueued once, and is there {times} times"

    def _claimed(self) -> Iterator[str]:
        """What is claimed is there, is nobody's, and was not acknowledged."""
        for id, claims in self.of_id.items():
            if id not in self.rows:
                yield f"message {id} was claimed, and is not there"
            fresh = [held.call for held in claims if held.since is held.call]
            for before, call in pairwise(fresh):
                if not self._lost(id, before, call) and not self._lost(id, call, before):
                    yield f"message {id} was claimed twice, and nobody released it: {before}; {call}"
            for call in fresh:
                for ack in self.settled_of[id]:
                    if ack.name == "ack" and ack.answer and _before(ack, call):
                        yield f"message {id} was claimed after it was acknowledged: {call}"

    def _told_apart(self) -> Iterator[str]:
        """No two claims are known by the same fence."""
        known: dict[Fence, dict[int, str]] = defaultdict(dict)
        for held in self.held:
            known[held.fence][held.number] = held.call.who
        for fence, claims in known.items():
            if len(claims) > 1:
                yield f"two claims cannot be told apart: {tuple(fence)}, of {' and '.join(claims.values())}"

    def _by_a_live_claim(self) -> Iterator[str]:
        """Whoever was told that his claim stood had one, and nobody had claimed the message since."""
        for call in self.settled + self.calls["renew"]:
            held = self.by_fence.get((call.who, _fence(call)))
            if held is None:
                yield f"a claim that was never made: {call}"
            elif call.answer:
                for later in self.of_id[held.fence.id]:
                    if _before(held.since, later.since) and _before(later.since, call):
                        yield f"a stale claim was accepted: {call}, after {later.since}"

    def _refused(self) -> Iterator[str]:
        """Whoever was told that his claim no longer stood had lost it."""
        for call in self.settled + self.calls["renew"]:
            held = self.by_fence.get((call.who, _fence(call)))
            if held and not call.unknown and not call.answer and not self._lost(held.fence.id, held.call, call):
                yield f"a claim was refused, and nobody released it: {call}"

    def _once(self) -> Iterator[str]:
        """No claim is settled twice, and no message is acknowledged twice."""
        stood = [call for call in self.settled if call.answer]
        for fence, times in Counter(_fence(call) for call in stood).items():
            if times > 1:
                yield f"a claim was settled {times} times: {tuple(fence)}"
        for id, times in Counter(_fence(call).id for call in stood if call.name == "ack").items():
            if times > 1:
                yield f"message {id} was acknowledged {times} times"

    def _left(self, row: Row) -> Iterator[str]:
        """A message is settled in the end, by the one claim that the table names."""
        if row.status not in SETTLES.values():
            yield f"message {row.id} is left {row.status}"
            return
        calls = self.settled_of[row.id]
        final = [call for call in calls if SETTLES[call.name] == row.status and _fence(call) == row.fence]
        if not any(call.unknown or call.answer for call in final):
            yield f"message {row.id} is {row.status} by {tuple(row.fence)[1:]}, and no claim did that"
        for call in calls:
            if call.name == "ack" and call.answer and call not in final:
                yield f"message {row.id} was acknowledged, and the table does not say so: {call}; {row}"
        if row.started is None or row.completed is None or row.completed < row.started:
            yield f"message {row.id} ended before it began: {row}"
        yield from self._counted(row, [call for call in calls if call.name == "fail"])

    def _counted(self, row: Row, fails: list[Call]) -> Iterator[str]:
        """Each failure counts once. The last one, which gives the message up, is not counted as a retry."""
        counted = row.retry_count + (row.status == "failed")
        least = sum(bool(call.answer) for call in fails)
        if not least <= counted <= least + sum(call.unknown for call in fails):
            yield f"message {row.id} counts {row.retry_count} retries, and failed {least} times"
        if row.status == "failed" and row.retry_count != self.max_retries:
            yield f"message {row.id} was given up after {row.retry_count} retries of {self.max_retries}"

    def _lost(self, id: int, held: Call, until: Call) -> bool:
        """Whether a claim may have been taken back between the call that got it and the end of another."""
        releases = (call for call in self.calls["release"] if _concerns(call, id))
        fails = (call for call in self.settled_of[id] if call.name == "fail" and (call.unknown or call.answer))
        return any(not _before(call, held) and not _before(until, call) for call in [*releases, *fails])


def _held(claims: list[Call], renewals: list[Call]) -> Iterator[Held]:
    """Every claim, and every claim again as it was renewed."""
    known: dict[tuple[str, Fence], Held] = {}
    claimed = ((call, Fence(*values)) for call in claims for values in call.answer or ())
    for number, (call, fence) in enumerate(claimed):
        known[call.who, fence] = Held(number, fence, call, call)
        yield known[call.who, fence]
    for renewal in renewals:
        held = known.get((renewal.who, _fence(renewal)))
        if held and renewal.answer:
            fence = Fence(*renewal.answer)
            known[renewal.who, fence] = Held(held.number, fence, held.call, renewal)
            yield known[renewal.who, fence]


def _fence(call: Call) -> Fence:
    return Fence(*call.given)


def _before(first: Call, second: Call) -> bool:
    """Whether one call was answered before the other was made; calls that overlap may have come in either order."""
    return first.ended is not None and first.ended < second.began


def _concerns(release: Call, id: int) -> bool:
    return release.unknown or (id in release.answer if isinstance(release.answer, list) else release.answer > 0)
