"""Origins of other pages, exactly as a browser writes them."""

from __future__ import annotations

import re

_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_ORIGIN = re.compile(rf"(?P<scheme>https?)://{_LABEL}(\.{_LABEL})*(:(?P<port>[1-9][0-9]{{0,4}}))?")
_USUAL = {"http": "80", "https": "443"}


def exact(text: str) -> str:
    """The origin that `text` names, in lower case. It goes into a Content-Security-Policy, which knows no IPv6 address.
    Raises ValueError with a sentence for whatever else it is: a pattern, a list, an address with a path."""
    origin = text.lower()
    match = _ORIGIN.fullmatch(origin)
    if match is None or int(match["port"] or 0) > 65535 or match["port"] == _USUAL[match["scheme"]]:
        raise ValueError(
            f"an origin is the scheme, the host and the port of one page's address, like http://localhost:37777 or "
            f"https://team.example.com: no path, not even a slash at the end, no *, and no list. It was {text!r}."
        )
    return origin
