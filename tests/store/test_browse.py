"""Pages: each row once, both ways, whatever moves meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.schemas import MINUTE, build, shape
from tests.store.backends import Clock, Raw, only
from webui.store import PendingMessageStore, browse
from webui.store.browse import parse_cursor
from webui.store.filters import Filters
from webui.store.model import Cursor, Page
from webui.store.narrowing import BadFilter
from webui.store.orders import BY_NAME, NEWEST, Order
from webui.store.schema import PAYLOADS

Add = Callable[..., int]
Read = Callable[[Cursor | None], Page]
SECTIONS = ("processing", "failed", "pending")


def ids(page: Page) -> list[int]:
    return [row.id for row in page.rows]


def onward(read: Read) -> Iterator[Page]:
    cursor: Cursor | None = None
    while True:
        page = read(cursor)
        yield page
        if page.next is None:
            return
        cursor = parse_cursor(str(page.next))


def back(read: Read, last: Page) -> Iterator[Page]:
    page = last
    while page.previous is not None:
        page = read(parse_cursor(str(page.previous)))
        yield page


def walked(read: Read) -> list[int]:
    """The ids of the whole list, page by page; going back gives the same. (A budget may cut a page short.)"""
    pages = list(onward(read))
    returned = list(back(read, pages[-1]))[::-1]
    assert [id for page in returned for id in ids(page)] == [id for page in pages[:-1] for id in ids(page)]
    assert pages[0].previous is None
    assert pages[-1].next is None
    return [id for page in pages for id in ids(page)]


def queue(store: PendingMessageStore, limit: int, order: Order = NEWEST, **given: Any) -> Read:
    filters = Filters.parse(given)
    return lambda cursor: browse.queue_page(store, filters, cursor, order=order, limit=limit)


@pytest.mark.parametrize("limit", [1, 7, 30, 45, 90, 91, 200])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_the_queue_shows_each_row_once_both_ways(
    store: PendingMessageStore, mixed: dict[str, list[int]], limit: int, order: str
) -> None:
    step = -1 if order == "newest" else 1
    read = queue(store, limit, BY_NAME[order])
    assert walked(read) == [id for status in SECTIONS for id in mixed[status][::step]]


@pytest.mark.parametrize(
    ("given", "matches"),
    [
        ({"status": "failed"}, "status = 'failed'"),
        ({"session": "2"}, "session_db_id = 2"),
        ({"session": "99"}, "false"),
        ({"project": "blue"}, "content_session_id = 'beta'"),
        ({"project": "nowhere"}, "false"),
        ({"type": "summarize"}, "message_type = 'summarize'"),
        ({"tool": "BASH"}, "tool_name = 'bash'"),
        ({"id": "8"}, "id = 8"),
        ({"id": "7"}, "false"),
        ({"age": ">10s"}, "created_at_epoch < 1050"),
        ({"age": "<10s", "status": "pending"}, "created_at_epoch > 1050 AND status = 'pending'"),
        ({"attempts": "0"}, "true"),
        ({"attempts": ">=1"}, "false"),
        ({"size": ">8b"}, "length(tool_input) > 8"),
        ({"size": "<=8"}, "length(tool_input) <= 8"),
        ({"q": '"n":11'}, "substr(tool_input, 1, 7) = '{\"n\":11'"),
        ({"stuck": "1s"}, "status = 'processing'"),
        (
            {"tool": "Read", "type": "observation", "session": "1", "q": "n"},
            "tool_name = 'Read' AND message_type = 'observation' AND session_db_id = 1",
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("limit", [2, 50])
def test_filters_show_what_matches_once_both_ways(
    store: PendingMessageStore,
    mixed: dict[str, list[int]],
    raw: Raw,
    given: dict[str, Any],
    matches: str,
    limit: int,
    clock: Clock,
) -> None:
    clock.now = 11_050
    kept = {row["id"] for row in raw.run(f"SELECT id FROM pending_messages WHERE {matches}")}
    expected = [id for status in SECTIONS for id in mixed[status][::-1] if id in kept]
    assert walked(queue(store, limit, **given)) == expected


def test_rows_that_move_meanwhile_are_never_shown_twice_in_a_section_and_the_rest_once(
    store: PendingMessageStore, mixed: dict[str, list[int]], raw: Raw
) -> None:
    shown: list[int] = []
    cursor: Cursor | None = None
    moves: list[Callable[[], object]] = [
        lambda: raw.set(mixed["pending"][-1], status="processed"),
        lambda: store.abort_message(mixed["pending"][5]),
        lambda: store.enqueue(1, "alpha", {"type": "observation"}),
        lambda: store.retry_message(mixed["pending"][3]),
    ]
    while True:
        page = browse.queue_page(store, Filters.parse({"status": "pending"}), cursor, limit=6)
        shown += ids(page)
        if page.next is None:
            break
        cursor = page.next
        if moves:
            moves.pop(0)()
    assert len(shown) == len(set(shown))
    untouched = set(mixed["pending"]) - {mixed["pending"][-1], mixed["pending"][5]}
    assert untouched <= set(shown)


def test_a_page_mark_of_a_row_that_is_gone_still_works(store: PendingMessageStore, mixed: dict[str, list[int]]) -> None:
    read = queue(store, 10, status="failed")
    first = read(None)
    for id in ids(first):
        store.abort_message(id)
    assert first.next is not None
    assert ids(read(first.next)) == mixed["failed"][::-1][10:20]
    back_again = read(read(first.next).previous)
    assert (ids(back_again), back_again.previous) == ([], None)


@pytest.mark.parametrize("limit", [1, 4, 29, 100])
def test_recent_is_newest_first_with_ties_by_id_both_ways(
    store: PendingMessageStore, mixed: dict[str, list[int]], raw: Raw, limit: int
) -> None:
    rows = raw.run("SELECT id, completed_at_epoch AS at FROM pending_messages WHERE status = 'processed'")
    expected = [row["id"] for row in sorted(rows, key=lambda row: (-row["at"], row["id"]))]
    assert walked(partial(browse.recent_page, store, 0, limit=limit)) == expected
    since = 3_010
    newer = [row["id"] for row in rows if row["at"] > since]
    assert sorted(walked(partial(browse.recent_page, store, since, limit=limit))) == sorted(newer)


def test_stuck_is_oldest_first_strictly_before_the_cutoff(
    store: PendingMessageStore, mixed: dict[str, list[int]], raw: Raw
) -> None:
    cutoff = 2_000 + mixed["processing"][20]
    raw.set(mixed["processing"][3], started_processing_at_epoch=None)
    expected = [id for index, id in enumerate(mixed["processing"][:20]) if index != 3]
    for limit in (3, 50):
        assert walked(partial(browse.stuck_page, store, cutoff, limit=limit)) == expected


def test_unclaimed_is_pending_created_strictly_before_the_cutoff_oldest_first(
    store: PendingMessageStore, mixed: dict[str, list[int]]
) -> None:
    cutoff = 1_000 + mixed["pending"][20]
    for limit in (3, 50):
        assert walked(partial(browse.unclaimed_page, store, cutoff, limit=limit)) == mixed["pending"][:20]


def test_without_a_started_time_stuck_goes_by_created(
    open_file: Callable[..., PendingMessageStore], tmp_path: Path, clock: Clock
) -> None:
    store = open_file(build(tmp_path / "e.db", shape("E")))
    assert ids(browse.stuck_page(store, clock.now - 24 * MINUTE)) == [5, 6]
    assert ids(browse.stuck_page(store, clock.now)) == [5, 6, 7, 8]


@pytest.mark.parametrize("given", [{"q": "needle"}, {"tool": "needle"}], ids=str)
def test_a_page_whose_time_is_up_says_how_far_it_looked_and_goes_on(
    store: PendingMessageStore, session: int, raw: Raw, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    monkeypatch.setattr("webui.store.scan.SEARCH_BUDGET", 0)
    monkeypatch.setattr("webui.store.scan.BUDGET", 0)
    raw.fill(
        700,
        tool_name="CASE i % 200 WHEN 199 THEN 'needle' ELSE 'Read' END",
        tool_input=f"'{'0' * 1_000}'",
        status="CASE i % 2 WHEN 0 THEN 'pending' ELSE 'failed' END",
    )
    pages = list(onward(queue(store, 50, **given)))
    assert [id for page in pages for id in ids(page)] == [600, 400, 200]
    stopped = [page for page in pages if page.looked_at is not None]
    assert stopped
    assert all(page.next is not None and page.looked_at for page in stopped)


@pytest.mark.parametrize("text", ["100%", "a_b", "c\\d", "é", "😀", "'; DROP TABLE pending_messages; --", '{"n":1}'])
def test_a_search_takes_the_text_literally(store: PendingMessageStore, add: Add, raw: Raw, text: str) -> None:
    for name in ("tool_name", "cwd", *PAYLOADS):
        add(**{name: f"before {text} after"})
    add(cwd="1000 axb cd e")
    assert len(walked(queue(store, 50, q=text))) == 6


@only("sqlite", "elsewhere a column has values of its own type only")
def test_a_search_does_not_mind_odd_values(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    for value in ("x'00ff'", "CAST(x'ff41fe' AS TEXT)", "5", "1.5", "NULL"):
        id = add()
        raw.run(f"UPDATE pending_messages SET tool_input = {value}, cwd = {value} WHERE id = :id", id=id)
    wanted = add(cwd="needle")
    assert walked(queue(store, 50, q="needle")) == [wanted]
    assert len(walked(queue(store, 2))) == 6


@pytest.mark.parametrize(
    "text",
    [
        *("", "next", "next-", "next-failed", "next-failed-", "next-failed-x", "up-failed-1", "next-failed-1-2"),
        *("x" * 999, "next-failed-99999999999999999999", "next-failed-9223372036854775808", "next-'; --1"),
        "next-failed-１",
    ],
)
def test_a_page_mark_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(BadFilter):
        parse_cursor(text)


@pytest.mark.parametrize(
    "text", ["next-failed-1", "previous-pending--5", "next-1750000000000-9", "next--7-9223372036854775807"]
)
def test_a_page_mark_reads_back_as_it_was_written(text: str) -> None:
    assert str(parse_cursor(text)) == text


@pytest.mark.parametrize(
    "text", ["next-nonsense-5", "previous-nonsense-5", "next-failed-5", "next-5-5", "previous--9-1"]
)
def test_a_page_mark_of_another_list_does_no_harm(
    store: PendingMessageStore, mixed: dict[str, list[int]], text: str
) -> None:
    cursor = parse_cursor(text)
    read: list[Callable[[Cursor], Page]] = [
        lambda cursor: browse.queue_page(store, Filters(), cursor),
        lambda cursor: browse.queue_page(store, Filters.parse({"status": "pending"}), cursor),
        lambda cursor: browse.stuck_page(store, 10_000, cursor),
        lambda cursor: browse.recent_page(store, 0, cursor),
    ]
    for page in read:
        assert len(page(cursor).rows) <= 50


@only("sqlite", "elsewhere a time is a whole number")
def test_a_completion_at_no_time_does_not_end_the_pages(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock
) -> None:
    for minute in range(9):
        add(status="processed", completed_at_epoch=clock.now - minute * 1_000)
    raw.run("UPDATE pending_messages SET completed_at_epoch = 'yesterday' WHERE id = 3")
    raw.run("UPDATE pending_messages SET completed_at_epoch = completed_at_epoch + 0.5 WHERE id = 5")
    seen, cursor = [], None
    while page := browse.recent_page(store, 0, cursor, limit=3):
        seen += [row.id for row in page.rows]
        if page.next is None:
            break
        cursor = browse.parse_cursor(str(page.next))
    assert set(seen) == set(range(1, 10))


def test_a_search_takes_the_text_as_it_is(store: PendingMessageStore, add: Add) -> None:
    first = add(tool_input=json.dumps({"command": "50% of a_b"}))
    add(tool_input=json.dumps({"command": "500 of axb"}))
    for text in ("50% OF", "a_b"):
        assert [row.id for row in browse.queue_page(store, Filters.parse({"q": text})).rows] == [first]
