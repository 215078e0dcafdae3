"""What runs on a connection to PostgreSQL: statements with `:name` parameters, and the records that they return."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import no_result

from webui.store.database import Params, Record

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

    __slots__ = ("names", "record", "text")

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.text, self.names = text, names
        self.record: Any = None


class _Cursor(psycopg.Cursor[Any]):
    """One that knows the statement it runs."""

    statement: _Statement


class Connection(psycopg.Connection[Any]):
    """One that keeps a cursor for its next statement: to make one takes as long as to send one."""

    cursor_kept: _Cursor | None = None


def _records_of_statement(cursor: Any) -> Any:
    statement: _Statement = cursor.statement
    if statement.record is None:
        statement.record = records(cursor)
    return statement.record


def run(connection: Connection, sql: str, params: Params | None) -> list[Record]:
    """Run one statement with `:name` parameters and return all its rows; a number beyond 64 bits matches nothing."""
    cursor = _executed(connection, sql, params or {})
    if cursor is None:
        return []
    found = cursor.fetchall() if cursor.rownumber is not None else []
    if len(found) <= 1:  # a cursor keeps what it has read
        connection.cursor_kept = cursor
    return found


def change(connection: Connection, sql: str, params: Params) -> int:
    """Run one such statement and return how many rows it changed."""
    cursor = _executed(connection, sql, params)
    if cursor is None:
        return 0
    connection.cursor_kept = cursor
    return cursor.rowcount


def _executed(connection: Connection, sql: str, given: Params) -> _Cursor | None:
    statement = _translated(sql, given.get("now") is SERVER_CLOCK)
    for name in statement.names:
        value = given[name]
        if type(value) is int and not -(2**63) <= value < 2**63:
            return None
    cursor = connection.cursor_kept or _Cursor(connection, row_factory=_records_of_statement)
    connection.cursor_kept = None
    cursor.statement = statement
    return cursor.execute(statement.text, given)


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
