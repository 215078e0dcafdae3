"""Looking at and changing what a database holds, behind the store's back."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests import postgres
from tests.schemas import connect

Rows = list[dict[str, Any]]


def ours(tables: Iterable[str]) -> list[str]:
    """Our tables beside the queue; not the list of what was applied, which is there from the beginning."""
    return [name for name in tables if name.startswith("unstick_") and name != "unstick_migrations"]


class Raw(ABC):
    """Peeks and pokes at rows with a connection of its own."""

    @abstractmethod
    def run(self, sql: str, /, **values: Any) -> Rows: ...

    @abstractmethod
    def exact(self, table: str = "pending_messages") -> list[tuple[Any, ...]]:
        """Every value of every row, so that nothing that differs looks the same."""

    @abstractmethod
    def schema(self, *, ours: bool = False) -> list[tuple[Any, ...]]:
        """All tables and indexes; without `ours` those of the queue only."""

    @abstractmethod
    def side_tables(self) -> list[str]: ...

    @abstractmethod
    def write_lock(self) -> AbstractContextManager[None]:
        """Nobody else can change the queue meanwhile."""

    @abstractmethod
    def nobody_reads(self) -> bool:
        """Whether no connection of the store is inside a transaction."""

    @abstractmethod
    def fill(self, count: int, **columns: str) -> None:
        """So many messages at once; `columns` are SQL expressions over the number `i`, from 0."""

    @abstractmethod
    def refuse(self, id: int) -> None:
        """From now on this message cannot be changed."""

    @abstractmethod
    def count_changes(self) -> None:
        """From now on each change of a message leaves its id in a table `changed`."""

    @abstractmethod
    def last_id(self, id: int) -> None:
        """From now on the queue takes this id for the last one that it gave."""

    @abstractmethod
    def delete_session(self, id: int) -> None:
        """With all that is bound to it."""

    @abstractmethod
    def traces(self) -> object:
        """What is not the same after any write to the database, even one that changes no value."""

    @abstractmethod
    def close(self) -> None: ...

    def rows(self, table: str = "pending_messages") -> Rows:
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

    def _filling(self, numbers: str, columns: dict[str, str]) -> str:
        wanted = {
            "session_db_id": "1", "content_session_id": "'alpha'", "message_type": "'observation'",
            "created_at_epoch": "1", **columns,
        }  # fmt: skip
        return f"INSERT INTO pending_messages ({', '.join(wanted)}) SELECT {', '.join(wanted.values())} FROM {numbers}"


class SqliteRaw(Raw):
    def __init__(self, path: Path) -> None:
        self.connection = connect(path)

    def run(self, sql: str, /, **values: Any) -> Rows:
        return [dict(row) for row in self.connection.execute(sql, values).fetchall()]

    def exact(self, table: str = "pending_messages") -> list[tuple[Any, ...]]:
        names = [row["name"] for row in self.run(f"SELECT name FROM pragma_table_info('{table}')")]
        columns = ", ".join(f"typeof({name}), hex(CAST({name} AS BLOB))" for name in names)
        return [tuple(row) for row in self.connection.execute(f"SELECT {columns} FROM {table} ORDER BY rowid")]

    def schema(self, *, ours: bool = False) -> list[tuple[Any, ...]]:
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

    def refuse(self, id: int) -> None:
        self.run(
            f"CREATE TRIGGER refused BEFORE UPDATE ON pending_messages WHEN OLD.id = {id}"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    def count_changes(self) -> None:
        self.run("CREATE TABLE changed (id INTEGER)")
        self.run(
            "CREATE TRIGGER counted AFTER UPDATE ON pending_messages BEGIN INSERT INTO changed VALUES (OLD.id); END"
        )

    def last_id(self, id: int) -> None:
        self.run("UPDATE sqlite_sequence SET seq = :id WHERE name = 'pending_messages'", id=id)

    def delete_session(self, id: int) -> None:
        self.run("PRAGMA foreign_keys = ON")
        self.run("DELETE FROM sdk_sessions WHERE id = :id", id=id)
        self.run("PRAGMA foreign_keys = OFF")

    def traces(self) -> object:
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")
        [file] = self.run("SELECT file FROM pragma_database_list WHERE name = 'main'")
        return self.run("PRAGMA data_version"), Path(file["file"]).read_bytes()

    def fill(self, count: int, **columns: str) -> None:
        numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count - 1) "
        self.run(numbers + self._filling("n", columns), count=count)

    def close(self) -> None:
        self.connection.close()


class PostgresRaw(Raw):
    def __init__(self, url: str) -> None:
        self.name = postgres.name_of(url)
        self.connection: psycopg.Connection[Any] = psycopg.connect(
            postgres.server(), autocommit=True, row_factory=dict_row, options=f"-csearch_path={self.name}"
        )

    def run(self, sql: str, /, **values: Any) -> Rows:
        text = re.sub(r"(?<![:\w]):([a-z_]\w*)", r"%(\1)s", sql.replace("%", "%%"))
        cursor = self.connection.execute(text, values)
        return cursor.fetchall() if cursor.description else []

    def exact(self, table: str = "pending_messages") -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.run(f"SELECT * FROM {table} ORDER BY 1, 2")]

    def schema(self, *, ours: bool = False) -> list[tuple[Any, ...]]:
        columns = self.run(
            "SELECT 'table' AS type, table_name AS name, table_name AS tbl_name,"
            " string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) AS sql"
            " FROM information_schema.columns WHERE table_schema = :name GROUP BY table_name ORDER BY 2",
            name=self.name,
        )
        indexes = self.run(
            "SELECT 'index' AS type, indexname AS name, tablename AS tbl_name, indexdef AS sql FROM pg_indexes"
            " WHERE schemaname = :name ORDER BY 2",
            name=self.name,
        )
        return [tuple(row.values()) for row in columns + indexes if ours or not row["tbl_name"].startswith("unstick_")]

    def side_tables(self) -> list[str]:
        tables = self.run("SELECT tablename FROM pg_tables WHERE schemaname = :name ORDER BY 1", name=self.name)
        return ours(table["tablename"] for table in tables)

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        with self.connection.transaction():
            self.connection.execute("LOCK TABLE pending_messages IN EXCLUSIVE MODE")
            yield

    def nobody_reads(self) -> bool:
        return not self.run(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = :name AND state <> 'idle'", name=self.name
        )

    def refuse(self, id: int) -> None:
        self.run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$")
        self.run(
            "CREATE TRIGGER refused BEFORE UPDATE ON pending_messages"
            f" FOR EACH ROW WHEN (OLD.id = {id}) EXECUTE FUNCTION refuse()"
        )

    def count_changes(self) -> None:
        self.run("CREATE TABLE changed (id BIGINT)")
        self.run(
            "CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO changed VALUES (OLD.id); RETURN NULL; END $$"
        )
        self.run("CREATE TRIGGER counted AFTER UPDATE ON pending_messages FOR EACH ROW EXECUTE FUNCTION count_change()")

    def last_id(self, id: int) -> None:
        serial = "pg_get_serial_sequence('pending_messages', 'id')"
        self.run(f"SELECT setval({serial}, greatest(:id, 1), :id > 0)", id=id)

    def delete_session(self, id: int) -> None:
        self.run("DELETE FROM sdk_sessions WHERE id = :id", id=id)

    def traces(self) -> object:
        tables = self.run("SELECT tablename FROM pg_tables WHERE schemaname = :name ORDER BY 1", name=self.name)
        names = [table["tablename"] for table in tables]
        rows = [self.run(f"SELECT ctid, xmin, xmax FROM {name} ORDER BY ctid") for name in names]
        ids = self.run("SELECT * FROM pg_sequences WHERE schemaname = :name ORDER BY 2", name=self.name)
        return names, rows, ids

    def fill(self, count: int, **columns: str) -> None:
        self.run(self._filling("generate_series(0, :count - 1) AS n(i)", columns), count=count)

    def close(self) -> None:
        self.connection.close()
