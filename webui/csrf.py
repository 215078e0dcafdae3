"""The token against forged forms: made by Flask-WTF, checked by us, whatever the host app has switched on or off."""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import current_app, g, request, session
from flask_wtf.csrf import CSRFError, generate_csrf, validate_csrf
from itsdangerous import URLSafeTimedSerializer
from wtforms import ValidationError

from webui.guard import same_origin_seen

HEADER = "X-CSRFToken"
"""The answer's header with a fresh token."""
MOUNTED_LIFETIME = 31 * 24 * 3600
"""Seconds a token lives in somebody's app (as long as its session may): a dashboard stays open for weeks."""


class _Spaced:
    """JSON after white space of 64 random bits, which changes nothing of what it says."""

    @staticmethod
    def dumps(value: Any, **options: Any) -> str:
        bits = secrets.randbits(64)
        return "".join(" \t\n\r"[bits >> place & 3] for place in range(0, 64, 2)) + json.dumps(value, **options)

    loads = staticmethod(json.loads)


def token() -> str:
    """A token for this visitor's session; empty where the app has no secret key to sign one with.

    Flask-WTF's own has one signature for a whole second. In a compressed page that could be guessed piece by piece,
    from the lengths of many answers (BREACH); so we sign one for each answer. Flask-WTF's check takes it as its own.
    """
    if not current_app.secret_key:
        return ""
    if "webui_token" not in g:
        generate_csrf()  # gives the session its value
        key = current_app.config.get("WTF_CSRF_SECRET_KEY", current_app.secret_key)
        signed = URLSafeTimedSerializer(key, salt="wtf-csrf-token", serializer=_Spaced)
        g.webui_token = signed.dumps(session[field()])
    return str(g.webui_token)


def field() -> str:
    """The form field that carries a token: the app's own name for it, so that a host's check finds it too."""
    return str(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"))


def header() -> str:
    """The request's header that carries a token."""
    names: list[str] = current_app.config.get("WTF_CSRF_HEADERS", [HEADER])
    return names[0] if names else HEADER


def check(*, mounted: bool) -> None:
    """Raises CSRFError unless the request carries a token of its own session.

    A browser that keeps no cookies for us (in a frame of another site, say) cannot have one. Standalone, where there is
    no login that a cookie could stand for, its word that the request comes from our own page is enough.
    """
    if not mounted and "Cookie" not in request.headers and same_origin_seen(request):
        return
    try:
        # Without a limit, Flask-WTF takes the app's WTF_CSRF_TIME_LIMIT: none in our own, an hour in most others.
        validate_csrf(
            request.headers.get(header()) or request.form.get(field()),
            time_limit=MOUNTED_LIFETIME if mounted else None,
        )
    except ValidationError as error:
        raise CSRFError(str(error)) from None
