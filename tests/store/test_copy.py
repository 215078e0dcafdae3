"""A queue moves into another database whole, and back; a copy that was ended goes on where it stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.schemas import SHAPES, Shape, build
from tests.store.backends import BACKENDS, Backend, Clock, Raw, SqliteRaw
from tests.store.scripted import everything
from webui.store import Missing, PendingMessageStore, WrongState, act, browse, copy, open_store, undo
from webui.store.filters import Filters

WAYS = [("sqlite", "postgres"), ("postgres", "sqlite"), ("sqlite", "sqlite"), ("postgres", "postgres")]
TABLES = (
    "sdk_sessions", "pending_messages", "unstick_failures", "unstick_journal", "unstick_journal_rows", "unstick_left",
    "unstick_views",
)  # fmt: skip


class Pair:
    """A queue, and a database to copy it into."""

    def __init__(self, source: Backend, target: Backend, clock: Clock) -> None:
        self.source, self.target, self.clock = source, target, clock
        self.old = open_store(source.url, create=True, clock=clock)
        self.new = open_store(target.url, create=True, clock=clock)
        self.source_raw, self.target_raw = source.raw(), target.raw()

    def copy(self) -> copy.Copied:
        copied = copy.Copied()
        for _ in copy.copy(self.old.database, self.new.database, copied):
            pass
        return copied

    def rows(self, raw: Raw, table: str) -> list[dict[str, Any]]:
        return raw.run(f"SELECT * FROM {table} ORDER BY {', '.join(copy.TABLES[table])}")

    def same(self) -> bool:
        return all(self.rows(self.source_raw, table) == self.rows(self.target_raw, table) for table in TABLES[:2])

    def close(self) -> None:
        for opened in (self.old, self.new, self.source_raw, self.target_raw):
            opened.close()


@contextmanager
def paired(way: tuple[str, str], folder: Path) -> Iterator[Pair]:
    for name in ("from", "to"):
        (folder / name).mkdir()
    with (
        BACKENDS[way[0]](folder / "from") as source,
        BACKENDS[way[1]](folder / "to") as target,
        closing(Pair(source, target, Clock())) as pair,
    ):
        yield pair


@pytest.fixture(params=WAYS, ids="-".join)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with paired(request.param, tmp_path) as pair:
        yield pair


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Pair]:
    """The way of those who outgrew a file."""
    with paired(("sqlite", "postgres"), tmp_path) as pair:
        yield pair


def lived_in(store: PendingMessageStore, raw: Raw) -> None:
    """A queue with messages of every state, reasons, a journal, and something in the trash."""
    session = store.ensure_session("alpha", "red")
    raw.fill(
        60,
        session_db_id=str(session),
        status="CASE i % 4 WHEN 0 THEN 'failed' WHEN 1 THEN 'processing' WHEN 2 THEN 'processed' ELSE 'pending' END",
        tool_name="'Read'",
        tool_input='\'{"n":"é漢😀"}\'',
        started_processing_at_epoch="CASE WHEN i % 4 IN (1, 2) THEN 10 + i END",
        completed_at_epoch="CASE WHEN i % 4 IN (0, 2) THEN 100 + i END",
        retry_count="i % 3",
    )
    everything(store)
    raw.run("INSERT INTO unstick_left VALUES (1, 'failed', 7, 'no'), (1, 'skipped', 5, 'é'), (2, 'failed', -3, '')")
    raw.run("INSERT INTO unstick_views (name, query) VALUES ('mine', 'status=failed')")
    raw.run("INSERT INTO unstick_operations (id, state, selection, updated_at) VALUES (1, 'running', '{}', 0)")


def test_everything_arrives(pair: Pair) -> None:
    lived_in(pair.old, pair.source_raw)
    before = pair.source_raw.exact()
    copied = pair.copy()
    assert (copied.complete, copied.altered, copied.refused) == (True, 0, [])
    for table in TABLES:
        assert pair.rows(pair.target_raw, table) == pair.rows(pair.source_raw, table) != []
    kept = "SELECT id, kept FROM unstick_trash"
    assert pair.target_raw.run(kept) == pair.source_raw.run(kept)
    assert copied.counts["pending_messages failed"][0] > 10
    assert pair.target_raw.run("SELECT * FROM unstick_operations") == []
    assert pair.source_raw.exact() == before


def test_what_is_aborted_in_the_new_place_comes_beside_what_was(pair: Pair) -> None:
    lived_in(pair.old, pair.source_raw)
    pair.copy()
    held = {row["trash_id"] for row in pair.target_raw.run("SELECT trash_id FROM unstick_trash")}
    row = browse.queue_page(pair.new, Filters.parse({"status": "failed"})).rows[0]
    act.abort(pair.new, row.id, row.seen, actor="ben")
    assert max(row["trash_id"] for row in pair.target_raw.run("SELECT trash_id FROM unstick_trash")) > max(held)


def test_what_operators_did_can_be_taken_back_in_the_new_place(pair: Pair) -> None:
    lived_in(pair.old, pair.source_raw)
    [aborted, retried] = [row.id for row in browse.queue_page(pair.old, Filters.parse({"status": "failed"})).rows[:2]]
    lines = [
        do(pair.old, id, browse.get_row(pair.old, id).seen, actor="ann").journal_id
        for do, id in ((act.abort, aborted), (act.retry, retried))
    ]
    before = pair.source_raw.rows()
    pair.copy()
    for line in lines:
        assert line is not None
        undo.undo(pair.new, line, actor="ben")
    assert [row for row in pair.target_raw.rows() if row["id"] not in (aborted, retried)] == [
        row for row in before if row["id"] not in (aborted, retried)
    ]
    assert {pair.target_raw.row(id)["status"] for id in (aborted, retried)} == {"failed"}


def test_new_messages_come_after_all_that_the_source_ever_had(pair: Pair) -> None:
    session = pair.old.ensure_session("alpha", "red")
    ids = [pair.old.enqueue(session, "alpha", {"type": "observation"}) for _ in range(5)]
    pair.old.abort_message(ids[-1])
    pair.copy()
    assert pair.new.enqueue(session, "alpha", {"type": "observation"}) == ids[-1] + 1
    assert pair.new.ensure_session("beta", "blue") == session + 1


def test_no_id_comes_again_when_a_used_target_is_copied_into_once_more(pair: Pair) -> None:
    session = pair.old.ensure_session("alpha", "red")
    pair.old.enqueue(session, "alpha", {"type": "observation"})
    pair.copy()
    ids = [pair.new.enqueue(session, "alpha", {"type": "observation"}) for _ in range(3)]
    for id in ids:
        pair.new.abort_message(id)
    pair.copy()
    assert pair.new.enqueue(session, "alpha", {"type": "observation"}) == ids[-1] + 1


def test_another_schema_of_the_same_database_is_another_queue(tmp_path: Path) -> None:
    with paired(("postgres", "postgres"), tmp_path) as pair, postgres.schema() as url:
        pair.copy()
        with closing(open_store(url, create=True)) as other, pytest.raises(WrongState):
            list(copy.copy(other.database, pair.new.database, copy.Copied()))


def test_a_copy_that_was_ended_goes_on_where_it_stopped(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.old.ensure_session("alpha", "red")
    pair.source_raw.fill(500)
    monkeypatch.setattr(copy, "FIRST", 20)
    for steps in (1, 2, 3):
        walk = copy.copy(pair.old.database, pair.new.database, copy.Copied())
        for _ in range(steps):
            next(walk)
        walk.close()
    assert 0 < len(pair.target_raw.ids()) < 500
    assert pair.copy().complete
    assert pair.same()
    assert pair.copy().complete
    assert pair.same()


def test_what_came_later_is_taken_up_by_another_copy(pair: Pair) -> None:
    session = pair.old.ensure_session("alpha", "red")
    pair.source_raw.fill(5)
    assert pair.copy().complete
    pair.old.enqueue(session, "alpha", {"type": "observation"})
    assert pair.copy().complete
    assert pair.same()


def test_a_source_in_use_is_noticed_by_the_counts(pair: Pair) -> None:
    session = pair.old.ensure_session("alpha", "red")
    pair.source_raw.fill(5)
    pair.copy()
    assert pair.old.claim_next_message(session)
    copied = pair.copy()
    assert not copied.complete
    assert copied.counts["pending_messages pending"] == (4, 5)
    assert copied.counts["pending_messages processing"] == (1, 0)


def test_a_killed_copy_goes_on_where_it_stopped(there: Pair) -> None:
    there.old.ensure_session("alpha", "red")
    there.source_raw.fill(60_000, tool_input="'0123456789'")
    command = [sys.executable, "-W", "error", "-m", "webui", "copy", there.source.url, there.target.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not there.target_raw.ids():
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert 0 < len(there.target_raw.ids()) < 60_000
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "60,000 = 60,000" in done.stdout) == (0, True), done.stderr
    assert there.same()


def test_a_target_with_messages_of_its_own_is_refused(pair: Pair, tmp_path: Path) -> None:
    session = pair.new.ensure_session("alpha", "red")
    id = pair.new.enqueue(session, "alpha", {"type": "observation"})
    with pytest.raises(WrongState, match="database of its own"):
        pair.copy()
    assert pair.target_raw.ids() == [id]


def test_a_target_that_was_filled_from_elsewhere_is_refused(there: Pair, tmp_path: Path) -> None:
    there.copy()
    with closing(open_store(str(tmp_path / "other.db"), create=True)) as other, pytest.raises(WrongState):
        list(copy.copy(other.database, there.new.database, copy.Copied()))


def test_a_source_that_is_gone_is_said(there: Pair) -> None:
    for file in (there.source_raw, there.old):
        file.close()
    Path(there.old.location).unlink()
    with pytest.raises(Missing):
        there.copy()


@pytest.mark.parametrize("form", SHAPES, ids=lambda form: form.name)
def test_every_shape_arrives_with_the_columns_that_others_added(there: Pair, tmp_path: Path, form: Shape) -> None:
    path = build(tmp_path / "theirs.db", form)
    with closing(open_store(str(path), read_only=True)) as theirs:
        copied = copy.Copied()
        list(copy.copy(theirs.database, there.new.database, copied))
        assert copied.complete
        raw = SqliteRaw(path)
        rows = raw.rows()
        raw.close()
        found = there.target_raw.rows()
    for old, new in zip(rows, found, strict=True):
        old = {{"claude_session_id": "content_session_id"}.get(name, name): value for name, value in old.items()}
        assert old.items() <= new.items()


ODD: dict[str, Callable[[Any], Any]] = {
    "tool_input": lambda value: value == "a\ufffdb",
    "tool_response": lambda value: value == "\\x80A",
    "prompt_number": lambda value: value == 7,
    "completed_at_epoch": lambda value: value == 2**53 + 1,
}


def test_odd_values_are_altered_to_fit_and_counted(there: Pair) -> None:
    session = there.old.ensure_session("alpha", "red")
    id = there.old.enqueue(session, "alpha", {"type": "observation"})
    there.source_raw.run(
        "UPDATE pending_messages SET tool_input = CAST(x'610062' AS TEXT), tool_response = x'8041',"
        " prompt_number = 7.0, completed_at_epoch = 9007199254740993"
    )
    copied = there.copy()
    row = there.target_raw.row(id)
    assert all(fits(row[name]) for name, fits in ODD.items())
    assert (copied.complete, copied.altered) == (True, 2)


def test_a_row_that_does_not_fit_is_named_and_the_rest_arrives(there: Pair) -> None:
    there.old.ensure_session("alpha", "red")
    there.source_raw.fill(300)
    there.source_raw.set(150, created_at_epoch="yesterday")
    there.source_raw.set(200, session_db_id=77)
    copied = there.copy()
    assert [(table, key) for table, key, _ in copied.refused] == [
        ("pending_messages", "150"),
        ("pending_messages", "200"),
    ]
    assert ["yesterday" in copied.refused[0][2], "session" in copied.refused[1][2]] == [True, True]
    assert not copied.complete
    assert there.target_raw.ids() == [id for id in range(1, 301) if id not in (150, 200)]


def test_large_payloads_go_in_small_batches(there: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "LARGE", 50_000)
    monkeypatch.setattr(copy, "SMALL", 10_000)
    there.old.ensure_session("alpha", "red")
    there.source_raw.fill(400, tool_input="'" + "x" * 5_000 + "'")
    done = [step.done for step in copy.copy(there.old.database, there.new.database, copy.Copied())][1:]
    sizes = [after - before for before, after in zip([0, *done], done, strict=False)]
    assert max(sizes[3:]) <= 20
    assert there.same()
