"""The indexes of the queue: what each is for, what it costs, whether a database has it; and making and removing them. A
queue of another program is only ever given one when its operator asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from webui.store import migrate
from webui.store.database import WORKER_WAIT, Database, Transaction
from webui.store.errors import ReadOnly, StoreError
from webui.store.orders import ORDERS, index_of
from webui.store.schema import Shape

WAIT = WORKER_WAIT
"""How long to wait for who writes, in ms."""
PER_SECOND = 500_000
"""About so many messages go into an index in a second."""
_MADE = re.compile(r"^CREATE INDEX (unstick_\w+) ON pending_messages[^;]*", re.MULTILINE)
_LITERAL = re.compile(r"status = '(\w+)'")

COUNT = "SELECT count(*) FROM pending_messages"
APPLIED = f"SELECT 1 FROM {migrate.APPLIED} WHERE name = '{migrate.FIRST}'"


@dataclass(frozen=True, slots=True)
class Index:
    """One index: what it makes quick, and which writes it makes dearer. `instead` is the first column of an index of
    somebody else that serves as well; `needs` is a column that not every file has. The optional ones no queue has from
    the beginning."""

    name: str
    serves: str
    costs: str
    instead: str = ""
    needs: str = ""
    optional: bool = False


_ALL = "each message as it comes, and as a worker claims it"
INDEXES = (
    Index("unstick_claim", "claims, which then cost the same however old the session is", _ALL),
    Index("unstick_claim_any", "claims of any session, which then cost the same however old the queue is", _ALL),
    Index("unstick_pending", "the list of what is pending", _ALL, instead="status"),
    Index("unstick_failed", "the list of what has failed", "a message that fails or is retried", instead="status"),
    Index("unstick_processing", "what is stuck: found, counted and retried without reading all that is processing",
          "each message as it is claimed, and as it is done", needs="started_processing_at_epoch"),
    Index("unstick_processed", "Recent and the verdict, which then know all completions, not the newest messages'",
          "each message as it is done", needs="completed_at_epoch"),
    Index("unstick_session", "the messages of a session, and its removal", "each message as it comes, and as it goes",
          instead="session_db_id"),
    *(Index(index_of(order, status), f"the order by {order.name} of what is {status}",
            f"each message as it becomes {status}, and as it ceases to be", needs=order.key, optional=True)
      for order in ORDERS if order.key for status in ("processing", "failed", "pending")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """An index in one database. `state` is `there`, `missing`, `not needed` or `no use`, and `note` says why."""

    index: Index
    state: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What there is in a database. `seconds` is about how long one more index takes; `blocks` is whether nobody else
    can write meanwhile."""

    found: tuple[Found, ...]
    messages: int
    seconds: float
    blocks: bool

    @property
    def missing(self) -> tuple[Index, ...]:
        """The indexes that would be made."""
        return tuple(found.index for found in self.found if found.state == "missing")


def look(database: Database) -> Report:
    """What a database has of `INDEXES`."""
    database.look()
    with database.reading() as tx:
        messages = tx.rows(COUNT)[0][0]
        known = _texts(tx.shape)
        found = tuple(_found(tx.shape, index, known[index.name]) for index in INDEXES if index.name in known)
        return Report(found, messages, messages / PER_SECOND, tx.shape.dialect.one_writer)


def add(database: Database) -> Iterator[str]:
    """Make the indexes that are missing, each by itself; gives the name of each as it is there. Raises ReadOnly, Busy,
    DiskFull."""
    _refuse_read_only(database)
    for index in look(database).missing:
        _make(database, index.name)
        yield index.name


def remove(database: Database) -> Iterator[str]:
    """Remove the indexes that `add` made, each by itself; gives the name of each as it is gone. Those that a queue of
    ours was made with stay."""
    _refuse_read_only(database)
    shape = database.look()
    with database.reading() as tx:
        ours = _is_ours(tx)
    for index in INDEXES:
        if index.name in shape.indexes and (index.optional or not ours):
            _drop(database, index.name)
            database.look()
            yield index.name


def _texts(shape: Shape) -> dict[str, str]:
    """How each index is made in this kind of database: most are those of a new queue."""
    texts = {match[1]: match[0] for match in _MADE.finditer(migrate.scripts(shape.dialect.name)[migrate.FIRST])}
    for order in ORDERS:
        for name in order.indexes(shape):
            status = name.rpartition("_")[2]
            texts[name] = f"CREATE INDEX {name} ON pending_messages ({order.key}, id) WHERE status = '{status}'"
    return texts


def _found(shape: Shape, index: Index, text: str) -> Found:
    if index.name in shape.indexes:
        return Found(index, "there")
    status = _LITERAL.search(text)
    if status and status[1] not in shape.statuses:
        return Found(index, "no use", f"no message of this file is ever {status[1]}")
    if index.needs and index.needs not in shape.columns:
        return Found(index, "no use", f"this file has no {index.needs}")
    others = [name for name, first in shape.indexes.items() if first and first == index.instead]
    return Found(index, "not needed", f"{others[0]} serves as well") if others else Found(index, "missing")


def _is_ours(tx: Transaction) -> bool:
    """Whether the queue itself was made by us."""
    return tx.shape.has(migrate.APPLIED) and bool(tx.rows(APPLIED))


def _make(database: Database, name: str) -> None:
    if not database.dialect.one_writer:
        _drop(database, name)  # what a try that was ended has left behind is of no use
    try:
        text = _texts(database.shape)[name].replace("INDEX", "INDEX {online} IF NOT EXISTS", 1)
        database.rows(text, wait=WAIT)
    except StoreError:
        with suppress(StoreError):
            _drop(database, name)
        raise
    database.look()


def _drop(database: Database, name: str) -> None:
    database.rows(f"DROP INDEX {{online}} IF EXISTS {name}", wait=WAIT)


def _refuse_read_only(database: Database) -> None:
    if database.read_only:
        raise ReadOnly("The queue is open for reading only: nothing was changed.")
