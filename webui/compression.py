"""Answers in fewer bytes: by brotli or gzip, whichever the browser likes better.

A library for Flask would compress every page of the app that we are mounted in, by settings that are the app's; so we
call the libraries of the two formats ourselves, for our own answers only.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

import brotli
from flask import Response, request

from webui.guard import came_from_elsewhere

ENCODINGS = ("br", "gzip", "identity")
"""What we send, the best first."""
LEAST = 500
"""Bytes of a page that is worth it."""


def chosen() -> str | None:
    """The encoding that this request asks for; None where it is to be sent as it is."""
    best = request.accept_encodings.best_match(ENCODINGS)
    return None if best == "identity" else best


@lru_cache(maxsize=64)
def kept(content: bytes, encoding: str) -> bytes:
    """A file's content as small as it gets: that takes a tenth of a second, once."""
    return brotli.compress(content, quality=11) if encoding == "br" else gzip.compress(content, 9, mtime=0)


def shorten(response: Response) -> None:
    """Compresses a page or a fragment, in about two ms. What is streamed, or no HTML, stays as it is.

    Also left as it is: a page that another site led to with words of its own in the address. Those words and what the
    page holds would be compressed together, so its length would say how much of one is in the other (BREACH).
    """
    if response.mimetype != "text/html" or response.is_streamed:
        return
    response.vary.add("Accept-Encoding")
    encoding = chosen()
    body = response.get_data()
    if encoding is None or len(body) < LEAST or "Content-Encoding" in response.headers:
        return
    if came_from_elsewhere(request) and set(request.args) - {"theme"}:  # one of two words, or not in the page at all
        return
    response.set_data(brotli.compress(body, quality=6) if encoding == "br" else gzip.compress(body, 6, mtime=0))
    response.headers["Content-Encoding"] = encoding
