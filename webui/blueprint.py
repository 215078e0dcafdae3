"""The blueprint around the views: who may enter, what is checked first, and how a problem is answered.

It knows none of the views.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from flask import Blueprint, Response, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadRequest, HTTPException, NotFound, RequestEntityTooLarge

from webui import assets, csrf, headers, logbook
from webui.guard import SAFE_METHODS
from webui.options import ACTION_OF, OWN, VIEW, NotAllowed, Options
from webui.places import PLACES, BadForm
from webui.routing import NOWHERE, allowed_methods, answer_for_the_rest, wants_partial
from webui.store import errors
from webui.store.narrowing import BadFilter

RETRY_AFTER = "5"
"""Seconds after which a page that could not be made may be asked for again."""


class NotSetUp(Exception):
    """The host app lacks something without which we do not answer."""


PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    BadFilter: (400, "That filter does not work"),
    BadForm: (400, "Nothing was done"),
    errors.UnknownType: (400, "That message cannot be stored"),
    errors.InvalidPayload: (400, "That payload cannot be read"),
    NotAllowed: (403, "Not allowed"),
    errors.ReadOnly: (403, "For looking only"),
    CSRFError: (403, "Please press again"),
    errors.NotFound: (404, "Not found"),
    errors.UnknownSession: (409, "That session is gone"),
    errors.WrongState: (409, "It changed meanwhile"),
    # Not 501: the server can do it, this file cannot, and 5xx would count as an outage.
    errors.Unsupported: (409, "This file cannot hold that"),
    Exception: (500, "Something went wrong"),
    NotSetUp: (500, "Not set up yet"),
    errors.Busy: (503, "The queue is busy"),
    errors.DiskFull: (503, "The disk is full"),
    errors.Corrupt: (503, "The queue is damaged"),
    errors.NotAQueue: (503, "This is no queue"),
    errors.Missing: (503, "The queue is not there"),
    errors.SchemaChanged: (503, "The queue changed its shape"),
}
"""Each error's status and headline. An error that is not named here is answered as the nearest class above it."""


def make(options: Options) -> Blueprint:
    """A blueprint for one mounted UI, without its views."""
    blueprint = Blueprint(options.name, __name__)
    blueprint.jinja_loader = assets.Templates(assets.folder("templates"))
    if not options.panel_of:
        blueprint.add_url_rule("/static/<path:filename>", "static", assets.send)
    blueprint.before_request(lambda: _admit(options))
    blueprint.after_request(_keep_own_headers)
    blueprint.register_error_handler(Exception, answer)
    # By name too: a host's handler for a code would come before ours for Exception. 401 and 403 are left to the host,
    # whose login may answer them.
    for named in (CSRFError, BadRequest, NotFound, RequestEntityTooLarge):
        blueprint.register_error_handler(named, answer)
    blueprint.context_processor(lambda: {"options": options, "csrf": csrf, "static_url": assets.static_url})
    answer_for_the_rest(blueprint, _nowhere)
    return blueprint


def _admit(options: Options) -> Response | None:
    """Runs before every view, after the host's own hooks. Nothing of the queue is touched before it lets through."""
    endpoint = (request.endpoint or "").removeprefix(f"{options.name}.")
    if endpoint != "static":
        _admit_to_pages(options, endpoint)
    if request.method == "OPTIONS" and endpoint != NOWHERE:
        return Response(status=204, headers={"Allow": ", ".join(allowed_methods())})
    return None


def _admit_to_pages(options: Options, endpoint: str) -> None:
    if not current_app.secret_key:
        raise NotSetUp(
            "This app has no secret key, so no button here could be trusted. Set app.secret_key (SECRET_KEY) to a long "
            'random value that is kept over restarts, like the output of: python -c "import secrets; '
            'print(secrets.token_hex())"'
        )
    action = _action(endpoint)
    if options.read_only and action != VIEW:
        raise errors.ReadOnly("This page was opened for looking only, so nothing was done.")
    options.permit(VIEW if action == OWN else action)
    g.webui_let_in = True
    if action != VIEW:
        logbook.sign(options.visitor())
        csrf.check(mounted=options.mounted)
    if endpoint != NOWHERE:
        options.store.refresh()
        if not options.read_only:
            options.runner.wake()
            if action != VIEW:
                options.runner.sweep()


def _action(endpoint: str) -> str:
    """The action that this request asks permission for. Raises LookupError for a POST endpoint that names none."""
    if request.method in SAFE_METHODS or endpoint == NOWHERE:
        return VIEW
    in_url = (request.view_args or {}).get("action")
    return in_url if isinstance(in_url, str) else ACTION_OF[endpoint]


def _nowhere(rest: str) -> Response:
    """Answers for URLs that no view has, and for methods that the view of a URL does not have."""
    if allowed := allowed_methods():
        sentence = f"This address does not answer to {request.method}, only to {', '.join(allowed)}."
        return problem(405, "Not that way", sentence, {"Allow": ", ".join(allowed)})
    return problem(404, "Not found", "There is no such page here. The address may be cut off or mistyped.")


def _keep_own_headers(response: Response) -> Response:
    # A blueprint's hook runs before the host's, so what stands there now was set by our view.
    g.webui_own_headers = headers.own(response)
    return response


def answer(error: Exception) -> ResponseReturnValue:
    """The page or fragment for any error under our prefix."""
    kind = next(kind for kind in type(error).__mro__ if kind in PROBLEMS)
    status, headline = PROBLEMS[kind]
    if isinstance(error, CSRFError):
        sentence = f"{error.description} Nothing was done: press again, or reload the page first."
        return problem(status, headline, sentence, {csrf.HEADER: csrf.token()})
    if isinstance(error, HTTPException):
        return _answer_http(error)
    if kind is Exception:
        return _answer_unforeseen(error)
    more = {"Retry-After": RETRY_AFTER} if status == 503 else None
    return problem(status, headline, str(error), more, back=_way_back())


def _way_back() -> str | None:
    """Where the form was pressed that this answers, if somebody was let in and it says so."""
    if request.method in SAFE_METHODS or not g.get("webui_let_in"):
        return None
    try:
        kind = PLACES.get(request.form.get("at", ""))
        return kind.parse(request.form).url() if kind else None
    except (errors.StoreError, HTTPException):
        return None


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400 or error.response is not None:
        return error  # it brings its own answer: a redirect to the host's login, say
    kept = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return problem(error.code, error.name, error.description or error.name, kept)


def _answer_unforeseen(error: Exception) -> Response:
    name = secrets.token_hex(4)
    sentence = f"That is a fault of this program, or of the app that it is part of. The log has it as {name}."
    return problem(500, PROBLEMS[Exception][1], sentence, error=error)


def problem(
    status: int,
    headline: str,
    sentence: str,
    more: Mapping[str, str] | None = None,
    error: Exception | None = None,
    back: str | None = None,
) -> Response:
    """The error page, or its fragment for htmx; `more` are headers, `error` goes to the log with its traceback, `back`
    is where the page leads to (or else the queue).

    The page of somebody who was not let in is bare: the usual one names the queue and holds a token.
    """
    logbook.note(sentence, error)
    template = "_error.html" if wants_partial() else "error.html"
    layout = "base.html" if g.get("webui_let_in") else "bare.html"
    words = {"status": status, "headline": headline, "sentence": sentence, "back": back}
    return make_response(
        render_template(f"webui/{template}", layout=f"webui/{layout}", **words), status, dict(more or {})
    )
