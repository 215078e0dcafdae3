"""What the figures should be, checked against what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.measure import Case, Results


@dataclass(frozen=True)
class Goal:
    """One goal, and the worst figure that was found for it. Nothing found is nothing met."""

    text: str
    met: bool
    found: str


Ratio = tuple[str, float | None]
"""What two things are compared in, and how many times the one the other is."""


def at_most(text: str, limit: float, ratios: Iterable[Ratio]) -> Goal:
    """Every ratio is at most this."""
    return _each(text, ratios, max, lambda ratio: ratio <= limit)


def at_least(text: str, limit: float, ratios: Iterable[Ratio]) -> Goal:
    """Every ratio is at least this."""
    return _each(text, ratios, min, lambda ratio: ratio >= limit)


def undisturbed(where: str, results: Results, cases: Sequence[Case], queue: str, smallest_share: float) -> list[Goal]:
    """Of several processes none starves, none meets an error, and no message is claimed twice."""
    shares = [share for case in cases for share in results.all(case, queue, "share")]
    wrong = sum(sum(results.all(case, queue, kind)) for case in cases for kind in ("errors", "doubles"))
    worst = min(shares, default=0.0)
    return [
        Goal(
            f"{where}: no process starves, the one with fewest has {smallest_share:.0%} or more, in every round",
            worst >= smallest_share,
            f"{worst:.1%}; an equal share is {1 / cases[0].workers:.1%}",
        ),
        Goal(f"{where}: no error, and no message claimed twice", bool(shares) and not wrong, f"{wrong:.0f}"),
    ]


def compared(results: Results, cases: Iterable[Case], one: str, other: str) -> list[Ratio]:
    """How many times as long as the other the one takes for a claim and its acknowledgement, in each case."""
    return [(label(case), results.ratio("work", (case, one), (case, other))) for case in cases]


def label(case: Case) -> str:
    """A case in few words."""
    behind = f" behind {case.processed:,} processed" if case.processed else ""
    workers = f", {case.workers} at work" if case.workers else ""
    return f"{case.durability}, {case.pending:,}{behind}{workers}"


def _each(
    text: str, ratios: Iterable[Ratio], worst: Callable[..., tuple[str, float]], holds: Callable[[float], bool]
) -> Goal:
    known = [(label, ratio) for label, ratio in ratios if ratio is not None]
    if not known:
        return Goal(text, False, "not measured")
    misses = [f"{_short(ratio)} ({label})" for label, ratio in known if not holds(ratio)]
    if misses:
        return Goal(text, False, "; ".join(misses))
    where, ratio = worst(known, key=lambda pair: pair[1])
    return Goal(text, True, f"{_short(ratio)} ({where})")


def _short(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.4g}"
