"""What has just failed waits for its next attempt while others go on."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from threading import Event

import pytest

from tests.store.backends import Clock, Raw
from tests.store.handlers import Handler, Time, fails, for_long, reasons, statuses
from webui.store import Consumed, Delivery, PendingMessageStore, act, browse, consume
from webui.store.delivery import LONGEST_BACKOFF, exponential

Add = Callable[..., int]
MODULE = import_module("webui.store.consume")


def test_other_messages_go_on_while_one_backs_off(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    ids = [add() for _ in range(4)]
    time = Time()
    seen: list[tuple[str, int]] = []

    def fails_once(delivery: Delivery) -> None:
        if delivery.attempt == 1:
            fails(delivery)

    def look(delivery: Delivery) -> None:
        seen.extend(statuses(raw)[:1])
        assert reasons(raw) == [(1, "ValueError: no 1")]
        time.now += 5

    handler = Handler(_1=fails_once, _2=look, _3=look)
    done = consume(store, session, handler, until_empty=True, backoff=lambda attempt: 10.0, monotonic=time)
    assert done == Consumed(processed=4, failed=1)
    assert handler.ids == [*ids[:3], ids[0], ids[3]]
    assert seen == [("processing", 1), ("processing", 1)]
    assert statuses(raw)[0] == ("processed", 1)


def test_what_is_due_is_put_back_while_a_batch_goes_on(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    add(), add(), add()
    time = Time()
    seen: list[tuple[str, int]] = []

    def look(delivery: Delivery) -> None:
        seen.extend(statuses(raw)[:1])
        time.now += 10

    handler = Handler(_1=lambda delivery: fails(delivery) if delivery.attempt == 1 else None, _2=look, _3=look)
    done = consume(store, session, handler, batch=3, until_empty=True, backoff=lambda attempt: 10.0, monotonic=time)
    assert (done, handler.ids) == (Consumed(processed=3, failed=1), [1, 2, 3, 1])
    assert seen == [("processing", 1), ("pending", 1)]


def test_who_goes_on_until_nothing_is_left_waits_for_what_backs_off(
    store: PendingMessageStore, session: int, add: Add
) -> None:
    add()
    time = Time()

    def passing() -> float:
        time.now += 20
        return time.now

    handler = Handler(_1=lambda delivery: fails(delivery) if delivery.attempt < 3 else None)
    done = consume(store, session, handler, until_empty=True, backoff=for_long, monotonic=passing)
    assert (done, handler.ids) == (Consumed(processed=1, failed=2), [1, 1, 1])


def test_the_last_attempt_fails_at_once(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    add(retry_count=3)
    assert consume(store, session, fails, until_empty=True, backoff=for_long) == Consumed(failed=1)
    assert statuses(raw) == [("failed", 3)]
    assert reasons(raw) == [(4, "ValueError: no 1")]


def test_a_message_that_backs_off_is_not_stuck(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    add(), add()
    stop = Event()

    def slow(delivery: Delivery) -> None:
        clock.tick(280_000)
        fails(delivery)

    def look(delivery: Delivery) -> None:
        clock.tick(60_000)
        assert store.retry_all_stuck(300_000) == 0
        stop.set()

    assert consume(store, session, Handler(_1=slow, _2=look), stop=stop) == Consumed(processed=1, failed=1)
    assert statuses(raw) == [("pending", 1), ("processed", 0)]


def test_attempts_count_though_what_backs_off_is_released_as_stuck_meanwhile(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    for _ in range(8):
        add()
    stop = Event()

    def slow(delivery: Delivery) -> None:
        clock.tick(400_000)
        delivery.renew()
        store.retry_all_stuck(300_000)
        if delivery.id == 8:
            stop.set()

    handler = Handler(_1=fails, **{f"_{id}": slow for id in range(2, 9)})
    done = consume(store, session, handler, stop=stop, backoff=for_long)
    assert (done.processed, done.failed, handler.ids.count(1)) == (7, 4, 4)
    assert statuses(raw)[0] == ("failed", 3)
    assert [attempt for attempt, _ in reasons(raw)] == [1, 2, 3, 4]


def test_a_claim_whose_attempt_has_failed_cannot_be_renewed(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    add(), add()
    stop = Event()
    first: list[Delivery] = []

    def fails_and_is_forgotten(delivery: Delivery) -> None:
        first.append(delivery)
        fails(delivery)

    def renews_the_first(delivery: Delivery) -> None:
        assert first[0].renew() is False
        stop.set()

    handler = Handler(_1=fails_and_is_forgotten, _2=renews_the_first)
    assert consume(store, session, handler, stop=stop, backoff=for_long) == Consumed(processed=1, failed=1)
    assert statuses(raw) == [("pending", 1), ("processed", 0)]


def test_an_operator_may_end_a_back_off(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    add(), add()
    time = Time()

    def fails_the_first_time(delivery: Delivery) -> None:
        if handler.ids.count(1) == 1:
            fails(delivery)
        time.now += LONGEST_BACKOFF

    def retry(delivery: Delivery) -> None:
        clock.tick()
        act.retry(store, 1, browse.get_row(store, 1).seen, actor="ann")

    handler = Handler(_1=fails_the_first_time, _2=retry)
    done = consume(store, session, handler, until_empty=True, backoff=for_long, monotonic=time)
    assert handler.ids == [1, 2, 1]
    assert done == Consumed(processed=2, failed=1, late=1)
    assert statuses(raw) == [("processed", 1), ("processed", 0)]


def test_no_more_than_some_failed_messages_are_kept(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "MOST_KEPT", 3)
    ids = [add() for _ in range(6)]
    stop = Event()

    def handler(delivery: Delivery) -> None:
        handled.append(delivery.id)
        if delivery.id == ids[2]:
            stop.set()
        fails(delivery)

    handled: list[int] = []
    assert consume(store, session, handler, batch=2, stop=stop, backoff=for_long) == Consumed(failed=3)
    assert handled == ids[:3]
    assert statuses(raw) == [("pending", 1)] * 3 + [("pending", 0)] * 3


@pytest.mark.parametrize("attempt", [1, 2, 3, 4, 7, 50, 5_000])
def test_the_back_off_grows_up_to_a_minute_and_differs(attempt: int) -> None:
    seconds = [exponential(attempt) for _ in range(200)]
    middle = min(2 ** (attempt - 1), LONGEST_BACKOFF)
    assert 0.75 * middle <= min(seconds) < max(seconds) <= 1.25 * middle


def test_a_back_off_that_cannot_be_told_is_the_callers_fault_and_loses_nothing(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add()

    def handler(delivery: Delivery) -> None:
        clock.tick()
        fails(delivery)

    with pytest.raises(ZeroDivisionError):
        consume(store, session, handler, backoff=lambda attempt: attempt / 0)
    assert raw.row_is_pending(id)
