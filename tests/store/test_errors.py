"""Each named error, reached by what really happens to files."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.schemas import SHAPES, Shape, build, connect, shape
from tests.store.backends import Backend, Raw, SqliteRaw, only
from tests.store.processes import start, together
from tests.store.sentences import says_something
from webui.store import (
    Busy,
    Corrupt,
    DiskFull,
    Missing,
    NotAQueue,
    PendingMessageStore,
    ReadOnly,
    StoreError,
    act,
    browse,
    open_store,
)
from webui.store.filters import Filters

MakeStore = Callable[..., PendingMessageStore]
Add = Callable[..., int]
WRITES: dict[str, tuple[Any, ...]] = {
    "enqueue": (1, "alpha", {"type": "observation"}),
    "claim_next_message": (1,),
    "retry_message": (1,),
    "reset_processing_to_pending": (1,),
    "abort_message": (1,),
    "retry_all_stuck": (0,),
    "mark_processing": (1,),
    "mark_processed": (1,),
    "mark_failed": (1,),
    "reset_stuck_messages": (0,),
    "cleanup_processed": (0,),
    "ensure_session": ("new", "red"),
}


@pytest.mark.parametrize("read_only", [False, True])
def test_a_missing_file_is_said_and_not_made(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "nothing.db"
    with pytest.raises(Missing, match=r"nothing\.db") as caught:
        open_store(f"sqlite:///{path}", read_only=read_only)
    assert says_something(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises((Missing, NotAQueue)) as caught:
        open_store(str(tmp_path))
    assert says_something(caught.value)


def test_no_database_is_made_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="nowhere"):
        open_store(str(tmp_path / "nowhere" / "q.db"), create=True)
    assert list(tmp_path.iterdir()) == []


def test_a_bare_path_and_a_url_open_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    urls = [
        "q.db",
        str(tmp_path / "q.db"),
        "sqlite:///q.db",
        f"sqlite:///{tmp_path}/q.db",
        f"sqlite:////{tmp_path}/q.db",
    ]
    for number, url in enumerate(urls):
        store = open_store(url, create=number == 0)
        assert store.location == str(tmp_path / "q.db")
        store.close()


@pytest.mark.parametrize("name", ["a b.db", "ü?.db", "50%.db", "a#b.db", "a&mode=memory.db"])
def test_odd_file_names_are_taken_literally(tmp_path: Path, name: str) -> None:
    store = open_store(str(tmp_path / name), create=True)
    assert (store.name, (tmp_path / name).exists()) == (name, True)
    store.close()


@pytest.mark.parametrize("url", ["mysql://host/db", "postgres:///x", "http://localhost/q.db"])
def test_other_kinds_of_addresses_are_refused(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert says_something(caught.value)


NO_QUEUES = {
    "random bytes": random.Random(7).randbytes(8_192),
    "text": b"Dear reader,\nthis is no database.\n" * 50,
    "one line": b"x",
    "nothing": b"",
}


@pytest.mark.parametrize("kind", NO_QUEUES)
def test_what_is_no_database_is_said_and_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file.db"
    path.write_bytes(NO_QUEUES[kind])
    with pytest.raises(NotAQueue) as caught:
        open_store(str(path))
    assert says_something(caught.value)
    assert path.read_bytes() == NO_QUEUES[kind]


@pytest.mark.parametrize("ddl", ["notes (x)", "pending_messages (id INTEGER PRIMARY KEY, body TEXT)"])
def test_a_database_without_the_queue_is_said_and_left_alone(tmp_path: Path, ddl: str) -> None:
    path = tmp_path / "file.db"
    connection = connect(path)
    connection.execute(f"CREATE TABLE {ddl}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NotAQueue) as caught:
        open_store(str(path))
    assert says_something(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("form", SHAPES, ids=lambda form: form.name)
def test_create_leaves_a_queue_that_is_there_alone(tmp_path: Path, open_file: MakeStore, form: Shape) -> None:
    path = build(tmp_path / "f.db", form)
    raw = SqliteRaw(path)
    before = raw.schema(ours=True)
    open_file(path, create=True)
    assert raw.schema(ours=True) == before
    raw.close()


def test_a_damaged_file_is_said(tmp_path: Path, open_file: MakeStore) -> None:
    path = build(tmp_path / "f.db", shape("B"))
    raw = SqliteRaw(path)
    for id in raw.ids():
        raw.set(id, tool_input="x" * 9_000)
    raw.run("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xa5" * (size - 4_096))
    with pytest.raises(Corrupt) as caught:
        open_file(path).get_queue_messages()
    assert says_something(caught.value)


def test_an_action_waits_two_seconds_for_a_writer_and_changes_nothing(
    store: PendingMessageStore, add: Add, raw: Raw
) -> None:
    id = add(status="failed")
    row = browse.get_row(store, id)
    with raw.write_lock(), pytest.raises(Busy) as caught:
        act.retry(store, id, row.seen, actor="me")
    assert says_something(caught.value)
    assert (raw.row(id)["status"], raw.side_tables()) == ("failed", [])
    assert act.retry(store, id, row.seen, actor="me").done == (id,)


def test_reading_does_not_wait_for_a_writer(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    id = add()
    with raw.write_lock():
        assert [message.id for message in store.get_queue_messages()] == [id]
        assert [row.id for row in browse.queue_page(store, Filters()).rows] == [id]


@pytest.mark.parametrize("method", WRITES)
def test_a_store_for_reading_only_changes_nothing(
    store: PendingMessageStore, make_store: MakeStore, add: Add, raw: Raw, clock: Callable[[], int], method: str
) -> None:
    for status in ("processing", "pending", "failed", "processed"):
        add(status=status, started_processing_at_epoch=1, completed_at_epoch=1)
    before = raw.rows(), raw.rows("sdk_sessions"), raw.schema(ours=True)
    reader = make_store(create=False, read_only=True)
    assert reader.read_only is True
    assert len(reader.get_queue_messages()) == 3
    with pytest.raises(ReadOnly) as caught:
        getattr(reader, method)(*WRITES[method])
    assert says_something(caught.value)
    assert (raw.rows(), raw.rows("sdk_sessions"), raw.schema(ours=True)) == before


def test_a_reason_cannot_be_kept_when_reading_only(
    store: PendingMessageStore, make_store: MakeStore, add: Add, raw: Raw
) -> None:
    id = add(status="processing")
    with pytest.raises(ReadOnly):
        make_store(create=False, read_only=True).mark_failed(id, error="why")
    assert (raw.row(id)["status"], raw.side_tables()) == ("processing", [])


def test_no_more_ids_is_a_full_database(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    add()
    raw.last_id(2**63 - 1)
    with pytest.raises(DiskFull) as caught:
        store.enqueue(session, "alpha", {"type": "observation"})
    assert says_something(caught.value)
    assert len(raw.ids()) == 1


@only("sqlite", "no file of the server's can be kept from growing")
def test_no_room_to_grow_is_a_full_disk_and_keeps_what_was_acknowledged(
    store: PendingMessageStore, session: int, raw: Raw, backend: Backend
) -> None:
    [(kind, sentence, ids)] = together([start("fill_disk", backend.url, session, 400_000)])
    assert kind == "DiskFull", sentence
    assert len(sentence.split()) > 4
    assert (raw.ids(), len(ids) > 2) == (ids, True)
    assert raw.run("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def test_a_store_can_be_used_again_after_close(store: PendingMessageStore, add: Add) -> None:
    id = add()
    store.close()
    store.close()
    assert store.get_message(id) is not None


def test_no_error_leaves_a_lock_behind(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    id = add()
    for call in (
        lambda: store.enqueue(99, "x", {"type": "observation"}),
        lambda: act.retry(store, id, "stale", actor="me"),
        lambda: act.retry(store, 99, "x", actor="me"),
    ):
        with pytest.raises(StoreError):
            call()
        assert raw.nobody_reads()
        with raw.write_lock():
            pass


def test_the_driver_is_not_needed_to_catch_anything(store: PendingMessageStore) -> None:
    assert not any(issubclass(error, sqlite3.Error) for error in StoreError.__subclasses__())
