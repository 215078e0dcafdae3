"""A persistent message queue in a database, with claude-mem's contract. No web framework in here."""

from __future__ import annotations

from collections.abc import Callable

from webui.store import errors
from webui.store.errors import (
    Busy,
    Corrupt,
    DiskFull,
    InvalidPayload,
    Missing,
    NotAQueue,
    NotFound,
    ReadOnly,
    SchemaChanged,
    StoreError,
    UnknownSession,
    UnknownType,
    Unsupported,
    WrongState,
)  # fmt: skip
from webui.store.migrate import create_queue
from webui.store.model import Message, PendingMessage, SessionInfo
from webui.store.sqlite import SQLite
from webui.store.store import PendingMessageStore

__all__ = [
    "Busy", "Corrupt", "DiskFull", "InvalidPayload", "Message", "Missing", "NotAQueue", "NotFound", "PendingMessage",
    "PendingMessageStore", "ReadOnly", "SchemaChanged", "SessionInfo", "StoreError", "UnknownSession", "UnknownType",
    "Unsupported", "WrongState", "errors", "open_store",
]  # fmt: skip


def open_store(
    url: str,
    *,
    max_retries: int = 3,
    clock: Callable[[], int] | None = None,
    create: bool = False,
    read_only: bool = False,
) -> PendingMessageStore:
    """Open the queue at `sqlite:///path` (or a bare path); only `create=True` makes a new database.

    `max_retries` is how often a failed message is tried again; `clock` gives "now" in ms and is the database's own
    without one. Raises Missing, NotAQueue, Corrupt, Busy, and Unsupported for a URL of another kind.
    """
    database = SQLite(_path(url), read_only=read_only, create=create)
    try:
        if create:
            create_queue(database)
        database.look()
    except BaseException:
        database.close()
        raise
    return PendingMessageStore(database, max_retries=max_retries, clock=clock)


def _path(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    if scheme != "sqlite" or not rest.startswith("/"):
        raise Unsupported(f"Unstick opens sqlite:///path or a bare path, not {scheme}:// addresses.")
    return rest[1:]
