"""Our templates and the words they have. A page of the host that answers in our stead (its login, say) has none of
them, and ours have none of the host's: `_` or `problem` may mean something else there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, request
from jinja2.runtime import Macro

from webui import texts


class Pages(Blueprint):
    """The blueprint of one mounted UI; `words` is what its templates have by name."""

    def __init__(self, name: str, import_name: str) -> None:
        super().__init__(name, import_name)
        self.words: dict[str, Any] = {}


def render_template(name: str, **context: Any) -> str:
    """A template of ours with the words of the UI that serves this request."""
    pages: Any = current_app.blueprints[str(request.blueprint)]
    templates = current_app.jinja_env
    # To import the macros takes a template longer than to call them: so each has all of them.
    macros = vars(templates.get_template("webui/_macros.html").module)
    known = {macro: part for macro, part in macros.items() if isinstance(part, Macro)}
    words = {**pages.words, **known, "_": texts.speaker(texts.language()), **context}
    return templates.get_template(name).render(words)
