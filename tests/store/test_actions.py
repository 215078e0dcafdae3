"""What operators do: guarded by what was seen, and nothing is made before the first of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.schemas import build, shape
from tests.store.actions import ACTIONS, FILLED, STATUSES, do, seen, undo
from tests.store.backends import Clock, Raw
from tests.store.operating import retry_stuck
from tests.store.scripted import looks
from webui.store import NotFound, PendingMessageStore, ReadOnly, Unsupported, WrongState, browse, migrate

Add = Callable[..., int]


@pytest.mark.parametrize("status", ["pending", "processing", "failed"])
@pytest.mark.parametrize(("name", "count"), [("retry", 2), ("retry-fresh", 0)])
def test_a_retry_makes_it_pending(
    store: PendingMessageStore, add: Add, raw: Raw, name: str, count: int, status: str
) -> None:
    id = add(**FILLED, status=status)
    add(**FILLED, status=status)
    before = raw.rows()
    outcome = do(store, name, id)
    change = {"status": "pending", "started_processing_at_epoch": None, "retry_count": count}
    assert raw.rows() == [{**before[0], **change}, before[1]]
    assert (outcome.action, outcome.done) == (name, (id,))
    assert outcome.row == browse.get_row(store, id)
    assert outcome.row.status == "pending"


@pytest.mark.parametrize("name", ["retry", "retry-fresh"])
def test_a_processed_message_is_not_retried(store: PendingMessageStore, add: Add, raw: Raw, name: str) -> None:
    id = add(**FILLED, status="processed")
    before = raw.rows()
    with pytest.raises(WrongState) as caught:
        do(store, name, id)
    assert caught.value.row == browse.get_row(store, id)
    assert (raw.rows(), raw.side_tables()) == (before, [])


@pytest.mark.parametrize("status", STATUSES)
def test_an_abort_moves_it_to_the_trash(store: PendingMessageStore, add: Add, raw: Raw, status: str) -> None:
    id, kept = add(**FILLED, status=status), add(**FILLED, status=status)
    row = browse.get_row(store, id)
    outcome = do(store, "abort", id, "too big")
    assert raw.ids() == [kept]
    assert store.get_message(id) is None
    trashed = browse.get_row(store, id)
    assert outcome.row == trashed
    assert trashed.trashed_by == outcome.journal_id
    assert (trashed.status, trashed.retry_count, trashed.tool_input) == (status, 2, row.tool_input)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "processing"},
        {"status": "processed"},
        {"retry_count": 1},
        {"started_processing_at_epoch": 9},
        {"status": "processing", "started_processing_at_epoch": 9},
    ],
    ids=repr,
)
def test_a_row_that_changed_since_it_was_seen_is_not_touched(
    store: PendingMessageStore, add: Add, raw: Raw, name: str, change: dict[str, Any]
) -> None:
    id = add(status="failed")
    token = seen(store, id)
    raw.set(id, **change)
    before = raw.rows()
    with pytest.raises(WrongState) as caught:
        ACTIONS[name](store, id, token, actor="ann")
    assert caught.value.row == browse.get_row(store, id)
    assert len(str(caught.value).split()) > 4
    assert (raw.rows(), raw.side_tables()) == (before, [])


def test_what_else_changed_does_not_matter(store: PendingMessageStore, add: Add, raw: Raw, name: str) -> None:
    id = add(status="failed")
    token = seen(store, id)
    raw.set(id, cwd="/elsewhere", completed_at_epoch=5, tool_input="{}")
    assert ACTIONS[name](store, id, token, actor="ann").done == (id,)


@pytest.mark.parametrize("unknown", [0, 99, -1, 2**63, 2**100])
def test_an_unknown_id_is_not_found(store: PendingMessageStore, add: Add, raw: Raw, name: str, unknown: int) -> None:
    token = seen(store, add())
    with pytest.raises(NotFound):
        ACTIONS[name](store, unknown, token, actor="ann")
    assert raw.side_tables() == []


@pytest.mark.parametrize("token", ["", "x", "pending", "pending..", "pending..0 OR 1=1", "\x00", "é" * 5_000])
def test_a_token_that_nobody_gave_out_matches_nothing(
    store: PendingMessageStore, add: Add, raw: Raw, name: str, token: str
) -> None:
    id = add(status="failed", retry_count=3)
    before = raw.rows()
    with pytest.raises(WrongState):
        ACTIONS[name](store, id, token, actor="ann")
    assert raw.rows() == before


def test_a_second_click_does_nothing_twice(store: PendingMessageStore, add: Add, raw: Raw, name: str) -> None:
    id = add(status="failed", retry_count=2)
    token = seen(store, id)
    ACTIONS[name](store, id, token, actor="ann")
    before = raw.rows(), raw.exact("unstick_journal")
    with pytest.raises(WrongState) as caught:
        ACTIONS[name](store, id, token, actor="ann")
    assert caught.value.row is not None
    assert (caught.value.row.trashed_by is not None) is (name == "abort")
    assert (raw.rows(), raw.exact("unstick_journal")) == before


def test_a_message_claimed_in_this_very_millisecond_is_not_released(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add()
    store.claim_next_message(session)
    before = raw.rows()
    for name in ("retry", "retry-fresh"):
        with pytest.raises(WrongState):
            do(store, name, id)
    assert (raw.rows(), raw.side_tables()) == (before, [])
    clock.tick()
    assert do(store, "retry", id).done == (id,)


def test_a_released_claim_cannot_be_acknowledged_any_more(
    store: PendingMessageStore, session: int, add: Add, clock: Clock
) -> None:
    id = add()
    late = store.claim_next_message(session)
    clock.tick()
    do(store, "retry", id)
    current = store.claim_next_message(session)
    assert store.mark_processed(id, claim=late) is False
    assert store.mark_processed(id, claim=current) is True


def test_a_read_only_store_acts_on_nothing(
    store: PendingMessageStore, make_store: Callable[..., PendingMessageStore], add: Add, raw: Raw, name: str
) -> None:
    id = add(status="failed")
    line = do(store, name, id)
    id = add(status="processing", started_processing_at_epoch=1)
    reader = make_store(create=False, read_only=True)
    before = raw.exact(), raw.exact("unstick_journal"), raw.schema(ours=True)
    token = seen(reader, id)
    for call in (
        lambda: ACTIONS[name](reader, id, token, actor="ann"),
        lambda: retry_stuck(reader, 5),
        lambda: undo(reader, line),
        lambda: migrate.clean(reader.database),
    ):
        with pytest.raises(ReadOnly):
            call()
    assert (raw.exact(), raw.exact("unstick_journal"), raw.schema(ours=True)) == before


def test_without_a_retry_count_there_is_no_fresh_retry(
    open_file: Callable[..., PendingMessageStore], tmp_path: Path
) -> None:
    store = open_file(build(tmp_path / "g.db", shape("G")))
    with pytest.raises(Unsupported):
        do(store, "retry-fresh", 5)
    assert do(store, "retry", 5).done == (5,)


def test_a_look_makes_and_changes_nothing(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock) -> None:
    for status in STATUSES:
        add(status=status, started_processing_at_epoch=1, completed_at_epoch=1)
    before = raw.traces()
    looks(store)
    assert raw.traces() == before


def test_any_write_leaves_traces(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    id = add()
    writes: list[Callable[[], object]] = [
        lambda: store.retry_message(id),
        lambda: store.abort_message(id),
        lambda: store.ensure_session("new", "red"),
        lambda: migrate.migrate(store.database),
    ]
    for write in writes:
        before = raw.traces()
        write()
        assert raw.traces() != before


def test_the_queues_own_tables_are_as_they_were_after_every_action(
    store: PendingMessageStore, add: Add, raw: Raw
) -> None:
    before = raw.schema()
    for name in ACTIONS:
        undo(store, do(store, name, add(status="failed")))
    store.mark_failed(add(), error="why")
    retry_stuck(store, 5)
    assert raw.schema() == before
    assert raw.side_tables() != []
