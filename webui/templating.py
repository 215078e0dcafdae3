"""Our templates and the words they have, in an environment of their own: a host's delimiters, globals and context are
for its pages, like a login that answers in our stead. `_` or `problem` may mean something else there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask.sansio.blueprints import BlueprintSetupState
from jinja2 import Environment
from jinja2.runtime import Macro

from webui import assets, texts

_TEMPLATES = Environment(loader=assets.Templates(assets.folder("templates")), autoescape=True, auto_reload=False)
_TEMPLATES.globals |= {"request": request, "url_for": url_for}


class Pages(Blueprint):
    """The blueprint of one mounted UI; `words` is what its templates have by name."""

    def __init__(self, name: str, import_name: str) -> None:
        super().__init__(name, import_name)
        self.words: dict[str, Any] = {}
        self.record(_reload_while_debugging)


def _reload_while_debugging(state: BlueprintSetupState) -> None:
    _TEMPLATES.auto_reload |= state.app.debug


def render_template(name: str, **context: Any) -> str:
    """A template of ours with the words of the UI that serves this request."""
    pages: Any = current_app.blueprints[str(request.blueprint)]
    # To import the macros takes a template longer than to call them: so each has all of them.
    macros = vars(_TEMPLATES.get_template("webui/_macros.html").module)
    known = {macro: part for macro, part in macros.items() if isinstance(part, Macro)}
    words = {**pages.words, **known, "_": texts.speaker(texts.language()), **context}
    return _TEMPLATES.get_template(name).render(words)
