"""What runs on a connection to PostgreSQL: statements with `:name` parameters, and the records that they return."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import no_result

from webui.store.database import Params, Record

Connection = psycopg.Connection[Any]
SERVER_CLOCK = "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"
"""The server's time in ms, as SQL: given as `now`, it is read as the statement runs."""


class _Record(tuple[Any, ...]):
    """A row by position, by name, or unpacked."""

    names: tuple[str, ...]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        return list(self.names)


@lru_cache(maxsize=512)
def _record(names: tuple[bytes, ...]) -> type[_Record]:
    return type("_Record", (_Record,), {"names": tuple(name.decode() for name in names), "__slots__": ()})


def records(cursor: psycopg.Cursor[Any]) -> Any:
    """psycopg's row factory for such records. (Its `description` looks every column up: that took longer than to claim
    a message.)"""
    result = cursor.pgresult
    if result is None or not result.nfields:
        return no_result
    return _record(tuple(result.fname(number) or b"" for number in range(result.nfields)))


class _Statement:
    """A text with psycopg's marks for parameters, and their names. It names its columns: they are looked up once."""

    __slots__ = ("_record", "names", "text")

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.text, self.names = text, names
        self._record: Any = None

    def records(self, cursor: psycopg.Cursor[Any]) -> Any:
        """psycopg's row factory for its records."""
        if self._record is None:
            self._record = records(cursor)
        return self._record


def run(connection: Connection, sql: str, params: Params | None) -> list[Record]:
    """Run one statement with `:name` parameters and return all its rows; a number beyond 64 bits matches nothing."""
    cursor = _executed(connection, sql, params or {})
    return cursor.fetchall() if cursor is not None and cursor.rownumber is not None else []


def change(connection: Connection, sql: str, params: Params) -> int:
    """Run one such statement and return how many rows it changed."""
    cursor = _executed(connection, sql, params)
    return cursor.rowcount if cursor is not None else 0


def _executed(connection: Connection, sql: str, given: Params) -> psycopg.Cursor[Any] | None:
    statement = _translated(sql, given.get("now") is SERVER_CLOCK)
    for name in statement.names:
        value = given[name]
        if type(value) is int and not -(2**63) <= value < 2**63:
            return None
    return connection.cursor(row_factory=statement.records).execute(statement.text, given)


def run_many(connection: Connection, sql: str, params: list[dict[str, Any]]) -> None:
    """Run one statement for each of these parameters."""
    connection.cursor().executemany(_translated(sql, False).text, params)


_NAME = re.compile(r"(?<![:\w]):([a-z_]\w*)")


@lru_cache(maxsize=1024)
def _translated(sql: str, server_clock: bool) -> _Statement:
    sql = sql.replace("%", "%%")
    if server_clock:
        sql = re.sub(r"(?<![:\w]):now\b", SERVER_CLOCK, sql)
    return _Statement(_NAME.sub(r"%(\1)s", sql), frozenset(_NAME.findall(sql)))
