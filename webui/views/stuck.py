"""What is stuck: processing for too long, or waiting for nobody; and the one click that puts it right."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui.forms import BadForm, RetryAllForm, StuckPlace, checked, place_of
from webui.options import current
from webui.rendering import Mark, answer, found, render_list, scene
from webui.store import act, browse
from webui.wording import outcome

PRESETS = ("1m", "5m", "15m", "1h")


def register(blueprint: Blueprint) -> None:
    """Adds `GET /stuck` and `POST /stuck/retry-all`."""
    blueprint.add_url_rule("/stuck", view_func=stuck)
    blueprint.add_url_rule("/stuck/retry-all", view_func=retry_all, methods=["POST"])


def stuck() -> ResponseReturnValue:
    """The page, or its two lists."""
    store = current().store
    place = StuckPlace.parse(request.args)
    judged = scene(store.now(), place.threshold)
    running = browse.stuck_page(store, judged.cutoff, place.cursor)
    waiting = browse.unclaimed_page(store, judged.cutoff, place.waiting)
    return render_list(
        "webui/stuck.html", "webui/_stuck.html", judged, place=place, running=running, waiting=waiting, presets=PRESETS,
    )  # fmt: skip


def retry_all() -> ResponseReturnValue:
    """Everything that was stuck when the page was made, whatever is on it."""
    form = checked(RetryAllForm(request.form))
    place, options = place_of(form, request.form), current()
    cutoff = form.cutoff.data or 0
    if cutoff > options.store.now():
        raise BadForm("This form was made by a clock that is ahead of this one: reload the page and press again.")
    done = act.retry_all_stuck(options.store, cutoff, actor=options.visitor())
    rows = found(form.ids().intersection(done.done))
    return answer(outcome(done, "Retried {}", asleep=True), place, rows, Mark("Retried", None))
