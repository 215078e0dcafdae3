"""The seam: the few calls that a backend must give. SQL is written once, in the texts of the modules above; a text goes
through `Shape.sql` (see `schema.py`) before a driver sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from webui.store.dialect import Dialect
from webui.store.model import Piece
from webui.store.schema import Shape

WORKER_WAIT = 10_000
"""How long a contract method waits for the write lock, in ms."""
PAGE_WAIT = 2_000
"""How long a page or an operator's action waits for the write lock, in ms."""

Params = Mapping[str, Any]


class Record(Protocol):
    """One row as a driver returns it: by position, by name, or unpacked."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def keys(self) -> list[str]:
        """The columns' names, in order."""
        ...

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...


class TimeUp(Exception):
    """A statement was stopped because the transaction's time budget ended."""


class Transaction(Protocol):
    """Several statements that see one state of the database."""

    @property
    def shape(self) -> Shape:
        """The file's shape as of this transaction."""
        ...

    def rows(self, text: str, params: Params | None = None) -> list[Record]:
        """Run one statement and return all its rows; no cursor stays open. A number beyond 64 bits matches nothing."""
        ...

    def many(self, text: str, params: list[dict[str, Any]]) -> None:
        """Run one statement for each of these parameters."""
        ...

    def script(self, text: str) -> None:
        """Run the statements of a file of ours."""
        ...

    def alone(self) -> None:
        """Be the only one who changes our tables until this transaction ends; the shape is read anew."""
        ...

    def reshape(self) -> None:
        """Read the shape anew after this transaction changed it."""
        ...

    def head(self, record: Record, table: str, column: str, limit: int) -> Piece:
        """The first `limit` bytes of a payload of a record of a `{row}` query over `table`, and its size."""
        ...

    def peek(self, table: str, column: str, key: int, offset: int, limit: int) -> Piece:
        """At most `limit` bytes of one stored value from `offset` on, and its size, without loading the rest."""
        ...

    def budget(self, ms: float | None) -> None:
        """Stop a statement that runs past so many ms from now with `TimeUp`; `None` lifts the limit."""
        ...


class Watcher(Protocol):
    """Tells when a queue may have changed. For one thread."""

    def wait(self, seconds: float) -> bool:
        """Wait for at most so long; whether anybody may have changed something since the wait before (or since the
        watcher was made). While the database is away it waits, and its return is a change."""
        ...


class Database(Protocol):
    """A queue's database. Safe to share between threads."""

    dialect: Dialect
    name: str
    location: str
    read_only: bool

    @property
    def shape(self) -> Shape:
        """The shape that was found last; `look` finds it anew."""
        ...

    def now(self) -> int:
        """The backend's clock, in ms since the epoch."""
        ...

    def stamp(self) -> Any:
        """What a statement takes for "now": the time in ms, or a mark for the server's clock as the statement runs."""
        ...

    def look(self) -> Shape:
        """Find the file (again, if it was replaced) and its shape. Raises Missing, NotAQueue, Corrupt, Busy."""
        ...

    def rows(self, text: str, params: Params | None = None, wait: int = WORKER_WAIT) -> list[Record]:
        """Run one statement in a transaction of its own and return all its rows; a number beyond 64 bits matches
        nothing."""
        ...

    def claim(self, text: str, params: Params) -> list[Record]:
        """As `rows`, for a statement that claims: it need not reach the disk before the next commit that must. A claim
        that a power cut takes back is a pending message."""
        ...

    def change(self, text: str, params: Params) -> int:
        """Run one statement in a transaction of its own and return how many rows it changed."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """A consistent view for a page; keep it short."""
        ...

    def writing(self, wait: int = WORKER_WAIT, *, lazy: bool = False) -> AbstractContextManager[Transaction]:
        """Take the write lock at once, commit at the end, roll back on an exception. The shape is looked at inside.
        A `lazy` commit need not reach the disk before the next one that must, where others wait for our lock: a power
        cut may take it back, whole."""
        ...

    def migrating(self) -> AbstractContextManager[Transaction]:
        """As `writing`, and alone, in a database that may have no queue yet."""
        ...

    def watch(self) -> AbstractContextManager[Watcher]:
        """A watcher with a connection of its own, for as long as the block lasts."""
        ...

    def revision(self) -> str:
        """What is the same as long as nothing was committed, by anybody. Costs next to nothing to ask for."""
        ...

    def checkpoint(self) -> None:
        """After a large change: do now, outside of any lock, what the next writer would be kept waiting by."""
        ...

    def close(self) -> None:
        """Close every connection; the next call opens new ones."""
        ...
