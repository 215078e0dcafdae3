"""A payload is read in windows of bytes, whatever is stored in its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.backends import Backend, Raw, only
from webui.store import NotFound, PendingMessageStore, act, browse
from webui.store.schema import PAYLOADS

Add = Callable[..., int]


@pytest.fixture(params=["in the queue", "in the trash"])
def place(request: pytest.FixtureRequest, store: PendingMessageStore) -> Callable[[int], None]:
    def place(id: int) -> None:
        if request.param == "in the trash":
            act.abort(store, id, browse.get_row(store, id).seen, actor="ann")

    return place


@pytest.mark.parametrize("column", PAYLOADS)
def test_windows_put_together_are_the_whole(
    store: PendingMessageStore, add: Add, place: Callable[[int], None], backend: Backend, column: str
) -> None:
    text = ("aé漢😀\x01" + "\x00" * backend.holds_nul) * 500
    id = add(**{column: text})
    place(id)
    data, whole = b"", text.encode()
    while len(data) < len(whole):
        piece = browse.read_payload(store, id, column, len(data), 777)
        assert (piece.kind, piece.size, piece.offset) == ("text", len(whole), len(data))
        assert len(piece.data) == min(777, len(whole) - len(data))
        data += piece.data
    assert data == whole
    assert browse.read_payload(store, id, column, 0, len(whole)).data == whole


@pytest.mark.parametrize("offset", [11, 12, 10**6, 2**63 - 1])
def test_a_window_at_or_after_the_end_is_empty(store: PendingMessageStore, add: Add, offset: int) -> None:
    id = add(tool_input="hello world")
    piece = browse.read_payload(store, id, "tool_input", offset, 10)
    assert (piece.data, piece.size) == (b"", 11)


def test_a_window_of_nothing_is_empty(store: PendingMessageStore, add: Add) -> None:
    id = add(tool_input="hello world")
    piece = browse.read_payload(store, id, "tool_input", 3, 0)
    assert (piece.data, piece.size, piece.kind) == (b"", 11, "text")


@pytest.mark.parametrize("value", [None, "", "5", "é\u202e"])
def test_a_text_is_shown_as_its_bytes(
    store: PendingMessageStore, add: Add, place: Callable[[int], None], value: str | None
) -> None:
    id = add(tool_response=value)
    place(id)
    piece = browse.read_payload(store, id, "tool_response")
    data = (value or "").encode()
    assert (piece.kind, piece.data, piece.size) == ("null" if value is None else "text", data, len(data))


@only("sqlite", "elsewhere a column has values of its own type only")
@pytest.mark.parametrize(
    ("value", "kind", "data"),
    [
        ("x''", "blob", b""),
        ("x'00ff80'", "blob", b"\x00\xff\x80"),
        ("CAST(x'ff41fe' AS TEXT)", "text", b"\xffA\xfe"),
        ("CAST(x'610062' AS TEXT)", "text", b"a\x00b"),
    ],
)
def test_what_is_stored_is_shown_as_what_it_is(
    store: PendingMessageStore,
    add: Add,
    raw: Raw,
    place: Callable[[int], None],
    value: str,
    kind: str,
    data: bytes,
) -> None:
    id = add()
    raw.run(f"UPDATE pending_messages SET tool_response = {value} WHERE id = :id", id=id)
    place(id)
    piece = browse.read_payload(store, id, "tool_response")
    assert (piece.kind, piece.data, piece.size) == (kind, data, len(data))


@only("sqlite", "elsewhere each column has a type")
@pytest.mark.parametrize(("number", "kind", "text"), [("7", "integer", b"7"), ("1.5", "real", b"1.5")])
def test_a_number_in_a_column_without_a_type_is_shown_as_its_digits(
    make_store: Callable[..., PendingMessageStore],
    store: PendingMessageStore,
    add: Add,
    raw: Raw,
    number: str,
    kind: str,
    text: bytes,
) -> None:
    id = add()
    raw.run("ALTER TABLE pending_messages DROP COLUMN tool_input")
    raw.run("ALTER TABLE pending_messages ADD COLUMN tool_input")
    raw.run(f"UPDATE pending_messages SET tool_input = {number} WHERE id = :id", id=id)
    store.refresh()
    piece = browse.read_payload(store, id, "tool_input")
    assert (piece.kind, piece.data) == (kind, text)
    assert browse.get_row(store, id).tool_input.kind == kind
    act.abort(store, id, browse.get_row(store, id).seen, actor="ann")
    assert browse.read_payload(store, id, "tool_input") == piece


@pytest.mark.parametrize("column", ["", "id", "cwd", "status", "nonsense", "tool_input--", "unstick_journal"])
def test_other_columns_are_no_payloads(store: PendingMessageStore, add: Add, column: str) -> None:
    id = add()
    with pytest.raises(NotFound):
        browse.read_payload(store, id, column)
