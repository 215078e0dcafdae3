"""The figures as one drawing that can be read on a light page and on a dark one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.report import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#808080"
COLOURS = ("#e8590c", "#868e96", "#1c7ed6", "#2b8a3e", "#ae3ec9")
"""Ours, the loop by hand, the peers."""


def draw(panels: list[Panel], path: Path) -> None:
    """Draw the panels, two in a row, as SVG with its text as text."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    pyplot.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "bench", "font.family": "sans-serif", "font.size": 9,
        "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
        "axes.spines.top": False, "axes.spines.right": False,
    })  # fmt: skip
    rows = (len(panels) + 1) // 2
    figure, places = pyplot.subplots(rows, 2, figsize=(10, 3.4 * rows), squeeze=False, layout="constrained")
    for axes in places.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, panel in zip(places.flat, panels, strict=False):
        (_dots if panel.joined else _bars)(axes, panel)
        axes.set_xticks(range(len(panel.places)), panel.places)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_title(panel.title, fontsize=10, loc="left")
        axes.grid(axis="y", color=INK, alpha=0.25, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def _dots(axes: Axes, panel: Panel) -> None:
    for colour, (name, figures) in zip(COLOURS, panel.figures.items(), strict=False):
        known = [(place, figure) for place, figure in enumerate(figures) if figure is not None]
        axes.plot(*zip(*known, strict=True), "o", markersize=4, color=colour, label=name)
        axes.plot(*zip(*known[: panel.joined], strict=True), linewidth=1.5, color=colour)
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter("")


def _bars(axes: Axes, panel: Panel) -> None:
    width = 0.8 / len(panel.figures)
    for number, (colour, (name, figures)) in enumerate(zip(COLOURS, panel.figures.items(), strict=False)):
        places = [place - 0.4 + width * (number + 0.5) for place in range(len(panel.places))]
        axes.bar(places, [figure or 0 for figure in figures], width * 0.92, color=colour, label=name)
