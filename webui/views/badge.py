"""The badge for other pages: how many messages there are, and how many of them are stuck."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webui.options import current
from webui.routing import wants_partial
from webui.store import diagnosis
from webui.templating import render_template


def register(blueprint: Blueprint) -> None:
    """Adds `GET /badge`."""
    blueprint.add_url_rule("/badge", view_func=badge)


def badge() -> ResponseReturnValue:
    """The page, or its numbers."""
    options = current()
    counts = diagnosis.counts(options.store, options.store.now() - options.stuck_after)
    return render_template("webui/_badge.html" if wants_partial() else "webui/badge.html", counts=counts)
