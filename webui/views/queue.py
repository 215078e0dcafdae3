"""The queue: everything that waits, runs or has failed."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui.forms import QueuePlace
from webui.options import current
from webui.rendering import render_list, scene
from webui.store.browse import queue_page
from webui.store.filters import FIELDS


def register(blueprint: Blueprint) -> None:
    """Adds `GET /`."""
    blueprint.add_url_rule("/", view_func=queue)


def queue() -> ResponseReturnValue:
    """The page, or its list."""
    place = QueuePlace.parse(request.args)
    page = queue_page(current().store, place.filters, place.cursor, newest_first=not place.oldest_first)
    judged = scene(page.as_of)
    return render_list("webui/queue.html", "webui/_queue.html", judged, place=place, page=page, fields=FIELDS)
