"""What a message carries: the first of it on its page, more on request, all of it as a download."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from webui import payload as words
from webui.options import current
from webui.places import MessagePlace
from webui.rendering import render, scene
from webui.store import browse
from webui.store.errors import NotFound
from webui.store.model import Row
from webui.store.narrowing import BadFilter
from webui.store.sentence import N_, sentence
from webui.store.store import PendingMessageStore

CHUNK = 65_536
"""Bytes of a download that are read at once."""
HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
FIELDS = {
    "tool_input": (N_("Tool input"), words.present),
    "tool_response": (N_("Tool response"), words.present),
    "last_user_message": (N_("Last user message"), words.present_text),
    "last_assistant_message": (N_("Last assistant message"), words.present_text),
}


class Card(NamedTuple):
    """A stretch of one payload, and what it is called."""

    field: str
    title: str
    shown: words.Shown
    start: int = 0


def register(blueprint: Blueprint) -> None:
    """Adds `GET /messages/<id>/payload/<field>`."""
    fields = ",".join(FIELDS)
    blueprint.add_url_rule(f"/messages/<webui_id:id>/payload/<any({fields}):field>", view_func=payload)


def payload(id: int, field: str) -> ResponseReturnValue:
    """A stretch of one payload from `?start=` on, as a page or in place; with `?raw`, all of it as it is stored."""
    store = current().store
    if "raw" in request.args:
        return _raw(store, id, field)
    start = _start(request.args.get("start", "0"))
    row = browse.get_row(store, id)
    card = _card(row, field, start, words.NEXT)
    judged = scene(store.now())
    return render("webui/payload.html", "webui/_more.html", judged, place=MessagePlace(id), row=row, card=card)


def cards(row: Row) -> list[Card]:
    """The beginning of each payload that the message has."""
    return [_card(row, field) for field in FIELDS if getattr(row, field).kind != "null"]


def _card(row: Row, field: str, start: int = 0, length: int = words.FIRST) -> Card:
    title, present = FIELDS[field]
    offset, limit = words.window(getattr(row, field).size, start, length)
    piece = browse.read_payload(current().store, row.id, field, offset, limit)
    return Card(field, title, present(piece, start, length), start)


def _start(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadFilter(sentence("“{text}” is no place in a payload: go back to the message.", text=text[:40]))
    return int(text)


def _raw(store: PendingMessageStore, id: int, field: str) -> Response:
    whole = browse.read_payload(store, id, field, 0, CHUNK)
    if whole.kind == "null":
        raise NotFound(sentence("Message {id} has nothing stored there.", id=id))
    name = f"message-{id}-{field.replace('_', '-')}.txt"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_chunks(store, id, field, whole.data), headers=headers, content_type="text/plain; charset=utf-8")


def _chunks(store: PendingMessageStore, id: int, field: str, data: bytes) -> Iterator[bytes]:
    offset = 0
    while data:
        yield data
        offset += len(data)
        data = browse.read_payload(store, id, field, offset, CHUNK).data
