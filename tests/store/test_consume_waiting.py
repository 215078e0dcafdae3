"""A consumer with nothing to do wakes up when there is something."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from threading import Event, Thread

import pytest

from tests.store.backends import Backend
from tests.store.handlers import Time
from tests.store.processes import start, together
from webui.store import Consumed, Delivery, PendingMessageStore, consume

Add = Callable[..., int]
MakeStore = Callable[..., PendingMessageStore]
MODULE = import_module("webui.store.consume")


def test_it_waits_and_wakes_up_when_another_process_enqueues(
    make_store: MakeStore, store: PendingMessageStore, session: int, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "IDLE", 3_600.0)
    handled: list[int] = []
    stop, arrived = Event(), Event()

    def handler(delivery: Delivery) -> None:
        handled.append(delivery.id)
        arrived.set()

    consumer = Thread(target=consume, args=[make_store(create=False), session, handler], kwargs={"stop": stop})
    consumer.start()
    try:
        for _ in range(3):
            arrived.clear()
            together([start("enqueue", backend.url, session, 1)])
            assert arrived.wait(60)
        for _ in range(20):
            arrived.clear()
            store.enqueue(session, "alpha", {"type": "observation"})
            assert arrived.wait(60)
    finally:
        stop.set()
        consumer.join()
    assert handled == list(range(1, 24))


def test_it_looks_by_itself_where_a_change_was_not_told(
    store: PendingMessageStore, session: int, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, stop = Time(), Event()
    waited: list[float] = []

    class Deaf:
        def wait(self, seconds: float) -> bool:
            if not waited:
                add()
            waited.append(seconds)
            time.now += seconds
            return False

    monkeypatch.setattr(store.database, "watch", lambda: nullcontext(Deaf()))
    done = consume(store, session, lambda delivery: stop.set(), stop=stop, monotonic=time)
    assert (done, sum(waited), max(waited)) == (Consumed(processed=1), MODULE.IDLE, MODULE.SLICE)


def test_changes_that_bring_nothing_are_looked_at_ever_less_often() -> None:
    pauses = [MODULE._damping(in_vain) for in_vain in range(2_000)]
    assert pauses[:4] == [0.0, 0.005, 0.01, 0.02]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 0.1
