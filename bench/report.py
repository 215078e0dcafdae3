"""What a subject found, as Markdown: tables, goals, and their place in a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.goals import Goal
from bench.measure import Case, Results


@dataclass(frozen=True)
class Panel:
    """One drawing: for each contestant a figure at each place (None: not measured), as bars; or, with `joined`, as dots
    on a logarithmic scale, so many of them joined by a line."""

    title: str
    places: list[str]
    figures: dict[str, list[float | None]]
    joined: int = 0


@dataclass(frozen=True)
class Section:
    """What one subject found. `raw` is every figure."""

    title: str
    text: str
    goals: list[Goal]
    raw: list[dict[str, Any]]
    panels: list[Panel] = field(default_factory=list)


def alone_table(results: Results, cases: Sequence[Case], us: str, floor: str) -> str:
    """What one process measured, in µs, and how many times as long as ours and as the floor each took."""
    header = ("", "", "enqueue, µs", "claim + acknowledge, µs", "(median)", f"× {us}", f"× {floor}")
    rows = [
        (
            f"{case.pending:,} pending{_behind(case)}", queue,
            *(number(results.median(case, queue, kind)) for kind in ("enqueue", "work", "p50")),
            _ratio(results, case, queue, us), _ratio(results, case, queue, floor),
        )
        for case in cases
        for queue in results.cases[case]
    ]  # fmt: skip
    return table(header, rows, 2)


def together_table(durability: str, results: Results, cases: Sequence[Case], us: str, floor: str) -> str:
    """What one worker did beside what several did; the cases are pairs of these. Of shares and waits it is the worst
    round's, of errors and double claims all rounds' together."""
    several = f"{cases[1].workers} at work"
    header = (
        durability, "", "1 at work, messages/s", f"{several}, messages/s", f"× {us}", f"× {floor}",
        "smallest share", "longest, ms", "errors", "claimed twice",
    )  # fmt: skip
    rows = [
        (
            f"{many.durability}{_behind(many)}", queue,
            number(results.median(one, queue, "rate")), number(results.median(many, queue, "rate")),
            _ratio(results, many, queue, us), _ratio(results, many, queue, floor),
            f"{min(results.all(many, queue, 'share')):.1%}", number(max(results.all(many, queue, "longest"))),
            *(number(sum(results.all(many, queue, kind))) for kind in ("errors", "doubles")),
        )
        for one, many in zip(cases[::2], cases[1::2], strict=True)
        for queue in results.cases[many]
    ]  # fmt: skip
    return table(header, rows, 2)


def time_panel(title: str, results: Results, cases: Sequence[Case], queues: Sequence[str]) -> Panel:
    """How long a claim and its acknowledgement take in each case."""
    places = [f"{c.pending:,}" + (f"\nbehind {c.processed:,}\nprocessed" if c.processed else "") for c in cases]
    figures = {queue: [results.median(case, queue, "work") for case in cases] for queue in queues}
    return Panel(title, places, figures, joined=sum(not case.processed for case in cases))


def rate_panel(title: str, results: Results, cases: Sequence[Case], queues: Sequence[str]) -> Panel:
    """How many messages per second are claimed and acknowledged in each case."""
    places = [case.durability + (f"\nbehind {case.processed:,}\nprocessed" if case.processed else "") for case in cases]
    return Panel(title, places, {q: [results.median(case, q, "rate") for case in cases] for q in queues})


def as_markdown(machine: str, section: Section) -> str:
    """Everything that one subject found, under its own heading."""
    rows = [(goal.text, "met" if goal.met else "**not met**", goal.found) for goal in section.goals]
    goals = table(("goal", "", "found (the worst, or what misses it)"), rows, 9)
    return "\n\n".join([f"## {section.title}", f"{machine}.", goals, section.text]) + "\n"


def into_document(path: Path, title: str, text: str) -> None:
    """Put a subject's text between its two marks in the document."""
    begin, end = (f"<!-- bench: {title}, {mark} -->" for mark in ("begin", "end"))
    head, found, rest = path.read_text("utf-8").partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{path} has no place for the figures: it lacks the lines {begin} and {end}.")
    path.write_text(f"{head}{begin}\n\n{text}\n{end}{tail}", "utf-8")


def _behind(case: Case) -> str:
    return f" behind {case.processed:,} processed" if case.processed else ""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> str:
    """A table; the columns from this one on are numbers."""
    marks = ["---" if column < numbers_from else "---:" for column in range(len(header))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, marks, *rows))


def number(figure: float | None) -> str:
    """A figure with as many digits as it deserves."""
    if figure is None:
        return "–"
    return f"{figure:,.0f}" if figure >= 10 or figure == int(figure) else f"{figure:.2f}"


def _ratio(results: Results, case: Case, one: str, other: str) -> str:
    """How many times as long as the other the one takes."""
    return number(results.ratio("work", (case, one), (case, other)))
