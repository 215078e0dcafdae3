"""Rows as they were rendered, kept for the next time that they look the same: a page's refresh, or the next visitor's,
then takes a third of the time. A row is known by everything that its look depends on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any

from flask import request
from markupsafe import Markup

from webui import columns, texts, wording
from webui.actions import ACTIONS
from webui.columns import Scene
from webui.places import Place
from webui.store import diagnosis
from webui.store.model import Row

MOST = 2_000
"""Rows that are kept; when there are more, all are forgotten."""
LONGEST = 10_000
"""Characters of a row that is worth keeping."""

# Lists do not show what other releases added.
_row = attrgetter(*(field.name for field in fields(Row) if field.name != "extra"))


class Slot:
    """A row's place among those that are kept: `html` is there if it is known."""

    __slots__ = ("_kept", "_key", "html", "row")

    def __init__(self, row: Row, kept: dict[Any, Markup], key: Any) -> None:
        self.row, self._kept, self._key = row, kept, key
        self.html = kept.get(key)

    def keep(self, html: Markup) -> Markup:
        """Keep what was rendered, and return it."""
        if len(html) <= LONGEST:
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[self._key] = html
        return html


class KeptRows:
    """The rows of one mounted UI."""

    def __init__(self) -> None:
        self._kept: dict[Any, Markup] = {}

    def slots(self, rows: Iterable[Row], scene: Scene, place: Place, tick_all: object) -> list[Slot]:
        """The rows' places, in a list of this page."""
        surroundings = _surroundings(scene, place, bool(tick_all))
        stuck = place.endpoint == "stuck"

        def key(row: Row) -> object:
            since = wording.since(row)
            age = wording.duration(scene.now - since) if wording.is_time(since) else None
            cause = diagnosis.cause(row, scene.cutoff, scene.now, scene.max_retries) if stuck else None
            return _row(row), columns.state(row, scene), age, cause, surroundings

        return [Slot(row, self._kept, key(row)) for row in rows]


def _surroundings(scene: Scene, place: Place, tick_all: bool) -> object:
    """What is the same for all rows of a list, as a token."""
    rights = tuple(scene.may(name) for name in (*ACTIONS, "undo"))
    judged = (scene.stuck_after, scene.max_retries, scene.capabilities)
    return _token(place.endpoint, tick_all, request.script_root, texts.language(), rights, *judged)


@lru_cache(maxsize=256)
def _token(*surroundings: object) -> object:
    return object()
