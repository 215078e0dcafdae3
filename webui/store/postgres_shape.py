"""The shape of a PostgreSQL database: its tables as an unqualified name finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webui.store.dialect import POSTGRES
from webui.store.schema import QUEUE, SESSION_NAMES, SESSIONS, SIDE, Shape, statuses_in

TABLES = rf"""
SELECT 'column' AS what, c.relname AS of, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS text,
  a.attnum AS number
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND pg_catalog.pg_table_is_visible(c.oid)
  AND (c.relname IN ('{QUEUE}', '{SESSIONS}', 'observations') OR c.relname LIKE '{SIDE.replace("_", chr(92) + "_")}%')
UNION ALL
SELECT 'index', t.relname, c.relname,
  CASE WHEN i.indpred IS NULL THEN pg_catalog.pg_get_indexdef(i.indexrelid, 1, true) ELSE '' END,
  CASE WHEN i.indisunique AND i.indnkeyatts = 1 THEN 1 ELSE 0 END
FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
WHERE i.indisvalid AND t.relname IN ('{QUEUE}', '{SESSIONS}') AND pg_catalog.pg_table_is_visible(t.oid)
UNION ALL
SELECT 'check', t.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid), 0
FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid
WHERE k.contype = 'c' AND t.relname = '{QUEUE}' AND pg_catalog.pg_table_is_visible(t.oid)
ORDER BY 1, 2, 5"""

Query = Callable[[str], list[Any]]


def read_shape(query: Query) -> Shape:
    """The shape as `query` (which runs one statement and returns its rows) finds it."""
    found = query(TABLES)
    tables: dict[str, tuple[str, ...]] = {}
    for _, table, name, _, _ in _of("column", found):
        tables[table] = (*tables.get(table, ()), name)
    return Shape(
        tables={table: columns for table, columns in tables.items() if table != "observations"},
        statuses=statuses_in(" ".join(text for *_, text, _ in _of("check", found))),
        indexes={name: first for _, table, name, first, _ in _of("index", found) if table == QUEUE},
        session_names_unique=any(
            table == SESSIONS and unique and first in SESSION_NAMES
            for _, table, _, first, unique in _of("index", found)
        ),
        claude_mem="observations" in tables,
        types={table: {n: text for _, t, n, text, _ in _of("column", found) if t == table} for table in tables},
        dialect=POSTGRES,
    )


def _of(what: str, found: list[Any]) -> list[Any]:
    return [row for row in found if row[0] == what]
