from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webui.json_text import MOST_DECODINGS, decode_string, nests_deeper, reindent, tokens, undo_encoding, visible

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
JSON_LIKE = st.text(st.sampled_from('{}[]",:\\ue0d8-1.Nn \n\té\x00\ud83d'), max_size=60)


def kinds(text: str) -> list[tuple[str, str, int]]:
    return [(token.kind, token.text, token.depth) for token in tokens(text) if token.kind != "space"]


def test_tokens_have_kind_and_depth() -> None:
    assert kinds('{"a" : [1, "b", true], "c": -2.5e+3}') == [
        ("punctuation", "{", 0),
        ("key", '"a"', 1),
        ("punctuation", ":", 1),
        ("punctuation", "[", 1),
        ("number", "1", 2),
        ("punctuation", ",", 2),
        ("string", '"b"', 2),
        ("punctuation", ",", 2),
        ("literal", "true", 2),
        ("punctuation", "]", 1),
        ("punctuation", ",", 1),
        ("key", '"c"', 1),
        ("punctuation", ":", 1),
        ("number", "-2.5e+3", 1),
        ("punctuation", "}", 0),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("NaN", "literal"), ("-Infinity", "literal"), ("1e999", "number"), ("é", "other"), ("-", "other"), ("'", "other")],
)
def test_what_json_knows_and_does_not(text: str, kind: str) -> None:
    assert kinds(text) == [(kind, text, 0)]


@pytest.mark.parametrize("cut", ['"ab', '"ab\\', '"ab\\"', '"', '"\\u12'])
def test_an_unterminated_string_is_one_unfinished_token(cut: str) -> None:
    assert [(token.kind, token.text, token.finished) for token in tokens(cut)] == [("string", cut, False)]


def test_closing_brackets_that_nothing_opened_do_not_go_below_zero() -> None:
    assert kinds("]}1") == [("punctuation", "]", 0), ("punctuation", "}", 0), ("number", "1", 0)]


@given(st.text() | JSON_LIKE)
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(token.text for token in tokens(text)) == text


def test_many_brackets_do_not_recurse() -> None:
    assert sum(1 for _ in tokens("[" * 100_000)) == 100_000


@given(VALUES, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]))
def test_reindent_lays_out_as_the_standard_library_does(value: Any, ascii: bool, separators: tuple[str, str]) -> None:
    stored = json.dumps(value, ensure_ascii=ascii, separators=separators)
    assert "".join(reindent(stored)) == json.dumps(value, ensure_ascii=ascii, indent=2)


def test_reindent_keeps_numbers_duplicate_keys_and_escapes_as_stored() -> None:
    stored = r'{"a":1.0,"a":1e999,"b":[ NaN,-0, 00012345678901234567890e+0 , "\u00e9\/\ud800"],"c":[ ],"d":{ } }'
    assert "".join(reindent(stored)).split("\n") == [
        "{",
        '  "a": 1.0,',
        '  "a": 1e999,',
        '  "b": [',
        "    NaN,",
        "    -0,",
        "    00012345678901234567890e+0,",
        r'    "\u00e9\/\ud800"',
        "  ],",
        '  "c": [],',
        '  "d": {}',
        "}",
    ]


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("1", 0),
        ('"\ud800"', 0),
        ('"[["', 0),
        ("[]", 1),
        ('{"a[":[1]}', 2),
        ('[{"a":[]},[]]', 3),
        ("[" * 9 + "]" * 9, 9),
    ],
)
def test_nesting(text: str, depth: int) -> None:
    assert [levels for levels in range(12) if nests_deeper(text, levels)] == list(range(depth))


def encode(text: str, times: int) -> str:
    for _ in range(times):
        text = json.dumps(text, ensure_ascii=False)
    return text


@pytest.mark.parametrize("times", range(MOST_DECODINGS + 1))
@pytest.mark.parametrize("inner", ['{"a": "b"}', "[1]", ' \n{"a":1}'])
@pytest.mark.parametrize("cut", [False, True])
def test_encoding_is_undone(times: int, inner: str, cut: bool) -> None:
    assert undo_encoding(encode(inner, times), cut=cut) == (inner, times)


def test_encoding_is_undone_three_times_at_most() -> None:
    assert undo_encoding(encode("[1]", 5)) == (encode("[1]", 2), 3)


@pytest.mark.parametrize("text", ['"plain"', '"12"', "12", '{"a": "{}"}', '"{', '"{}" x', '"{\n}"', "", " "])
def test_what_is_no_encoding_stays(text: str) -> None:
    assert undo_encoding(text) == (text, 0)


def test_a_string_in_a_string_is_encoding_too() -> None:
    assert undo_encoding(r'"\"a\""') == ('"a"', 1)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r'"ab', "ab"),
        (r'"ab"', "ab"),
        ('"ab\\', "ab"),
        ('"ab\\\\', "ab\\"),
        (r'"ab\u', "ab"),
        (r'"ab\u00e', "ab"),
        (r'"ab\u00e9', "abé"),
        (r'"ab\\u00e', r"ab\u00e"),
        (r'"\ud83c\udf70', "🍰"),
        (r'"a\ud83c\udf7', "a"),
        (r'"a\ud83c', "a"),
        (r'"a\ud83c"', "a\ud83c"),
        (r'"\n\t\"\/\q"', '\n\t"/q'),
        ('"a\nb"', "a\nb"),
        ('"', ""),
    ],
)
def test_a_cut_string_is_decoded_as_far_as_it_goes(text: str, content: str) -> None:
    assert decode_string(text, cut=True) == content


@pytest.mark.parametrize("text", ["", "{}", "a", '"a" b'])
def test_what_is_no_string_has_no_content(text: str) -> None:
    assert decode_string(text) is None
    assert decode_string(text, cut=True) is None


@given(st.text(st.characters() | st.sampled_from('"\\u🍰\n')), st.booleans(), st.data())
def test_a_cut_string_is_a_prefix_of_the_whole(content: str, ascii: bool, data: st.DataObject) -> None:
    text = json.dumps(content, ensure_ascii=ascii)
    assert decode_string(text, cut=True) == decode_string(text) == content
    prefix = decode_string(text[: data.draw(st.integers(1, len(text)))], cut=True)
    assert prefix is not None
    assert content.startswith(prefix)


@given(JSON_LIKE)
def test_undoing_a_cut_text_never_raises(text: str) -> None:
    undo_encoding(text, cut=True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nwith é and 🍰", "plain\ttext\nwith é and 🍰"),
        ("\x00\x1b[31m\r\x7f", "␀␛[31m␍␡"),
        ("\x9b\xad", r"\x9b\xad"),
        ("\ud800", r"\ud800"),
        ("\u202egnp.exe\u2066\u200f\u061c", r"\u202egnp.exe\u2066\u200f\u061c"),
        ("a\u200bb\ufeff\u2028", r"a\u200bb\ufeff\u2028"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(categories=None) | st.sampled_from("\ud800\udfff\u202e\x00\x9b")))
def test_visible_can_always_be_encoded_and_is_stable(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert visible(shown) == shown
