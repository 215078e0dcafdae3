"""Waiting for a change, without reading the queue."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.store.backends import Backend, Raw
from tests.store.processes import start, together
from webui.store import PendingMessageStore, open_store

Add = Callable[..., int]
LONG = 60.0
"""More seconds than any change takes to be seen."""


def test_nothing_changes_by_itself(store: PendingMessageStore, add: Add) -> None:
    add()
    with store.database.watch() as watcher:
        assert watcher.wait(0) is False
        assert watcher.wait(0.02) is False


def test_a_change_is_seen_once_whoever_makes_it(
    store: PendingMessageStore, session: int, backend: Backend, raw: Raw
) -> None:
    enqueued = {"type": "observation"}
    with store.database.watch() as watcher:
        store.enqueue(session, "alpha", enqueued)
        assert (watcher.wait(LONG), watcher.wait(0)) == (True, False)
        raw.run("UPDATE pending_messages SET status = 'failed'")
        raw.run("UPDATE pending_messages SET status = 'pending'")
        assert (watcher.wait(LONG), watcher.wait(0.02)) == (True, False)
        together([start("enqueue", backend.url, session, 1)])
        assert (watcher.wait(LONG), watcher.wait(0)) == (True, False)


def test_a_change_before_the_first_wait_is_not_lost(store: PendingMessageStore, add: Add) -> None:
    with store.database.watch() as first, store.database.watch() as second:
        add()
        assert (first.wait(LONG), second.wait(LONG)) == (True, True)


def test_a_claim_that_finds_nothing_is_no_change(store: PendingMessageStore, session: int) -> None:
    with store.database.watch() as watcher:
        assert store.claim_next_message(session) is None
        assert watcher.wait(0) is False


def test_a_watcher_keeps_nobody_waiting(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    with store.database.watch() as watcher:
        watcher.wait(0)
        assert raw.nobody_reads()
        with raw.write_lock():
            watcher.wait(0.02)
        add()
        assert watcher.wait(LONG) is True


def test_a_file_that_was_replaced_is_a_change_and_is_watched_from_then_on(tmp_path: Path) -> None:
    path, new = tmp_path / "queue.db", tmp_path / "new.db"
    store = open_store(str(path), create=True)
    with store.database.watch() as watcher:
        open_store(str(new), create=True).close()
        assert watcher.wait(0) is False
        os.replace(new, path)
        assert (watcher.wait(LONG), watcher.wait(0)) == (True, False)
        store.ensure_session("alpha", "red")
        assert (watcher.wait(LONG), watcher.wait(0)) == (True, False)
    store.close()


def test_a_file_that_is_away_is_waited_for(tmp_path: Path) -> None:
    path, away = tmp_path / "queue.db", tmp_path / "away.db"
    store = open_store(str(path), create=True)
    with store.database.watch() as watcher:
        os.rename(path, away)
        assert (watcher.wait(LONG), watcher.wait(0.02)) == (True, False)
        os.rename(away, path)
        assert watcher.wait(LONG) is True
    store.close()


def test_a_watcher_only_reads(
    store: PendingMessageStore, make_store: Callable[..., PendingMessageStore], add: Add, raw: Raw
) -> None:
    id = add()
    before = raw.row(id), raw.side_tables()
    with make_store(create=False, read_only=True).database.watch() as watcher:
        assert watcher.wait(0) is False
        add()
        assert watcher.wait(LONG) is True
    assert (raw.row(id), raw.side_tables()) == before
