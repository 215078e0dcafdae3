"""The journal: taking an action back."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui.forms import PlaceForm, checked, place_of
from webui.options import current
from webui.rendering import answer, found
from webui.store import journal
from webui.store.errors import WrongState
from webui.views.messages import overtaken
from webui.wording import outcome


def register(blueprint: Blueprint) -> None:
    """Adds `POST /journal/<id>/undo`."""
    blueprint.add_url_rule("/journal/<webui_id:id>/undo", view_func=undo, methods=["POST"])


def undo(id: int) -> ResponseReturnValue:
    """Takes a line of the journal back, for all its rows that are still as it left them."""
    form = checked(PlaceForm(request.form))
    place, options = place_of(form, request.form), current()
    try:
        done = journal.undo(options.store, id, actor=options.visitor())
    except WrongState as error:
        return overtaken(error, place)
    return answer(outcome(done, "Taken back for {}"), place, found(form.ids().intersection(done.done)))
