"""Taking away what a list shows: as lines of JSON, or as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from webui.options import current
from webui.store import export as writing
from webui.store import preview
from webui.store.filters import Filters
from webui.store.model import Message
from webui.store.narrowing import BadFilter
from webui.store.selection import Frozen
from webui.store.sentence import Figure, sentence

MOST = 1_000
"""How many messages can be named by their ids."""


def register(blueprint: Blueprint) -> None:
    """Adds `GET /export.<format>`."""
    formats = ",".join(writing.FORMATS)
    blueprint.add_url_rule(f"/export.<any({formats}):format>", view_func=export)


def export(format: str) -> ResponseReturnValue:
    """All that matches the filters (up to `until` and `as_of`, where a page gives them), or the messages `ids`."""
    write, media_type = writing.FORMATS[format]
    headers = {"Content-Disposition": f'attachment; filename="messages.{format}"', "X-Content-Type-Options": "nosniff"}
    return Response(write(_chosen()), headers=headers, content_type=media_type)


def _chosen() -> Iterator[Message]:
    store, given = current().store, request.args
    if "ids" in given:
        return writing.these(store, _ids(given["ids"]))
    frozen = preview.freeze(store, Filters.parse(given))
    return writing.matching(store, Frozen(frozen.filters, _mark("until", frozen.until), _mark("as_of", frozen.as_of)))


def _ids(text: str) -> list[int]:
    words = text.split(",")
    if len(words) > MOST or not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
        raise BadFilter(
            sentence("ids= are numbers of messages with commas between them, at most {most}.", most=Figure(MOST))
        )
    return [int(word) for word in words]


def _mark(name: str, usual: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadFilter(sentence("“{text}” is no {name}: go back to the list.", text=text[:40], name=name))
    return min(int(text), usual)
