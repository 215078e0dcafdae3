"""Answers: a page or its partial; after an action the partials that changed, or the way back with the outcome."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from flask import Response, g, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from webui import actions, columns, live, logbook, progress, texts, wording, worker
from webui.bulk import MOST, matching_of
from webui.columns import COLUMNS, Column, Scene
from webui.health import health
from webui.kept import KeptRows
from webui.options import current
from webui.payload import format_bytes
from webui.places import Given, MessagePlace, OperationPlace, Place, TrashPlace
from webui.routing import wants_partial
from webui.store import browse, diagnosis, operations, retention, trash
from webui.store.errors import NotFound
from webui.store.model import Count, Counts, Detail, Row
from webui.store.narrowing import BadFilter
from webui.store.sentence import N_
from webui.target import target, tool_icon, tool_label
from webui.templating import Pages, render_template
from webui.timeline import steps
from webui.wording import Said


class Tab(NamedTuple):
    """A page of the top level, and the number on its tab (None: it has none, or this file does not hold it)."""

    endpoint: str
    label: str
    number: Callable[[Counts], Count | None]
    alarming: bool = False
    more: tuple[str, ...] = ()
    """The pages under it."""


TABS = (
    Tab("queue", N_("Queue"), lambda counts: counts.queue),
    Tab("stuck", N_("Stuck"), lambda counts: counts.stuck, alarming=True),
    Tab("recent", N_("Recent"), lambda counts: counts.processed),
    Tab("journal", N_("Journal"), lambda counts: None, more=("operations", "operation")),
    Tab("trash", N_("Trash"), lambda counts: counts.trash),
)


WITHOUT: Mapping[str, tuple[str, ...]] = {"queue": (), "stuck": (), "recent": ("tick", "act")}
"""The columns that a page's list does not have; those of others have no ticks."""


PlaceT = TypeVar("PlaceT", bound=Place)
ARGUMENTS = 50
"""So many values of an address that cannot be understood are looked at one by one."""


class Mark(NamedTuple):
    """What was just done to a row that stays in its place: the words (an action's own), and the journal line that takes
    it back."""

    words: str
    undo: int | None


def register(pages: Pages) -> None:
    """Gives the templates of this UI (and no others) their words."""
    pages.words |= {
        "ngettext": texts.ngettext, "figure": texts.figure, "language": texts.language,
        "stored": texts.stored, "translated": texts.translated, "ago": ago, "around": around, "bdi": bdi,
        "RETENTION": retention.ACTOR, "TABS": TABS, "actions": actions, "at": at, "columns": columns,
        "format_bytes": format_bytes, "health": health, "steps": steps,
        "MOST_TICKED": MOST, "kept": KeptRows(), "live": live,
        "message_url": message_url, "narrowed": narrowed, "new_key": new_key, "progress": progress,
        "columns_of": columns_of, "target": target, "tool_icon": tool_icon, "tool_label": tool_label, "when": when,
        "why": why, "words": wording, "worker_command": worker.command,
    }  # fmt: skip


def columns_of(place: Place) -> tuple[Column, ...]:
    """The columns of a page's list: ticks where there is something to do to many and somebody may do anything, and
    nothing to do on the recent page."""
    without = (*WITHOUT.get(place.endpoint, ("tick",)), *(("tick",) if current().read_only else ()))
    return tuple(column for column in COLUMNS if column.name not in without)


def new_key() -> str:
    """A key for one press of a page's buttons."""
    return secrets.token_urlsafe(12)


def when(ms: Any, now: int) -> Markup:
    """How long ago a time was, which times.js keeps ticking, with the exact time in its tooltip; what is no time, as
    text."""
    if not wording.is_time(ms):
        return Markup('<span title="{}">{}</span>').format(
            texts.gettext("This is stored where a time should be"), wording.text(ms, 40)
        )
    then = wording.exact(ms)
    return Markup(f'<time datetime="{then}" title="{then}" data-age>{wording.duration(now - ms)}</time>')


def ago(ms: Any, now: int) -> Markup:
    """The same with the words around it, which go where the operator wants times of another kind."""
    return around(texts.gettext("{time} ago", time="{}"), when(ms, now), "ago")


def around(words: str, part: Markup, name: str) -> Markup:
    """Words with a part at their `{}`, which are of the class `name`."""
    before, _, after = words.partition("{}")
    wrapped = [Markup('<span class="{}">{}</span>').format(name, text) if text else "" for text in (before, after)]
    return Markup("{}{}{}").format(wrapped[0], part, wrapped[1])


def bdi(value: Any, most: int = 400) -> Markup:
    """Any stored value as text that does not turn the direction of what is around it."""
    return Markup("<bdi>{}</bdi>").format(wording.text(value, most))


def at(ms: Any, now: int) -> Markup:
    """A time on the clock, with the exact time in its tooltip; what is no time, as text."""
    if not wording.is_time(ms):
        return Markup("{}").format(wording.text(ms, 40))
    then = wording.exact(ms)
    return Markup(f'<time datetime="{then}" title="{then}">{wording.moment(ms, now)}</time>')


def message_url(id: int, action: str | None = None) -> str:
    """The URL of a message, or of an action on it: one of each kind is built, and the ids are put in."""
    known: dict[str | None, tuple[str, str]] = g.setdefault("webui_message_urls", {})
    if action not in known:
        url = url_for(".message_action", id=0, action=action) if action else url_for(".message", id=0)
        before, _, after = url.rpartition("/0")
        known[action] = (before, after)
    before, after = known[action]
    return f"{before}/{id}{after}"


def narrowed(link: Mapping[str, str] | None) -> str | None:
    """The URL of the queue narrowed to a fact of a row (None where no filter finds it); a page's rows share a few."""
    if link is None:
        return None
    known: dict[tuple[tuple[str, str], ...], str] = g.setdefault("webui_narrowed", {})
    key = tuple(link.items())
    if key not in known:
        values: dict[str, Any] = dict(link)
        known[key] = url_for(".queue", **values)
    return known[key]


def why(row: Row, judged: Scene) -> str | None:
    """Why a message does not move; None where nothing is wrong with it."""
    cause = diagnosis.cause(row, judged.cutoff, judged.now, judged.max_retries)
    return None if cause is None else texts.translated(cause)


def scene(now: int, stuck_after: int | None = None) -> Scene:
    """Against what the rows of this answer are judged; `now` and `stuck_after` are ms."""
    options = current()
    after = options.stuck_after if stuck_after is None else stuck_after
    store = options.store
    # `may` is the host's, and may ask a database: once for each action is enough for one answer.
    return Scene(now, now - after, store.max_retries, store.capabilities, cache(options.allowed))


def render(template: str, partial: str, judged: Scene, *, status: int = 200, **context: Any) -> Response:
    """The partial where htmx asks for it, else the page around it with a pending outcome."""
    if live.is_refresh():
        return make_response(render_template("webui/refresh.html", partial=partial, scene=judged, **context), status)
    if wants_partial():
        return make_response(render_template(partial, scene=judged, **context), status)
    context.setdefault("said", _take_said())
    return make_response(render_template(template, scene=judged, **context), status)


def render_list(template: str, partial: str, judged: Scene, **context: Any) -> Response:
    """The same for a page of the top level, which has the verdict and the tabs."""
    if not wants_partial() or live.is_refresh():
        context["verdict"] = diagnosis.verdict(current().store, judged.cutoff)
        context["matching"] = matching_of(context["place"], judged.now)
        context["tick_all"] = request.args.get("tick") == "all"
    return render(template, partial, judged, **context)


def understood(kind: type[PlaceT], given: Given, error: BadFilter) -> tuple[PlaceT, dict[str, Any]]:
    """The place that is named by what can be understood of an address, and what its page says of the rest. A partial
    has no room for that: raises the error."""
    if wants_partial():
        raise error
    logbook.note(str(error))
    kept: dict[str, str] = {}
    for name, text in islice(given.items(), ARGUMENTS):
        with suppress(BadFilter):
            kind.parse({**kept, name: text})
            kept[name] = text
    return kind.parse(kept), {"status": 400, "problem": texts.translated(error), "given": given}


def answer(said: Said, place: Place, rows: Iterable[Row] = (), mark: Mark | None = None) -> ResponseReturnValue:
    """The answer to an action: for htmx what changed on the page where the button is, else the way back there."""
    if not wants_partial():
        session[_said_key()] = asdict(said)
        return redirect(place.url(), 303)
    return changed(said, place, rows, mark)


def changed(
    said: Said,
    place: Place,
    rows: Iterable[Row] = (),
    mark: Mark | None = None,
    *,
    status: int = 200,
    gone: int | None = None,
) -> Response:
    """The partials that an action changed on a page: the rows (`gone` is the id of one that is no more), the verdict
    and the counts, the outcome."""
    store = current().store
    judged = scene(store.now(), getattr(place, "threshold", None))
    context: dict[str, Any] = {"said": said, "place": place, "scene": judged}
    if isinstance(place, MessagePlace):
        page = render_template("webui/changed_message.html", detail=_detail(place.id), **context)
    else:
        if isinstance(place, OperationPlace):
            context["operation"] = operations.get(store, place.id)
        if isinstance(place, TrashPlace):
            context |= {"size": trash.size(store), "status": status}
        page = render_template(
            "webui/changed_rows.html", rows=list(rows), mark=mark, gone=gone,
            verdict=diagnosis.verdict(store, judged.cutoff), matching=matching_of(place, judged.now), **context,
        )  # fmt: skip
    return make_response(page, status)


def found(ids: Iterable[int]) -> list[Row]:
    """The rows with these ids as they are now, without those that are gone."""
    rows = []
    for id in ids:
        try:
            rows.append(browse.get_row(current().store, id))
        except NotFound:
            continue
    return rows


def _detail(id: int) -> Detail | None:
    try:
        return browse.get_detail(current().store, id)
    except NotFound:
        return None


def _said_key() -> str:
    """Where the session keeps an outcome until the next page: not among Flask's messages, which the host may show."""
    return f"unstick_said_{current().name}"


def _take_said() -> Said | None:
    kept = session.pop(_said_key(), None)
    return Said(**kept) if kept else None
