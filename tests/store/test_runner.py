"""Operations in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.store.backends import Backend, Clock, Raw
from tests.store.processes import start
from webui.store import PendingMessageStore, operations, preview, retention, working
from webui.store.filters import Filters
from webui.store.operations import Operation
from webui.store.runner import Runner

ALL = Filters.parse({"status": "failed"})


@pytest.fixture
def store(make_store: Callable[..., PendingMessageStore]) -> PendingMessageStore:
    store = make_store(clock=None)
    store.ensure_session("alpha", "red")
    return store


@pytest.fixture
def runner(store: PendingMessageStore) -> Iterator[Runner]:
    runner = Runner(store)
    yield runner
    runner.stop()


def begin(store: PendingMessageStore, raw: Raw, number: int, per_minute: int | None = None) -> int:
    raw.fill(number, status="'failed'")
    return operations.begin(store, "retry", preview.freeze(store, ALL), actor="ann", per_minute=per_minute)


def ended(store: PendingMessageStore, id: int) -> Operation:
    while not (operation := operations.get(store, id)).is_over:
        pass
    return operation


def test_woken_it_carries_out_what_was_begun(store: PendingMessageStore, raw: Raw, runner: Runner) -> None:
    runner.wake()  # there is nothing yet, and nothing is made by a look
    assert raw.side_tables() == []
    ids = [begin(store, raw, 300), begin(store, raw, 300)]
    runner.wake(now=True)
    found = [ended(store, id) for id in ids]
    assert [operation.state for operation in found] == ["done", "done"]
    assert sum(operation.done for operation in found) == 600


def test_stopped_it_lets_go_for_whoever_comes_next(store: PendingMessageStore, raw: Raw, runner: Runner) -> None:
    id = begin(store, raw, 5_000, per_minute=600)
    runner.wake(now=True)
    while not operations.get(store, id).done:
        pass
    runner.stop()
    left = operations.get(store, id)
    assert (left.state, left.done < 5_000) == ("running", True)
    operations.cancel(store, id)


def test_what_a_killed_process_began_is_ended_by_another(
    store: PendingMessageStore, backend: Backend, raw: Raw, runner: Runner
) -> None:
    id = begin(store, raw, 30_000)
    # Its clock is behind, so its lease has run out by ours.
    with start("operate", backend.url, id, -3_600_000) as process:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        while not operations.get(store, id).done:
            assert process.poll() is None
        process.kill()
    assert not operations.get(store, id).is_over
    runner.wake(now=True)
    assert ended(store, id).done == 30_000


def test_what_is_due_is_swept_once_in_a_while(
    make_store: Callable[..., PendingMessageStore], raw: Raw, clock: Clock
) -> None:
    store = make_store()
    store.ensure_session("alpha", "red")
    raw.fill(3, status="'failed'")
    working.work(store, operations.begin(store, "abort", preview.freeze(store, ALL), actor="ann"))
    runner = Runner(store, trash_days=30, journal_days=90)
    clock.tick(31 * retention.DAY)
    runner.sweep()
    runner.stop()
    assert raw.run("SELECT * FROM unstick_trash") == []
    assert [row["action"] for row in raw.rows("unstick_journal")] == ["abort", "purge"]
    clock.tick(90 * retention.DAY)
    runner.sweep()  # not again so soon
    runner.stop()
    assert len(raw.rows("unstick_journal")) == 2
