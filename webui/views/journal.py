"""The journal: what operators did, and taking it back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from flask.typing import ResponseReturnValue

from webui.actions import RESULTS
from webui.forms import PlaceForm, checked, place_of
from webui.live import polled
from webui.options import current
from webui.places import JournalPlace
from webui.rendering import answer, found, message_url, render_list, scene, understood
from webui.routing import wants_partial
from webui.store import diagnosis, history, operations
from webui.store.errors import WrongState
from webui.store.narrowing import BadFilter
from webui.store.undo import undo as take_back
from webui.templating import render_template
from webui.texts import translated
from webui.views.messages import overtaken
from webui.views.operations import carry_out, run
from webui.wording import Said, outcome


def register(blueprint: Blueprint) -> None:
    """Adds `GET /journal` and `POST /journal/<id>/undo`."""
    blueprint.add_url_rule("/journal", view_func=journal)
    blueprint.add_url_rule("/journal/<webui_id:id>/undo", view_func=undo, methods=["POST"])


@polled
def journal() -> ResponseReturnValue:
    """The page, or its list."""
    store = current().store
    refused: dict[str, Any] = {}
    try:
        place = JournalPlace.parse(request.args)
    except BadFilter as error:
        place, refused = understood(JournalPlace, request.args, error)
    page = history.page(store, place.filters, place.cursor)
    return render_list(
        "webui/journal.html", "webui/_journal_list.html", scene(page.as_of),
        place=place, page=page, fields=history.FIELDS, rows_of=rows_of, **refused,
    )  # fmt: skip


def rows_of(line: history.Line) -> str | None:
    """The URL of what a line is about: its message, or the page of its rows. What was purged has no rows."""
    if line.message_id is not None:
        return message_url(line.message_id)
    return None if line.entry.action == "purge" else url_for(".operation", id=line.entry.id)


def undo(id: int) -> ResponseReturnValue:
    """Takes a line of the journal back, for all its rows that are still as it left them."""
    form = checked(PlaceForm(request.form))
    place, options = place_of(form, request.form), current()
    in_journal = isinstance(place, JournalPlace) and wants_partial()
    try:
        if operations.is_one(options.store, id):
            begun = operations.begin_undo(options.store, id, actor=options.visitor(), key=form.once())
            return _changed_line(id, run(begun), place) if in_journal else carry_out(begun, form)
        done = take_back(options.store, id, actor=options.visitor(), key=form.once())
    except WrongState as error:
        return _changed_line(id, Said(translated(error), "warn"), place, 409) if in_journal else overtaken(error, place)
    said = outcome(done, RESULTS["undo"])
    if in_journal:
        return _changed_line(id, said, place)
    return answer(said, place, found(form.ids().intersection(done.done)))


def _changed_line(id: int, said: Said, place: object, status: int = 200) -> Response:
    """The line as it is now, in its place: a new one above it would move what is under the pointer."""
    store = current().store
    judged = scene(store.now())
    page = render_template(
        "webui/changed_line.html", line=history.line(store, id), said=said, place=place, scene=judged,
        verdict=diagnosis.verdict(store, judged.cutoff), rows_of=rows_of,
    )  # fmt: skip
    return make_response(page, status)
