"""The exact number of a tab whose page had no time to count so far."""

from __future__ import annotations

import time
from typing import NamedTuple

from flask import Blueprint, make_response
from flask.typing import ResponseReturnValue

from webui.options import current
from webui.store import counting
from webui.store.store import PendingMessageStore
from webui.texts import figure

FRESH = 10.0
"""Seconds for which a number is not counted again."""


class Counted(NamedTuple):
    """A number, and when it was counted."""

    at: float
    number: int | None


class Counts:
    """The last numbers of one mounted UI."""

    def __init__(self) -> None:
        self._last: dict[str, Counted] = {}

    def of(self, store: PendingMessageStore, tab: str, cutoff: int) -> int | None:
        """The exact number of a tab; None where nobody can say it in time."""
        last = self._last.get(tab)
        if last is None or time.monotonic() - last.at > FRESH:
            last = self._last[tab] = Counted(time.monotonic(), counting.exact(store, tab, cutoff))
        return last.number


def register(blueprint: Blueprint) -> None:
    """Adds `GET /counts/<tab>`."""
    known = Counts()

    def count(tab: str) -> ResponseReturnValue:
        """The number as text; 204 where the bounded one has to do."""
        options = current()
        number = known.of(options.store, tab, options.store.now() - options.stuck_after)
        return make_response("", 204) if number is None else figure(number)

    tabs = ",".join(counting.KINDS)
    blueprint.add_url_rule(f"/counts/<any({tabs}):tab>", endpoint="tab_count", view_func=count)
