"""The first line of a row: its tool's name and icon, and what the tool was used on.

All of it comes from the first bytes of the row's payload, which may end in the middle of anything.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from webui.json_text import Token, decode_string, tokens, undo_encoding, visible
from webui.store.model import Piece, Row
from webui.texts import gettext as _
from webui.texts import ngettext

LONGEST = 160
"""Characters of a target, with the ellipsis when it was cut."""
LONGEST_LABEL = 60
"""Characters of a tool's name, with the ellipsis when it was cut."""

ICONS = {
    "Bash": "terminal",
    "Read": "book",
    "Edit": "pencil",
    "Write": "pencil",
    "MultiEdit": "pencil",
    "NotebookEdit": "pencil",
    "Grep": "search",
    "Glob": "search",
    "WebFetch": "globe",
    "WebSearch": "globe",
    "Task": "branch",
    "TodoWrite": "list",
}
"""Tool name → icon name; `tool_icon` adds `list` (summarize), `plug` (MCP tools) and `box` (all others)."""

_ADDRESS = re.compile(r"(?:(?:[A-Za-z][A-Za-z0-9+.-]*+:)?//)?(?:[^/?#]*@)?([^/?#]*+)([^?#]*+)")


@dataclass(frozen=True, slots=True)
class Fields:
    """The members of the object that a tool was called with, as far as the prefix goes.

    `texts` are its strings (one that the prefix cuts off ends in an ellipsis), `counts` the lengths of its arrays;
    `whole` names the arrays that the prefix does not cut off. Of two strings with one key the first counts.
    """

    texts: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)


def _text(fields: Fields, key: str) -> str:
    return fields.texts.get(key, "")


def _first_line(fields: Fields, key: str) -> str:
    return next((line for line in _text(fields, key).splitlines() if line.strip()), "")


def _file_name(fields: Fields, key: str) -> str:
    path = _text(fields, key)
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1] or path


def _pattern(fields: Fields, key: str) -> str:
    pattern, place = _text(fields, key), _file_name(fields, "path")
    if not pattern:
        return ""
    return _('"{pattern}" in {place}', pattern=pattern, place=place) if place else f'"{pattern}"'


def _address(fields: Fields, key: str) -> str:
    """Host and path. An ellipsis where there is none, or where the prefix ends in the host: what is there instead may
    be a password."""
    address = _text(fields, key).strip()
    found = _ADDRESS.match(address)
    if found is None or not address:
        return ""
    host, path = found.groups()
    return "…" if host.endswith("…") and not path else (host + path).rstrip("/") or "…"


def _todos(fields: Fields, key: str) -> str:
    if key not in fields.counts:
        return ""
    number, more = fields.counts[key], "" if key in fields.whole else "+"
    return ngettext("{number} todo", "{number} todos", 2 if more else number, number=f"{number}{more}")


KEYS: dict[str, Callable[[Fields, str], str]] = {
    "file_path": _file_name,
    "notebook_path": _file_name,
    "command": _first_line,
    "pattern": _pattern,
    "url": _address,
    "query": _text,
    "description": _text,
    "prompt": _text,
    "todos": _todos,
    "filename": _text,
}
"""Key → how it is shown. The first of these that the tool was called with, in this order, is the row's target."""


def target(row: Row) -> str:
    """What the row's tool was used on (a file's name, a command, …) or what a summarize row is about, in one line of
    at most `LONGEST` characters; empty when nothing is stored. Never raises, whatever the bytes."""
    if row.message_type == "summarize":
        said = _one_line(_prefix(row.last_user_message)) or _one_line(_prefix(row.last_assistant_message))
        return f"“{_cut(visible(said), LONGEST - 2)}”" if said else ""
    text, _times = undo_encoding(_prefix(row.tool_input), cut=True)
    return _cut(visible(_what(text)), LONGEST)


def tool_icon(row: Row) -> str:
    """The name of the icon that stands before the tool's name."""
    if row.message_type == "summarize":
        return "list"
    name = row.tool_name or ""
    return ICONS.get(name, "plug" if name.startswith("mcp__") else "box")


def tool_label(row: Row) -> str:
    """The tool's name for a person: `Summarize`, `server: tool` for an MCP tool, `No tool name` without one."""
    if row.message_type == "summarize":
        return _("Summarize")
    name = _one_line(row.tool_name or "")
    match name.split("__", 2):
        case ["mcp", server, tool] if server and tool:
            name = f"{server}: {tool}"
    return _cut(visible(name), LONGEST_LABEL) or _("No tool name")


def _what(text: str) -> str:
    fields = _members(text)
    shown = (_one_line(show(fields, key)) for key, show in KEYS.items())
    others = (_one_line(value) for value in fields.texts.values())
    return next(filter(None, shown), "") or next(filter(None, others), "") or _one_line(_bare(text))


def _bare(text: str) -> str:
    string = decode_string(text, cut=True)
    return text if string is None else string


def _members(text: str) -> Fields:
    """The members at depth 1: never a key inside a string or inside a nested object."""
    fields = Fields()
    opening = text.lstrip()[:1]
    if opening not in ("{", "["):
        return fields
    unnamed = "" if opening == "[" else None
    key = unnamed
    for token in tokens(text):
        if token.depth == 1 and token.kind == "key":
            key = decode_string(token.text, cut=True)
        elif token.depth == 1 and token.text == ",":
            key = unnamed
        elif token.depth == 1 and key is not None:
            _take(fields, key, token)
        elif token.depth == 2 and key in fields.counts and token.kind != "space" and token.text not in ",:]}":
            fields.counts[key] += 1
    return fields


def _take(fields: Fields, key: str, token: Token) -> None:
    if token.kind == "string":
        content = decode_string(token.text, cut=True) or ""
        fields.texts.setdefault(key, content if token.finished else content + "…")
    elif token.text == "[":
        fields.counts[key] = 0
    elif token.text == "]":
        fields.whole.add(key)


def _prefix(piece: Piece) -> str:
    # Not final: a character that the prefix cuts in two is left out.
    return codecs.getincrementaldecoder("utf-8")("replace").decode(piece.data)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
