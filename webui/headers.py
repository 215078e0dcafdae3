"""The headers of every answer under our prefix: pages, fragments, files, redirects and refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from werkzeug import Response

STRICT = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # Never no-referrer: plain forms would then send `Origin: null`, and Flask-WTF asks for a referrer under https.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}

ANYWHERE = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""For a file that other pages load."""


def framed(origins: Sequence[str]) -> dict[str, str]:
    """For an answer that pages of these origins, and of our own, may have in a frame."""
    if not origins:
        return {}
    # frame-ancestors is the policy's last part. X-Frame-Options knows no list of origins, so it has to go.
    policy = " ".join([STRICT["Content-Security-Policy"], *origins])
    return {"Content-Security-Policy": policy, "X-Frame-Options": ""}


def own(response: Response) -> dict[str, str]:
    """Those of the strict headers that the view has set itself (the raw payload has a stricter policy of its own)."""
    return {name: response.headers[name] for name in STRICT if name in response.headers}


def dress(response: Response, kept: Mapping[str, str]) -> None:
    """Puts the strict set on `response`, over whatever a host's own hooks have set; `kept` are the view's own (an empty
    one is left out)."""
    for name, value in STRICT.items():
        response.headers.pop(name, None)
        if wanted := kept.get(name, value):
            response.headers[name] = wanted
