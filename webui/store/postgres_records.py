"""Rows as psycopg returns them to us: by position, by name, or unpacked."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import no_result


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
