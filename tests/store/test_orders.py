"""The orders of the queue, its last page, and the page of a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.schemas import MINUTE, NOW, build, shape
from tests.store.backends import Raw
from webui.store import PendingMessageStore, Unsupported, browse, tune
from webui.store.browse import parse_cursor
from webui.store.filters import Filters
from webui.store.model import LAST, QUEUED, Cursor, Page
from webui.store.narrowing import BadFilter
from webui.store.orders import BY_NAME, NEWEST, ORDERS, Order, parse_order

ATTEMPTS = BY_NAME["attempts"]
Add = Callable[..., int]


def ids(page: Page) -> list[int]:
    return [row.id for row in page.rows]


def pages(
    store: PendingMessageStore, order: Order, filters: Filters, start: Cursor | None, limit: int
) -> Iterator[Page]:
    """The pages from there on in the direction of the start, each by the address of the one before."""
    cursor = start
    backwards = start is not None and start.direction == "previous"
    while True:
        page = browse.queue_page(store, filters, cursor, order=order, limit=limit)
        yield page
        onward = page.previous if backwards else page.next
        if onward is None:
            return
        cursor = parse_cursor(str(onward))


@pytest.fixture
def tried(store: PendingMessageStore, mixed: dict[str, list[int]], raw: Raw) -> list[int]:
    """The ids of the queue by attempts, which four and more messages of each state share; the newest of them first."""
    list(tune.add(store.database))
    raw.run("UPDATE pending_messages SET retry_count = id % 7")
    return [
        id
        for status in QUEUED
        for id in sorted(mixed[status], key=lambda id: (id % 7, id), reverse=True)
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [1, 3, 30, 91])
def test_by_attempts_each_row_is_shown_once_both_ways(store: PendingMessageStore, tried: list[int], limit: int) -> None:
    assert [id for page in pages(store, ATTEMPTS, Filters(), None, limit) for id in ids(page)] == tried
    back = [ids(page) for page in pages(store, ATTEMPTS, Filters(), LAST, limit)]
    assert [id for page in back[::-1] for id in page] == tried


@pytest.mark.parametrize("given", [{"tool": "bash"}, {"session": "2", "status": "failed"}, {"id": "9"}], ids=str)
def test_by_attempts_with_filters(
    store: PendingMessageStore, tried: list[int], raw: Raw, given: dict[str, str]
) -> None:
    matches = {"tool": "tool_name = 'bash'", "session": "session_db_id = 2", "id": "id = 9"}[next(iter(given))]
    kept = {row["id"] for row in raw.run(f"SELECT id FROM pending_messages WHERE {matches}")}
    kept -= {row["id"] for row in raw.rows() if "status" in given and row["status"] != given["status"]}
    found = pages(store, ATTEMPTS, Filters.parse(given), None, 4)
    assert [id for page in found for id in ids(page)] == [id for id in tried if id in kept]


def test_a_search_that_stops_goes_on_in_its_order(
    store: PendingMessageStore, tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webui.store.scan.SEARCH_BUDGET", 0)
    monkeypatch.setattr("webui.store.scan.BUDGET", 0)
    found = list(pages(store, ATTEMPTS, Filters.parse({"q": '"n"'}), None, 4))
    assert [id for page in found for id in ids(page)] == tried
    assert any(page.looked_at for page in found)


def test_an_order_without_its_index_is_refused_and_says_what_makes_it(
    store: PendingMessageStore,
    mixed: dict[str, list[int]],
    open_file: Callable[..., PendingMessageStore],
    tmp_path: Path,
) -> None:
    assert [order.name for order in ORDERS if not order.lacks(store.database.shape)] == ["newest", "oldest"]
    with pytest.raises(Unsupported, match="unstick tune"):
        browse.queue_page(store, Filters(), order=ATTEMPTS)
    uncounted = open_file(build(tmp_path / "g.db", shape("G")))
    assert "does not count retries" in str(ATTEMPTS.lacks(uncounted.database.shape))


def test_an_order_is_known_by_its_name() -> None:
    assert [parse_order(order.name) for order in ORDERS] == list(ORDERS)
    assert parse_order("") is NEWEST
    with pytest.raises(BadFilter, match="newest, oldest, attempts"):
        parse_order("retry_count; --")


@pytest.mark.parametrize("order", [NEWEST, BY_NAME["oldest"]], ids=lambda order: order.name)
@pytest.mark.parametrize("limit", [7, 90, 200])
def test_the_last_page_is_the_end_of_the_list(
    store: PendingMessageStore, mixed: dict[str, list[int]], order: Order, limit: int
) -> None:
    everything = [id for page in pages(store, order, Filters(), None, 200) for id in ids(page)]
    last = browse.queue_page(store, Filters(), parse_cursor(str(LAST)), order=order, limit=limit)
    assert ids(last) == everything[-limit:]
    assert last.next is None
    assert (last.previous is None) == (limit >= 90)
    if last.previous:
        before = browse.queue_page(store, Filters(), last.previous, order=order, limit=limit)
        assert ids(before) == everything[-2 * limit : -limit]


def test_a_page_mark_of_another_order_begins_anew(store: PendingMessageStore, tried: list[int]) -> None:
    by_id = browse.queue_page(store, Filters(), limit=5).next
    assert ids(browse.queue_page(store, Filters(), by_id, order=ATTEMPTS, limit=5)) == tried[:5]


@pytest.fixture
def gapped(store: PendingMessageStore, add: Add, raw: Raw) -> dict[int, int]:
    """Failed messages a minute apart, some long after the one before, some ids gone; the time of each id."""
    times = {}
    for number in range(40):
        id = add(status="failed", created_at_epoch=NOW + MINUTE * (number + 1_000 * (number // 13)))
        times[id] = raw.row(id)["created_at_epoch"]
        add(status=("pending", "processed")[number % 2], created_at_epoch=1)
    for id in list(times)[::5]:
        store.abort_message(id)
        del times[id]
    return times


@pytest.mark.parametrize("order", [NEWEST, BY_NAME["oldest"]], ids=lambda order: order.name)
def test_a_time_has_a_page_that_begins_with_the_last_message_created_until_then(
    store: PendingMessageStore, gapped: dict[int, int], order: Order
) -> None:
    oldest = next(iter(gapped))
    for at in (0, *(time + apart for time in gapped.values() for apart in (-1, 0, 1)), NOW * 2):
        until = max((id for id, time in gapped.items() if time <= at), default=oldest)
        cursor = browse.cursor_at(store, "failed", at, order)
        page = browse.queue_page(store, Filters.parse({"status": "failed"}), cursor, order=order, limit=3)
        onward = [id for id in gapped if id <= until][::-1] if order is NEWEST else [id for id in gapped if id >= until]
        assert ids(page) == onward[:3]


def test_a_time_in_a_state_that_is_empty_has_no_page(store: PendingMessageStore) -> None:
    assert browse.cursor_at(store, "failed", NOW) is None
