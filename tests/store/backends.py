"""The databases that the conformance suite runs on, each with its own way behind the store's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.schemas import connect


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: int = 1_750_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def tick(self, milliseconds: int = 1) -> int:
        self.now += milliseconds
        return self.now


def ours(tables: Iterable[str]) -> list[str]:
    """Our tables beside the queue; not the list of what was applied, which is there from the beginning."""
    return [name for name in tables if name.startswith("unstick_") and name != "unstick_migrations"]


class SqliteRaw:
    """Peeks and pokes at rows with a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path)

    def run(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(sql, values).fetchall()]

    def rows(self, table: str = "pending_messages") -> list[dict[str, Any]]:
        return self.run(f"SELECT * FROM {table} ORDER BY id")

    def row(self, id: int, table: str = "pending_messages") -> dict[str, Any]:
        return self.run(f"SELECT * FROM {table} WHERE id = :id", id=id)[0]

    def set(self, id: int, table: str = "pending_messages", **columns: Any) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in columns)
        self.run(f"UPDATE {table} SET {changes} WHERE id = :id", id=id, **columns)

    def row_is_pending(self, id: int) -> bool:
        found = self.run("SELECT status, started_processing_at_epoch FROM pending_messages WHERE id = :id", id=id)
        return found == [{"status": "pending", "started_processing_at_epoch": None}]

    def ids(self) -> list[int]:
        return [row["id"] for row in self.run("SELECT id FROM pending_messages ORDER BY id")]

    def exact(self, table: str = "pending_messages") -> list[tuple[Any, ...]]:
        """Every value of every row as (type, bytes), so that nothing that differs looks the same."""
        names = [row["name"] for row in self.run(f"SELECT name FROM pragma_table_info('{table}')")]
        columns = ", ".join(f"typeof({name}), hex(CAST({name} AS BLOB))" for name in names)
        return [tuple(row) for row in self.connection.execute(f"SELECT {columns} FROM {table} ORDER BY rowid")]

    def schema(self, *, ours: bool = False) -> list[tuple[Any, ...]]:
        """Names and texts of all tables and indexes; without `ours` those of the queue only."""
        rows = self.connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
        return [tuple(row) for row in rows if ours or not row["tbl_name"].startswith("unstick_")]

    def side_tables(self) -> list[str]:
        tables = self.run("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return ours(table["name"] for table in tables)

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def nobody_reads(self) -> bool:
        """Write, then empty the log: which succeeds only when no other connection is inside a transaction."""
        self.connection.execute("PRAGMA user_version = 1")
        self.connection.execute("PRAGMA busy_timeout = 0")
        busy, _, _ = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self.connection.execute("PRAGMA busy_timeout = 5000")
        return bool(busy == 0)

    def close(self) -> None:
        self.connection.close()


class Sqlite:
    """A fresh SQLite file per test."""

    Error = sqlite3.Error

    def __init__(self, folder: Path) -> None:
        self.path = folder / "queue.db"
        self.url = f"sqlite:///{self.path}"

    def raw(self) -> SqliteRaw:
        return SqliteRaw(self.path)


BACKENDS = {"sqlite": Sqlite}
