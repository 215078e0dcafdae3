"""What the message's page shows of a stored value, a stretch at a time: JSON laid out and coloured, text as it is,
bytes in hexadecimal. The stored value itself is never changed: the raw download is the truth.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from webui.json_text import nests_deeper, reindent, tokens, undo_encoding, visible
from webui.store.model import Piece
from webui.store.sentence import N_
from webui.texts import figure, ngettext
from webui.texts import gettext as _

PRETTY_LIMIT = 524_288
"""Bytes up to which a value is read whole and laid out; of a larger one only the stretch that is shown is read."""
FIRST = 2_048
"""Characters (of what is not read whole: bytes) that the page shows at first."""
NEXT = 65_536
"""Characters or bytes that each request for more adds."""
DEEPEST = 100
"""Levels of nesting that are laid out; the indentation of more would be most of the page."""
HEX_ROW = 32
"""Bytes in a line of hexadecimal."""

NOT_JSON = N_("Not valid JSON: shown as it is stored.")
NOT_JSON_INSIDE = N_("The JSON inside is not valid: shown decoded, as text.")
TOO_DEEP = N_("Nested too deeply to lay out: shown as it is stored.")
TOO_LARGE = N_("Too large to lay out as JSON: shown as it is stored.")
BINARY = N_("Binary: shown in hexadecimal.")
BAD_BYTES = N_("Invalid UTF-8: bad bytes are shown as \\x80.")

_CLASSES = {"key": "k", "string": "s", "number": "n", "literal": "n"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A stretch of one value, ready for the page.

    `parts` are (CSS class, text): `k` a key, `s` a string, `n` a number or a bare word, empty the rest; the text is
    `visible`, and is not escaped. `size` is the whole value's in bytes. `encoded` says how many times it is
    JSON-encoded (0: it is not, or that is not known). `next_start` is where the next stretch starts, `None` at the
    end; `length_total` is the length of all stretches in characters, `None` while that is not known.
    """

    parts: tuple[tuple[str, str], ...] = ()
    size: int = 0
    encoded: int = 0
    note: str | None = None
    next_start: int | None = None
    length_total: int | None = None


def window(size: int, start: int = 0, length: int = FIRST) -> tuple[int, int]:
    """The offset and the number of bytes to read of a value of `size` bytes, so that `present` can show the stretch
    that begins at `start`: all of it when it can be laid out, only the stretch when it is too large."""
    return (0, size) if size <= PRETTY_LIMIT else (start, length)


def present(piece: Piece, start: int = 0, length: int = FIRST) -> Shown:
    """A stretch of a value that should be JSON: encoding undone, laid out. What cannot be laid out is shown as it is
    stored, with a note that says why. `start` is 0 or the `next_start` of the stretch before; `piece` is what `window`
    said to read."""
    if piece.kind != "text":
        return present_text(piece, start, length)
    if not _is_whole(piece):
        shown = present_text(piece, start, length)
        return replace(shown, note=f"{_(TOO_LARGE)} {shown.note}" if shown.note else _(TOO_LARGE))
    text, _used, note = _decode(piece.data, final=True)
    return _stretch(text, piece.size, 0, note, start, length) if note else _json(text, piece.size, start, length)


def present_text(piece: Piece, start: int = 0, length: int = FIRST) -> Shown:
    """A stretch of a value that is plain text, as it is stored; else as `present`."""
    match piece.kind:
        case "null":
            return Shown()
        case "text" if _is_whole(piece):
            text, _used, note = _decode(piece.data, final=True)
            return _stretch(text, piece.size, 0, note, start, length)
        case "text":
            return _text_window(piece, start, length)
        case "blob":
            return _hexadecimal(piece, start, length)
        case _:
            return Shown((("n", visible(piece.data.decode(errors="replace"))),), piece.size)


def format_bytes(count: int) -> str:
    """A number of bytes for a person: `214 bytes`, `18.4 KB`, `1.2 MB`; 1 KB is 1,024 bytes."""
    if count < 1024:
        return ngettext("{number} byte", "{number} bytes", count, number=count)
    number, units = count / 1024, ["KB", "MB", "GB"]
    while round(number, 1) >= 1024 and len(units) > 1:
        number /= 1024
        units.pop(0)
    return f"{figure(number, 0 if round(number, 1) % 1 == 0 else 1)} {units[0]}"


def _is_whole(piece: Piece) -> bool:
    return piece.size <= PRETTY_LIMIT and piece.offset == 0 and len(piece.data) >= piece.size


def _json(text: str, size: int, start: int, length: int) -> Shown:
    inner, times = undo_encoding(text)
    problem = _problem(inner)
    if problem is None:
        return _laid_out(inner, size, times + 1, start, length)
    if problem == NOT_JSON and times:
        return _stretch(inner, size, times, NOT_JSON_INSIDE, start, length)
    return _stretch(text, size, 0, problem, start, length)


def _problem(text: str) -> str | None:
    """Why `text` cannot be laid out."""
    try:
        json.loads(text, parse_int=str, parse_float=str)  # as text: an integer may have more digits than Python takes
    except RecursionError:
        return TOO_DEEP
    except ValueError:
        return NOT_JSON
    return TOO_DEEP if nests_deeper(text, DEEPEST) else None


def _laid_out(text: str, size: int, encoded: int, start: int, length: int) -> Shown:
    end, position, skipped = start + length, 0, 0
    lines: list[str] = []
    for line in reindent(text):
        position += len(line)
        if position > start:
            lines.append(line)
        else:
            skipped = position
        if position > end:
            break
    parts = _joined(_coloured("".join(lines), start - skipped, end - skipped))
    more = position > end
    return Shown(parts, size, encoded, None, end if more else None, None if more else position)


def _coloured(lines: str, start: int, end: int) -> Iterator[tuple[str, str]]:
    """The parts of whole lines between two places in them."""
    position = 0
    for token in tokens(lines):
        text = token.text[max(start - position, 0) : max(end - position, 0)]
        if text:
            yield _CLASSES.get(token.kind, ""), text
        position += len(token.text)


def _joined(parts: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    grouped = groupby(parts, key=itemgetter(0))
    return tuple((css, visible("".join(text for _, text in group))) for css, group in grouped)


def _stretch(text: str, size: int, encoded: int, note: str | None, start: int, length: int) -> Shown:
    end = start + length
    return Shown(_plain(text[start:end]), size, encoded, note and _(note), end if end < len(text) else None, len(text))


def _text_window(piece: Piece, start: int, length: int) -> Shown:
    data = _bytes(piece, start, length)
    text, used, note = _decode(data, final=start + len(data) >= piece.size)
    return Shown(_plain(text), piece.size, 0, note and _(note), _after(piece, start, used))


def _hexadecimal(piece: Piece, start: int, length: int) -> Shown:
    data = _bytes(piece, start, length)
    rows = [data[at : at + HEX_ROW] for at in range(0, len(data), HEX_ROW)]
    text = "".join(f"{start + place * HEX_ROW:08x}  {_hex_row(row)}\n" for place, row in enumerate(rows))
    return Shown(_plain(text), piece.size, 0, _(BINARY), _after(piece, start, len(data)))


def _hex_row(row: bytes) -> str:
    readable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
    return f"{row.hex(' ', -4):<{HEX_ROW * 2 + HEX_ROW // 4 - 1}}  {readable}"


def _bytes(piece: Piece, start: int, length: int) -> bytes:
    first = start - piece.offset
    return piece.data[first : first + length] if first >= 0 else b""


def _decode(data: bytes, *, final: bool) -> tuple[str, int, str | None]:
    """The text, how many bytes it took (a character that the end cuts in two is left to the next stretch, unless this
    is the final one), and the note when some were no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    text = decoder.decode(data, final)
    used = len(data) - len(decoder.getstate()[0])
    return text, used, None if text.encode() == data[:used] else BAD_BYTES


def _after(piece: Piece, start: int, used: int) -> int | None:
    # Nothing used: the value became shorter since the page was made, and asking again would give nothing again.
    return start + used if used and start + used < piece.size else None


def _plain(text: str) -> tuple[tuple[str, str], ...]:
    return (("", visible(text)),) if text else ()
