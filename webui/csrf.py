"""The token against forged forms: made by Flask-WTF, checked by us, whatever the host app has switched on or off."""

from __future__ import annotations

from flask import current_app, request
from flask_wtf.csrf import CSRFError, generate_csrf, validate_csrf
from wtforms import ValidationError

from webui.guard import same_origin_seen

FIELD = "csrf_token"
HEADER = "X-CSRFToken"
MOUNTED_LIFETIME = 31 * 24 * 3600
"""Seconds a token lives in somebody's app (as long as its session may): a dashboard stays open for weeks."""


def token() -> str:
    """A token for this visitor's session; empty where the app has no secret key to sign one with."""
    return str(generate_csrf()) if current_app.secret_key else ""


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
            request.headers.get(HEADER) or request.form.get(FIELD),
            time_limit=MOUNTED_LIFETIME if mounted else None,
        )
    except ValidationError as error:
        raise CSRFError(str(error)) from None
