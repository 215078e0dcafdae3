from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.store.messages import FULL
from webui.store import InvalidPayload, Message, PendingMessage, PendingMessageStore

PAYLOADS = ["tool_input", "tool_response"]


def with_value(row: Message, name: str, value: Any) -> Message:
    return row._replace(**{name: value})


@pytest.fixture
def row(store: PendingMessageStore, session: int) -> Message:
    message = store.get_message(store.enqueue(session, "alpha", FULL))
    assert message is not None
    return message


def test_what_went_in_comes_out(store: PendingMessageStore, row: Message) -> None:
    assert store.to_pending_message(row) == FULL


def test_a_claimed_message_comes_out(store: PendingMessageStore, session: int, row: Message) -> None:
    claimed = store.claim_next_message(session)
    assert claimed is not None
    assert store.to_pending_message(claimed) == FULL


def test_the_type_is_the_rows(store: PendingMessageStore, row: Message) -> None:
    assert store.to_pending_message(row._replace(message_type="summarize")).type == "summarize"


@pytest.mark.parametrize("name", ["tool_name", "cwd", "last_user_message", "last_assistant_message", *PAYLOADS])
@pytest.mark.parametrize("value", [None, ""])
def test_empty_text_becomes_none(store: PendingMessageStore, row: Message, name: str, value: str | None) -> None:
    nothing: dict[str, Any] = {name: None}
    assert store.to_pending_message(with_value(row, name, value)) == replace(FULL, **nothing)


def test_prompt_number_0_becomes_none(store: PendingMessageStore, row: Message) -> None:
    assert store.to_pending_message(row._replace(prompt_number=0)).prompt_number is None


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ("[]", []),
        ("null", None),
        ("false", False),
        ("0", 0),
        ('""', ""),
        ("1.5", 1.5),
        ('"a"', "a"),
        (' {"a" : [1, 2]}\n', {"a": [1, 2]}),
        ('"{\\"a\\":1}"', '{"a":1}'),
        ('"\\ud800"', "\ud800"),
        ('"é 😀"', "é 😀"),
        ('{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_payloads_are_parsed_once(store: PendingMessageStore, row: Message, name: str, text: str, value: Any) -> None:
    parsed = getattr(store.to_pending_message(with_value(row, name, text)), name)
    assert (type(parsed), parsed) == (type(value), value)


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize(
    "text",
    [
        "{",
        "nonsense",
        "{'a': 1}",
        '{"a":1,}',
        "[1] 2",
        " ",
        "NaN",
        "Infinity",
        "-Infinity",
        '{"a":NaN}',
        "[-Infinity]",
        '"a\nb"',
        "\ufeff{}",
        "01",
        "undefined",
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_invalid_json_is_refused_by_name(store: PendingMessageStore, row: Message, name: str, text: str) -> None:
    with pytest.raises(InvalidPayload, match=name):
        store.to_pending_message(with_value(row, name, text))


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_that_is_no_text_is_refused_by_name(store: PendingMessageStore, row: Message, name: str) -> None:
    with pytest.raises(InvalidPayload, match=name):
        store.to_pending_message(with_value(row, name, b"\x00\xff"))


def test_a_number_of_thousands_of_digits_is_parsed_or_refused(store: PendingMessageStore, row: Message) -> None:
    try:
        parsed = store.to_pending_message(row._replace(tool_input="9" * 5_000))
    except InvalidPayload:
        return
    assert parsed.tool_input > 10**300


@pytest.mark.parametrize(
    "value", [{"a": [1, 2.5, None, True]}, [], {}, "text", '{"a":1}', "\ud800 é", True, 7, 1e21, 1e-7], ids=repr
)
def test_payloads_survive_the_way_in_and_out(
    store: PendingMessageStore, session: int, enqueued: Callable[[PendingMessage], Message], value: Any
) -> None:
    message = PendingMessage(type="observation", tool_input=value, tool_response=value)
    assert store.to_pending_message(enqueued(message)) == message


@pytest.fixture
def enqueued(store: PendingMessageStore, session: int) -> Callable[[PendingMessage], Message]:
    def enqueued(message: PendingMessage) -> Message:
        row = store.get_message(store.enqueue(session, "alpha", message))
        assert row is not None
        return row

    return enqueued
