"""What is stuck: processing for too long, or waiting for nobody; and the one click that puts it right."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui.forms import CutoffForm, checked, place_of
from webui.live import polled
from webui.options import current
from webui.places import BadForm, StuckPlace, number_of
from webui.rendering import render_list, scene
from webui.store import browse, operations, preview
from webui.store.sentence import sentence
from webui.views.operations import carry_out

PRESETS = ("1m", "5m", "15m", "1h")
EACH = browse.LIMIT // 2
"""Rows in each of the two lists: together as many as on any other page."""


def register(blueprint: Blueprint) -> None:
    """Adds `GET /stuck` and `POST /stuck/retry-all`."""
    blueprint.add_url_rule("/stuck", view_func=stuck)
    blueprint.add_url_rule("/stuck/retry-all", view_func=retry_all, methods=["POST"])


@polled
def stuck() -> ResponseReturnValue:
    """The page, or its two lists."""
    store = current().store
    place = StuckPlace.parse(request.args)
    judged = scene(store.now(), place.threshold)
    running = browse.stuck_page(store, judged.cutoff, place.cursor, EACH)
    waiting = browse.unclaimed_page(store, judged.cutoff, place.waiting, EACH)
    return render_list(
        "webui/stuck.html", "webui/_stuck.html", judged, place=place, running=running, waiting=waiting, presets=PRESETS,
    )  # fmt: skip


def retry_all() -> ResponseReturnValue:
    """Everything that was stuck when the page was made, whatever is on it."""
    form = checked(CutoffForm(request.form))
    place, options = place_of(form, request.form), current()
    cutoff = form.cutoff.data or 0
    if cutoff > options.store.now():
        raise BadForm(
            sentence("This form was made by a clock that is ahead of this one: reload the page and press again.")
        )
    threshold = place.threshold if isinstance(place, StuckPlace) else options.stuck_after
    frozen = preview.freeze_stuck(options.store, threshold, cutoff)
    key = form.once()
    told = number_of(request.args, "expected")
    begun = operations.begin(options.store, "retry", frozen, actor=options.visitor(), key=key, expected=told)
    return carry_out(begun, form)
