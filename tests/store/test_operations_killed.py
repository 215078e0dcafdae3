"""Operations whose process is killed or late, and several that take the same one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.store.backends import Backend, Clock, Raw
from tests.store.processes import start, together
from tests.store.test_operations import FAILED, fail
from webui.store import PendingMessageStore, operations, preview, working
from webui.store.operations import Operation

PENDING = "SELECT count(*) AS rows FROM pending_messages WHERE status = 'pending'"


def test_killed_again_and_again_it_does_each_row_once(
    make_store: Callable[..., PendingMessageStore], backend: Backend
) -> None:
    store = make_store(clock=None)
    raw = backend.raw()
    store.ensure_session("alpha", "red")
    fail(raw, 20_000)
    raw.count_changes()
    id = operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ann")
    for kill in range(1, 5):
        reached = raw.run(PENDING)[0]["rows"]
        # By the clock of each, the lease of the one before has run out.
        with start("operate", backend.url, id, kill * 3_600_000) as process:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            while raw.run(PENDING)[0]["rows"] == reached:
                assert process.poll() is None
            process.kill()
    assert 0 < raw.run(PENDING)[0]["rows"] < 20_000
    assert together([start("operate", backend.url, id, 9 * 3_600_000)]) == [["done", 20_000, 0, 0]]
    each = "(SELECT count(*) AS times FROM changed GROUP BY id) AS each"
    assert raw.run(f"SELECT count(*) AS rows, max(times) AS most FROM {each}") == [{"rows": 20_000, "most": 1}]
    raw.close()


def test_of_four_that_take_it_at_once_one_gets_it(
    make_store: Callable[..., PendingMessageStore], backend: Backend
) -> None:
    store = make_store(clock=None)
    raw = backend.raw()
    store.ensure_session("alpha", "red")
    fail(raw, 1_000)
    raw.count_changes()
    id = operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ann")
    together([start("operate", backend.url, id, 0) for _ in range(4)])
    assert working.work(store, id).done == 1_000
    assert raw.run("SELECT count(*) AS rows FROM changed") == [{"rows": 1_000}]
    raw.close()


@pytest.mark.usefixtures("session")
def test_two_never_carry_out_the_same_operation(
    store: PendingMessageStore, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(raw, 100)
    id = operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ann")
    take, inside, go = working._carried_out, threading.Event(), threading.Event()

    def held(*args: object) -> int:
        inside.set()
        assert go.wait(30)
        return take(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(working, "_carried_out", held)
    first = threading.Thread(target=working.work, args=(store, id))
    first.start()
    assert inside.wait(30)
    assert working.work(store, id).done == 0
    go.set()
    first.join()
    assert operations.get(store, id).done == 100


@pytest.mark.usefixtures("session")
def test_an_operation_that_was_taken_over_changes_nothing_more(
    store: PendingMessageStore, raw: Raw, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(raw, 120)
    id = operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ann")
    take = working._carried_out
    steps: list[Operation] = []

    def late(*args: object) -> int:
        if not steps:
            clock.tick(working.LEASE + 1)  # it hung for so long that another took it for dead
            steps.append(operations.get(store, id))
            steps.append(working.work(store, id))
        return take(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(working, "_carried_out", late)
    ended = working.work(store, id)
    assert (ended.state, ended.done, len(raw.run("SELECT * FROM unstick_journal_rows"))) == ("done", 120, 120)
