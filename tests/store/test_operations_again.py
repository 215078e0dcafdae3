"""Operations that meet what other operations did."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.actions import seen
from tests.store.backends import Clock, Raw
from tests.store.operating import FAILED, do, fail, take_back, ticked, undo
from webui.store import PendingMessageStore, WrongState, migrate, operations, preview
from webui.store import undo as undoing
from webui.store.filters import Filters
from webui.store.selection import Trash

Add = Callable[..., int]
pytestmark = pytest.mark.usefixtures("session")


def test_the_rest_after_one_first_leaves_that_one_alone(store: PendingMessageStore, raw: Raw) -> None:
    fail(raw, 5)
    first = do(store, "retry-fresh", preview.freeze(store, Filters()), expected=5, most=1)
    rest = operations.rest_of(first)
    assert rest is not None
    done = do(store, "retry-fresh", rest)
    assert (first.done, done.done, operations.get(store, first.id).rest_by) == (1, 4, done.id)


def test_the_rest_is_only_once_whoever_asks_for_it(store: PendingMessageStore, raw: Raw) -> None:
    fail(raw, 5)
    first = do(store, "retry-fresh", preview.freeze(store, FAILED), expected=5, most=1)
    rest = operations.rest_of(first)
    assert rest is not None
    begun = [operations.begin(store, "retry-fresh", rest, actor=name, key=name) for name in ("ana", "bob")]
    assert begun == [begun[0]] * 2
    assert operations.get(store, first.id).rest_by == begun[0]


def test_what_somebody_else_changed_since_is_not_taken_back(store: PendingMessageStore, raw: Raw) -> None:
    fail(raw, 1)
    first = do(store, "retry", preview.freeze(store, FAILED))
    [id] = raw.ids()
    raw.set(id, status="failed", started_processing_at_epoch=1)
    do(store, "retry", preview.freeze(store, FAILED))
    assert (undo(store, first).done, raw.row(id)["status"]) == (0, "pending")


def test_an_id_of_the_trash_is_never_used_again(store: PendingMessageStore, raw: Raw, add: Add) -> None:
    shown, later = add(status="failed"), add(status="pending")
    do(store, "abort", ticked(store, shown))
    seen_in_trash = operations.freeze_trash(store)
    do(store, "restore", seen_in_trash)
    do(store, "abort", ticked(store, later))
    assert do(store, "purge", seen_in_trash).done == 0
    assert [row["id"] for row in raw.run("SELECT id FROM unstick_trash")] == [later]


def test_what_came_out_of_the_trash_is_not_put_back_by_undo(store: PendingMessageStore, add: Add) -> None:
    add(status="failed")
    do(store, "abort", preview.freeze(store, FAILED))
    back = do(store, "restore", operations.freeze_trash(store))
    with pytest.raises(WrongState, match="aborted again"):
        operations.begin_undo(store, back.id, actor="bob")


def test_a_retry_of_ticked_rows_leaves_what_is_pending(store: PendingMessageStore, add: Add) -> None:
    failed, pending = add(status="failed"), add()
    done = do(store, "retry", ticked(store, failed, pending))
    assert (done.done, operations.left_rows(store, done.id, "skipped", 0, 9)) == (1, [(pending, "pending now")])


def test_old_trash_is_purged_and_young_is_not(store: PendingMessageStore, raw: Raw, add: Add, clock: Clock) -> None:
    add(status="failed")
    do(store, "abort", preview.freeze(store, FAILED))
    cutoff = clock.tick(1_000)
    young = add(status="failed")
    do(store, "abort", preview.freeze(store, FAILED))
    assert do(store, "purge", Trash(before=cutoff)).done == 1
    assert [row["id"] for row in raw.run("SELECT id FROM unstick_trash")] == [young]


def test_a_line_of_many_that_an_earlier_release_wrote_is_taken_back(
    store: PendingMessageStore, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrate.scripts(store.database.dialect.name)
    with monkeypatch.context() as earlier:
        earlier.setattr(migrate, "scripts", lambda dialect: {n: text for n, text in known.items() if n < "0003"})
        migrate.migrate(store.database)
    raw.fill(3, status="'pending'")
    raw.run("INSERT INTO unstick_journal (at, actor, action, done, cutoff) VALUES (1, 'ann', 'retry-all', 3, 9)")
    columns = "journal_id, message_id, before_status, before_started, before_retry_count, after_seen"
    kept = f"INSERT INTO unstick_journal_rows ({columns}) VALUES (1, :id, 'processing', :id, 2, :seen)"
    for id in raw.ids():
        raw.run(kept, id=id, seen=seen(store, id))
    with pytest.raises(WrongState, match="not about one message"):
        undoing.undo(store, 1, actor="bob")
    assert take_back(store, 1) == raw.ids()
    state = "status, started_processing_at_epoch AS started, retry_count"
    assert raw.run(f"SELECT {state} FROM pending_messages ORDER BY id") == [
        {"status": "processing", "started": id, "retry_count": 2} for id in raw.ids()
    ]
