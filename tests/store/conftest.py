from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.backends import BACKENDS, Clock, Sqlite, SqliteRaw
from webui.store import PendingMessageStore, open_store

MakeStore = Callable[..., PendingMessageStore]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Sqlite:
    return BACKENDS[request.param](tmp_path)


@pytest.fixture
def make_store(backend: Sqlite, clock: Clock) -> Iterator[MakeStore]:
    opened = []

    def make(url: str | None = None, **options: Any) -> PendingMessageStore:
        options = {"clock": clock, "create": True, **options}
        opened.append(open_store(url or backend.url, **options))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(make_store: MakeStore) -> PendingMessageStore:
    return make_store()


@pytest.fixture
def raw(store: PendingMessageStore, backend: Sqlite) -> Iterator[SqliteRaw]:
    raw = backend.raw()
    yield raw
    raw.close()


@pytest.fixture
def session(store: PendingMessageStore) -> int:
    return store.ensure_session("alpha", "red")


@pytest.fixture
def other(store: PendingMessageStore, session: int) -> int:
    return store.ensure_session("beta", "blue")


@pytest.fixture
def add(store: PendingMessageStore, session: int, raw: SqliteRaw) -> Callable[..., int]:
    """Enqueue one message and set its columns behind the store's back."""

    def add(**columns: Any) -> int:
        owner = columns.pop("session", session)
        name = raw.row(owner, "sdk_sessions")["content_session_id"]
        id = store.enqueue(owner, name, {"type": "observation", "tool_name": "Read", "tool_input": {"a": 1}})
        if columns:
            raw.set(id, **columns)
        return id

    return add


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of every statement that connections run from now on, with the parameters' values in it."""
    seen: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(seen.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    return seen
