"""The log: one line for each action and each refusal, in the logger `webui`, that no visitor can break in two."""

from __future__ import annotations

import logging

from flask import g, request

from webui.guard import SAFE_METHODS

logger = logging.getLogger("webui")

LONGEST = 300


def note(sentence: str, error: BaseException | None = None) -> None:
    """Keeps why the request fails, for its line; `error` is logged with its traceback."""
    g.webui_reason = sentence
    g.webui_error = error


def sign(actor: str) -> None:
    """Keeps who acts, for the request's line."""
    g.webui_actor = actor


def write(status: int) -> None:
    """Writes the line of a request that acted or failed. Looking at pages leaves none."""
    if request.method in SAFE_METHODS and status < 400:
        return
    logger.log(
        logging.ERROR if status >= 500 else logging.WARNING if status >= 400 and status != 404 else logging.INFO,
        "%s %s by %s from %s: %d %s",
        one_line(request.method),
        one_line(request.path),
        one_line(g.get("webui_actor", "-")),
        one_line(request.remote_addr or "-"),
        status,
        one_line(g.get("webui_reason", "done" if status < 400 else "")),
        exc_info=g.get("webui_error"),
    )


def one_line(text: str) -> str:
    """`text` on one line and cut: line ends, escape sequences and marks that turn the reading order are spelled out."""
    spelled = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[:LONGEST])
    return spelled + "…" if len(text) > LONGEST else spelled
