"""Operations whose process is killed or late, and several that take the same one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.store.backends import Backend, Clock, Raw, only
from tests.store.operating import FAILED, fail
from tests.store.processes import start, together
from webui.store import PendingMessageStore, operations, preview, working
from webui.store.filters import Filters
from webui.store.operations import Operation
from webui.store.selection import Found, Frozen

Begun = Callable[[int], tuple[PendingMessageStore, Raw, int]]
PENDING = "SELECT count(*) AS rows FROM pending_messages WHERE status = 'pending'"


@pytest.fixture
def begun(make_store: Callable[..., PendingMessageStore], backend: Backend) -> Iterator[Begun]:
    """Begins a retry of so many failed messages, whose changes are counted; by the machine's clock."""
    store = make_store(clock=None)
    raw = backend.raw()
    store.ensure_session("alpha", "red")

    def begin(count: int) -> tuple[PendingMessageStore, Raw, int]:
        fail(raw, count)
        raw.count_changes()
        return store, raw, operations.begin(store, "retry", preview.freeze(store, FAILED), actor="ann")

    yield begin
    raw.close()


def changes(raw: Raw) -> list[dict[str, Any]]:
    """How many rows were changed, and how often each at most."""
    each = "(SELECT count(*) AS times FROM changed GROUP BY id) AS each"
    return raw.run(f"SELECT count(*) AS rows, max(times) AS most FROM {each}")


def test_killed_again_and_again_it_does_each_row_once(begun: Begun, backend: Backend) -> None:
    _, raw, id = begun(20_000)
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
    assert changes(raw) == [{"rows": 20_000, "most": 1}]


def test_of_four_that_take_it_at_once_one_gets_it(begun: Begun, backend: Backend) -> None:
    store, raw, id = begun(1_000)
    together([start("operate", backend.url, id, 0) for _ in range(4)])
    assert working.work(store, id).done == 1_000
    assert changes(raw) == [{"rows": 1_000, "most": 1}]


@only("sqlite", "no file of the server's can be kept from growing")
def test_what_a_full_disk_stops_says_so_once_it_can_and_waits_to_be_resumed(begun: Begun, backend: Backend) -> None:
    store, raw, id = begun(100)
    [(told, state, error)] = together([start("operate_on_a_full_disk", backend.url, id)])
    assert "Make room on its disk" in told
    assert told.endswith("A part is done, the rest is not.")
    assert (state, error, changes(raw)) == ("stopped", told, [{"rows": 1, "most": 1}])
    assert working.work(store, id).done == 1
    operations.resume(store, id)
    assert working.work(store, id).done == 100
    assert changes(raw) == [{"rows": 100, "most": 1}]


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


@pytest.mark.usefixtures("session")
def test_a_look_that_takes_long_loses_no_operation_to_another(
    store: PendingMessageStore, raw: Raw, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(raw, 200)
    searched = Filters.parse({"status": "failed", "size": "<1m"})
    id = operations.begin(store, "retry", preview.freeze(store, searched), actor="ann")
    find = Frozen.find
    others: list[int] = []

    def slow(*args: Any) -> Found | None:
        if len(others) < 3:
            clock.tick(working.LEASE + 1)  # payloads are read meanwhile, and another looks whether it still lives
            others.append(0)
            others[-1] = working.work(store, id).done
        return find(*args)

    monkeypatch.setattr(Frozen, "find", slow)
    assert working.work(store, id).done == 200
    assert 200 not in others
