"""Saved views: a name for a place in the queue. They are in a table of ours, which the first one makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from webui.store import migrate
from webui.store.database import PAGE_WAIT
from webui.store.encoding import without_nul
from webui.store.errors import NotFound, StoreError
from webui.store.schema import SIDE
from webui.store.sentence import sentence
from webui.store.store import PendingMessageStore

MOST = 50
LONGEST = 60
"""Characters of a name."""

ALL = f"SELECT id, name, query FROM {SIDE}views ORDER BY lower(name), id LIMIT {MOST}"
COUNT = f"SELECT count(*) FROM {SIDE}views"
SAVE = f"INSERT INTO {SIDE}views (name, query) VALUES (:name, :query) ON CONFLICT (name) DO NOTHING RETURNING id"
SAME = f"SELECT 1 FROM {SIDE}views WHERE name = :name AND query = :query"
REMOVE = f"DELETE FROM {SIDE}views WHERE id = :id RETURNING name"


class BadName(StoreError):
    """A view cannot be saved under that name."""


class View(NamedTuple):
    """One saved view: `query` is what the address of its page says."""

    id: int
    name: str
    query: Mapping[str, str]


def saved(store: PendingMessageStore) -> list[View]:
    """All of them by name."""
    with store.database.reading() as tx:
        found = tx.rows(ALL) if tx.shape.has(f"{SIDE}views") else []
    return [View(id, name, _query(text)) for id, name, text in found]


def save(store: PendingMessageStore, name: str, query: Mapping[str, str]) -> str:
    """Give a place a name; returns the name as it is kept. Raises BadName."""
    name = " ".join(without_nul(name).split())
    if not 0 < len(name) <= LONGEST:
        raise BadName(sentence("A view needs a name of 1 to {most} characters.", most=LONGEST))
    with store.database.writing(PAGE_WAIT) as tx:
        migrate.ensure_side_tables(tx)
        if tx.rows(COUNT)[0][0] >= MOST:
            raise BadName(sentence("There are {number} views already: remove one first.", number=MOST))
        values = {"name": name, "query": json.dumps(dict(query))}
        if not tx.rows(SAVE, values) and not tx.rows(SAME, values):  # pressed twice, it is there as it was meant
            raise BadName(
                sentence("There is a view “{name}” already: remove it first, or take another name.", name=name)
            )
    return name


def remove(store: PendingMessageStore, id: int) -> str:
    """Forget a view; returns its name. Raises NotFound."""
    with store.database.writing(PAGE_WAIT) as tx:
        found = tx.rows(REMOVE, {"id": id}) if tx.shape.has(f"{SIDE}views") else []
    if not found:
        raise NotFound(sentence("There is no such view any more: somebody removed it."))
    return str(found[0][0])


def _query(text: str) -> dict[str, str]:
    """What was saved; nothing where it is not ours."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
