from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.backends import Clock, Raw
from tests.store.contract import plain
from webui.store import PendingMessageStore

Add = Callable[..., int]
MINUTE = 60_000


def recent(store: PendingMessageStore, **options: int) -> list[int]:
    messages = store.get_recently_processed(**options)
    assert isinstance(messages, list)
    return [message.id for message in messages]


def test_recent_is_processed_strictly_within_the_minutes(store: PendingMessageStore, add: Add, clock: Clock) -> None:
    inside, edge, outside = (
        add(status="processed", completed_at_epoch=clock.now - 30 * MINUTE + late) for late in (1, 0, -1)
    )
    for status in ("pending", "processing", "failed"):
        add(status=status, completed_at_epoch=clock.now)
    add(status="processed", completed_at_epoch=None)
    assert recent(store) == [inside]
    assert recent(store, within_minutes=31) == [inside, edge, outside]
    assert recent(store, within_minutes=0) == []


def test_recent_is_newest_first_and_ties_by_id(store: PendingMessageStore, add: Add, clock: Clock) -> None:
    a, b, c, d = (add(status="processed", completed_at_epoch=clock.now - age) for age in (5, 1, 5, 3))
    assert recent(store) == [b, d, a, c]
    assert recent(store, limit=3) == [b, d, a]


def test_a_completion_in_the_future_is_recent(store: PendingMessageStore, add: Add, clock: Clock) -> None:
    id = add(status="processed", completed_at_epoch=clock.now + MINUTE)
    assert recent(store) == [id]
    assert recent(store, within_minutes=-1) == []
    assert recent(store, within_minutes=0) == [id]


def test_ten_are_shown_unless_told_and_a_negative_limit_is_none(
    store: PendingMessageStore, add: Add, clock: Clock
) -> None:
    ids = [add(status="processed", completed_at_epoch=clock.now) for _ in range(15)]
    assert recent(store) == ids[:10]
    assert recent(store, limit=0) == []
    assert [recent(store, limit=limit) for limit in (-1, -7, 15, 2**70)] == [ids] * 4


def test_recent_rows_are_whole_with_the_project(
    store: PendingMessageStore, other: int, add: Add, raw: Raw, clock: Clock
) -> None:
    add(status="processed", completed_at_epoch=clock.now, content_session_id="nobody")
    add(status="processed", completed_at_epoch=clock.now, content_session_id="beta", retry_count=2)
    messages = store.get_recently_processed()
    assert [message.project for message in messages] == [None, "blue"]
    assert [plain(message) for message in messages] == raw.rows()


def test_cleanup_keeps_the_newest_by_completion(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    ids = [add(status="processed", completed_at_epoch=completed) for completed in (40, 10, 30, 20)]
    assert store.cleanup_processed(2) == 2
    assert raw.ids() == [ids[0], ids[2]]
    assert store.cleanup_processed(2) == 0
    assert store.cleanup_processed(retention_count=1) == 1
    assert raw.ids() == [ids[0]]


def test_cleanup_keeps_the_smaller_ids_of_a_tie(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    ids = [add(status="processed", completed_at_epoch=completed) for completed in (5, 7, 5, 5, 7)]
    assert store.cleanup_processed(3) == 2
    assert raw.ids() == [ids[0], ids[1], ids[4]]


def test_no_completion_counts_as_the_oldest(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    none, old, nothing, new = (add(status="processed", completed_at_epoch=time) for time in (None, 1, None, 9))
    assert store.cleanup_processed(3) == 1
    assert raw.ids() == [none, old, new]
    assert store.cleanup_processed(2) == 1
    assert raw.ids() == [old, new]
    assert nothing not in raw.ids()


def test_a_completion_before_1970_is_newer_than_none(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    add(status="processed", completed_at_epoch=None)
    early = add(status="processed", completed_at_epoch=-5)
    assert store.cleanup_processed(1) == 1
    assert raw.ids() == [early]


def test_cleanup_touches_no_other_status(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    kept = [add(status=status, completed_at_epoch=1) for status in ("pending", "processing", "failed")]
    before = raw.rows()
    add(status="processed", completed_at_epoch=1)
    assert store.cleanup_processed(0) == 1
    assert raw.ids() == kept
    assert raw.rows() == before


@pytest.mark.parametrize("retention", [-1, -100, -(2**70), 2**70])
def test_a_negative_or_huge_retention_deletes_nothing(
    store: PendingMessageStore, add: Add, raw: Raw, retention: int
) -> None:
    add(status="processed", completed_at_epoch=1)
    before = raw.rows()
    assert store.cleanup_processed(retention) == 0
    assert raw.rows() == before


def test_a_hundred_are_kept_unless_told(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    ids = [add(status="processed", completed_at_epoch=n) for n in range(103)]
    assert store.cleanup_processed() == 3
    assert raw.ids() == ids[3:]


def test_thousands_are_cleaned_up_in_one_call(store: PendingMessageStore, session: int, raw: Raw) -> None:
    raw.fill(3_500, status="'processed'", completed_at_epoch="nullif((i + 1) % 1000, 0)")
    assert store.cleanup_processed(7) == 3_493
    assert raw.ids() == [997, 998, 999, 1998, 1999, 2998, 2999]
