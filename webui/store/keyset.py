"""Pages of a list that one id orders, the newest first: from a mark on, both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from webui.store.model import Cursor

LIMIT = 50
SECTION = "id"
ONWARD: Mapping[str, str] = {"beyond": "<", "until": ">=", "order": "DESC", "edge": "min"}
BACK: Mapping[str, str] = {"beyond": ">", "until": "<=", "order": "ASC", "edge": "max"}
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class Paged(Generic[Shown]):
    """At most `limit` rows of such a list; the rest is as in `Page`."""

    rows: tuple[Shown, ...]
    previous: Cursor | None
    next: Cursor | None
    as_of: int
    looked_at: int | None = None


def words(cursor: Cursor | None) -> Mapping[str, str]:
    """The words of a query that goes where the mark says: `beyond` the mark, `until` the `edge`, and the `order`."""
    return BACK if cursor and cursor.direction == "previous" else ONWARD


def beginning(cursor: Cursor | None) -> int:
    """The id beyond which it begins."""
    return cursor.id if cursor else 2**63 - 1


def paged(
    found: list[Shown], id_of: Callable[[Shown], int], cursor: Cursor | None, limit: int, as_of: int
) -> Paged[Shown]:
    """The page of these rows (one more than `limit` when there are more), in the list's own order."""
    backwards = words(cursor) is BACK
    shown = found[:limit]
    ahead, behind = ("previous", "next") if backwards else ("next", "previous")
    onward = Cursor(ahead, SECTION, id_of(shown[-1])) if len(found) > limit else None
    back = Cursor(behind, SECTION, id_of(shown[0]) if shown else cursor.id) if cursor else None
    if backwards:
        return Paged(tuple(shown[::-1]), onward, back, as_of)
    return Paged(tuple(shown), back, onward, as_of)
