"""The pages: how long each takes the server, as the file grows, and beside what else one would look at it with; and a
bulk action beside a live writer."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.bulk import beside_a_writer
from bench.goals import Goal, Ratio, at_least, at_most
from bench.machine import versions
from bench.measure import Plan
from bench.page_sites import SITES, VIEWS, Unstick
from bench.pages_files import Filled, make
from bench.report import Section, number, table
from bench.tabs import open_tabs
from webui import create_app

TITLE = "Pages"
REQUESTS = 40
"""So often is each of our pages asked for, and one in so many may be slower than what is said of it: see `LATE`."""
LATE = 0.95
LIMITS = {True: 25.0, False: 50.0}
"""What a page may take, in ms, on a tuned file and on an untuned one."""
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
PAGES = {
    "queue": "/",
    "failed": "/?status=failed",
    "one session": "/?session=1",
    "one tool": "/?tool=Bash",
    "old ones": "/?age=%3E1h",
    "stuck": "/stuck",
    "recent": "/recent?within=7d",
    "message": "/messages/11",
    "journal": "/journal",
    "trash": "/trash",
}
"""Each is asked for whole and as a fragment. (A text search has a budget of its own.)"""

TABS = 100

Laps = dict[tuple[int, str], list[float]]
"""Milliseconds, by the number of rows and what was asked for."""


def measure(plan: Plan, folder: Path, say: Callable[[str], None]) -> Section:
    """Measure everything; the files are made in the folder, and gone at the end."""
    with TemporaryDirectory(dir=folder) as place:
        ours = {tuned: _ours(plan, Path(place), tuned, say) for tuned in (True, False)}
        beside = _beside(plan, Path(place), say)
        bulk = beside_a_writer(Path(place), min(plan.sizes[1], 30_000), say)
        tabs = open_tabs(Path(place), plan.sizes[1], TABS if plan.rounds > 1 else 5, plan.work_seconds * 10, say)
    text = [
        f"{versions('datasette', 'sqlite-web', 'flask-admin')}.",
        "### Ours: ms of server time, median and 95th percentile", _ours_table(plan, ours),
        "### The same view elsewhere: ms, median", _beside_table(plan, beside),
        "### A bulk action beside a live writer", bulk.text,
        f"### {TABS} open tabs", tabs.text,
    ]  # fmt: skip
    raw = [
        {"rows": rows, "what": what, "ms": laps}
        for found in (*ours.values(), beside)
        for (rows, what), laps in found.items()
    ]
    return Section(TITLE, "\n\n".join(text), _goals(plan, ours, beside) + bulk.goals + tabs.goals, raw)


def _ours(plan: Plan, folder: Path, tuned: bool, say: Callable[[str], None]) -> Laps:
    """The sizes are asked in turns: what slows the machine down for a while meets all alike."""
    found: Laps = {}
    clients = {}
    for rows in plan.sizes:
        say(f"{TITLE}: a file of {rows:,} rows, {_kind(tuned)}")
        clients[rows] = create_app({"DATABASE": str(_file(folder, rows, tuned).path)}).test_client()
    gc.freeze()  # as `unstick serve` does
    for name, path in PAGES.items():
        say(f"{TITLE}: {name}, {_kind(tuned)}")
        for what, headers in ((name, {}), (f"{name}, fragment", PARTIAL)):
            for turn in range(min(REQUESTS, plan.operations) + 2):
                for rows, client in clients.items():
                    lap = _lap(partial(client.get, path, headers={"Host": "localhost", **headers}))
                    if turn > 1:  # the first ones are to get warm
                        found.setdefault((rows, what), []).append(lap)
    return found


def _beside(plan: Plan, folder: Path, say: Callable[[str], None]) -> Laps:
    found: Laps = {}
    for rows in plan.sizes:
        file = _file(folder, rows, tuned=True)
        sites = [site(file) for site in SITES]
        for view in VIEWS:
            say(f"{TITLE}: {view}, {rows:,} rows, ours and the others")
            for _ in range(plan.rounds + 1):
                for site in sites:
                    if view in site.paths:
                        lap = _lap(partial(site.get, site.paths[view]))
                        found.setdefault((rows, f"{view}|{site.name}"), []).append(lap)
        for site in sites:
            site.close()
    return {what: laps[1:] for what, laps in found.items()}  # the first one is to get warm


def _file(folder: Path, rows: int, tuned: bool) -> Filled:
    path = folder / f"{_kind(tuned)}-{rows}.db"
    return Filled(path, rows) if path.exists() else make(path, rows, tuned=tuned)


def _lap(action: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


def _late(laps: Sequence[float]) -> float:
    return sorted(laps)[int(len(laps) * LATE)]


def _goals(plan: Plan, ours: dict[bool, Laps], beside: Laps) -> list[Goal]:
    small, large = plan.sizes[0], plan.sizes[-1]
    goals = []
    for tuned, laps in ours.items():
        late = [(f"{what}, {rows:,}", _late(times)) for (rows, what), times in laps.items()]
        goals.append(at_most(f"Pages, {_kind(tuned)}: {LIMITS[tuned]:.0f} ms (95th percentile)", LIMITS[tuned], late))
    grown: list[Ratio] = [
        (what, median(more / less for more, less in zip(laps, ours[True][small, what], strict=True)))
        for (rows, what), laps in ours[True].items()
        if rows == large
    ]
    goals.append(at_most(f"Pages, tuned: 1.3 × from {small:,} to {large:,} rows (median)", 1.3, grown))
    lead = [(f"{view}, {rows:,}", _lead(beside, rows, view)) for rows in plan.sizes for view in VIEWS]
    return [*goals, at_least("Pages: 5 × faster than the fastest of the others", 5, lead)]


def _lead(beside: Laps, rows: int, view: str) -> float | None:
    """How many times as long as ours the fastest of the others takes: the median over the rounds."""
    mine = beside[rows, f"{view}|{Unstick.name}"]
    others = [
        laps
        for (count, what), laps in beside.items()
        if count == rows and what.startswith(f"{view}|") and laps is not mine
    ]
    ratios: list[float] = [min(theirs) / us for us, *theirs in zip(mine, *others, strict=True)]
    return median(ratios)


def _ours_table(plan: Plan, ours: dict[bool, Laps]) -> str:
    header = ["page", *(f"{rows:,} rows, {_kind(tuned)}" for tuned in ours for rows in plan.sizes)]
    cells = [
        [
            what,
            *(
                f"{number(median(laps[rows, what]))} / {number(_late(laps[rows, what]))}"
                for laps in ours.values()
                for rows in plan.sizes
            ),
        ]
        for what in dict.fromkeys(what for _, what in ours[True])
    ]
    return table(header, cells, 1)


def _beside_table(plan: Plan, beside: Laps) -> str:
    names = [site.name for site in SITES]
    rows = []
    for count in plan.sizes:
        for view in VIEWS:
            medians = [
                median(beside[count, f"{view}|{name}"]) if (count, f"{view}|{name}") in beside else None
                for name in names
            ]
            rows.append([f"{count:,}", view, *map(number, medians), number(_lead(beside, count, view))])
    return table(["rows", "view", *names, "the fastest other × ours"], rows, 2)


def _kind(tuned: bool) -> str:
    return "tuned" if tuned else "untuned"
