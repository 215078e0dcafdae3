"""What single keys do: a list that the browser opens when it is asked for."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webui.routing import wants_partial
from webui.templating import render_template


def register(blueprint: Blueprint) -> None:
    """Adds `GET /keys`."""
    blueprint.add_url_rule("/keys", view_func=keys)


def keys() -> ResponseReturnValue:
    """The list, as a dialog or as a page."""
    return render_template("webui/_keys_dialog.html" if wants_partial() else "webui/keys.html")
