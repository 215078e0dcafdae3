"""The shape of an SQLite file, read from its tables, never from a version number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webui.store.schema import QUEUE, SESSION_NAMES, SESSIONS, SIDE, Shape, quoted, statuses_in

Query = Callable[[str], list[Any]]


def read_shape(query: Query) -> Shape:
    """The shape as `query` (which runs one statement and returns its rows) finds it."""
    ddl = dict(query("SELECT name, coalesce(sql, '') FROM sqlite_master WHERE type = 'table'"))
    wanted = [name for name in ddl if name in (QUEUE, SESSIONS) or name.startswith(SIDE)]
    tables = {name: tuple(row[1] for row in query(f"PRAGMA table_info({quoted(name)})")) for name in wanted}
    indexes = {
        name: "" if partial else query(f"PRAGMA index_info({quoted(name)})")[0][2]
        for _, name, _, _, partial in query(f"PRAGMA index_list({QUEUE})")
    }
    return Shape(
        tables=tables,
        statuses=statuses_in(ddl.get(QUEUE, "")),
        indexes=indexes,
        session_names_unique=_unique_session_names(query),
        claude_mem="observations" in ddl,
    )


def _unique_session_names(query: Query) -> bool:
    for _, name, unique, _, partial in query(f"PRAGMA index_list({SESSIONS})"):
        columns = [row[2] for row in query(f"PRAGMA index_info({quoted(name)})")]
        if unique and not partial and len(columns) == 1 and columns[0] in SESSION_NAMES:
            return True
    return False
