"""Large changes that something interrupts: what is said is what is so, and nothing is out of reach afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.backends import Backend, Clock, Raw, only
from webui.store import Busy, PendingMessageStore, act, pace, undo
from webui.store import store as contract
from webui.store.model import Outcome

Add = Callable[..., int]


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
    with pytest.raises(Busy, match="a part is done") as caught:
        store.retry_all_stuck(0)
    other.run("ROLLBACK")
    other.close()
    assert "nothing was changed" not in str(caught.value)
    assert [row["id"] for row in raw.rows() if row["status"] == "pending"] == stuck[:2]
    assert store.retry_all_stuck(0) == 4


def test_an_undo_between_two_batches_of_a_retry_leaves_no_row_out_of_reach(
    store: PendingMessageStore,
    stuck: list[int],
    raw: Raw,
    clock: Clock,
    two_at_a_time: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find, looks = act._stuck, []

    def undone_meanwhile(*arguments: int) -> list[int]:
        looks.append(arguments)
        if len(looks) == 2:
            undo.undo(store, 1, actor="ben")
        return find(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(act, "_stuck", undone_meanwhile)
    outcome = act.retry_all_stuck(store, clock.now, actor="ann")
    assert (outcome.done, str(outcome.remaining)) == (tuple(stuck[:2]), "4")
    assert {row["status"] for row in raw.rows()} == {"processing"}


def test_of_two_undos_at_once_each_says_what_it_took_back(
    store: PendingMessageStore,
    stuck: list[int],
    raw: Raw,
    clock: Clock,
    two_at_a_time: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = act.retry_all_stuck(store, clock.now, actor="ann").journal_id
    assert line is not None
    find = undo._lines
    others: list[Outcome | None] = []

    def another_meanwhile(*arguments: int) -> list[int]:
        found = find(*arguments)  # type: ignore[arg-type]
        if len(others) == 1:
            others.append(None)
            monkeypatch.setattr(undo, "_lines", find)
            others[1] = undo.undo(store, line, actor="cy")
        others.append(None)
        return found

    monkeypatch.setattr(undo, "_lines", another_meanwhile)
    mine = undo.undo(store, line, actor="ben")
    theirs = others[1]
    assert theirs is not None
    assert (mine.done, theirs.done) == (tuple(stuck[:2]), tuple(stuck[2:]))
    assert {row["status"] for row in raw.rows()} == {"processing"}


def test_a_column_that_is_new_since_the_last_look_comes_back_from_the_trash(
    store: PendingMessageStore, add: Add, raw: Raw
) -> None:
    from webui.store import browse

    first, second = add(), add()
    act.abort(store, first, browse.get_row(store, first).seen, actor="ann")
    raw.run("ALTER TABLE pending_messages ADD COLUMN agent_type TEXT")
    raw.set(second, agent_type="sub")
    outcome = act.abort(store, second, browse.get_row(store, second).seen, actor="ann")
    assert outcome.journal_id is not None
    undo.undo(store, outcome.journal_id, actor="ann")
    assert raw.row(second)["agent_type"] == "sub"
