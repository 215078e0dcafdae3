"""What is done to many messages: to those that are ticked at once, to all that match once it was asked."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui.actions import ACTIONS
from webui.bulk import BulkForm, Matching, cost_of, ticked
from webui.forms import checked
from webui.options import current
from webui.places import BadForm
from webui.rendering import render, scene
from webui.store import operations, preview
from webui.store.model import QUEUED
from webui.store.selection import Selection
from webui.store.sentence import sentence
from webui.templating import render_template
from webui.views.operations import carry_out


def register(blueprint: Blueprint) -> None:
    """Adds `GET /queue/<action>`, which asks, `POST /queue/<action>`, which does it, and `GET /queue/count`."""
    verbs = ",".join(f'"{name}"' for name in ACTIONS)
    blueprint.add_url_rule(f"/queue/<any({verbs}):action>", view_func=ask)
    blueprint.add_url_rule(f"/queue/<any({verbs}):action>", view_func=bulk, methods=["POST"])
    blueprint.add_url_rule("/queue/count", view_func=count)


def ask(action: str) -> ResponseReturnValue:
    """What an action on all that matches would touch, and the button that does it: a page, or a dialog."""
    store, matching = current().store, Matching.parse(request.args)
    judged = scene(store.now())
    found = preview.matching(store, action, matching.frozen)
    return render(
        "webui/ask.html", "webui/_dialog.html", judged, place=matching.back,
        matching=matching, action=ACTIONS[action], found=found, cost=cost_of(found.count, judged.cutoff),
    )  # fmt: skip


def bulk(action: str) -> ResponseReturnValue:
    """An action on what is ticked or, where the address says which, on all that matched."""
    form, options = checked(BulkForm(request.form)), current()
    selection: Selection
    if not request.args:
        selection = ticked(request.form.getlist("ticked"))
        expected: int | None = len(selection.rows)
    elif "until" in request.args and "as_of" in request.args:
        selection, expected = Matching.parse(request.args).frozen, form.expected.data
    else:
        raise BadForm(
            sentence("This form does not say when all that matches was looked at, so nothing was done: look again.")
        )
    id = operations.begin(
        options.store, action, selection, actor=options.visitor(), reason=form.why(), key=form.once(),
        expected=expected, most=form.most.data, per_minute=form.speed(),
    )  # fmt: skip
    return carry_out(id, form)


def count() -> ResponseReturnValue:
    """How many messages match, in figures; and with them those links of a page that ask about these, so that each
    question knows what the operator was told."""
    matching, store = Matching.parse(request.args), current().store
    frozen = matching.frozen
    told = {status: preview.count(store, frozen, (status,)) for status in frozen.sections(QUEUED)}
    return render_template(
        "webui/counted.html", matching=replace(matching, told=told), number=preview.total(told.values()),
        links=request.args.get("links"), scene=scene(store.now()),
    )  # fmt: skip
