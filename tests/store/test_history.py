"""The lines of the journal, and the trash, a page at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.actions import do, seen, undo
from tests.store.backends import Clock, Raw
from webui.store import PendingMessageStore, act, history, migrate, trash
from webui.store.history import LineFilters
from webui.store.model import Cursor
from webui.store.narrowing import BadFilter

Add = Callable[..., int]


def lines(store: PendingMessageStore, **given: str) -> list[int]:
    return [line.entry.id for line in history.page(store, LineFilters.parse(given)).rows]


def test_looking_without_our_tables_makes_nothing(store: PendingMessageStore, raw: Raw) -> None:
    assert history.page(store, LineFilters()).rows == ()
    assert (trash.page(store).rows, trash.size(store).count.number, history.line(store, 1)) == ((), 0, None)
    assert raw.side_tables() == []


def test_a_journal_of_an_earlier_release_is_read_as_it_is(
    store: PendingMessageStore, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrate.scripts("sqlite").keys()
    scripts = {name: migrate.scripts(store.database.dialect.name)[name] for name in known if name < "0003"}
    with monkeypatch.context() as earlier:
        earlier.setattr(migrate, "scripts", lambda dialect: scripts)
        migrate.migrate(store.database)
    store.database.rows("INSERT INTO unstick_journal (at, actor, action, done) VALUES (1, 'ann', 'abort', 1)")
    [line] = history.page(store, LineFilters()).rows
    assert (line.skipped, line.failed, line.state, line.why_lasting) == (0, 0, None, "no longer in the trash")


def test_lines_go_by_the_newest_first_and_both_ways(store: PendingMessageStore, add: Add) -> None:
    ids = [do(store, "retry", add(status="failed")).journal_id for _ in range(7)]
    found, cursor = [], None
    for _ in range(4):
        page = history.page(store, LineFilters(), cursor, limit=2)
        found.append([line.entry.id for line in page.rows])
        cursor = page.next
    assert found == [[ids[6], ids[5]], [ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    assert (page.next, str(page.previous)) == (None, f"previous-id-{ids[0]}")
    page = history.page(store, LineFilters(), page.previous, limit=2)
    assert [line.entry.id for line in page.rows] == found[2]
    page = history.page(store, LineFilters(), Cursor("previous", "id", ids[5] or 0), limit=2)
    assert ([line.entry.id for line in page.rows], page.previous) == ([ids[6]], None)


def test_each_filter_finds_its_lines(store: PendingMessageStore, add: Add, clock: Clock) -> None:
    first, second = add(status="failed"), add(status="failed")
    clock.now = 10**12
    old = do(store, "retry", first)
    clock.tick(3 * 86_400_000)
    abort = act.abort(store, second, seen(store, second), actor="Éva O'Neil", reason="why")
    again = undo(store, old)
    a, b, c = old.journal_id or 0, abort.journal_id or 0, again.journal_id or 0
    found = {
        "actor": lines(store, actor="Éva O'Neil"),
        "action": lines(store, action="undo"),
        "since": lines(store, since="2d"),
        "message": lines(store, message=str(first)),
        "undone": lines(store, undone="yes"),
        "outcome": lines(store, outcome="complete", undone="yes"),
        "reason": lines(store, reason="WH"),
    }
    assert found == {
        "actor": [b], "action": [c], "since": [c, b], "message": [c, a], "undone": [a], "outcome": [a], "reason": [b],
    }  # fmt: skip
    assert lines(store, outcome="failed") == []
    assert set(found) == set(LineFilters.fields)
    assert lines(store, message=str(first), undone="no", since="1d", actor="bob") == [c]
    assert lines(store, actor="nobody") == []


@pytest.mark.parametrize("given", [{"action": "dance"}, {"since": "soon"}, {"message": "²"}, {"undone": "1"},
                                   {"actor": "a" * 201}, {"message": str(2**63)}])  # fmt: skip
def test_what_is_no_filter_is_said(given: dict[str, str]) -> None:
    with pytest.raises(BadFilter, match=LineFilters.fields[next(iter(given))].label):
        LineFilters.parse(given)


def test_a_filter_without_an_index_looks_at_a_bounded_number_and_goes_on(
    store: PendingMessageStore, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = do(store, "retry-fresh", add(status="failed")).journal_id
    for _ in range(8):
        do(store, "retry", add(status="failed"))
    monkeypatch.setattr(history, "LOOK", 3)
    filters, cursor, looks = LineFilters.parse({"action": "retry-fresh"}), None, []
    for _ in range(3):
        page = history.page(store, filters, cursor)
        looks.append(([line.entry.id for line in page.rows], page.looked_at))
        cursor = page.next
    assert looks == [([], 3), ([], 3), ([wanted], 3)]
    assert history.page(store, filters, cursor).rows == ()
    assert history.page(store, LineFilters(), None).looked_at is None


def test_a_line_says_what_became_of_it(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    retried, aborted, kept = (add(status="failed") for _ in range(3))
    outcomes = do(store, "retry", retried), do(store, "abort", aborted), do(store, "abort", kept)
    back = undo(store, outcomes[0])
    raw.run("DELETE FROM unstick_trash WHERE id = :id", id=aborted)
    found = {line.entry.id: line for line in history.page(store, LineFilters()).rows}
    assert [found[outcome.journal_id or 0].why_lasting for outcome in (*outcomes, back)] == [
        "taken back by bob", "no longer in the trash", None, "an undo",
    ]  # fmt: skip
    assert [found[outcome.journal_id or 0].message_id for outcome in (*outcomes, back)] == [
        retried, aborted, kept, retried,
    ]  # fmt: skip
    raw.run("UPDATE unstick_journal SET done = 5, skipped = 2, failed = 1 WHERE id = :id", id=outcomes[2].journal_id)
    raw.run("INSERT INTO unstick_operations (id, state, selection, updated_at) VALUES (:id, 'running', '', 0)",
            id=outcomes[2].journal_id)  # fmt: skip
    line = history.line(store, outcomes[2].journal_id or 0)
    assert line is not None
    assert (line.skipped, line.failed, line.message_id, line.why_lasting) == (2, 1, None, "still going on")


def test_the_trash_goes_by_the_newest_abort(store: PendingMessageStore, add: Add, clock: Clock) -> None:
    ids = [add(status="failed", tool_response='"é"') for _ in range(5)]
    for id in reversed(ids):
        clock.tick(10)
        do(store, "abort", id, reason=f"because {id}")
    first = trash.page(store, limit=2)
    assert [held.row.id for held in first.rows] == ids[:2]
    assert (first.rows[0].at, first.rows[0].actor, first.rows[0].reason) == (clock.now, "ann", f"because {ids[0]}")
    assert first.rows[0].row.trashed_by
    second = trash.page(store, first.next, limit=2)
    third = trash.page(store, second.next, limit=2)
    assert [held.row.id for held in second.rows + third.rows] == ids[2:]
    assert [held.row.id for held in trash.page(store, third.previous, limit=2).rows] == ids[2:4]


def test_the_size_of_the_trash_is_in_bytes_and_bounded(
    store: PendingMessageStore, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        do(store, "abort", add(tool_input="é" * 10, tool_response=None, last_user_message="abc"))
    size = trash.size(store)
    assert (size.count.number, size.count.more, size.payload, size.more) == (3, False, 69, False)
    monkeypatch.setattr(trash, "COUNTED", 2)
    monkeypatch.setattr(trash, "SIZED", (1,))
    size = trash.size(store)
    assert (str(size.count), size.payload, size.more) == ("2+", 23, True)
