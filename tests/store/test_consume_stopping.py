"""A consumer that is told to stop, or that a handler ends, keeps nothing."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from tests.store.backends import Backend, Clock, Raw
from tests.store.handlers import Handler, fails, for_long, statuses
from tests.store.processes import start
from webui.store import Consumed, Delivery, PendingMessageStore, consume

Add = Callable[..., int]


def test_a_consumer_that_is_told_to_stop_hands_back_what_it_has_not_begun(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    for count in (0, 0, 2, 0):
        add(retry_count=count)
    before = raw.rows()
    stop = Event()

    def second(delivery: Delivery) -> None:
        clock.tick()
        stop.set()

    handler = Handler(_1=fails, _2=second)
    done = consume(store, session, handler, batch=10, stop=stop, backoff=for_long)
    assert done == Consumed(processed=1, failed=1, handed_back=2)
    assert handler.ids == [1, 2]
    assert raw.rows()[2:] == before[2:]
    assert statuses(raw)[:2] == [("pending", 1), ("processed", 0)]


def test_a_consumer_that_was_told_before_claims_nothing(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    id = add()
    stop = Event()
    stop.set()
    assert consume(store, session, fails, stop=stop) == Consumed()
    assert raw.row_is_pending(id)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_ends_the_handler_ends_the_consumer_and_nothing_is_kept(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock, error: type[BaseException]
) -> None:
    ids = [add() for _ in range(4)]

    def second(delivery: Delivery) -> None:
        clock.tick()
        assert delivery.renew() is True
        clock.tick()
        raise error

    with pytest.raises(error):
        consume(store, session, Handler(_1=fails, _2=second), batch=3, backoff=for_long)
    assert statuses(raw) == [("pending", 1), ("pending", 0), ("pending", 0), ("pending", 0)]
    assert all(raw.row_is_pending(id) for id in ids)


def test_sigterm_lets_the_handler_finish_and_hands_the_rest_back(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, backend: Backend
) -> None:
    for _ in range(7):
        add()
    process = start("consume_until_told", backend.url, session)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for signalled in (False, True):
            assert process.stdout.readline() == "ready\n"
            if signalled:
                process.send_signal(signal.SIGTERM)
            process.stdin.write("go on\n")
            process.stdin.flush()
        output, _ = process.communicate()
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert json.loads(output) == [[1, 2], {"processed": 2, "failed": 0, "handed_back": 3, "late": 0}]
    assert statuses(raw) == [("processed", 0)] * 2 + [("pending", 0)] * 5


@pytest.fixture
def on_sigint() -> Iterator[list[int]]:
    """The SIGINTs that reach the handler from before."""
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    yield seen
    signal.signal(signal.SIGINT, before)


def test_the_first_signal_stops_and_a_second_acts_as_before(
    store: PendingMessageStore, session: int, add: Add, on_sigint: list[int]
) -> None:
    add(), add()
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    counted: list[int] = []

    def handler(delivery: Delivery) -> None:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
            counted.append(len(on_sigint))

    assert consume(store, session, handler) == Consumed(processed=1)
    assert counted == [0, 1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_signals_are_as_before_when_it_has_ended(store: PendingMessageStore, session: int, add: Add) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert consume(store, session, fails, until_empty=True) == Consumed()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_signal_that_was_ignored_still_is(
    store: PendingMessageStore, session: int, add: Add, on_sigint: list[int]
) -> None:
    add(), add()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    done = consume(store, session, lambda delivery: signal.raise_signal(signal.SIGINT), until_empty=True)
    assert done == Consumed(processed=2)
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
