"""Where a request comes from: the rules on Host, Sec-Fetch-Site and Origin, as pure functions over a request.

Host is the one defence against DNS rebinding, Sec-Fetch-Site and Origin are those against forms and scripts of other
sites (and of other ports of this machine). None of them says who the visitor is.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from werkzeug import Request

from webui.loopback import is_loopback
from webui.store.sentence import sentence

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HOST = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?")
"""A name or an address as the Host header has it, with or without a port."""

_ORIGIN = re.compile(r"https?://(?P<host>[A-Za-z0-9._:\[\]-]+)")
_SITES = frozenset({"cross-site", "same-site", "none"})


def refusal(request: Request, hosts: Collection[str], *, public: bool = False) -> str | None:
    """Why this request is refused, in a sentence that says which check failed and what to set; `None` if it is not.

    `hosts` are the configured names (host or host:port, lower case), `public` marks a file that any page may load.
    The sentence holds nothing that the visitor sent, but for names made of letters, digits and `. _ - : [ ] /`.
    """
    if wrong := _wrong_host(request, hosts):
        return wrong
    if request.method in SAFE_METHODS:
        return None if public else _foreign_look(request)
    return _foreign_action(request, hosts)


def same_origin_seen(request: Request) -> bool:
    """Whether the browser itself says that the request came from a page of this very origin."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def came_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that a page of another site or port led here."""
    return request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def _wrong_host(request: Request, hosts: Collection[str]) -> str | None:
    host = request.headers.get("Host", "").lower()
    match = HOST.fullmatch(host)
    target = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or "/"
    if match is None or not target.startswith("/"):
        return sentence(
            "The Host header is missing or malformed, so nothing is shown. "
            "Open the page by its plain address, like http://localhost:8377/."
        )
    if is_loopback(match["ipv6"] or match["name"]) or host in hosts:
        return None
    return sentence(
        "The Host header says {host}, a name that this UI does not answer to: a page of another site could hide "
        "behind it. If the name is yours, add {host} to hosts= (standalone: UNSTICK_HOSTS={host}).",
        host=host,
    )


def _foreign_look(request: Request) -> str | None:
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site in ("same-origin", "none") or request.headers.get("Sec-Fetch-Mode") == "navigate":
        return None
    return sentence(
        "The Sec-Fetch-Site header is {site}: a page of another site or port asked for this. "
        "Only following a link from there is answered. Open the page itself.",
        site=_known(site),
    )


def _foreign_action(request: Request, hosts: Collection[str]) -> str | None:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        return sentence(
            "Nothing was done: neither a Sec-Fetch-Site nor an Origin header shows that this came from a page of this "
            "UI. A script has to send Origin, with the scheme and the host of the address that it calls."
        )
    if site is not None and site != "same-origin":
        return sentence(
            "Nothing was done: the Sec-Fetch-Site header is {site}, so the button was not on a page of this UI. "
            "Open the page itself and press it there.",
            site=_known(site),
        )
    if origin is not None and not _ours(origin, request, hosts):
        return sentence(
            "Nothing was done: the Origin header is not the Host header ({host}). Behind a proxy, let it pass the Host "
            "header on, or add the name in the address bar to hosts= (standalone: UNSTICK_HOSTS).",
            host=request.headers["Host"],
        )
    return None


def _ours(origin: str, request: Request, hosts: Collection[str]) -> bool:
    match = _ORIGIN.fullmatch(origin.lower())
    return match is not None and (match["host"] == request.headers["Host"].lower() or match["host"] in hosts)


def _known(site: str) -> str:
    return site if site in _SITES else sentence("of an unknown kind")
