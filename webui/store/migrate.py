"""What we add to a database: a new queue, our side tables, and the way to remove them."""

from __future__ import annotations

from importlib.resources import files

from webui.store.database import WORKER_WAIT, Database, Transaction
from webui.store.errors import Unsupported
from webui.store.pace import Pace
from webui.store.schema import SIDE, quoted

VERSION = 1
"""The version of the side tables that this release reads and writes."""


def statements(name: str) -> list[str]:
    """The statements of a file in `sql/sqlite/`."""
    text = files("webui.store").joinpath("sql", "sqlite", f"{name}.sql").read_text("utf-8")
    return [statement for statement in text.split(";\n") if statement.strip()]


def create_queue(database: Database) -> None:
    """Make both tables with our indexes in a new database, or in one of yours that has no queue yet."""
    database.script(statements("queue"))


def ensure_side_tables(tx: Transaction) -> None:
    """Make our tables inside this transaction if they are not there. Raises Unsupported for another version's."""
    if not tx.shape.has(f"{SIDE}version"):
        for statement in statements("side"):
            tx.rows(statement)
        tx.reshape()
        return
    version = tx.rows(f"SELECT version FROM {SIDE}version LIMIT 1")
    if not version or version[0][0] != VERSION:
        raise Unsupported(
            "The journal in this database was made by another version of Unstick: use that one, or run `unstick clean`."
        )


def ensure_trash(tx: Transaction) -> None:
    """Make the trash, or widen it where the queue has gained a column. It has no types, so that bytes survive.
    `kept` says which columns a row came with: one that was added since takes its default when the row returns."""
    held = tx.shape.tables.get(f"{SIDE}trash")
    missing = [name for name in tx.shape.columns if held is None or name not in held]
    if held is None:
        columns = ", ".join(quoted(name) for name in missing)
        tx.rows(f"CREATE TABLE {SIDE}trash (trash_id INTEGER PRIMARY KEY, journal_id, kept, {columns})")
        tx.rows(f"CREATE INDEX {SIDE}trash_message ON {SIDE}trash (id)")
        tx.rows(f"CREATE INDEX {SIDE}trash_journal ON {SIDE}trash (journal_id)")
    else:
        for name in missing:
            tx.rows(f"ALTER TABLE {SIDE}trash ADD COLUMN {quoted(name)}")
    if missing:
        tx.reshape()


def clean(database: Database) -> dict[str, int]:
    """Remove every table of ours; returns how many rows each held."""
    removed: dict[str, int] = {}
    for name in sorted(table for table in database.look().tables if table.startswith(SIDE)):
        removed[name] = _empty(database, name)
    with database.writing() as tx:
        for name in sorted(table for table in tx.shape.tables if table.startswith(SIDE)):
            tx.rows(f"DROP TABLE {quoted(name)}")
    return removed


def _empty(database: Database, name: str) -> int:
    """Empty a table of ours in small batches: to drop it full would keep a worker waiting for as long as that takes."""
    key = "journal_id, message_id" if name == f"{SIDE}journal_rows" else "rowid"
    text = f"DELETE FROM {quoted(name)} WHERE ({key}) IN (SELECT {key} FROM {quoted(name)} LIMIT :batch) RETURNING 1"
    pace, total, gone = Pace(database), 0, 1
    while gone:
        with pace.batch(WORKER_WAIT) as tx:
            gone = len(tx.rows(text, {"batch": pace.rows}))
        total += gone
    return total
