"""What only a PostgreSQL store does: the server's clock, a time budget, many threads on one pool, and listening."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import psycopg
import pytest

from tests import postgres as servers
from tests.store.backends import Backend, Clock, PostgresRaw, Raw, only
from tests.store.processes import ROOT, start, together
from webui.store import (
    Busy,
    PendingMessageStore,
    ReadOnly,
    WrongState,
    act,
    browse,
    open_store,
    postgres,
    undo,
)
from webui.store.claims import claim_messages
from webui.store.database import TimeUp

pytestmark = only("postgres", "it is about PostgreSQL")

Add = Callable[..., int]
MakeStore = Callable[..., PendingMessageStore]
OPEN = {"type": "observation"}
SLEEP = "SELECT pg_sleep(60)"


def test_times_are_the_servers_without_a_clock(make_store: MakeStore, backend: Backend, second: PostgresRaw) -> None:
    store = make_store(clock=None)

    def now() -> int:
        found: int = second.run("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now")[0]["now"]
        return found

    began = now()
    session = store.ensure_session("alpha", "red")
    id = store.enqueue(session, "alpha", OPEN)
    store.claim_next_message(session)
    store.mark_processed(id)
    assert began <= store.now() <= now()
    row = second.row(id)
    times = [second.row(session, "sdk_sessions")["started_at_epoch"], row["created_at_epoch"],
             row["started_processing_at_epoch"], row["completed_at_epoch"]]  # fmt: skip
    assert times == sorted(times)
    assert began <= times[0]
    assert times[-1] <= now()


def test_times_are_the_clocks_that_was_given(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock) -> None:
    id = add()
    created, started = clock(), clock.tick(5)
    store.claim_next_message(1)
    completed = clock.tick(5)
    store.mark_processed(id)
    row = raw.row(id)
    assert [row[f"{what}_at_epoch"] for what in ("created", "started_processing", "completed")] == [
        created, started, completed,
    ]  # fmt: skip


def of_the_pool() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "-worker-" in thread.name or "-scheduler" in thread.name}


def test_many_threads_share_a_store_and_nothing_is_left_of_it(make_store: MakeStore, backend: Backend) -> None:
    before = of_the_pool()
    store, another = make_store(clock=None), make_store(clock=None)
    sessions = [store.ensure_session(name, "red") for name in "abcdefgh"]
    ids = {store.enqueue(session, "x", OPEN) for session in sessions for _ in range(10)}

    def work(number: int) -> list[int]:
        mine, done = (store, another)[number % 2], []
        while claimed := claim_messages(mine, None, 2):
            done += [message.id for message in claimed if mine.mark_processed(message.id, claim=message)]
        return done

    with ThreadPoolExecutor(8) as threads:
        done = [id for worked in threads.map(work, range(8)) for id in worked]
        assert sorted(done) == sorted(ids)
        names = list(threads.map(lambda _: store.ensure_session("one", "red"), range(16)))
        assert len(set(names)) == 1
    store.close()
    assert store.get_pending_count(sessions[0]) == 0
    store.close()
    another.close()
    assert of_the_pool() == before
    with psycopg.connect(servers.server()) as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND state = 'active'"
        assert connection.execute(count, [servers.name_of(backend.url)]).fetchone() == (0,)


def test_two_undos_of_one_line_at_once(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    row = browse.get_row(store, add(status="failed"))
    line = act.retry(store, row.id, row.seen, actor="me").journal_id
    assert line is not None

    def take_back(number: int) -> str:
        try:
            return str(len(undo.undo(store, line, actor=str(number)).done))
        except WrongState:
            return "too late"

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(take_back, range(4))) == ["1", "too late", "too late", "too late"]
    assert raw.row(row.id)["status"] == "failed"


def test_a_new_database_is_made_by_many_processes_at_once(backend: Backend) -> None:
    made = together([start("create", backend.url) for _ in range(4)])
    assert len({session for session, _ in made}) == 1
    assert sorted(id for _, id in made) == [1, 2, 3, 4]


def test_a_watcher_hears_only_its_own_queue(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    with servers.schema() as url, closing(open_store(url, create=True)) as elsewhere:
        elsewhere.ensure_session("alpha", "red")
        with store.database.watch() as watcher, elsewhere.database.watch() as theirs:
            elsewhere.enqueue(1, "alpha", OPEN)
            assert theirs.wait(60) is True
            assert watcher.wait(0.01) is False
            raw.run("NOTIFY unstick")  # by hand
            assert watcher.wait(60) is True
            id = add()
            assert (watcher.wait(60), watcher.wait(0)) == (True, False)
            store.claim_next_message(1)
            assert watcher.wait(0.01) is False
            store.mark_failed(id)
            assert (watcher.wait(60), watcher.wait(0)) == (True, False)
            assert theirs.wait(0) is True


def test_time_that_is_up_leaves_the_transaction_usable(store: PendingMessageStore, add: Add) -> None:
    id = add()
    with store.database.reading() as tx:
        for ms in (20, 1, 0.1):
            tx.budget(ms)
            with pytest.raises(TimeUp):
                tx.rows(SLEEP)
            assert tx.rows("SELECT id FROM pending_messages")[0][0] == id
            tx.budget(None)
            tx.budget(None)
        tx.budget(5)
        tx.budget(50_000)
        tx.rows("SELECT pg_sleep(0.02)")
        tx.budget(None)
        assert tx.rows("SHOW statement_timeout")[0][0] == f"{postgres.LONGEST // 1000}s"
        for _ in range(200):  # over as the statement ends, or before the limit is lifted
            try:
                tx.budget(1)
                tx.rows("SELECT pg_sleep(0.0009)")
            except TimeUp:
                pass
            finally:
                tx.budget(None)
        assert tx.rows("SELECT id FROM pending_messages")[0][0] == id


def test_a_time_that_nobody_set_is_not_up(store: PendingMessageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LONGEST", 20)

    def sleep() -> None:
        with store.database.reading() as tx:
            tx.budget(5000)
            tx.budget(None)
            tx.rows(SLEEP)

    with pytest.raises(Busy, match="took too long"):
        sleep()


FORK = """
import json, os, sys
from webui.store import open_store
store = open_store(sys.argv[1])
before = store.get_message(1).id
with store.database.reading() as tx:
    mine = tx.rows("SELECT pg_backend_pid()")[0][0]
read, write = os.pipe()
child = os.fork()
if child == 0:
    with store.database.reading() as tx:
        theirs = tx.rows("SELECT pg_backend_pid()")[0][0]
    store.close()
    os.write(write, json.dumps(theirs).encode())
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
with store.database.reading() as tx:
    still = tx.rows("SELECT pg_backend_pid()")[0][0]
store.close()
print(json.dumps([mine, still, json.loads(os.read(read, 100))]))
"""


def test_a_forked_child_has_connections_of_its_own(backend: Backend, add: Add) -> None:
    add()
    command = [sys.executable, "-W", "error", "-c", FORK, backend.url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    mine, still, theirs = json.loads(done.stdout)
    assert mine == still != theirs


def test_a_connection_that_can_only_read_any_more_is_dropped(
    store: PendingMessageStore, session: int, raw: Raw
) -> None:
    database = store.database
    assert isinstance(database, postgres.Postgres)
    with database._connections.one() as connection:
        connection.execute("SET default_transaction_read_only = on")  # as after a fail-over that kept it
    with pytest.raises(ReadOnly):
        store.enqueue(session, "alpha", OPEN)
    id = store.enqueue(session, "alpha", OPEN)
    assert raw.ids() == [id]


def test_a_transaction_that_an_interrupt_left_open_is_not_handed_on(
    store: PendingMessageStore, session: int, raw: Raw
) -> None:
    database = store.database
    assert isinstance(database, postgres.Postgres)
    with suppress(KeyboardInterrupt), database._connections.one() as connection:
        connection.execute("BEGIN")
        raise KeyboardInterrupt
    id = store.enqueue(session, "alpha", OPEN)
    assert raw.ids() == [id]
