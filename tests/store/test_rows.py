"""What a row of a list holds: never a payload, never an unbounded count."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.store.backends import Clock, Raw
from webui.store import NotFound, PendingMessageStore, browse, diagnosis
from webui.store.filters import Filters
from webui.store.schema import PAYLOADS

Add = Callable[..., int]


def test_a_row_has_what_a_list_shows(store: PendingMessageStore, other: int, add: Add, clock: Clock) -> None:
    id = add(
        session=other,
        status="failed",
        retry_count=2,
        started_processing_at_epoch=5,
        completed_at_epoch=7,
        tool_response="x" * 100_000,
        cwd="/c",
        prompt_number=3,
        last_user_message="é" * 1_000,
    )
    [row] = browse.queue_page(store, Filters()).rows
    assert row == browse.get_row(store, id) == browse.get_detail(store, id).row
    assert (row.id, row.session_db_id, row.content_session_id, row.message_type) == (id, other, "beta", "observation")
    assert (row.status, row.retry_count, row.tool_name, row.cwd, row.prompt_number) == ("failed", 2, "Read", "/c", 3)
    assert (row.created_at, row.started_at, row.completed_at) == (clock.now, 5, 7)
    assert (row.project, row.session_status, row.trashed_by, dict(row.extra)) == ("blue", "active", None, {})
    assert (row.tool_input.kind, row.tool_input.data, row.tool_input.size) == ("text", b'{"a":1}', 7)
    assert (row.tool_response.kind, row.tool_response.size) == ("text", 100_000)
    assert (row.last_user_message.size, row.last_assistant_message.kind) == (2_000, "null")
    assert row.size == 7 + 100_000 + 2_000


def test_only_the_first_bytes_of_a_payload_come_with_a_row(store: PendingMessageStore, add: Add) -> None:
    add(**dict.fromkeys(PAYLOADS, "y" * 1_000_000))
    [row] = browse.queue_page(store, Filters()).rows
    pieces = [getattr(row, name) for name in PAYLOADS]
    assert [piece.size for piece in pieces] == [1_000_000] * 4
    assert max(len(piece.data) for piece in pieces) <= 4_096


def test_long_texts_are_cut(store: PendingMessageStore, add: Add) -> None:
    id = add(tool_name="t" * 5_000, cwd="c" * 5_000, content_session_id="s" * 5_000)
    row = browse.get_row(store, id)
    assert [len(text or "") for text in (row.tool_name, row.cwd, row.content_session_id)] == [400] * 3


BOUNDED = re.compile(r"typeof\(\w+\)|octet_length\(\w+\)|substr\(\w+, 1, \d+\)")
"""What does not load a payload."""
LISTS: dict[str, Callable[[PendingMessageStore], object]] = {
    "queue": lambda store: browse.queue_page(store, Filters()),
    "filtered": lambda store: browse.queue_page(store, Filters.parse({"tool": "Read", "project": "red"})),
    "stuck": lambda store: browse.stuck_page(store, 10_000),
    "unclaimed": lambda store: browse.unclaimed_page(store, 10_000),
    "recent": lambda store: browse.recent_page(store, 0),
    "counts": lambda store: diagnosis.counts(store, 10_000),
    "verdict": lambda store: diagnosis.verdict(store, 10_000),
    "row": lambda store: browse.get_row(store, 1),
    "detail": lambda store: browse.get_detail(store, 1),
}


@pytest.mark.parametrize("name", LISTS)
def test_no_list_and_no_page_selects_a_payload(
    store: PendingMessageStore, mixed: dict[str, list[int]], statements: list[str], name: str
) -> None:
    store.close()
    LISTS[name](store)
    issued = [sql for sql in statements if "FROM" in sql and "sqlite_master" not in sql and "pg_catalog" not in sql]
    assert issued
    for sql in issued:
        assert not re.search(rf"\b({'|'.join(PAYLOADS)})\b", BOUNDED.sub("", sql)), sql


def test_counts_stop_at_ten_thousand(store: PendingMessageStore, session: int, raw: Raw) -> None:
    raw.fill(20_003, status="CASE i % 2 WHEN 0 THEN 'failed' ELSE 'pending' END")
    counts = diagnosis.counts(store, 5)
    assert (str(counts.failed), str(counts.pending), str(counts.processing)) == ("10,000+", "10,000+", "0")
    raw.run("DELETE FROM pending_messages WHERE id IN (2, 4)")
    assert str(diagnosis.counts(store, 5).pending) == "9,999"


def test_an_unknown_message_is_not_found(store: PendingMessageStore, add: Add) -> None:
    add()
    for unknown in (0, 99, -1, 2**63, 2**100):
        with pytest.raises(NotFound):
            browse.get_row(store, unknown)
        with pytest.raises(NotFound):
            browse.get_detail(store, unknown)
        with pytest.raises(NotFound):
            browse.read_payload(store, unknown, "tool_input")
