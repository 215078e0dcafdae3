"""JSON as text: what the pages show of a stored value, without ever changing it.

`json.loads` turns 1e999 into infinity, drops duplicate keys and refuses a text that was cut. Here the text stays the
truth: it is split into tokens, and each view (pretty printing, the one-line target of a row) is made from those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

MOST_DECODINGS = 3
"""How often `undo_encoding` decodes at most; claude-mem's normal case is once."""


class Token(NamedTuple):
    """A token as it stands in the text.

    `kind` is `key`, `string`, `number`, `literal` (a bare word: true, null, NaN, …), `punctuation`, `space` or
    `other` (what is no JSON). `depth` is the number of brackets open around it; a bracket has the depth of what it
    stands in. `finished` is false for a string that the end of the text cuts off.
    """

    kind: str
    text: str
    depth: int
    finished: bool = True


# Each pattern is possessive (`*+`) wherever it repeats, so no text makes it try twice; a possessive part never holds a
# group or anything that backtracks (early releases of Python 3.11 got those wrong).
_SPACE = r"[ \t\n\r]*+"
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# What ends a string decides its kind only after its body was read, once.
_TOKEN = re.compile(
    rf"""
      "[^"\\]*+(?:\\.?+[^"\\]*+)*+ (?: (?P<key>"(?={_SPACE}:)) | (?P<string>") | (?P<unfinished>) )
    | (?P<space>[ \t\n\r]++)
    | (?P<opening>[\[{{])
    | (?P<closing>[\]}}])
    | (?P<punctuation>[:,])
    | (?P<number>-?+[0-9][0-9.eE+-]*+)
    | (?P<literal>-?+[A-Za-z]++)
    | (?P<other>[^ \t\n\r"\[\]{{}}:,A-Za-z0-9-]++|-)
    """,
    re.VERBOSE | re.DOTALL,
)
# A line of the layout: a key, a value or one bracket (an empty pair is a value), a comma.
_LINE = re.compile(
    rf"{_SPACE}(?:({_STRING}){_SPACE}:{_SPACE})?"
    rf'({_STRING}|\[{_SPACE}\]|\{{{_SPACE}\}}|[\[\]{{}}]|[^ \t\n\r"\[\]{{}}:,]++)'
    rf"{_SPACE}(,?+)",
    re.DOTALL,
)
_STRINGS = re.compile(_STRING, re.DOTALL)
_ONE_SHAPE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
# A half escape, left by a cut, stands for nothing.
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(?:u[0-9a-fA-F]{0,3})?\Z|(.))", re.DOTALL)
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
# Controls (but tab and newline), what has no shape (soft hyphen, zero width, byte order mark, tags), what turns the
# direction of the line, what breaks it, and surrogates, which cannot be encoded at all.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def tokens(text: str) -> Iterator[Token]:
    """All of `text` as tokens, in order: joined, their texts are `text` again. Takes any text, cut or no JSON at all,
    in linear time and without recursion."""
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "opening":
            yield Token("punctuation", match[0], depth)
            depth += 1
        elif kind == "closing":
            depth = max(depth - 1, 0)
            yield Token("punctuation", match[0], depth)
        elif kind == "unfinished":
            yield Token("string", match[0], depth, finished=False)
        else:
            yield Token(kind, match[0], depth)


def reindent(text: str) -> Iterator[str]:
    """The lines of a valid JSON text, laid out: every token as it is stored, only the space between them is ours
    (2 per level). All but the last end in a newline; no token goes over the end of a line."""
    indent = ""
    for match in _LINE.finditer(text):
        key, value, comma = match.groups()
        name = f"{key}: " if key else ""
        if value in ("[", "{"):
            yield f"{indent}{name}{value}\n"
            indent += "  "
            continue
        if value in ("]", "}"):
            indent = indent[2:]
        elif value[0] in "[{":
            value = value[0] + value[-1]
        yield f"{indent}{name}{value}{comma}\n" if indent else f"{value}{comma}"


def nests_deeper(text: str, levels: int) -> bool:
    """Whether a valid JSON text has more brackets around one place than `levels`: `[[1], 2]` has 2."""
    outside = _STRINGS.sub("", text).encode("utf-8", "surrogatepass")
    brackets = outside.translate(_ONE_SHAPE, _NO_BRACKETS)
    for _ in range(levels):
        brackets = brackets.replace(b"[]", b"")  # the innermost level goes
    return bool(brackets)


def undo_encoding(text: str, *, cut: bool = False) -> tuple[str, int]:
    """What was JSON-encoded inside JSON strings, and how many times it was.

    A text that is a JSON string whose content starts with `{`, `[` or `"` (after white space) is replaced by that
    content, again while that holds, at most `MOST_DECODINGS` times. `cut` is as in `decode_string`.
    """
    times = 0
    while times < MOST_DECODINGS:
        content = decode_string(text, cut=cut)
        if content is None or not content.lstrip(" \t\n\r").startswith(("{", "[", '"')):
            break
        text, times = content, times + 1
    return text, times


def decode_string(text: str, *, cut: bool = False) -> str | None:
    """The content of a JSON string, or `None` if `text` is none.

    With `cut`, `text` may be the beginning of a string: it is decoded as far as it goes, without the half escape or
    half surrogate pair at its end, and a wrong escape stands for its own character.
    """
    text = text.strip(" \t\n\r")
    if not text.startswith('"'):
        return None
    if not cut:
        try:
            return str(json.loads(text))
        except ValueError:
            return None
    token = next(tokens(text))
    if token.finished:
        return _unescape(text[1:-1]) if token.text == text else None
    content = _unescape(token.text[1:])
    return content[:-1] if "\ud800" <= content[-1:] <= "\udbff" else content


def _unescape(body: str) -> str:
    units = _ESCAPE.sub(_meaning, body)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")  # joins surrogate pairs


def _meaning(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    character = escape[2] or ""
    return _SHORT.get(character, character)


def visible(text: str) -> str:
    """`text` with everything written out that cannot be seen, encoded, or trusted to stay in its place: controls as
    their pictures (␀, ␛) or `\\x9b`, surrogates, direction marks and zero-width characters as `\\u202e`. Tabs and
    newlines stay."""
    return _INVISIBLE.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
