"""`python -m bench`: measure everything side by side, say it, and write it into `docs/performance.md`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench import bulk, machine, pages, plot, postgres, report, sqlite
from bench.measure import FULL, QUICK

SUBJECTS = {"sqlite": sqlite.measure, "postgresql": postgres.measure, "pages": pages.measure, "bulk": bulk.measure}
"""What can be measured, each by a function of (plan, folder, say)."""
LONG = {"bulk"}
"""An hour each: only when asked for."""
DOCS = Path(__file__).parents[1] / "docs"


@click.command()
@click.option("--quick", is_flag=True, help="Only see that everything runs: seconds, and figures that mean nothing.")
@click.option("--only", type=click.Choice(list(SUBJECTS)), help="One subject.")
@click.option("--json", "raw", type=click.Path(dir_okay=False, path_type=Path), help="Write every figure to this file.")
@click.option(
    "--docs", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where performance.md and performance.svg are.  [default: docs; with --quick, nowhere]",
)  # fmt: skip
@click.option(
    "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default="/var/tmp", show_default=True,
    help="A folder on the disk to measure, with 8 GB free.",
)  # fmt: skip
def main(quick: bool, only: str | None, raw: Path | None, docs: Path | None, folder: Path) -> None:
    """Measure the store beside its peers and beside loops written by hand, and the pages beside others. Takes half an
    hour; leave the machine alone meanwhile."""
    plan = QUICK if quick else FULL
    docs = docs or (None if quick else DOCS)
    with TemporaryDirectory(prefix="bench-", dir=folder) as made:
        place = Path(made)
        about = f"{datetime.now(UTC):%Y-%m-%d}: {machine.describe(place)}"
        chosen = [measure for name, measure in SUBJECTS.items() if only == name or (not only and name not in LONG)]
        sections = []
        for measure in chosen:
            sections.append(section := measure(plan, place, _say))
            text = report.as_markdown(about, section)
            click.echo(text)
            if docs:  # at once: what comes after it may fail
                report.into_document(docs / "performance.md", section.title, text)
    panels = [panel for section in sections for panel in section.panels]
    if docs and not only:
        plot.draw(panels, docs / "performance.svg")
    if raw:
        found = {"machine": about, **{section.title: section.raw for section in sections}}
        raw.write_text(json.dumps(found, indent=1), "utf-8")


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main(prog_name="python -m bench")
