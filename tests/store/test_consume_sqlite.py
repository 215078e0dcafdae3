"""The consumer on SQLite files: while the file is away or locked, when it is damaged, and in older shapes."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.schemas import build, shape
from tests.store.backends import Sqlite, SqliteRaw
from webui.store import (
    Consumed,
    Delivery,
    NotAQueue,
    PendingMessageStore,
    ReadOnly,
    Unsupported,
    consume,
    open_store,
)  # fmt: skip
from webui.store.sqlite import SQLite

Add = Callable[..., int]
LOG = logging.getLogger("webui.store.consume")


class Repair(logging.Handler):
    """Does something when the consumer says that the database cannot be used."""

    def __init__(self, action: Callable[[], object]) -> None:
        super().__init__(logging.WARNING)
        self.action = action
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
        self.action()


@contextmanager
def repaired(action: Callable[[], object]) -> Iterator[list[str]]:
    repair = Repair(action)
    LOG.addHandler(repair)
    try:
        yield repair.said
    finally:
        LOG.removeHandler(repair)


@pytest.fixture
def backend(tmp_path: Path) -> Sqlite:
    return Sqlite(tmp_path)


@pytest.fixture
def away(store: PendingMessageStore) -> Path:
    return Path(store.location).with_name("away.db")


@pytest.mark.parametrize("fails", [False, True])
def test_a_file_that_is_away_for_a_while_is_waited_for(
    store: PendingMessageStore, session: int, add: Add, raw: SqliteRaw, away: Path, fails: bool
) -> None:
    add(retry_count=3), add()

    def handler(delivery: Delivery) -> None:
        if delivery.id == 1:
            os.rename(store.location, away)
            if fails:
                raise ValueError("no")

    with repaired(lambda: os.rename(away, store.location)) as said:
        done = consume(store, session, handler, until_empty=True)
    assert done == (Consumed(processed=1, failed=1) if fails else Consumed(processed=2))
    assert len(said) == 1
    assert [row["status"] for row in raw.rows()] == ["failed" if fails else "processed", "processed"]


def test_a_lock_that_lasts_is_waited_for(
    store: PendingMessageStore, session: int, add: Add, raw: SqliteRaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SQLite.rows, "__defaults__", (None, 20))
    add(), add()

    def handler(delivery: Delivery) -> None:
        if delivery.id == 1:
            raw.connection.execute("BEGIN IMMEDIATE")

    with repaired(lambda: raw.connection.execute("ROLLBACK")) as said:
        assert consume(store, session, handler, until_empty=True) == Consumed(processed=2)
    assert len(said) == 1
    assert "Another program is writing" in said[0]


def test_who_is_told_to_stop_while_the_file_is_away_stops(
    store: PendingMessageStore, session: int, add: Add, raw: SqliteRaw, away: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(), add()
    stop = Event()
    store.database._fresh = 0.0  # type: ignore[attr-defined]  # it notices at once

    def handler(delivery: Delivery) -> None:
        os.rename(store.location, away)
        stop.set()

    assert consume(store, session, handler, batch=2, stop=stop) == Consumed()
    os.rename(away, store.location)
    assert [row["status"] for row in raw.rows()] == ["processing", "processing"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_what_does_not_pass_is_raised(store: PendingMessageStore, session: int, add: Add, raw: SqliteRaw) -> None:
    add()
    with pytest.raises(NotAQueue):
        consume(store, session, lambda delivery: raw.run("DROP TABLE pending_messages"))


def test_a_store_for_reading_only_is_not_consumed(store: PendingMessageStore, session: int, add: Add) -> None:
    add()
    reader = open_store(store.location, read_only=True)
    with pytest.raises(ReadOnly):
        consume(reader, session, lambda delivery: None)
    reader.close()


def test_a_file_that_records_no_endings_is_refused_before_anything_is_claimed(tmp_path: Path) -> None:
    store = open_store(str(build(tmp_path / "g.db", shape("G"))))
    before = store.get_queue_messages()
    with pytest.raises(Unsupported, match="how a message ended"):
        consume(store, None, lambda delivery: None, until_empty=True)
    assert store.get_queue_messages() == before
    store.close()


def test_a_file_without_starts_is_consumed_and_nothing_is_renewed(tmp_path: Path) -> None:
    store = open_store(str(build(tmp_path / "e.db", shape("E"))))
    waiting = [message.id for message in store.get_queue_messages() if message.status == "pending"]
    done = consume(store, None, lambda delivery: None, until_empty=True)
    assert done == Consumed(processed=len(waiting))
    assert waiting
    store.retry_message(next(message.id for message in store.get_queue_messages() if message.status == "failed"))
    done = consume(store, None, lambda delivery: delivery.renew(), until_empty=True, backoff=lambda attempt: 0.0)
    assert done.failed > 0
    assert done.processed == 0
    store.close()
