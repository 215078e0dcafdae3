"""Actions on many messages as they go on: their list, and one of them with its progress and its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui import actions
from webui.forms import PlaceForm, checked, place_of
from webui.live import polled
from webui.options import current
from webui.places import LARGEST, OperationPlace, OperationsPlace, Place, number_of
from webui.progress import carried, has_rest, left_of
from webui.rendering import Mark, answer, found, render_list, scene
from webui.routing import wants_partial
from webui.store import diagnosis
from webui.store import operations as many
from webui.store.errors import WrongState
from webui.store.operations import Operation
from webui.store.selection import FROM
from webui.store.sentence import sentence
from webui.store.working import work
from webui.wording import Said

PATIENCE = 1.0
"""For how many seconds an operation is carried out before its answer; then it goes on in the background."""
LIMIT = 50


def register(blueprint: Blueprint) -> None:
    """Adds `GET /operations`, `GET /operations/<id>` and the POSTs under it."""
    blueprint.add_url_rule("/operations", view_func=operations)
    blueprint.add_url_rule("/operations/<webui_id:id>", view_func=operation)
    for turn in (cancel, resume, rest):
        blueprint.add_url_rule(f"/operations/<webui_id:id>/{turn.__name__}", view_func=turn, methods=["POST"])


@polled
def operations() -> ResponseReturnValue:
    """The page, or its list."""
    store = current().store
    before = number_of(request.args, "before")
    shown = many.newest(store, LARGEST if before is None else before, LIMIT + 1)
    return render_list(
        "webui/operations.html", "webui/_operations.html", scene(store.now()),
        place=OperationsPlace(), shown=shown[:LIMIT], more=len(shown) > LIMIT, is_first=before is None,
    )  # fmt: skip


def operation(id: int) -> ResponseReturnValue:
    """The page; or its progress and, once it is over, what has changed around it."""
    store = current().store
    place = OperationPlace.parse({**request.args.to_dict(), "operation": str(id)})
    shown, judged = many.get(store, id), scene(store.now())
    ended = {"verdict": diagnosis.verdict(store, judged.cutoff)} if shown.is_over and wants_partial() else {}
    return render_list(
        "webui/operation.html", "webui/operation_now.html", judged,
        place=place, operation=shown, listed=_listed(place), **ended,
    )  # fmt: skip


def _listed(place: OperationPlace) -> Mapping[str, Any]:
    """The rows of a part as they are now: by id, with the reasons; `rows` are those that still exist."""
    store, after = current().store, FROM if place.after is None else place.after
    if place.part == "done":
        reasons: dict[int, str] = dict.fromkeys(many.done_rows(store, place.id, after, LIMIT + 1), "")
    else:
        reasons = dict(many.left_rows(store, place.id, place.part, after, LIMIT + 1))
    ids = list(reasons)[:LIMIT]
    return {"reasons": reasons, "ids": ids, "rows": {row.id: row for row in found(ids)}, "more": len(reasons) > LIMIT}


def cancel(id: int) -> ResponseReturnValue:
    """Ends it behind its last step."""
    form, _ = _turned(id)
    return answer(_said(many.cancel(current().store, id)), place_of(form, request.form))


def resume(id: int) -> ResponseReturnValue:
    """Goes on with it."""
    form, _ = _turned(id)
    many.resume(current().store, id)
    return carry_out(id, form)


def rest(id: int) -> ResponseReturnValue:
    """Does what was done to a few of them first to all that it left."""
    form, done = _turned(id)
    selection, options = many.rest_of(done), current()
    if selection is None or not has_rest(done):
        raise WrongState(sentence("Operation {id} has left nothing to be done. Nothing was changed.", id=id))
    begun = many.begin(
        options.store, done.action, selection,
        actor=options.visitor(), reason=done.reason, key=form.once(), expected=left_of(done),
        per_minute=done.per_minute,
    )  # fmt: skip
    return carry_out(begun, form)


def _turned(id: int) -> tuple[PlaceForm, Operation]:
    """The form, and the operation that it is about, if this visitor may do what that does."""
    form, options = checked(PlaceForm(request.form)), current()
    done = many.get(options.store, id)
    options.permit(actions.permission(done.action))
    return form, done


def run(id: int) -> Said:
    """Carries an operation out for as long as an answer may take, and leaves the rest to the background."""
    options = current()
    done = work(options.store, id, seconds=PATIENCE)
    if not done.is_over:
        options.runner.wake(now=True)
    return _said(done)


def carry_out(id: int, form: PlaceForm, place: Place | None = None) -> ResponseReturnValue:
    """The answer to a form that has begun an operation, on the form's own place or another, with those of the page's
    rows that it changed."""
    said, store = run(id), current().store
    verb = actions.ACTIONS.get(many.get(store, id).action)
    rows = found(many.touched(store, id, form.ids()))
    return answer(said, place or place_of(form, request.form), rows, Mark(verb.mark, None) if verb else None)


def _said(done: Operation) -> Said:
    verb = actions.ACTIONS.get(done.action)
    only = many.done_rows(current().store, done.id, FROM, 1) if done.done == 1 else []
    one = only[0] if only and not done.looked_at - done.done else None
    return carried(done, actions.result(done.action), one, asleep=verb is not None and verb.wakes)
