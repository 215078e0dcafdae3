"""Waking claude-mem's worker, when an operator asks for it."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui import worker
from webui.forms import PlaceForm, checked, place_of
from webui.options import current
from webui.rendering import answer
from webui.store.errors import Unsupported
from webui.store.sentence import sentence
from webui.texts import translated
from webui.wording import Said


def register(blueprint: Blueprint) -> None:
    """Adds `POST /worker/wake`."""
    blueprint.add_url_rule("/worker/wake", view_func=wake, methods=["POST"])


def wake() -> ResponseReturnValue:
    """Asks the worker to look at its queue, and says what it answered."""
    place, url = place_of(checked(PlaceForm(request.form)), request.form), current().worker_url
    if url is None:
        raise Unsupported(
            sentence("Nobody said where the worker listens: start Unstick with --worker-url http://127.0.0.1:37777.")
        )
    try:
        return answer(Said(translated(worker.wake(url).sentence)), place)
    except worker.WorkerAway as away:
        return answer(Said(translated(away), "bad"), place)
