from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.store.actions import ACTIONS, STATUSES
from tests.store.backends import BACKENDS, Backend, Clock, PostgresRaw, Raw
from webui.store import PendingMessageStore, open_store

MakeStore = Callable[..., PendingMessageStore]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    with BACKENDS[request.param](tmp_path) as backend:
        yield backend


@pytest.fixture
def open_file(clock: Clock) -> Iterator[MakeStore]:
    """Opens a store on a file, made by whatever program. What needs a file is about SQLite, and runs once."""
    opened = []

    def open_file(path: Path | str, **options: Any) -> PendingMessageStore:
        opened.append(open_store(str(path), **{"clock": clock, **options}))
        return opened[-1]

    yield open_file
    for store in opened:
        store.close()


@pytest.fixture
def make_store(backend: Backend, open_file: MakeStore) -> MakeStore:
    """Opens a store on the test's own database, which the first call makes."""
    return partial(open_file, backend.url, create=True)


@pytest.fixture
def store(make_store: MakeStore) -> PendingMessageStore:
    return make_store()


@pytest.fixture
def raw(store: PendingMessageStore, backend: Backend) -> Iterator[Raw]:
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
def add(store: PendingMessageStore, session: int, raw: Raw) -> Callable[..., int]:
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
def mixed(store: PendingMessageStore, session: int, other: int, raw: Raw) -> dict[str, list[int]]:
    """120 messages, in every status in turns; the ids of each."""
    raw.fill(
        120,
        session_db_id="1 + (i + 1) % 2",
        content_session_id="CASE i % 2 WHEN 0 THEN 'beta' ELSE 'alpha' END",
        message_type="CASE i % 5 WHEN 4 THEN 'summarize' ELSE 'observation' END",
        tool_name="CASE i % 3 WHEN 2 THEN 'bash' ELSE 'Read' END",
        tool_input="'{\"n\":' || (i + 1) || '}'",
        status="CASE i % 4 WHEN 3 THEN 'pending' WHEN 0 THEN 'processing' WHEN 1 THEN 'failed' ELSE 'processed' END",
        created_at_epoch="1001 + i",
        started_processing_at_epoch="2001 + i",
        completed_at_epoch="3000 + (i + 1) / 8",
    )
    rows = raw.run("SELECT id, status FROM pending_messages ORDER BY id")
    return {s: [row["id"] for row in rows if row["status"] == s] for s in STATUSES}


@pytest.fixture(params=ACTIONS)
def name(request: pytest.FixtureRequest) -> str:
    """Each action of an operator, by its name."""
    return str(request.param)


@pytest.fixture
def statements(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of every statement that connections run from now on, with the parameters' values in it."""
    seen: list[str] = []
    backend.watch(monkeypatch, seen.append)
    return seen


@pytest.fixture
def second(backend: Backend) -> Iterator[PostgresRaw]:
    """Another program's connection to a server, for what it holds in a transaction."""
    with closing(PostgresRaw(backend.url)) as raw:
        yield raw
