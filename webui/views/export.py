"""Taking away what a list shows: as lines of JSON, or as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from webui.bulk import ticked
from webui.options import current
from webui.store import export as writing
from webui.store import preview
from webui.store.filters import Filters
from webui.store.model import Message
from webui.store.narrowing import BadFilter
from webui.store.selection import Frozen
from webui.store.sentence import sentence


def register(blueprint: Blueprint) -> None:
    """Adds `GET /export.<format>` for what matches, and `POST` there for what is ticked."""
    rule = f"/export.<any({','.join(writing.FORMATS)}):format>"
    blueprint.add_url_rule(rule, view_func=export)
    blueprint.add_url_rule(rule, view_func=export_ticked, methods=["POST"])


def export(format: str) -> ResponseReturnValue:
    """All that matches the filters, up to `until` and `as_of` where a page gives them."""
    frozen = preview.freeze(current().store, Filters.parse(request.args))
    frozen = Frozen(frozen.filters, _mark("until", frozen.until), _mark("as_of", frozen.as_of))
    return _file(format, writing.matching(current().store, frozen))


def export_ticked(format: str) -> ResponseReturnValue:
    """What is ticked, as far as it is (still) in the queue."""
    ids = [id for id, seen in ticked(request.form.getlist("ticked")).rows]
    return _file(format, writing.these(current().store, ids))


def _file(format: str, messages: Iterator[Message]) -> Response:
    write, media_type = writing.FORMATS[format]
    headers = {"Content-Disposition": f'attachment; filename="messages.{format}"', "X-Content-Type-Options": "nosniff"}
    return Response(write(messages), headers=headers, content_type=media_type)


def _mark(name: str, usual: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadFilter(sentence("“{text}” is no {name}: go back to the list.", text=text[:40], name=name))
    return min(int(text), usual)
