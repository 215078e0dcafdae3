"""Where the databases' SQL differs, and why. A text of ours is written once; what stands here fills its marks `{…}`
(see `schema.py`), so a database is one entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """One database's own words.

    `seen` is the token of (status, started, retry_count); `head` is what a list's query selects of the payload `{0}`
    for its first `{1}` bytes (see `Transaction.head`); `hints` is whether a query may name its index; `origin` says
    which queue this is where the location does not; `last_id` gives the last `:id` that `:table` has used, and
    `continue_after` makes it go on after `:last`; `one_writer` is whether who writes keeps everybody else from it;
    `once` makes who comes second with a `:key` wait for the first one's end; `words` are the marks that stand for a
    word or nothing.
    """

    name: str
    seen: str
    head: str
    hints: bool
    origin: str
    last_id: str
    continue_after: tuple[str, ...]
    one_writer: bool
    once: str
    words: Mapping[str, str]


# A column's type is not enforced: an odd value goes into a token by its length and its beginning, as plain text.
_ODD = (
    "CASE typeof({0}) WHEN 'integer' THEN {0} WHEN 'null' THEN ''"
    " ELSE substr(typeof({0}), 1, 1) || length({0}) || '-' || hex(substr({0}, 1, 24)) END"
)

SQLITE = Dialect(
    name="sqlite",
    seen=f"status || '.' || {_ODD.format('{started_processing_at_epoch}')} || '.' || {_ODD.format('{retry_count}')}",
    # Any value may be in any column; its bytes are then read without loading the rest, which SQL cannot.
    head="typeof({0}) AS {0}_kind",
    hints=True,
    origin="SELECT NULL",
    last_id="SELECT seq FROM sqlite_sequence WHERE name = :table",
    continue_after=(
        "DELETE FROM sqlite_sequence WHERE name = :table",
        "INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)",
    ),
    one_writer=True,
    once="SELECT 1",  # who has the write lock is alone
    words={
        "materialized": "",
        "in_order": "id",
        "in_order_of_all": "id",
        "one_of": "IN",
        "one_of_end": "",
        "lock": "",
        "skip_locked": "",
        "unsynced": "",  # a connection's setting: see `SQLite.claim`
        "same": "IS",
        "by_completion": "",
        "instr": "instr",
        # Of a text `length` counts characters.
        "octets_of": "length(CAST(",
        "octets_of_end": "AS BLOB))",
        "online": "",
        "greatest": "max",
        "rowid": "rowid",
        "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",  # an id of the trash is in a page that was made before
    },
)

POSTGRES = Dialect(
    name="postgresql",
    seen=(
        "status || '.' || coalesce(CAST({started_processing_at_epoch} AS TEXT), '')"
        " || '.' || coalesce(CAST({retry_count} AS TEXT), '')"
    ),
    # `octet_length` does not load a stored value, and `substr` loads only its beginning.
    head="octet_length({0}) AS {0}_size, convert_to(substr({0}, 1, {1}), 'UTF8') AS {0}_head",
    hints=False,
    # An address does not say the schema, and one server has many addresses.
    origin="""
SELECT current_database() || '/' || n.nspname || '@' || (SELECT system_identifier FROM pg_control_system())
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('pending_messages')""",
    last_id="SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(:table, :id)), 0)",
    continue_after=("SELECT setval(pg_get_serial_sequence(:table, :id), :last)",),
    one_writer=False,
    once="SELECT pg_advisory_xact_lock(hashtext(:key))",
    words={
        # Inlined, the query that takes the lock could run more than once and lock more rows than its LIMIT.
        "materialized": "MATERIALIZED",
        # By `id` alone the planner takes the primary key and reads all that was ever processed; the claim's index is
        # on this expression.
        "in_order": "id + 0",
        # Another expression than that one: else a session's claim would go through the index of all that is pending.
        "in_order_of_all": "0 + id",
        # A list of its own: made a join, it could become a walk by id through all that was ever processed.
        "one_of": "= ANY (ARRAY",
        "one_of_end": ")",
        # A writer holds the rows that it locked, not the whole database: what is looked at to be changed is locked.
        "lock": "FOR UPDATE",
        "skip_locked": "FOR UPDATE SKIP LOCKED",
        # For this one transaction; a round trip of its own would take longer than it saves.
        "unsynced": "AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'",
        "same": "IS NOT DISTINCT FROM",
        # Without an order it may read from the table's beginning each time, over all that was deleted before. (A file
        # without that index would have to sort.)
        "by_completion": "ORDER BY completed_at_epoch DESC NULLS LAST, id",
        "instr": "strpos",
        "octets_of": "octet_length(",
        "octets_of_end": ")",
        # An index is made beside those who write.
        "online": "CONCURRENTLY",
        "greatest": "greatest",
        "rowid": "ctid",
        "serial": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    },
)
