"""Finding messages: the search box and what it suggests, jumping to a time, and saved views."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from webui.forms import PlaceForm, ViewForm, checked, place_of
from webui.options import current
from webui.places import BadForm, QueuePlace
from webui.rendering import answer
from webui.store import search, views
from webui.store.browse import cursor_at, sections_of
from webui.store.errors import NotFound
from webui.store.narrowing import BadFilter, parse_instant
from webui.store.orders import parse_order
from webui.store.sentence import sentence
from webui.templating import render_template
from webui.texts import gettext as _
from webui.texts import translated
from webui.wording import Said


class Saved(NamedTuple):
    """A saved view as the bar shows it; `url` is None where it says something that cannot be read here."""

    view: views.View
    url: str | None


def register(blueprint: Blueprint) -> None:
    """Adds `GET /suggest`, `POST /views` and `POST /views/<id>/delete`."""
    blueprint.add_url_rule("/suggest", view_func=suggest)
    blueprint.add_url_rule("/views", view_func=save_view, methods=["POST"])
    blueprint.add_url_rule("/views/<webui_id:id>/delete", view_func=remove_view, methods=["POST"])


def suggest() -> ResponseReturnValue:
    """What the search box could go on with: links, each to the page that it finds."""
    place = QueuePlace(order=parse_order(request.args.get("order", "")))
    try:
        found, sentence = search.suggest(current().store, request.args.get("search", "")), ""
    except BadFilter as error:
        found, sentence = [], translated(error)
    return render_template("webui/_suggestions.html", place=place, found=found, sentence=sentence)


def save_view() -> ResponseReturnValue:
    """Gives the place where the operator is a name."""
    form = checked(ViewForm(request.form))
    place = place_of(form, request.form)
    if not isinstance(place, QueuePlace):
        raise BadForm(sentence("Only a view of the queue can be saved."))
    try:
        name = views.save(current().store, form.name.data or "", place.view())
    except views.BadName as error:
        raise BadForm(*error.args) from None
    return answer(Said(_("Saved this view as “{name}”.", name=name)), place)


def remove_view(id: int) -> ResponseReturnValue:
    """Forgets a saved view. One that is gone was what the button was pressed for: no page of its own for that."""
    place = place_of(checked(PlaceForm(request.form)), request.form)
    try:
        name = views.remove(current().store, id)
    except NotFound as error:
        return answer(Said(translated(error), "warn"), place)
    return answer(Said(_("Removed the view “{name}”.", name=name)), place)


def saved() -> list[Saved]:
    """The saved views with their addresses."""
    return [Saved(view, _address(view)) for view in views.saved(current().store)]


def elsewhere() -> ResponseReturnValue | None:
    """The way to the page that an address means which says what was typed: into the search box, or as a time to jump
    to."""
    if "search" in request.args:
        order = parse_order(request.args.get("order", ""))
        return redirect(QueuePlace(search.parse(request.args["search"]), None, order).url(), 302)
    if "at" in request.args:
        return redirect(_jumped(QueuePlace.parse(request.args)), 302)
    return None


def _jumped(place: QueuePlace) -> str:
    """The URL of the page that begins at the time `?at=`, in the state `?among=` or else the first."""
    store, shown = current().store, sections_of(place.filters)
    section = request.args.get("among", "")
    if not request.args["at"].strip() or place.order.key or not shown:
        return place.url(cursor=None)
    instant = parse_instant(request.args["at"], store.now())
    cursor = cursor_at(store, section if section in shown else shown[0], instant, place.order)
    return place.url(cursor=str(cursor) if cursor else None)


def _address(view: views.View) -> str | None:
    try:
        return QueuePlace.parse(view.query).url() if view.query else None
    except BadFilter:
        return None
