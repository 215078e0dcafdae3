"""One message: its page, and what can be done to it."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui.actions import ACTIONS, RESULTS
from webui.forms import ActionForm, PlaceForm, checked, place_of
from webui.live import polled
from webui.options import current
from webui.places import MessagePlace, Place
from webui.rendering import Mark, answer, changed, found, render, scene
from webui.routing import wants_partial
from webui.store import browse, operations, undo
from webui.store.errors import NotFound, WrongState
from webui.store.sentence import sentence
from webui.texts import gettext as _
from webui.texts import translated
from webui.views.operations import run
from webui.views.payloads import cards
from webui.wording import Said, closed, outcome


def register(blueprint: Blueprint) -> None:
    """Adds `GET /messages/<id>` and the POSTs under it."""
    verbs = ",".join(f'"{name}"' for name in ACTIONS)
    blueprint.add_url_rule("/messages/<webui_id:id>", view_func=message)
    blueprint.add_url_rule(f"/messages/<webui_id:id>/<any({verbs}):action>", view_func=message_action, methods=["POST"])
    blueprint.add_url_rule("/messages/<webui_id:id>/restore", view_func=restore, methods=["POST"])


@polled
def message(id: int) -> ResponseReturnValue:
    """The page, or what of it an action can change."""
    return page_of(id)


def message_action(id: int, action: str) -> ResponseReturnValue:
    """One of `ACTIONS`, if the message is still as the page showed it."""
    form = checked(ActionForm(request.form))
    place, verb, options = place_of(form, request.form), ACTIONS[action], current()
    try:
        done = verb.run(options.store, id, form.seen.data, actor=options.visitor(), key=form.once())
    except WrongState as error:
        return overtaken(error, place)
    except NotFound as error:
        return vanished(error, id, place)
    rows = [done.row] if done.row else []
    return answer(outcome(done, verb.done, asleep=verb.wakes), place, rows, Mark(verb.mark, done.journal_id))


def restore(id: int) -> ResponseReturnValue:
    """Brings an aborted message back out of the trash."""
    form = checked(PlaceForm(request.form))
    place, options = place_of(form, request.form), current()
    row = browse.get_row(options.store, id)
    try:
        if row.trashed_by is None and operations.was_used(options.store, form.once()):
            return answer(Said(closed(RESULTS["restore"], f"#{id}")), place, [row])
        if row.trashed_by is None:
            raise WrongState(sentence("Message {id} is in the queue already: nothing was changed.", id=id), row)
        if operations.is_one(options.store, row.trashed_by):
            # The others that were aborted with it stay in the trash.
            only = operations.freeze_trash(options.store, (id,))
            begun = operations.begin(
                options.store, "restore", only, actor=options.visitor(), key=form.once(), expected=1
            )
            return answer(run(begun), place, found([id]))
        done = undo.undo(options.store, row.trashed_by, actor=options.visitor(), key=form.once())
    except WrongState as error:
        return overtaken(error, place)
    return answer(outcome(done, RESULTS["restore"]), place, [done.row] if done.row else [])


def overtaken(error: WrongState, place: Place) -> ResponseReturnValue:
    """Somebody was faster: what happened, and the row as it is now, with 409."""
    said = Said(translated(error), "warn")
    if wants_partial():
        return changed(said, place, [error.row] if error.row else [], status=409)
    if error.row is None:
        raise error
    return page_of(error.row.id, said, 409)


def vanished(error: NotFound, id: int, place: Place) -> ResponseReturnValue:
    """The row is gone: in a file whose worker deletes what it has processed, that is how a message ends."""
    if not wants_partial():
        raise error
    said = Said(_("{problem} Nothing was done.", problem=translated(error)), "warn")
    return changed(said, place, status=404, gone=id)


def page_of(id: int, said: Said | None = None, status: int = 200) -> ResponseReturnValue:
    """A message's page."""
    detail = browse.get_detail(current().store, id)
    context = {"said": said} if said else {}
    return render(
        "webui/message.html", "webui/_message.html", scene(detail.as_of),
        status=status, place=MessagePlace(id), detail=detail, cards=cards(detail.row), **context,
    )  # fmt: skip
