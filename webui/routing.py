"""URLs: ids in their one canonical spelling, and an answer in our own style for everything under our prefix."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, current_app, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Rule

NOWHERE = "nowhere"
"""The endpoint that answers for URLs and methods that no view has."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_LARGEST = 2**63 - 1


def _up_to(largest: int) -> str:
    """A pattern for the decimal numbers from 1 to `largest`, without leading zeros."""
    digits = str(largest)
    shorter = f"[1-9][0-9]{{0,{len(digits) - 2}}}"
    lower = [
        f"{digits[:i]}[{0 if i else 1}-{int(digit) - 1}][0-9]{{{len(digits) - 1 - i}}}"
        for i, digit in enumerate(digits)
        if int(digit) > (0 if i else 1)
    ]
    return "|".join([shorter, *lower, digits])


class Id(BaseConverter):
    """A 64-bit id as SQLite has it, spelled in one way only: no leading zeros, no plus, ASCII digits."""

    # Exact, and not checked in to_python: a ValidationError would end the routing before NOWHERE is tried.
    regex = f"0|-?(?:{_up_to(_LARGEST)})|{-_LARGEST - 1}"
    part_isolating = True

    def to_python(self, value: str) -> int:
        """The id in the URL."""
        return int(value)


class Rest(BaseConverter):
    """Whatever else a path holds, be it nothing, slashes or line ends."""

    regex = "(?s:.*)"
    part_isolating = False
    weight = 1000


def wants_partial() -> bool:
    """Whether htmx asks for a part of the page it is on."""
    return request.headers.get("HX-Request-Type") == "partial"


def register_converters(app: Flask) -> None:
    """Makes `<webui_id:id>` known, under a name that no host's own converter has."""
    app.url_map.converters.update(webui_id=Id, webui_rest=Rest)


def answer_for_the_rest(blueprint: Blueprint, view: Callable[..., ResponseReturnValue]) -> None:
    """Gives `view` every other URL under the blueprint's prefix, by any method, as the endpoint NOWHERE."""
    endpoint = f"{blueprint.name}.{NOWHERE}"

    def add(state: BlueprintSetupState) -> None:
        # The map itself takes a rule for all methods; `add_url_rule` would want a list of them.
        state.app.url_map.add(Rule(f"{state.url_prefix or ''}/<webui_rest:rest>", endpoint=endpoint))
        state.app.view_functions[endpoint] = view

    blueprint.record(add)


def allowed_methods() -> list[str]:
    """The methods that a view answers at this request's path; empty if there is no such page."""
    allowed = [method for method in _METHODS if _answers(method)]
    return [*allowed, "OPTIONS"] if allowed else []


def _answers(method: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    try:
        rule = adapter.match(method=method, return_rule=True)[0] if adapter else None
    except HTTPException:  # no such page, or a redirect to one
        return False
    return rule is not None and not str(rule.endpoint).endswith(f".{NOWHERE}")
