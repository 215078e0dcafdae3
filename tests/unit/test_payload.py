from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webui.json_text import visible
from webui.payload import (
    BAD_BYTES,
    BINARY,
    FIRST,
    NEXT,
    NOT_JSON,
    NOT_JSON_INSIDE,
    PRETTY_LIMIT,
    TOO_DEEP,
    TOO_LARGE,
    Shown,
    format_bytes,
    present,
    present_text,
    window,
)
from webui.store.model import Piece


def stored(value: str | bytes, kind: str = "text") -> Piece:
    data = value.encode() if isinstance(value, str) else value
    return Piece(kind, len(data), data)


def text(shown: Shown) -> str:
    return "".join(text for _, text in shown.parts)


def read(value: bytes, start: int, length: int, kind: str = "text") -> Piece:
    """What a page reads of a value for one stretch."""
    offset, limit = window(len(value), start, length)
    return Piece(kind, len(value), value[offset : offset + limit], offset)


def every_stretch(show: Callable[[Piece, int, int], Shown], value: bytes, length: int, kind: str = "text") -> str:
    whole, start = "", 0
    while True:
        shown = show(read(value, start, length, kind), start, length)
        whole += text(shown)
        if shown.next_start is None:
            return whole
        assert shown.next_start > start
        start = shown.next_start


def test_json_is_laid_out_and_coloured() -> None:
    shown = present(stored('{"url":"https://a/","n":-1.50,"ok":true,"l":[]}'))
    assert shown.parts == (
        ("", "{\n  "),
        ("k", '"url"'),
        ("", ": "),
        ("s", '"https://a/"'),
        ("", ",\n  "),
        ("k", '"n"'),
        ("", ": "),
        ("n", "-1.50"),
        ("", ",\n  "),
        ("k", '"ok"'),
        ("", ": "),
        ("n", "true"),
        ("", ",\n  "),
        ("k", '"l"'),
        ("", ": []\n}"),
    )
    assert (shown.size, shown.encoded, shown.note, shown.next_start) == (47, 1, None, None)
    assert shown.length_total == len(text(shown))


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_encoding_is_undone_and_counted(times: int) -> None:
    value: Any = {"a": "é\n"}
    for _ in range(times):
        value = json.dumps(value)
    shown = present(stored(value))
    assert text(shown) == '{\n  "a": "\\u00e9\\n"\n}'
    assert (shown.encoded, shown.note) == (times, None)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [('"just text"', 1), ("12345678901234567000", 1), ("1" * 5000, 1), ("NaN", 1), (r'"\"a\""', 2)],
)
def test_a_bare_value(value: str, encoded: int) -> None:
    shown = present(stored(value), length=NEXT)
    assert text(shown) == (value if encoded == 1 else '"a"')
    assert (shown.encoded, shown.note) == (encoded, None)


@pytest.mark.parametrize(
    ("value", "note", "encoded", "seen"),
    [
        ('{"a":1', NOT_JSON, 0, '{"a":1'),
        ("plain <b>text</b>", NOT_JSON, 0, "plain <b>text</b>"),
        ("", NOT_JSON, 0, ""),
        ('"{\\"a\\":', NOT_JSON, 0, '"{\\"a\\":'),
        ('"{\\"a\\":\\n"', NOT_JSON_INSIDE, 1, '{"a":\n'),
        ("[" * 300, NOT_JSON, 0, "[" * 300),
        ("[" * 5000 + "]" * 5000, TOO_DEEP, 0, "[" * FIRST),
        ("[" * 101 + "]" * 101, TOO_DEEP, 0, "[" * 101 + "]" * 101),
        (b'{"a":"\x80\xff"}', BAD_BYTES, 0, '{"a":"\\x80\\xff"}'),
        (b'"\xed\xa0\x80"', BAD_BYTES, 0, '"\\xed\\xa0\\x80"'),
        ('{"a":"\x00\u202e"}', NOT_JSON, 0, '{"a":"␀\\u202e"}'),
    ],
)
def test_what_cannot_be_laid_out_is_shown_with_a_note(value: str | bytes, note: str, encoded: int, seen: str) -> None:
    shown = present(stored(value))
    assert (text(shown), shown.note, shown.encoded) == (seen, note, encoded)
    assert all(css == "" for css, _ in shown.parts)


def test_a_hundred_levels_are_laid_out() -> None:
    shown = present(stored("[" * 100 + "]" * 100), length=NEXT)
    assert shown.note is None
    assert text(shown).count("\n") == 198


def test_a_lone_surrogate_in_json_is_shown_as_it_is_stored() -> None:
    assert text(present(stored(r'{"a":"\ud800"}'))) == '{\n  "a": "\\ud800"\n}'
    assert text(present(stored(json.dumps('{"a":"\ud800\u202e"}')))) == '{\n  "a": "\\ud800\\u202e"\n}'


def test_nothing_stored_has_no_parts() -> None:
    assert present(Piece("null")) == present_text(Piece("null")) == Shown()


@pytest.mark.parametrize(("kind", "digits"), [("integer", "9223372036854775807"), ("real", "1e+300")])
def test_numbers_that_are_stored_as_numbers(kind: str, digits: str) -> None:
    assert present(Piece(kind, 8, digits.encode())).parts == (("n", digits),)


def test_bytes_are_shown_in_hexadecimal() -> None:
    shown = present(stored(bytes(range(48, 80)) + b"<\x00", "blob"))
    assert text(shown) == (
        "00000000  30313233 34353637 38393a3b 3c3d3e3f 40414243 44454647 48494a4b 4c4d4e4f"
        "  0123456789:;<=>?@ABCDEFGHIJKLMNO\n"
        "00000020  3c00                                                                   "
        "  <.\n"
    )
    assert (shown.note, shown.size, shown.next_start) == (BINARY, 34, None)


def test_hexadecimal_is_bounded_and_goes_on() -> None:
    value = bytes(range(256)) * 32
    assert present(read(value, 0, FIRST, "blob")).next_start == FIRST
    lines = every_stretch(present, value, FIRST, "blob").splitlines()
    assert [int(line[:8], 16) for line in lines] == list(range(0, len(value), 32))
    assert bytes.fromhex("".join(line[10:82] for line in lines)) == value


def test_plain_text_is_never_laid_out() -> None:
    shown = present_text(stored('{"a":1}\n\x1b[31m'))
    assert shown.parts == (("", '{"a":1}\n␛[31m'),)
    assert (shown.encoded, shown.note, shown.length_total) == (0, None, 13)
    assert present_text(stored(b"caf\xe9")).parts == (("", "caf\\xe9"),)
    assert present_text(stored(b"caf\xe9")).note == BAD_BYTES
    assert present_text(stored("")).parts == ()


def test_the_first_stretch_is_cut_within_a_token_and_keeps_its_colour() -> None:
    value = stored(json.dumps({"key": "x" * 5000}))
    first = present(value)
    assert first.parts[-1] == ("s", '"' + "x" * (FIRST - 12))
    assert (first.next_start, first.length_total) == (FIRST, None)
    rest = present(value, FIRST, NEXT)
    assert rest.parts == (("s", "x" * (5000 + 12 - FIRST) + '"'), ("", "\n}"))
    assert (rest.next_start, rest.length_total) == (None, len('{\n  "key": ""\n}') + 5000)


def test_a_key_that_is_cut_keeps_its_colour() -> None:
    assert present(stored('{"abcdef":1}'), 0, 7).parts == (("", "{\n  "), ("k", '"ab'))
    assert present(stored('{"abcdef":1}'), 7, 7).parts == (("k", 'cdef"'), ("", ": "))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=10,
    ),
    st.integers(1, 40),
    st.booleans(),
)
def test_all_stretches_together_are_the_whole_layout(value: Any, length: int, ascii: bool) -> None:
    value = json.dumps(value, ensure_ascii=ascii)
    assert every_stretch(present, value.encode(), length) == text(present(stored(value), length=10**9))


@pytest.mark.parametrize("value", ["é🍰x" * 120_000, "x" * (PRETTY_LIMIT + 1), '["a",' * 200_000])
@pytest.mark.parametrize("length", [FIRST, NEXT, NEXT + 1])
def test_a_large_value_is_shown_by_windows_on_whole_characters(value: str, length: int) -> None:
    assert every_stretch(present, value.encode(), length) == value
    shown = present(read(value.encode(), 0, length), 0, length)
    assert (shown.note, shown.encoded, shown.size) == (TOO_LARGE, 0, len(value.encode()))
    assert shown.next_start is not None
    assert length - 4 < shown.next_start <= length
    assert present_text(read(value.encode(), 0, length), 0, length).note is None


def test_a_large_value_with_bad_bytes_says_both() -> None:
    shown = present(read(b"\x80" + b"x" * PRETTY_LIMIT, 0, FIRST))
    assert shown.note == f"{TOO_LARGE} {BAD_BYTES}"
    assert text(shown).startswith("\\x80xxx")
    cut_at_the_end = b"x" * PRETTY_LIMIT + b"\xf0\x9f"
    assert every_stretch(present, cut_at_the_end, NEXT).endswith("x\\xf0\\x9f")


@pytest.mark.parametrize("size", [10, PRETTY_LIMIT + 1])
def test_a_start_behind_the_end_shows_nothing(size: int) -> None:
    for show in (present, present_text):
        shown = show(read(b"1" * size, size + 5, FIRST), size + 5, FIRST)
        assert (shown.parts, shown.next_start) == ((), None)


@pytest.mark.parametrize("kind", ["text", "blob"])
def test_a_window_without_bytes_is_the_end(kind: str) -> None:
    assert present(Piece(kind, 10**9, b"", 4096), 4096).next_start is None


@given(st.binary(max_size=200), st.sampled_from(["text", "blob", "integer", "real"]), st.integers(0, 50))
def test_any_bytes_can_be_shown(value: bytes, kind: str, start: int) -> None:
    for show in (present, present_text):
        shown = show(stored(value, kind), start, FIRST)
        assert visible(text(shown)) == text(shown)
        text(shown).encode()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (214, "214 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KB"),
        (18_842, "18.4 KB"),
        (1024**2 - 1, "1 MB"),
        (1_258_291, "1.2 MB"),
        (3 * 1024**3, "3 GB"),
        (5000 * 1024**3, "5,000 GB"),
    ],
)
def test_bytes_in_words(count: int, words: str) -> None:
    assert format_bytes(count) == words
