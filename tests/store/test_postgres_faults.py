"""What happens to a PostgreSQL server, to a real one that is stopped and started for it: each time the named error with
its sentence, and the next call works on the same store."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
import pytest

from tests.postgres import Own
from tests.store.test_postgres_address import keeps_the_password
from webui.store import Busy, Missing, PendingMessageStore, ReadOnly, StoreError, act, browse, open_store
from webui.store import postgres_driver as driver
from webui.store.filters import Filters

OPEN = {"type": "observation"}
_numbers = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Own]:
    own = Own(Path(mkdtemp(prefix="unstick-pg-")))
    own.run("CREATE ROLE locked LOGIN PASSWORD 'right'", "CREATE ROLE barred LOGIN")
    yield own
    own.remove()


@pytest.fixture
def url(server: Own) -> str:
    name = f"queue_{next(_numbers)}"
    server.run(f"CREATE SCHEMA {name}", f"GRANT USAGE ON SCHEMA {name} TO public")
    return f"{server.url()}&options=-csearch_path%3D{name}"


def as_user(url: str, user: str) -> str:
    return url.replace("//postgres@", f"//{user}@")


@pytest.fixture
def store(url: str) -> Iterator[PendingMessageStore]:
    store = open_store(url, create=True)
    yield store
    store.close()


@pytest.fixture
def id(store: PendingMessageStore) -> int:
    return store.enqueue(store.ensure_session("alpha", "red"), "alpha", OPEN)


def refused(call: Callable[[], object], kind: type[StoreError], words: str | None = None) -> None:
    """It is refused with the store's own error and a sentence of ours, not the driver's."""
    with pytest.raises(StoreError, match=words) as caught:
        call()
    assert type(caught.value) is kind
    assert str(caught.value)[0].isupper() or str(caught.value).startswith("postgresql://")
    assert "psycopg" not in str(caught.value)


def of_the_pool() -> set[str]:
    """The threads that psycopg's pools have."""
    return {thread.name for thread in threading.enumerate() if re.match(r"pool-\d+-(worker|scheduler)", thread.name)}


def connected(store: PendingMessageStore, number: int) -> None:
    """Let the store have so many connections, idle."""
    with ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(store.database.reading())


def test_a_stopped_server_is_missing_and_back_at_once(server: Own, store: PendingMessageStore, id: int) -> None:
    server.stop()
    try:
        for _ in range(3):
            refused(lambda: store.get_message(id), Missing, "went away|No PostgreSQL server answers")
        refused(store.refresh, Missing, "No PostgreSQL server answers for postgresql://postgres@:5432/postgres: ")
        refused(lambda: open_store(server.url()), Missing, "No PostgreSQL server answers")
    finally:
        server.start()
    assert store.get_message(id) is not None
    assert act.abort(store, id, browse.get_row(store, id).seen, actor="me").done == (id,)


def test_a_restart_between_two_calls_is_not_noticed(server: Own, store: PendingMessageStore, id: int) -> None:
    connected(store, 7)
    server.stop()
    server.start()
    assert store.get_message(id) is not None
    connected(store, 9)


@pytest.mark.parametrize("statement_after", [True, False], ids=["at a statement", "at the commit"])
def test_a_transaction_that_the_server_left_may_or_may_not_have_been(
    server: Own, store: PendingMessageStore, id: int, statement_after: bool
) -> None:
    def change() -> None:
        with store.database.writing() as tx:
            tx.rows("UPDATE pending_messages SET status = 'failed'")
            pid = tx.rows("SELECT pg_backend_pid()")[0][0]
            server.run(f"SELECT pg_terminate_backend({pid}, 5000)")
            if statement_after:
                tx.rows("SELECT 1")

    refused(change, Missing, "whether the last change was made is not known")
    message = store.get_message(id)
    assert message is not None
    assert message.status == "pending"


def test_many_threads_meet_an_outage_and_are_all_back_after_it(
    server: Own, store: PendingMessageStore, id: int
) -> None:
    def outcome(_: int) -> str:
        try:
            return "found" if store.get_message(id) else "none"
        except StoreError as error:
            return type(error).__name__

    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(outcome, range(32))) == {"found"}
        server.stop()
        try:
            assert set(threads.map(outcome, range(32))) == {"Missing"}
            assert len(of_the_pool()) <= 3
        finally:
            server.start()
        assert set(threads.map(outcome, range(32))) == {"found"}


def test_a_watcher_listens_again_after_a_restart(server: Own, store: PendingMessageStore, id: int) -> None:
    with store.database.watch() as watcher:
        server.stop()
        try:
            assert watcher.wait(60) is True
            assert watcher.wait(0) is False
            refused(store.now, Missing)
        finally:
            server.start()
        assert any(watcher.wait(0.1) for _ in range(600))
        store.claim_next_message(1)
        assert watcher.wait(0) is False
        store.mark_failed(id)
        assert watcher.wait(60) is True


def test_a_watcher_begins_while_the_server_is_away(server: Own, store: PendingMessageStore) -> None:
    server.stop()
    try:
        with store.database.watch() as watcher:
            assert watcher.wait(0.01) is False
    finally:
        server.start()


@pytest.mark.parametrize(
    ("user", "database", "sentence"),
    [
        ("locked:sekret", "postgres", "does not let us in: check the password"),
        ("locked", "postgres", "does not let us in: check the password"),
        ("nobody:sekret", "postgres", "does not let us in: check the user"),
        ("barred:sekret", "postgres", "does not let us in: check the user"),
        ("postgres:sekret", "nowhere", "There is no database .*/nowhere"),
        ("postgres:sekret", "shut", "does not let us in: .*not currently accepting connections"),
    ],
)
def test_a_server_that_does_not_let_us_in_says_why(
    server: Own, user: str, database: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    if database == "shut":
        server.run("DROP DATABASE IF EXISTS shut", "CREATE DATABASE shut ALLOW_CONNECTIONS false")
    keeps_the_password(server.url(user, database), sentence, caplog)


def test_a_server_that_is_stopping_is_busy(server: Own, store: PendingMessageStore, id: int) -> None:
    store.close()
    with psycopg.connect(server.url()):
        server.begin_to_stop()
        try:
            refused(lambda: store.get_message(id), Busy, "is starting or stopping")
        finally:
            server.stop()
            server.start()
    assert store.get_message(id) is not None


def test_a_replica_is_for_reading(server: Own, store: PendingMessageStore, id: int, url: str) -> None:
    with server.replica() as there:
        replica = open_store(there + url[url.index("&options") :])
        only_reads(replica, id, "takes no changes")
        with replica.database.watch() as watcher:
            assert watcher.wait(0.01) is False
        replica.close()


def only_reads(store: PendingMessageStore, id: int, sentence: str) -> None:
    row = browse.get_row(store, id)
    assert [row.id for row in browse.queue_page(store, Filters()).rows] == [id]
    assert store.get_message(id) is not None
    for call in (
        lambda: store.enqueue(1, "alpha", OPEN),
        lambda: store.claim_next_message(1),
        lambda: store.mark_failed(id, error="x"),
        lambda: store.ensure_session("beta", "red"),
        lambda: act.abort(store, id, row.seen, actor="me"),
    ):
        refused(call, ReadOnly, sentence)
    assert browse.get_row(store, id) == row


def test_a_store_that_is_open_for_reading(store: PendingMessageStore, id: int, url: str) -> None:
    for looking, sentence in (
        (open_store(url, read_only=True), "takes no changes|open for reading only"),
        (open_store(url + "%20-cdefault_transaction_read_only%3Don"), "takes no changes"),
    ):
        only_reads(looking, id, sentence)
        looking.close()


def test_a_user_who_may_only_read(server: Own, store: PendingMessageStore, id: int, url: str) -> None:
    server.run("DROP ROLE IF EXISTS looker", "CREATE ROLE looker LOGIN")
    with psycopg.connect(url) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA " + url.rpartition("%3D")[2] + " TO looker")
    looking = open_store(as_user(url, "looker"))
    only_reads(looking, id, "does not allow this user to do that")
    looking.close()
    server.run("DROP OWNED BY looker")


def connect(url: str) -> psycopg.Connection[Any]:
    """The server ends a session a moment after its client went: until then, its place is taken."""
    while True:
        with suppress(psycopg.OperationalError):
            return psycopg.connect(url)


def at_once(store: PendingMessageStore) -> None:
    """Ask for something, without patience."""
    store.database.rows("SELECT 1", wait=300)


def test_a_user_without_another_connection(server: Own, store: PendingMessageStore, id: int, url: str) -> None:
    server.run("DROP ROLE IF EXISTS single", "CREATE ROLE single LOGIN CONNECTION LIMIT 1 IN ROLE pg_read_all_data")
    limited = open_store(as_user(url, "single"))
    limited.close()
    with connect(as_user(url, "single")):
        refused(lambda: at_once(limited), Busy, "has no connection left for us")
    assert limited.get_message(id) is not None
    with limited.database.reading():
        refused(lambda: at_once(limited), Busy, "has no connection left for us")
    assert limited.get_message(id) is not None
    limited.close()


def test_a_store_whose_connections_are_all_in_use(
    store: PendingMessageStore, id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "CONNECTIONS", 2)
    store.close()
    with store.database.reading(), store.database.reading():
        assert store.now() > 0  # a transaction's own connection asks
        refused(lambda: at_once(store), Busy, "No connection to .* was free in time")
    assert store.get_message(id) is not None


def test_of_two_that_wait_for_each_other_one_is_told(store: PendingMessageStore, id: int, url: str) -> None:
    second = store.enqueue(1, "alpha", OPEN)
    hasty = open_store(url + "%20-cdeadlock_timeout%3D10ms")
    lock = "SELECT 1 FROM pending_messages WHERE id = %s FOR UPDATE"
    with psycopg.connect(url, options="-c deadlock_timeout=1min") as connection, ThreadPoolExecutor(1) as thread:
        connection.execute(f"SET search_path = {url.rpartition('%3D')[2]}")
        connection.execute(lock, [id])

        def cross() -> None:
            with hasty.database.writing() as tx:
                tx.rows("UPDATE pending_messages SET cwd = 'x' WHERE id = :id", {"id": second})
                waiting.append(thread.submit(connection.execute, lock, [second]))
                tx.rows("UPDATE pending_messages SET cwd = 'x' WHERE id = :id", {"id": id})

        waiting: list[object] = []
        refused(cross, Busy, "Somebody else changed the same rows")
    hasty.close()
    assert {store.get_message(id).cwd, store.get_message(second).cwd} == {None}  # type: ignore[union-attr]
