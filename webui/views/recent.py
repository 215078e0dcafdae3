"""What was processed a short while ago."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui.live import polled
from webui.options import current
from webui.places import RecentPlace
from webui.rendering import render_list, scene
from webui.store.browse import recent_page

PRESETS = ("30m", "24h", "7d")


def register(blueprint: Blueprint) -> None:
    """Adds `GET /recent`."""
    blueprint.add_url_rule("/recent", view_func=recent)


@polled
def recent() -> ResponseReturnValue:
    """The page, or its list."""
    store = current().store
    place = RecentPlace.parse(request.args)
    page = recent_page(store, store.now() - place.within, place.cursor)
    judged = scene(page.as_of)
    return render_list("webui/recent.html", "webui/_recent.html", judged, place=place, page=page, presets=PRESETS)
