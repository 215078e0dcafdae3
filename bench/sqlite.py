"""SQLite: enqueue, claim and acknowledge, in one process and in several, at both durabilities."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import goals as goal
from bench.goals import Goal, Ratio, compared
from bench.machine import versions
from bench.measure import Case, Plan, Results, alone, in_turns
from bench.processes import contest
from bench.report import Panel, Section, alone_table, rate_panel, time_panel, together_table
from bench.sqlite_queues import QUEUES, ByHand, LiteQueue, PersistQueue, SqliteQueue, Unstick, clear

TITLE = "SQLite"
DURABILITIES = ("NORMAL", "FULL")
"""What `synchronous` is; our store's own is FULL."""
US, FLOOR = Unstick.name, ByHand.name
_COPIED = 200_000
"""Files of up to so many messages are copied for every measurement, so that none starts with the leavings of another;
from larger ones what was processed is deleted."""


def measure(plan: Plan, folder: Path, say: Callable[[str], None]) -> Section:
    """Measure everything; the files are made in the folder, and gone at the end."""
    results = Results()
    with TemporaryDirectory(dir=folder) as place:
        _run(results, plan, _Files(Path(place)), say)
    return Section(
        title=TITLE,
        text=f"{versions('litequeue', 'huey', 'persist-queue')}.\n\n{_text(plan, results)}",
        goals=_goals(plan, results),
        raw=results.as_json(),
        panels=_panels(plan, results),
    )


def _run(results: Results, plan: Plan, files: _Files, say: Callable[[str], None]) -> None:
    for number, case, queue in in_turns(plan.rounds, plan.alone(DURABILITIES), QUEUES):
        if queue.keeps_processed or not case.processed:
            say(f"{TITLE}, round {number} of {plan.rounds}: {goal.label(case)}: {queue.name}")
            with closing(queue(files.fresh(case, queue), case.durability)) as opened:
                results.add(case, queue.name, alone(opened, plan))
    for number, case, queue in in_turns(plan.work_rounds, _together(plan), QUEUES):
        say(f"{TITLE}, round {number} of {plan.work_rounds}: {goal.label(case)}: {queue.name}")
        found = contest(partial(queue, files.fresh(case, queue), case.durability), case.workers, plan.work_seconds)
        results.add(case, queue.name, found.figures)
        if found.errors:
            say(f"  {dict(found.errors)}")


class _Files:
    """The files that were made, each once for every number of messages."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fresh(self, case: Case, queue: type[SqliteQueue]) -> Path:
        """A file to work on, with this case's messages."""
        made = self._folder / f"{queue.tables}-{case.pending}-{case.processed}.db"
        if not made.exists():
            queue.make(made, case.processed, case.pending)
        if case.pending + case.processed > _COPIED:
            clear(made, queue)
            return made
        path = self._folder / "fresh.db"
        for rest in self._folder.glob("fresh.db*"):
            rest.unlink()
        shutil.copyfile(made, path)
        # What the system would write later must not slow down what is measured next.
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        return path


def _together(plan: Plan) -> list[Case]:
    return plan.together(DURABILITIES, (0,))


def _goals(plan: Plan, results: Results) -> list[Goal]:
    small, middle, large = plan.sizes
    cases, crowds = plan.alone(DURABILITIES), [case for case in _together(plan) if case.workers > 1]

    def grown(pending: int, processed: int) -> list[Ratio]:
        pairs = [(Case(durability, pending, processed), Case(durability, small)) for durability in DURABILITIES]
        return [(more.durability, results.ratio("p50", (more, US), (less, US))) for more, less in pairs]

    def lead(peer: str, pending: int, processed: int = 0) -> list[Ratio]:
        return compared(results, [Case("NORMAL", pending, processed)], peer, US)

    peers = [queue.name for queue in QUEUES if queue.acknowledges and queue.name not in (US, FLOOR)]
    processed = f"{plan.processed:,} processed"
    return [
        goal.at_most("SQLite: within 1.3 × the loop by hand", 1.3, compared(results, cases, US, FLOOR)),
        goal.at_most(f"SQLite: flat from {small:,} to {large:,} pending (1.3 ×, median)", 1.3, grown(large, 0)),
        goal.at_most(f"SQLite: flat behind {processed} (1.3 ×, median)", 1.3, grown(small, plan.processed)),
        *(
            goal.at_least(
                f"SQLite: faster than {peer} at every size and durability", 1, compared(results, cases, peer, US)
            )
            for peer in peers
        ),
        goal.at_least(f"SQLite: 4 × litequeue at {small:,} pending", 4, lead(LiteQueue.name, small)),
        goal.at_least(f"SQLite: 100 × litequeue at {middle:,} pending", 100, lead(LiteQueue.name, middle)),
        goal.at_least(
            f"SQLite: 20 × persist-queue behind {processed}", 20, lead(PersistQueue.name, small, plan.processed)
        ),
        *goal.undisturbed(f"SQLite, {plan.workers} processes", results, crowds, US, 0.05),
    ]


def _text(plan: Plan, results: Results) -> str:
    parts = []
    for durability in DURABILITIES:
        cases = [case for case in plan.alone(DURABILITIES) if case.durability == durability]
        parts += [f"### One process, synchronous = {durability}", alone_table(results, cases, US, FLOOR)]
    title = f"### {plan.work_messages:,} messages, processes that claim as fast as they can"
    return "\n\n".join([*parts, title, together_table("synchronous", results, _together(plan), US, FLOOR)])


def _panels(plan: Plan, results: Results) -> list[Panel]:
    names = [queue.name for queue in QUEUES]
    drawn = []
    for durability in DURABILITIES:
        cases = [case for case in plan.alone(DURABILITIES) if case.durability == durability]
        drawn.append(
            time_panel(f"SQLite, {durability}: µs to claim and acknowledge, by pending", results, cases, names)
        )
    crowds = [case for case in _together(plan) if case.workers > 1]
    return [*drawn, rate_panel(f"SQLite, {plan.workers} processes: messages per second", results, crowds, names)]
