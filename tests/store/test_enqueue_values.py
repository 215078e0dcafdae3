"""Values are stored as JavaScript would have written them, or refused by name."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from tests.store.backends import Backend, Raw, Sqlite
from tests.store.messages import FULL, OPTIONAL, STORED
from webui.store import InvalidPayload, PendingMessageStore

TEXTS = ("tool_name", "cwd", "last_user_message", "last_assistant_message")


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("value", [None, "", 0, False, 0.0, -0.0, math.nan], ids=repr)
def test_what_javascript_calls_false_is_null(
    store: PendingMessageStore, session: int, raw: Raw, name: str, value: Any
) -> None:
    row = raw.row(store.enqueue(session, "alpha", replace(FULL, **{name: value})))
    assert row[name] is None
    assert {**row, name: STORED[name]} == {**row, **STORED}


@pytest.mark.parametrize("name", ["tool_input", "tool_response"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        ((), "[]"),
        ({"a": [1, 2], "b": {"c": None}}, '{"a":[1,2],"b":{"c":null}}'),
        ((1, "a"), '[1,"a"]'),
        ("plain", '"plain"'),
        ('{"a": 1}', '"{\\"a\\": 1}"'),
        (" ", '" "'),
        (True, "true"),
        ([True, False, 0, "", None], '[true,false,0,"",null]'),
        (5, "5"),
        (-1, "-1"),
        ("é 漢 😀", '"é 漢 😀"'),
        ({"ключ": "é"}, '{"ключ":"é"}'),
        ("\ud800", '"\\ud800"'),
        ("a\udfffb", '"a\\udfffb"'),
        ({"\udbff": 1}, '{"\\udbff":1}'),
        ("\udc00\ud800", '"\\udc00\\ud800"'),
        ('"\\/\b\f\n\r\t', '"\\"\\\\/\\b\\f\\n\\r\\t"'),
        ("\x00\x01\x1f\x7f", '"\\u0000\\u0001\\u001f\x7f"'),
        ("\u2028\u2029", '"\u2028\u2029"'),
        (math.inf, "null"),
        (-math.inf, "null"),
        ({"a": math.nan, "b": [math.inf, -math.inf]}, '{"a":null,"b":[null,null]}'),
        ({1: "a"}, '{"1":"a"}'),
        ({"a": {True: 1, False: 2, None: 3}}, '{"a":{"true":1,"false":2,"null":3}}'),
        ({1.0: "a", 2.5: "b", 1e21: "c"}, '{"1":"a","2.5":"b","1e+21":"c"}'),
    ],
    ids=repr,
)
def test_payloads_are_the_text_that_javascript_makes(
    store: PendingMessageStore, session: int, raw: Raw, name: str, value: Any, text: str
) -> None:
    assert raw.row(store.enqueue(session, "alpha", {"type": "observation", name: value}))[name] == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (100.0, "100"),
        (0.1, "0.1"),
        (1.5, "1.5"),
        (1e15, "1000000000000000"),
        (1e16, "10000000000000000"),
        (1e20, "100000000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (1e-6, "0.000001"),
        (3e-5, "0.00003"),
        (-1.25e-5, "-0.0000125"),
        (1e-7, "1e-7"),
        (-2.5e-8, "-2.5e-8"),
        (5e-324, "5e-324"),
        (9007199254740991, "9007199254740991"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(
    store: PendingMessageStore, session: int, raw: Raw, number: float, text: str
) -> None:
    id = store.enqueue(session, "alpha", {"type": "observation", "tool_input": [number, {"n": number}]})
    assert raw.row(id)["tool_input"] == f'[{text},{{"n":{text}}}]'


def test_a_surrogate_pair_is_the_character_it_means(store: PendingMessageStore, session: int, raw: Raw) -> None:
    id = store.enqueue(session, "alpha", {"type": "observation", "tool_input": "\ud83d\ude00", "cwd": "\ud83d\ude00"})
    assert (raw.row(id)["tool_input"], raw.row(id)["cwd"]) == ('"😀"', "😀")


@pytest.mark.parametrize("name", TEXTS)
def test_lone_surrogates_in_plain_text_become_the_replacement_character(
    store: PendingMessageStore, session: int, raw: Raw, name: str
) -> None:
    id = store.enqueue(session, "alpha", {"type": "observation", name: "a\ud800b\udfff"})
    assert raw.row(id)[name] == "a\ufffdb\ufffd"


def test_lone_surrogates_in_the_session_name_too(store: PendingMessageStore, session: int, raw: Raw) -> None:
    id = store.enqueue(session, "x\ud800", {"type": "observation"})
    assert raw.row(id)["content_session_id"] == "x\ufffd"


@pytest.mark.parametrize("name", TEXTS)
def test_plain_text_is_stored_as_it_is(store: PendingMessageStore, session: int, raw: Raw, name: str) -> None:
    text = "a\x01b\n'\"\\ é 漢 😀 \u202e <script>"
    id = store.enqueue(session, "alpha", {"type": "observation", name: text})
    assert raw.row(id)[name] == getattr(store.get_message(id), name) == text


@pytest.mark.parametrize("name", TEXTS)
def test_nul_in_plain_text_is_stored_or_refused_by_name(
    store: PendingMessageStore, session: int, raw: Raw, backend: Backend, name: str
) -> None:
    message = {"type": "observation", name: "a\x00b"}
    if backend.holds_nul:
        id = store.enqueue(session, "alpha", message)
        assert raw.row(id)[name] == getattr(store.get_message(id), name) == "a\x00b"
    else:
        with pytest.raises(InvalidPayload, match="NUL"):
            store.enqueue(session, "alpha", message)
        assert raw.ids() == []


@pytest.mark.parametrize("name", [*TEXTS, "content_session_id"])
@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (-7, "-7"), (True, "1"), (1.5, "1.5"), (2**63, "9223372036854775808"), (math.inf, "inf")],
    ids=repr,
)
def test_a_number_in_place_of_a_text_is_its_digits(
    store: PendingMessageStore, session: int, raw: Raw, name: str, value: Any, text: str
) -> None:
    given: dict[str, Any] = {"type": "observation"}
    owner: Any = value if name == "content_session_id" else "alpha"
    id = store.enqueue(session, owner, given if owner == value else {**given, name: value})
    assert raw.row(id)[name] == text


@pytest.mark.parametrize("text", ["5", "1e3", " 7 ", "null", "0x10"])
def test_text_that_looks_like_a_number_stays_text(
    store: PendingMessageStore, session: int, raw: Raw, text: str
) -> None:
    id = store.enqueue(session, text, {"type": "observation", "tool_name": text, "tool_input": text})
    row = raw.row(id)
    assert (row["content_session_id"], row["tool_name"], row["tool_input"]) == (text, text, f'"{text}"')


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", 1j, {"a": object()}, {("a", "b"): 1}, _circle()],
    ids=["object", "set", "bytes", "complex", "inside", "tuple key", "circle"],
)
@pytest.mark.parametrize("name", ["tool_input", "tool_response"])
def test_what_json_cannot_hold_is_refused(
    store: PendingMessageStore, session: int, raw: Raw, name: str, value: Any
) -> None:
    with pytest.raises(InvalidPayload, match="payload"):
        store.enqueue(session, "alpha", {"type": "observation", name: value})
    assert raw.ids() == []


@pytest.mark.parametrize("name", TEXTS)
def test_plain_text_that_is_no_text_is_refused(store: PendingMessageStore, session: int, raw: Raw, name: str) -> None:
    for value in ({"a": 1}, ["a"], b"a", 10**5_000):
        with pytest.raises(InvalidPayload, match="text"):
            store.enqueue(session, "alpha", {"type": "observation", name: value})
    assert raw.ids() == []


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**100, [1]], ids=repr)
def test_a_prompt_number_that_cannot_be_stored_is_refused(
    store: PendingMessageStore, session: int, raw: Raw, number: Any
) -> None:
    with pytest.raises(InvalidPayload, match="number"):
        store.enqueue(session, "alpha", {"type": "observation", "prompt_number": number})
    assert raw.ids() == []


@pytest.mark.parametrize("number", ["x", 1.5, -0.25, math.inf, 1e300, b"7"], ids=repr)
def test_a_prompt_number_that_is_no_whole_number_is_never_another(
    store: PendingMessageStore, session: int, raw: Raw, backend: Backend, number: Any
) -> None:
    message = {"type": "observation", "prompt_number": number}
    if isinstance(backend, Sqlite):
        assert raw.row(store.enqueue(session, "alpha", message))["prompt_number"] == number
    else:
        with pytest.raises(InvalidPayload, match="whole numbers"):
            store.enqueue(session, "alpha", message)
        assert raw.ids() == []


@pytest.mark.parametrize("number", [1, True, 1.0, "1"], ids=repr)
def test_a_prompt_number_in_other_clothes_is_the_number(
    store: PendingMessageStore, session: int, raw: Raw, number: Any
) -> None:
    id = store.enqueue(session, "alpha", {"type": "observation", "prompt_number": number})
    assert repr(raw.row(id)["prompt_number"]) == "1"


@pytest.mark.parametrize("number", [1, -1, 2**63 - 1, -(2**63)])
def test_prompt_numbers_of_64_bits_are_stored(store: PendingMessageStore, session: int, raw: Raw, number: int) -> None:
    id = store.enqueue(session, "alpha", {"type": "observation", "prompt_number": number})
    assert raw.row(id)["prompt_number"] == number


def test_deep_nesting_is_stored_or_refused_by_name(store: PendingMessageStore, session: int, raw: Raw) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    try:
        id = store.enqueue(session, "alpha", {"type": "observation", "tool_input": deep})
    except InvalidPayload:
        assert raw.ids() == []
    else:
        assert raw.row(id)["tool_input"] == "[" * 100_001 + "]" * 100_001


def test_a_number_of_thousands_of_digits_is_stored_or_refused_by_name(
    store: PendingMessageStore, session: int, raw: Raw
) -> None:
    try:
        store.enqueue(session, "alpha", {"type": "observation", "tool_input": [10**5_000]})
    except InvalidPayload:
        assert raw.ids() == []
    else:
        assert len(raw.ids()) == 1
