"""What is old goes for good: from the trash, and from the journal; and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.actions import do, undo
from tests.store.backends import Backend, Clock, Raw
from webui.store import NotFound, PendingMessageStore, WrongState, browse, history, open_store, retention
from webui.store import undo as undoing
from webui.store.retention import DAY, Swept

Add = Callable[..., int]
NEVER = 2**53


def held(raw: Raw) -> list[int]:
    return [row["id"] for row in raw.run("SELECT id FROM unstick_trash ORDER BY trash_id")]


@pytest.fixture
def aged(store: PendingMessageStore, add: Add, clock: Clock) -> list[int]:
    """Five messages, one aborted each day; the last one a moment ago."""
    clock.now = 1_000 * DAY
    ids = [add(status="failed") for _ in range(5)]
    for number, id in enumerate(ids):
        clock.now = (996 + number) * DAY
        do(store, "abort", id)
    return ids


def test_what_was_aborted_before_is_deleted_with_a_line(
    store: PendingMessageStore, aged: list[int], raw: Raw, clock: Clock
) -> None:
    assert retention.count_old(store, 998 * DAY).number == 2
    outcome = retention.purge(store, 998 * DAY, actor="ben", reason="room")
    assert (outcome.done, outcome.remaining, held(raw)) == (tuple(aged[:2]), None, aged[2:])
    line = history.line(store, outcome.journal_id or 0)
    assert line is not None
    assert (line.entry.action, line.entry.actor, line.entry.reason, line.entry.done) == ("purge", "ben", "room", 2)
    assert (line.entry.cutoff, line.why_lasting) == (998 * DAY, "for good")
    with pytest.raises(WrongState, match="gone for good"):
        undoing.undo(store, line.entry.id, actor="ben")
    with pytest.raises(NotFound):
        undoing.undo(store, 1, actor="ben")
    assert browse.get_row(store, aged[2]).trashed_by


def test_a_purge_of_nothing_leaves_no_line_and_no_table(store: PendingMessageStore, raw: Raw) -> None:
    assert retention.purge(store, NEVER, actor="ben").journal_id is None
    assert retention.forget(store, NEVER) == (0, False)
    assert retention.sweep(store, 1, 1, NEVER) == Swept()
    assert raw.side_tables() == []


def test_a_purge_ends_in_time_and_says_what_remains(
    store: PendingMessageStore, aged: list[int], raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LONGEST", -1)
    monkeypatch.setattr("webui.store.pace.FIRST", 2)
    outcome = retention.purge(store, 999 * DAY, actor="ben")
    assert (outcome.done, str(outcome.remaining), held(raw)) == (tuple(aged[:2]), "1", aged[2:])


def test_an_abort_behind_one_of_a_clock_that_ran_ahead_goes_too(
    store: PendingMessageStore, aged: list[int], raw: Raw
) -> None:
    raw.run("UPDATE unstick_journal SET at = :at WHERE id = 1", at=NEVER)
    assert retention.purge(store, 998 * DAY, actor="ben").done == (aged[1],)
    assert held(raw) == [aged[0], *aged[2:]]


def test_lines_are_forgotten_with_their_rows(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock) -> None:
    clock.now = 990 * DAY
    old = [do(store, "retry", add(status="failed")) for _ in range(3)]
    undo(store, old[0])
    raw.run("INSERT INTO unstick_left VALUES (1, 'skipped', 9, 'why'), (1, 'failed', 9, 'why')")
    raw.run("INSERT INTO unstick_operations (id, state, selection, updated_at) VALUES (1, 'done', '', 0),"
            " (2, 'running', '', 0)")  # fmt: skip
    clock.now = 1_000 * DAY
    young = do(store, "retry", add(status="failed"))
    assert retention.forget(store, 1_000 * DAY) == (3, False)
    kept = [2, young.journal_id]
    assert [row["id"] for row in raw.rows("unstick_journal")] == kept
    rows = raw.run("SELECT journal_id FROM unstick_journal_rows ORDER BY journal_id")
    assert [row["journal_id"] for row in rows] == kept
    assert raw.run("SELECT * FROM unstick_left") == []
    assert [row["id"] for row in raw.rows("unstick_operations")] == [2]


def test_a_large_line_goes_in_batches_and_a_line_with_trash_stays(
    store: PendingMessageStore, aged: list[int], raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webui.store.pace.FIRST", 2)
    for id in range(100, 130):
        raw.run("INSERT INTO unstick_journal_rows (journal_id, message_id) VALUES (1, :id)", id=id)
    raw.run("DELETE FROM unstick_trash WHERE id = :id", id=aged[0])
    monkeypatch.setattr(retention, "LONGEST", -1)
    assert retention.forget(store, NEVER) == (0, True)
    monkeypatch.setattr(retention, "LONGEST", 60)
    assert retention.forget(store, NEVER) == (1, False)
    assert [row["id"] for row in raw.rows("unstick_journal")] == [2, 3, 4, 5]
    assert undo(store, do(store, "retry", undo_one(store, aged[1])))


def undo_one(store: PendingMessageStore, id: int) -> int:
    """Restore a message whose line was kept for it."""
    [back] = undoing.undo(store, browse.get_row(store, id).trashed_by or 0, actor="ben").done
    return back


def test_a_sweep_purges_then_forgets_what_is_due(store: PendingMessageStore, aged: list[int], raw: Raw) -> None:
    now = 1_000 * DAY
    assert retention.sweep(store, 0, 0, now) == Swept()
    assert retention.sweep(store, 0, 3, now) == Swept()  # what can be restored keeps its line
    assert retention.sweep(store, 3, 3, now) == Swept(purged=1, forgotten=1)
    assert held(raw) == aged[1:]
    line = raw.rows("unstick_journal")[-1]
    assert (line["action"], line["actor"], line["reason"]) == ("purge", "retention", "older than 3 d")
    assert retention.sweep(store, 3, 3, now) == Swept()


def test_a_store_for_reading_only_is_never_swept(
    store: PendingMessageStore, aged: list[int], raw: Raw, backend: Backend
) -> None:
    reading = open_store(backend.url, read_only=True)
    assert retention.sweep(reading, 1, 1, NEVER) == Swept()
    reading.close()
    assert held(raw) == aged
