"""No connection to an SQLite file crosses a fork.

SQLite would think that the child has its parent's locks, and it has not: as soon as the parent closes the file, it
deletes the write-ahead log, and what the child writes from then on is in a log that nobody else sees."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Database(Protocol):
    """What keeps connections."""

    def close(self) -> None:
        """Close those that are idle. (One that another thread is using crosses the fork: nobody can help that.)"""
        ...

    def begin_anew(self) -> None:
        """In the child: have no connection, and no lock that another thread may hold."""
        ...


_OPEN: WeakSet[Database] = WeakSet()


def close_before_forks(database: Database) -> None:
    """From now on, for as long as it lives."""
    _OPEN.add(database)


def _before() -> None:
    for database in list(_OPEN):
        database.close()


def _in_child() -> None:
    for database in list(_OPEN):
        database.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_in_child)
