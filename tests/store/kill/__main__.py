"""The long proof under fault, `make soak`: workers are killed a hundred times, on every database.

Prints what it saw, and exits with 1 (and keeps the histories) when the store broke a promise.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.store.backends import BACKENDS
from tests.store.kill.driver import Plan, prove

WORKERS = {"sqlite": 8, "postgres": 16}


def main(arguments: list[str] | None = None) -> int:
    """Run the proof on every database that was asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.store.kill", description=__doc__)
    parser.add_argument("--on", action="append", choices=list(BACKENDS), help="which database (all)")
    parser.add_argument("--workers", type=int, help=f"how many at once ({WORKERS})")
    parser.add_argument("--kills", type=int, default=100, help="how many are killed (%(default)s)")
    parser.add_argument("--messages", type=int, default=2_000, help="how many messages at least (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.getrandbits(32), help="of everything random")
    asked = parser.parse_args(arguments)
    return max(
        run(name, Plan(asked.workers or WORKERS[name], asked.kills, asked.messages, asked.seed))
        for name in asked.on or BACKENDS
    )


def run(name: str, plan: Plan) -> int:
    """Run the proof on a new database of this kind; the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="unstick-soak-"))
    histories = folder / "histories"
    histories.mkdir()
    with BACKENDS[name](folder) as backend:
        report = prove(backend.url, histories, plan)
    print(f"{name}: {report}", flush=True)
    if report.problems:
        print(f"The histories are in {histories}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
