"""The store's named errors. Each carries a sentence for the person who meets it: what was wrong and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webui.store.model import Row


class StoreError(Exception):
    """The root of all errors that the store raises on purpose; `str(error)` is a sentence that may be shown, in
    English: see `sentence`."""


class UnknownType(StoreError):
    """A message's type is neither `observation` nor `summarize`."""


class UnknownSession(StoreError):
    """A message refers to a session that is not in `sdk_sessions`."""


class InvalidPayload(StoreError):
    """A message holds something that cannot be stored, or a stored payload is not valid JSON."""


class NotFound(StoreError):
    """There is no such message, journal line or trash entry."""


class WrongState(StoreError):
    """The row is no longer as it was seen (or the action does not apply to it); `row` is the row as it is now."""

    def __init__(self, sentence: str, row: Row | None = None) -> None:
        super().__init__(sentence)
        self.row = row


class Unsupported(StoreError):
    """This file cannot hold what was asked for (two statuses only, no retry count, no started time, …)."""


class Busy(StoreError):
    """Somebody else held the database's write lock for longer than we wait; nothing was changed."""


class ReadOnly(StoreError):
    """The database, or this store, was opened for reading only; nothing was changed."""


class DiskFull(StoreError):
    """There is no room left for the database to grow; nothing was changed."""


class Corrupt(StoreError):
    """The database file is damaged, or its contents cannot be read."""


class NotAQueue(StoreError):
    """The file is no database, or it has no table `pending_messages`."""


class Missing(StoreError):
    """There is no file at that path, or it cannot be opened."""


class SchemaChanged(StoreError):
    """Another program changed the tables while we looked; the next call uses the new shape."""
