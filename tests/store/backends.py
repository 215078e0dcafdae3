"""The databases that the conformance suite runs on, each with its own way behind the store's back."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests import postgres
from tests.store.raw import PostgresRaw, Raw, SqliteRaw

__all__ = ["BACKENDS", "Backend", "Clock", "Postgres", "PostgresRaw", "Raw", "Sqlite", "SqliteRaw", "only"]


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: int = 1_750_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def tick(self, milliseconds: int = 1) -> int:
        self.now += milliseconds
        return self.now


class Backend(ABC):
    """A fresh database per test."""

    Error: type[Exception]
    url: str
    name: str
    """What the store calls the database."""
    holds_nul: bool
    """Whether a text may have a NUL in it."""

    @abstractmethod
    def raw(self) -> Raw: ...

    @abstractmethod
    def watch(self, monkeypatch: pytest.MonkeyPatch, told: Callable[[str], object]) -> None:
        """Tells the text of every statement of the store's connections that are made from now on, with the parameters'
        values in it."""


class Sqlite(Backend):
    Error = sqlite3.Error
    name = "queue.db"
    holds_nul = True

    def __init__(self, folder: Path) -> None:
        self.path = folder / self.name
        self.url = f"sqlite:///{self.path}"

    def raw(self) -> SqliteRaw:
        return SqliteRaw(self.path)

    def watch(self, monkeypatch: pytest.MonkeyPatch, told: Callable[[str], object]) -> None:
        connect = sqlite3.connect

        def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(told)
            return connection

        monkeypatch.setattr(sqlite3, "connect", watched)


class Postgres(Backend):
    Error = psycopg.Error
    holds_nul = False

    def __init__(self, url: str) -> None:
        self.url = url
        self.schema = postgres.name_of(url)
        self.name = str(conninfo_to_dict(url)["dbname"])

    def raw(self) -> PostgresRaw:
        return PostgresRaw(self.url)

    def watch(self, monkeypatch: pytest.MonkeyPatch, told: Callable[[str], object]) -> None:
        def tell(connection: psycopg.Connection[Any], query: Any, params: Any) -> None:
            told(psycopg.ClientCursor(connection).mogrify(query, params))

        self.watch_parameters(monkeypatch, tell)

    def watch_parameters(
        self, monkeypatch: pytest.MonkeyPatch, told: Callable[[psycopg.Connection[Any], Any, Any], object]
    ) -> None:
        """As `watch`, with the parameters by themselves."""
        execute = psycopg.Cursor.execute

        def watched(cursor: psycopg.Cursor[Any], query: Any, params: Any = None, **options: Any) -> Any:
            if cursor.connection.info.parameter_status("application_name") == self.schema:
                told(cursor.connection, query, params)
            return execute(cursor, query, params, **options)

        monkeypatch.setattr(psycopg.Cursor, "execute", watched)


@contextmanager
def _sqlite(folder: Path) -> Iterator[Backend]:
    yield Sqlite(folder)


@contextmanager
def _postgres(folder: Path) -> Iterator[Backend]:
    with postgres.schema() as url:
        yield Postgres(url)


BACKENDS: dict[str, Callable[[Path], AbstractContextManager[Backend]]] = {"sqlite": _sqlite, "postgres": _postgres}


def only(name: str, reason: str) -> pytest.MarkDecorator:
    """The test is about one database; `reason` says why the others cannot have what it looks at."""
    assert reason
    return pytest.mark.parametrize("backend", [name], indirect=True)
