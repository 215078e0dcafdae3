"""PostgreSQL: enqueue, claim and acknowledge, in one process and in several, with and without waiting for the disk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from bench import goals as goal
from bench.goals import Goal, compared
from bench.machine import versions
from bench.measure import Case, Plan, Results, alone, in_turns
from bench.postgres_queues import QUEUES, ByHand, PostgresQueue, Procrastinate, Unstick
from bench.postgres_server import Server, server
from bench.processes import contest
from bench.report import Panel, Section, alone_table, rate_panel, together_table

TITLE = "PostgreSQL"
DURABILITIES = ("on", "off")
"""What `synchronous_commit` is."""
US, FLOOR, PEER = Unstick.name, ByHand.name, Procrastinate.name
_COPIED = 200_000
"""Databases of up to so many messages are copied for every measurement; larger ones are used as they are."""


def measure(plan: Plan, folder: Path, say: Callable[[str], None]) -> Section:
    """Measure everything."""
    results = Results()
    with server(folder) as running:
        for number, case, queue in in_turns(plan.rounds, plan.alone(DURABILITIES), QUEUES):
            say(f"{TITLE}, round {number} of {plan.rounds}: {goal.label(case)}: {queue.name}")
            with closing(queue(_fresh(running, case, queue))) as opened:
                results.add(case, queue.name, alone(opened, plan))
        for number, case, queue in in_turns(plan.work_rounds, _together(plan), QUEUES):
            say(f"{TITLE}, round {number} of {plan.work_rounds}: {goal.label(case)}: {queue.name}")
            found = contest(partial(queue, _fresh(running, case, queue)), case.workers, plan.work_seconds)
            results.add(case, queue.name, found.figures)
            if found.errors:
                say(f"  {dict(found.errors)}")
        about = running.about
    return Section(
        title=TITLE,
        text=f"{about}, {versions('psycopg', 'procrastinate')}.\n\n{_text(plan, results)}",
        goals=_goals(plan, results),
        raw=results.as_json(),
        panels=[_panel(plan, results)],
    )


def _fresh(running: Server, case: Case, queue: type[PostgresQueue]) -> str:
    """The address of a database to work on, with this case's messages."""
    made = f"bench_{queue.tables}_{case.pending}_{case.processed}"
    if not running.has(made):
        queue.make(running.make(made), case.processed, case.pending)
    if case.pending + case.processed > _COPIED:
        return running.used(made, case.durability)
    return running.copy("bench_fresh", made, case.durability)


def _together(plan: Plan) -> list[Case]:
    return plan.together(DURABILITIES, (0, plan.processed))


def _goals(plan: Plan, results: Results) -> list[Goal]:
    crowds = [case for case in _together(plan) if case.workers > 1]
    return [
        goal.at_least(
            f"PostgreSQL: 3 × procrastinate with {plan.workers} at work", 3, compared(results, crowds, PEER, US)
        ),
        goal.at_most("PostgreSQL: within 1.25 × the loop by hand", 1.25, compared(results, _together(plan), US, FLOOR)),
        *goal.undisturbed(f"PostgreSQL, {plan.workers} processes", results, crowds, US, 0.05),
    ]


def _text(plan: Plan, results: Results) -> str:
    parts = []
    for durability in DURABILITIES:
        cases = [case for case in plan.alone(DURABILITIES) if case.durability == durability]
        parts += [f"### One process, synchronous_commit = {durability}", alone_table(results, cases, US, FLOOR)]
    title = f"### {plan.work_messages:,} messages, processes that claim as fast as they can"
    return "\n\n".join([*parts, title, together_table("synchronous_commit", results, _together(plan), US, FLOOR)])


def _panel(plan: Plan, results: Results) -> Panel:
    crowds = [case for case in _together(plan) if case.workers > 1]
    names = [queue.name for queue in QUEUES]
    return rate_panel(f"PostgreSQL, {plan.workers} processes: messages per second", results, crowds, names)
