"""A persistent message queue in a database, with claude-mem's contract. No web framework in here."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from webui.store import errors, migrate
from webui.store.consume import Consumed, consume
from webui.store.database import Database
from webui.store.delivery import Delivery
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
from webui.store.model import Message, PendingMessage, SessionInfo
from webui.store.sqlite import SQLite
from webui.store.store import PendingMessageStore

__all__ = [
    "Busy", "Consumed", "Corrupt", "Delivery", "DiskFull", "InvalidPayload", "Message", "Missing", "NotAQueue",
    "NotFound", "PendingMessage", "PendingMessageStore", "ReadOnly", "SchemaChanged", "SessionInfo", "StoreError",
    "UnknownSession", "UnknownType", "Unsupported", "WrongState", "consume", "errors", "open_database", "open_store",
]  # fmt: skip


def open_store(
    url: str,
    *,
    max_retries: int = 3,
    clock: Callable[[], int] | None = None,
    create: bool = False,
    read_only: bool = False,
) -> PendingMessageStore:
    """Open the queue at `sqlite:///path` (or a bare path) or in a PostgreSQL database, `postgresql://…` (the extra
    `unstick[postgres]`); only `create=True` makes a new one.

    `max_retries` is how often a failed message is tried again; `clock` gives "now" in ms and is the database's own
    without one. `?synchronous=normal` behind a path commits faster and may lose the last moments in a power cut;
    `?prepare_threshold=none` suits a pooler that keeps no prepared statements. Raises Missing, NotAQueue, Corrupt,
    Busy, and Unsupported for a URL of another kind.
    """
    database = open_database(url, read_only=read_only, create=create)
    try:
        if create:
            migrate.migrate(database, side_tables=False)
        else:
            database.look()
    except BaseException:
        database.close()
        raise
    return PendingMessageStore(database, max_retries=max_retries, clock=clock)


def open_database(url: str, *, read_only: bool = False, create: bool = False) -> Database:
    """The database itself, which may have no queue yet. Raises Missing and Unsupported."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return SQLite(url, read_only=read_only, create=create)
    if scheme == "sqlite" and rest.startswith("/"):
        path, given = _options(rest[1:], "synchronous")
        return SQLite(path, read_only=read_only, create=create, synchronous=given.get("synchronous", "full"))
    if scheme == "postgresql":
        address, given = _options(url, "prepare_threshold")
        try:
            from webui.store.postgres import Postgres
        except ImportError:
            raise Unsupported("PostgreSQL needs the extra: pip install 'unstick[postgres]'.") from None
        threshold = given.get("prepare_threshold", "5")
        if threshold != "none" and not re.fullmatch(r"[1-9][0-9]{0,8}", threshold):
            raise Unsupported(f"prepare_threshold is 1, more, or none, not {threshold[:20]!r}.")
        return Postgres(address, read_only=read_only, prepare_threshold=None if threshold == "none" else int(threshold))
    raise Unsupported(f"Unstick opens sqlite:///path, a bare path or postgresql://…, not {scheme}:// addresses.")


def _options(url: str, *ours: str) -> tuple[str, dict[str, str]]:
    """The URL without the parameters that are ours, and those. The others stay as they are written."""
    rest, _, query = url.rpartition("?")
    parts = [(part, part.partition("=")) for part in query.split("&")] if rest else []
    found = {name: unquote(value).lower() for _, (name, _, value) in parts if name in ours}
    if not found:
        return url, {}
    others = "&".join(part for part, (name, _, _) in parts if name not in ours)
    return f"{rest}?{others}" if others else rest, found
