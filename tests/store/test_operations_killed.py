"""Operations whose process is killed, and several processes that take the same one."""

from __future__ import annotations

from collections.abc import Callable

from tests.store.backends import Backend
from tests.store.processes import start, together
from tests.store.test_operations import FAILED, fail
from webui.store import PendingMessageStore, operations, preview, working

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
