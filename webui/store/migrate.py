"""What we add to a database: a new queue and our side tables, as numbered files that are applied in order, and the way
to remove them.

`unstick_migrations` has the names that were applied. A file whose name says `queue` is for queues that we made: another
program's is never altered. The others are our own tables beside it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from webui.store.database import WORKER_WAIT, Database, Transaction
from webui.store.errors import Unsupported
from webui.store.pace import Pace
from webui.store.schema import QUEUE, SESSIONS, SIDE, quoted
from webui.store.sentence import sentence

APPLIED = f"{SIDE}migrations"
RECORD = f"INSERT INTO {APPLIED} (name) VALUES (:name)"
FIRST = "0001_queue"
KEYS = {f"{SIDE}journal_rows": "journal_id, message_id", f"{SIDE}left": "journal_id, part, message_id"}
"""What names a row of those of our tables that have no number of their own for each."""


@cache
def scripts(dialect: str) -> dict[str, str]:
    """The files in `sql/<dialect>/` by name, in the order in which they are applied."""
    found = [file for file in files("webui.store").joinpath("sql", dialect).iterdir() if file.name.endswith(".sql")]
    return {file.name[:-4]: file.read_text("utf-8") for file in sorted(found, key=lambda file: file.name)}


def migrate(database: Database, *, side_tables: bool = True) -> list[str]:
    """Make or upgrade what is ours, each file in a transaction of its own; returns the names of those applied now.

    Safe when two start at once. Raises Unsupported for a database that a newer Unstick has been at.
    """
    applied = []
    for name in scripts(database.dialect.name):
        with database.migrating() as tx:
            if name in missing(tx, side_tables=side_tables):
                _apply(tx, name)
                applied.append(name)
    database.look()
    return applied


def missing(tx: Transaction, *, queue: bool = True, side_tables: bool = True) -> list[str]:
    """The names of the files that this database still needs. Raises Unsupported where a newer Unstick has been."""
    known = list(scripts(tx.shape.dialect.name))
    applied = {row[0] for row in tx.rows(f"SELECT name FROM {APPLIED}")} if tx.shape.has(APPLIED) else set()
    if applied - set(known):
        raise Unsupported(
            sentence(
                "A newer Unstick has been at this database (it has {name}): use that one, or run `unstick clean`.",
                name=max(applied),
            )
        )
    if "0002_side_tables" in applied and not tx.shape.has(f"{SIDE}journal"):
        tx.reshape()  # somebody made them while we came
    if "0002_side_tables" in applied and not tx.shape.has(f"{SIDE}journal"):
        raise Unsupported(
            sentence("Some of our tables in this database are gone: run `unstick clean`, which removes the rest.")
        )
    ours = FIRST in applied or not tx.shape.has(QUEUE)
    if queue and FIRST not in applied and not tx.shape.has(QUEUE) and tx.shape.has(SESSIONS):
        raise Unsupported(
            sentence("There are sessions here and no queue, as in old files of claude-mem: name a new file instead.")
        )
    wanted = [name for name in known if (queue and ours if "queue" in name else side_tables)]
    return [name for name in wanted if name not in applied]


def _apply(tx: Transaction, name: str) -> None:
    if not tx.shape.has(APPLIED):
        tx.rows(f"CREATE TABLE {APPLIED} (name TEXT PRIMARY KEY)")
    tx.script(scripts(tx.shape.dialect.name)[name])
    tx.rows(RECORD, {"name": name})
    tx.reshape()


def ensure_side_tables(tx: Transaction) -> None:
    """Make our tables inside this transaction if they are not there. Raises Unsupported where a newer Unstick has
    been."""
    if missing(tx, queue=False):
        tx.alone()
        for name in missing(tx, queue=False):
            _apply(tx, name)


def ensure_trash(tx: Transaction) -> None:
    """Make the trash, or widen it where the queue has gained a column: the same columns, with nothing that a value must
    meet. `kept` says which columns a row came with: one that was added since takes its default when the row returns."""
    if not _trash_lacks(tx):
        return
    tx.alone()
    lacks = _trash_lacks(tx)
    if not tx.shape.has(f"{SIDE}trash"):
        tx.rows(f"CREATE TABLE {SIDE}trash (trash_id {{serial}}, journal_id BIGINT, kept TEXT, {', '.join(lacks)})")
        tx.rows(f"CREATE INDEX {SIDE}trash_message ON {SIDE}trash (id)")
        tx.rows(f"CREATE INDEX {SIDE}trash_journal ON {SIDE}trash (journal_id)")
    else:
        for column in lacks:
            tx.rows(f"ALTER TABLE {SIDE}trash ADD COLUMN {column}")
    tx.reshape()


def _trash_lacks(tx: Transaction) -> list[str]:
    held = tx.shape.tables.get(f"{SIDE}trash", ())
    types = tx.shape.types.get(QUEUE, {})
    return [f"{quoted(name)} {types.get(name, '')}" for name in tx.shape.columns if name not in held]


def clean(database: Database) -> dict[str, int]:
    """Remove every table of ours; returns how many rows each held. That we made the queue itself stays recorded."""
    removed: dict[str, int] = {}
    names = sorted(table for table in database.look().tables if table.startswith(SIDE) and table != APPLIED)
    for name in names:
        removed[name] = _empty(database, name)
    with database.writing() as tx:
        tx.alone()
        for name in names:
            tx.rows(f"DROP TABLE {quoted(name)}")
        if tx.shape.has(APPLIED):
            _forget(tx, removed)
    database.look()
    return removed


def _forget(tx: Transaction, removed: dict[str, int]) -> None:
    names = [row[0] for row in tx.rows(f"SELECT name FROM {APPLIED}")]
    if FIRST in names:
        tx.rows(f"DELETE FROM {APPLIED} WHERE name NOT LIKE '%queue%'")
    else:
        tx.rows(f"DROP TABLE {APPLIED}")
        removed[APPLIED] = len(names)


def _empty(database: Database, name: str) -> int:
    """Empty a table of ours in small batches: to drop it full would keep a worker waiting for as long as that takes."""
    key = KEYS.get(name, "{rowid}")
    text = f"DELETE FROM {quoted(name)} WHERE ({key}) IN (SELECT {key} FROM {quoted(name)} LIMIT :batch) RETURNING 1"
    pace, total, gone = Pace(database), 0, 1
    while gone:
        with pace.batch(WORKER_WAIT) as tx:
            gone = len(tx.rows(text, {"batch": pace.rows}))
        total += gone
    return total
