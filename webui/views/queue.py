"""The queue: everything that waits, runs or has failed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui.live import polled
from webui.options import current
from webui.places import QueuePlace
from webui.rendering import render_list, scene, understood
from webui.routing import wants_partial
from webui.store.browse import queue_page
from webui.store.filters import FIELDS
from webui.store.narrowing import BadFilter
from webui.store.orders import ORDERS
from webui.store.search import canonical
from webui.views.search import elsewhere, saved


def register(blueprint: Blueprint) -> None:
    """Adds `GET /`."""
    blueprint.add_url_rule("/", view_func=queue)


@polled
def queue() -> ResponseReturnValue:
    """The page, or its list; or the way to the page that was asked for in other words."""
    refused: dict[str, Any] = {}
    try:
        if away := elsewhere():
            return away
        place = QueuePlace.parse(request.args)
    except BadFilter as error:
        place, refused = understood(QueuePlace, request.args, error)
    page = queue_page(current().store, place.filters, place.cursor, order=place.order)
    judged = scene(page.as_of)
    bar: dict[str, Any] = {} if wants_partial() else _bar(place)
    return render_list("webui/queue.html", "webui/_queue.html", judged, place=place, page=page, **bar, **refused)


def _bar(place: QueuePlace) -> dict[str, Any]:
    """What the bar over the list shows: the search box, the filters, the saved views, the orders."""
    shape = current().store.database.shape
    orders = [(order, order.lacks(shape)) for order in ORDERS]
    typed = request.args.get("search", canonical(place.filters))
    return {"fields": FIELDS, "typed": typed, "saved": saved(), "orders": orders}
