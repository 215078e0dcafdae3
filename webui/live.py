"""Pages that stay up to date: each knows the version of what it shows, asks for it again and again, and is answered 204
for as long as it would show the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import NamedTuple, ParamSpec
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from flask import Response, g, make_response, request
from flask.typing import ResponseReturnValue

from webui import texts
from webui.actions import ACTIONS
from webui.columns import Scene
from webui.options import ACTION_OF, OWN, current
from webui.routing import wants_partial
from webui.store import PendingMessageStore
from webui.store.model import Detail, Verdict
from webui.version import __version__

SEEN = "v"
"""The query argument with the version that the page shows."""
LONGEST = 60_000
"""After so many ms a page is told anew where nothing was committed: what it says about the last minutes has changed."""

SHARED = 1_000
"""For so many ms one tab's answer is good enough for another one."""
MOST = 64
"""So many such answers are kept of a store."""

View = ParamSpec("View")


class _Told(NamedTuple):
    at: int
    page: bytes


_TOLD: WeakKeyDictionary[PendingMessageStore, dict[object, _Told]] = WeakKeyDictionary()


def polled(view: Callable[View, ResponseReturnValue]) -> Callable[View, ResponseReturnValue]:
    """For the view of a page that stays up to date: it is not even called where nothing has changed."""

    @wraps(view)
    def answered(*args: View.args, **kwargs: View.kwargs) -> ResponseReturnValue:
        # Before the view looks at the queue: what is committed after its look makes another version.
        g.webui_state = _state()
        seen, _, until = request.args.get(SEEN, "").partition(".")
        lasts = until.isascii() and until.isdecimal() and current().store.now() < int(until[:20])
        if wants_partial() and seen == g.webui_state and lasts:
            return Response(status=204)
        return _shared(lambda: view(*args, **kwargs)) if is_refresh() else view(*args, **kwargs)

    return answered


def _shared(view: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """What another tab was just told of the same page, by the same rights; else what the view says."""
    options = current()
    told = _TOLD.setdefault(options.store, {})
    rights = tuple(options.allowed(action) for action in (*ACTIONS, *sorted(set(ACTION_OF.values()) - {OWN})))
    key = (g.webui_state, options.name, request.script_root, rights)
    now = options.store.now()
    before = told.get(key)
    if before and 0 <= now - before.at < SHARED:
        return Response(before.page)
    response = make_response(view())
    if response.status_code == 200:
        if len(told) >= MOST:
            told.clear()
        told[key] = _Told(now, response.get_data())
    return response


def is_polled() -> bool:
    """Whether this page stays up to date."""
    return "webui_state" in g


def is_refresh() -> bool:
    """Whether this is such a page that asks for what has changed."""
    return is_polled() and wants_partial() and SEEN in request.args


def version(judged: Scene, verdict: Verdict | None, detail: Detail | None) -> str:
    """The version of this answer: of a page with the verdict, or of a message's own. It ends when the next message
    becomes stuck."""
    until = judged.now + LONGEST
    started = verdict.counts.next_started_at if verdict else _next_of(detail, judged)
    if started is not None:
        until = min(until, started + judged.stuck_after + 1)
    return f"{g.webui_state}.{max(until, 0)}"


def _next_of(detail: Detail | None, judged: Scene) -> int | None:
    started = detail.row.started_at if detail and detail.row.status == "processing" else None
    return started if isinstance(started, int) and started >= judged.cutoff else None


def _state() -> str:
    """What is the same for the same page, in one language, while nothing is committed: of this release, in this
    process."""
    asked = [(name, value) for name, value in request.args.items(multi=True) if name != SEEN]
    said = (__version__, current().store.database.revision(), texts.language(), request.path, urlencode(asked))
    return sha256("\n".join(said).encode()).hexdigest()[:16]
