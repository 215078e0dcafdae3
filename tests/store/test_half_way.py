"""Large changes that something interrupts: what is said is what is so, and nothing is out of reach afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from threading import Event
from typing import Any

import pytest

from tests.store import actions
from tests.store.backends import Backend, Clock, Raw, only
from tests.store.operating import undo
from webui.store import Busy, PendingMessageStore, operations, pace, preview, working
from webui.store import store as contract

Add = Callable[..., int]
MINUTE = 60_000


@pytest.fixture
def two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST", 2)
    monkeypatch.setattr(pace, "MOST", 2)


@pytest.fixture
def stuck(add: Add) -> list[int]:
    return [add(status="processing", started_processing_at_epoch=5) for _ in range(6)]


@only("postgres", "on SQLite a lock is on the whole file, so the first batch meets it")
def test_a_reset_that_meets_a_lock_half_way_does_not_say_that_nothing_was_changed(
    store: PendingMessageStore,
    stuck: list[int],
    raw: Raw,
    backend: Backend,
    two_at_a_time: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(contract, "WORKER_WAIT", 50)
    other = backend.raw()
    other.run("BEGIN")
    other.run("SELECT 1 FROM pending_messages WHERE id = :id FOR UPDATE", id=stuck[3])
    with pytest.raises(Busy, match="A part is done") as caught:
        store.retry_all_stuck(0)
    other.run("ROLLBACK")
    other.close()
    assert "nothing was changed" not in str(caught.value)
    assert [row["id"] for row in raw.rows() if row["status"] == "pending"] == stuck[:2]
    assert store.retry_all_stuck(0) == 4


def test_an_operation_that_meets_a_lock_half_way_waits_and_goes_on(
    store: PendingMessageStore,
    stuck: list[int],
    raw: Raw,
    clock: Clock,
    backend: Backend,
    two_at_a_time: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = raw.exact()
    raw.count_changes()
    other, lock, take = backend.raw(), ExitStack(), working._carried_out
    met: list[int] = []

    class UntilItIsFree(Event):
        def wait(self, timeout: float | None = None) -> bool:
            lock.close()
            return False

    def locked(job: Any, found: Any) -> int:
        met.append(job.operation.id)
        if len(met) == 2:
            lock.enter_context(other.write_lock())
        return take(job, found)

    monkeypatch.setattr(working, "WORKER_WAIT", 50)
    monkeypatch.setattr(working, "_carried_out", locked)
    id = operations.begin(store, "retry", preview.freeze_stuck(store, MINUTE, clock.now), actor="ann")
    done = working.work(store, id, stop=UntilItIsFree())
    other.close()
    assert (done.state, done.done, len(met) > 2) == ("done", 6, True)
    assert [row["id"] for row in raw.run("SELECT id FROM changed ORDER BY id")] == stuck
    undo(store, done)
    assert raw.exact() == before


def test_a_column_that_is_new_since_the_last_look_comes_back_from_the_trash(
    store: PendingMessageStore, add: Add, raw: Raw
) -> None:
    first, second = add(), add()
    actions.do(store, "abort", first)
    raw.run("ALTER TABLE pending_messages ADD COLUMN agent_type TEXT")
    raw.set(second, agent_type="sub")
    actions.undo(store, actions.do(store, "abort", second))
    assert raw.row(second)["agent_type"] == "sub"
