"""The blueprint around the views: who may enter, what is checked first, and how a problem is answered.

It knows none of the views.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from flask import Response, current_app, g, make_response, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadRequest, HTTPException, NotFound, RequestEntityTooLarge

from webui import assets, csrf, headers, logbook, texts
from webui.guard import SAFE_METHODS
from webui.options import ACTION_OF, OWN, VIEW, NotAllowed, Options
from webui.places import PLACES, BadForm
from webui.routing import NOWHERE, allowed_methods, answer_for_the_rest, wants_partial
from webui.store import errors
from webui.store.narrowing import BadFilter
from webui.store.sentence import N_, Sentence, sentence
from webui.templating import Pages, render_template

RETRY_AFTER = "5"
"""Seconds after which a page that could not be made may be asked for again."""


class NotSetUp(Exception):
    """The host app lacks something without which we do not answer."""


PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    BadFilter: (400, N_("That filter does not work")),
    BadForm: (400, N_("Nothing was done")),
    errors.UnknownType: (400, N_("That message cannot be stored")),
    errors.InvalidPayload: (400, N_("That payload cannot be read")),
    NotAllowed: (403, N_("Not allowed")),
    errors.ReadOnly: (403, N_("For looking only")),
    CSRFError: (403, N_("Please press again")),
    errors.NotFound: (404, N_("Not found")),
    errors.UnknownSession: (409, N_("That session is gone")),
    errors.WrongState: (409, N_("It changed meanwhile")),
    # Not 501: the server can do it, this file cannot, and 5xx would count as an outage.
    errors.Unsupported: (409, N_("This file cannot hold that")),
    Exception: (500, N_("Something went wrong")),
    NotSetUp: (500, N_("Not set up yet")),
    errors.Busy: (503, N_("The queue is busy")),
    errors.DiskFull: (503, N_("The disk is full")),
    errors.Corrupt: (503, N_("The queue is damaged")),
    errors.NotAQueue: (503, N_("This is no queue")),
    errors.Missing: (503, N_("The queue is not there")),
    errors.SchemaChanged: (503, N_("The queue changed its shape")),
}
"""Each error's status and headline. An error that is not named here is answered as the nearest class above it."""
USUAL = (
    N_("Bad Request"),
    N_("The browser (or proxy) sent a request that this server could not understand."),
    N_("Not Found"),
    N_(
        "The requested URL was not found on the server. If you entered the URL manually please check your spelling and"
        " try again."
    ),
    N_("Request Entity Too Large"),
    N_("The data value transmitted exceeds the capacity limit."),
    N_("Forbidden"),
    N_("The CSRF token is missing."),
    N_("The CSRF session token is missing."),
    N_("The CSRF token has expired."),
    N_("The CSRF token is invalid."),
    N_("The CSRF tokens do not match."),
)
"""What Flask and Flask-WTF say."""


def make(options: Options) -> Pages:
    """A blueprint for one mounted UI, without its views."""
    blueprint = Pages(options.name, __name__)
    if not options.panel_of:
        blueprint.add_url_rule("/static/<path:filename>", "static", assets.send)
    blueprint.before_request(lambda: _admit(options))
    blueprint.after_request(_keep_own_headers)
    blueprint.register_error_handler(Exception, answer)
    # By name too: a host's handler for a code would come before ours for Exception. 401 and 403 are left to the host,
    # whose login may answer them.
    for named in (CSRFError, BadRequest, NotFound, RequestEntityTooLarge):
        blueprint.register_error_handler(named, answer)
    blueprint.words |= {"options": options, "csrf": csrf, "static_url": assets.static_url}
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
            sentence(
                "This app has no secret key, so no button here could be trusted. Set app.secret_key (SECRET_KEY) to a "
                "long random value that is kept over restarts, like the output of: {command}",
                command='python -c "import secrets; print(secrets.token_hex())"',
            )
        )
    action = _action(endpoint)
    if options.read_only and action != VIEW:
        raise errors.ReadOnly(sentence("This page was opened for looking only, so nothing was done."))
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
        methods = ", ".join(allowed)
        said = sentence(
            "This address does not answer to {method}, only to {methods}.", method=request.method, methods=methods
        )
        return problem(405, N_("Not that way"), said, {"Allow": methods})
    return problem(
        404, N_("Not found"), sentence("There is no such page here. The address may be cut off or mistyped.")
    )


def _keep_own_headers(response: Response) -> Response:
    # A blueprint's hook runs before the host's, so what stands there now was set by our view.
    g.webui_own_headers = headers.own(response)
    return response


def answer(error: Exception) -> ResponseReturnValue:
    """The page or fragment for any error under our prefix."""
    kind = next(kind for kind in type(error).__mro__ if kind in PROBLEMS)
    status, headline = PROBLEMS[kind]
    if isinstance(error, CSRFError):
        said = sentence(
            "{problem} Nothing was done: press again, or reload the page first.",
            problem=_said_by(error),
        )
        return problem(status, headline, said, {csrf.HEADER: csrf.token()})
    if isinstance(error, HTTPException):
        return _answer_http(error)
    if kind is Exception:
        return _answer_unforeseen(error)
    more = {"Retry-After": RETRY_AFTER} if status == 503 else None
    return problem(status, headline, error, more, back=_way_back())


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
    return problem(error.code, error.name, _said_by(error), kept)


def _said_by(error: HTTPException) -> Sentence:
    """What Flask or the host says: translated where it is one of the usual sentences."""
    said = str(error.description or error.name)
    return sentence(said if said in USUAL else "{sentence}", sentence=said)


def _answer_unforeseen(error: Exception) -> Response:
    name = secrets.token_hex(4)
    said = sentence(
        "That is a fault of this program, or of the app that it is part of. The log has it as {name}.", name=name
    )
    return problem(500, PROBLEMS[Exception][1], said, error=error)


def problem(
    status: int,
    headline: str,
    said: object,
    more: Mapping[str, str] | None = None,
    error: Exception | None = None,
    back: str | None = None,
) -> Response:
    """The error page, or its fragment for htmx. `said` is a sentence, or an error that carries one; `more` are headers,
    `error` goes to the log with its traceback, `back` is where the page leads to (or else the queue).

    The page of somebody who was not let in is bare: the usual one names the queue and holds a token.
    """
    logbook.note(str(said), error)
    template = "_error.html" if wants_partial() else "error.html"
    layout = "base.html" if g.get("webui_let_in") else "bare.html"
    words = {"status": status, "headline": texts.gettext(headline), "sentence": texts.translated(said), "back": back}
    return make_response(
        render_template(f"webui/{template}", layout=f"webui/{layout}", **words), status, dict(more or {})
    )
