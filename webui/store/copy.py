"""Moving a queue into another database: its sessions, messages and our tables beside them, with their ids.

It goes by key in small batches, and each batch is one transaction with the place that it reached, so a copy that was
ended goes on where it stopped. The source is only read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from webui.store import migrate
from webui.store.database import Database, Record, Transaction
from webui.store.dialect import Dialect
from webui.store.encoding import without_nul
from webui.store.errors import InvalidPayload, SchemaChanged, StoreError, UnknownSession, Unsupported, WrongState
from webui.store.model import STATUSES
from webui.store.schema import QUEUE, SESSION_NAMES, SESSIONS, SIDE, TRASH, quoted

TABLES: Mapping[str, tuple[str, ...]] = {
    SESSIONS: ("id",),
    QUEUE: ("id",),
    f"{SIDE}failures": ("id",),
    f"{SIDE}journal": ("id",),
    f"{SIDE}journal_rows": ("journal_id", "message_id"),
    f"{SIDE}left": ("journal_id", "part", "message_id"),
    f"{SIDE}views": ("id",),
    TRASH: ("trash_id",),
}
"""What is copied, in this order, and the key of each. Not how far an operation is: nobody shall go on with it in the
new place."""
COUNTED = (("id",), ("trash_id",))
"""Keys that the database itself counts up."""
PLACES = f"{SIDE}copies"
"""In the target: how far each table of each source has come."""
HERE = "source = :source AND name = :name"
FIRST, MOST = 100, 1_000
SMALL, LARGE = 1_000_000, 4_000_000
"""Bytes of a batch that allow a larger one next, or ask for a smaller."""
NUMBERS = ("failed_at_epoch", "worker_pid")
"""Of the columns that other releases added, those that hold numbers."""
REFUSED = (InvalidPayload, UnknownSession, Unsupported, WrongState)
"""What a target says of a row that it cannot hold."""


@dataclass(frozen=True, slots=True)
class Step:
    """One batch: so many of the table's `total` rows have been looked at in this run."""

    table: str
    done: int
    total: int


@dataclass
class Copied:
    """What came of a copy. `counts` has the rows of each table (of the queue: of each status) in source and target;
    `altered` is how many values the target could not hold as they were, and `refused` the keys of the rows that it
    could not hold at all, with the reason."""

    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    altered: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every row of the source is in the target."""
        return not self.refused and all(source == target for source, target in self.counts.values())


def copy(source: Database, target: Database, result: Copied) -> Generator[Step, None, None]:
    """Copy batch by batch, and fill `result`. Raises WrongState for a target with messages from elsewhere."""
    source.look()
    origin = _origin(source)
    with target.writing() as tx:
        tx.alone()
        _prepare(tx, source, origin)
    target.look()
    for table in (table for table in TABLES if source.shape.has(table)):
        yield from _Table(source, target, table, result).copy()
    _compare(source, target, result)


def _origin(database: Database) -> str:
    """Which queue it is, however it is reached."""
    return database.rows(database.dialect.origin)[0][0] or database.location


def _prepare(tx: Transaction, source: Database, origin: str) -> None:
    """Make what the source has and the target lacks: our tables, and columns that other releases added."""
    if not tx.shape.has(PLACES):
        if tx.rows(f"SELECT 1 FROM {QUEUE} LIMIT 1"):
            raise WrongState("The target has messages already: copy into a database of its own.")
        tx.rows(f"CREATE TABLE {PLACES} (source TEXT, name TEXT, place TEXT, PRIMARY KEY (source, name))")
    elif not tx.rows(f"SELECT 1 FROM {PLACES} WHERE source = :source", {"source": origin}):
        raise WrongState("The target has been filled from another queue: copy into a database of its own.")
    migrate.ensure_side_tables(tx)
    for table in (SESSIONS, QUEUE):
        for name in source.shape.tables.get(table, ()):
            if name not in (*tx.shape.tables[table], *SESSION_NAMES):
                kind = "BIGINT" if name in NUMBERS else "TEXT"
                tx.rows(f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {kind}")
    if not source.shape.session_names_unique:
        tx.rows("DROP INDEX IF EXISTS unstick_session_name")
    tx.reshape()
    migrate.ensure_trash(tx)
    for table in TABLES:
        tx.rows(
            f"INSERT INTO {PLACES} (source, name) VALUES (:source, :name) ON CONFLICT DO NOTHING",
            {"source": origin, "name": table},
        )


class _Table:
    """The rows of one table on their way."""

    def __init__(self, source: Database, target: Database, name: str, result: Copied) -> None:
        self.source, self.target, self.name, self.result = source, target, name, result
        self.origin = _origin(source)
        self.key = TABLES[name]
        pairs = _pairs(source.shape.tables[name], target.shape.tables[name])
        self.theirs, self.ours = [theirs for theirs, _ in pairs], [ours for _, ours in pairs]
        self.kinds = target.shape.types.get(name, {})
        self.rows = FIRST

    def copy(self) -> Iterator[Step]:
        total, done = _count(self.source, self.name), 0
        while moved := self._batch():
            done += moved
            yield Step(self.name, done, total)
        if self.key in COUNTED:
            self._go_on_counting(*self.key)

    def _batch(self) -> int:
        """Move the next rows; returns how many were looked at. A row that the target cannot hold is found by trying
        fewer at a time."""
        most = self.rows
        while True:
            try:
                return self._move(most)
            except REFUSED as error:
                if most == 1:
                    return self._move(1, error)
                self.rows = most = max(1, most // 10)

    def _move(self, most: int, refused: StoreError | None = None) -> int:
        altered = 0
        with self.target.writing() as tx:
            values = {"source": self.origin, "name": self.name}
            place = tx.rows(f"SELECT place FROM {PLACES} WHERE {HERE} {{lock}}", values)[0][0]
            records = self._read(json.loads(place) if place else None, most)
            if not records:
                return 0
            last = [records[-1][self.theirs.index(name)] for name in self.key]
            if refused is None:
                rows = [dict(zip(self.ours, self._fitting(record), strict=True)) for record in records]
                altered = sum(row[name] != value for row, record in zip(rows, records, strict=True)
                              for name, value in zip(self.ours, record, strict=True))  # fmt: skip
                self._write(tx, rows)
            tx.rows(f"UPDATE {PLACES} SET place = :place WHERE {HERE}", {**values, "place": json.dumps(last)})
        self._fit(records)
        self.result.altered += altered
        if refused is not None:
            self.result.refused.append((self.name, ", ".join(map(str, last)), str(refused)))
        return len(records)

    def _read(self, after: list[int | str] | None, most: int) -> list[tuple[Any, ...]]:
        key = ", ".join(self.key)
        params: dict[str, Any] = {f"k{number}": value for number, value in enumerate(after or ())}
        later = f"WHERE ({key}) > ({', '.join(f':{name}' for name in params)})" if after else ""
        columns = ", ".join(map(quoted, self.theirs))
        text = f"SELECT {columns} FROM {self.name} {later} ORDER BY {key} LIMIT :most"
        return [tuple(record) for record in self.source.rows(text, {**params, "most": most})]

    def _fit(self, records: list[tuple[Any, ...]]) -> None:
        """Make the next batch so large that it is neither small nor a burden to hold."""
        size = sum(len(value) for row in records for value in row if isinstance(value, (str, bytes)))
        if size > LARGE:
            self.rows = max(1, self.rows // 4)
        elif size < SMALL:
            self.rows = min(self.rows * 2, MOST)

    def _fitting(self, record: tuple[Any, ...]) -> Iterator[Any]:
        for value, name in zip(record, self.ours, strict=True):
            try:
                yield fitted(value, self.kinds.get(name, ""))
            except InvalidPayload as error:
                raise InvalidPayload(f"{name}: {error}") from None

    def _write(self, tx: Transaction, rows: list[dict[str, Any]]) -> None:
        marks = {name: f"p{number}" for number, name in enumerate(self.ours)}
        columns, values = ", ".join(map(quoted, marks)), ", ".join(f":{mark}" for mark in marks.values())
        text = f"INSERT INTO {self.name} ({columns}) VALUES ({values})"
        tx.many(text, [{marks[name]: value for name, value in row.items()} for row in rows])

    def _go_on_counting(self, id: str) -> None:
        """What is new in the target comes after all that either ever had: no id is used twice."""
        theirs = self._last(self.source.rows, self.source.dialect, id)
        with self.target.writing() as tx:
            last = max(1, theirs, self._last(tx.rows, self.target.dialect, id))
            for text in self.target.dialect.continue_after:
                tx.rows(text, {"table": self.name, "id": id, "last": last})

    def _last(self, rows: Callable[..., list[Record]], dialect: Dialect, id: str) -> int:
        last: int = rows(f"SELECT coalesce(max({id}), 0) FROM {self.name}")[0][0]
        with suppress(SchemaChanged):  # a file whose ids nobody counts
            last = max([last, *(row[0] for row in rows(dialect.last_id, {"table": self.name, "id": id}))])
        return last


def fitted(value: Any, kind: str) -> Any:
    """A value as a column of this type holds it; without a type it stays. Raises InvalidPayload where it cannot."""
    if value is None or not kind:
        return value
    if kind == "text":
        return without_nul(value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value))
    try:
        if isinstance(value, int) or int(value) == float(value):
            return int(value)
    except (ValueError, OverflowError, TypeError):
        pass
    raise InvalidPayload(f"{str(value)[:40]!r} is no whole number.")


def _pairs(theirs: tuple[str, ...], ours: tuple[str, ...]) -> list[tuple[str, str]]:
    """The columns that both have; a session's name may have another one."""
    session = next((name for name in SESSION_NAMES if name in ours), "")
    pairs = [(name, session if name in SESSION_NAMES else name) for name in theirs]
    return [pair for pair in pairs if pair[1] in ours]


def _compare(source: Database, target: Database, result: Copied) -> None:
    for table in (table for table in TABLES if table != QUEUE and source.shape.has(table)):
        result.counts[table] = _count(source, table), _count(target, table)
    for status in STATUSES:
        where = f"{QUEUE} WHERE status = '{status}'"
        result.counts[f"{QUEUE} {status}"] = _count(source, where), _count(target, where)


def _count(database: Database, table: str) -> int:
    number: int = database.rows(f"SELECT count(*) FROM {table}")[0][0]
    return number
