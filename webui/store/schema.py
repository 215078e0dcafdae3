"""What a file has: its columns, statuses, indexes and side tables, found per table, and the SQL that fits them.

A text in this package is SQL with two marks of ours, so that it is written once for every shape of file:

- `{name}` is a column or expression of this file; a column that the file lacks reads as `NULL`;
- `[, started_processing_at_epoch = NULL]` is left out where the file lacks a column that it names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from webui.store.dialect import SQLITE, Dialect
from webui.store.errors import NotAQueue
from webui.store.model import STATUSES
from webui.store.sentence import sentence

QUEUE = "pending_messages"
SESSIONS = "sdk_sessions"
SIDE = "unstick_"
TRASH = f"{SIDE}trash"
KEYS = {QUEUE: "id", TRASH: "trash_id"}
"""What names a row that holds payloads."""
SESSION_NAMES = ("content_session_id", "claude_session_id")
"""The column that names the session: today's name, and the one before v8.2.6."""
PREFIX = 2_048
PREFIXES = {"tool_input": PREFIX, "tool_response": 0, "last_user_message": 600, "last_assistant_message": 600}
"""So many bytes of each payload come with a row, for its one-line target."""
PAYLOADS = tuple(PREFIXES)
BASE = (
    "id", "session_db_id", "content_session_id", "message_type", "tool_name", "tool_input", "tool_response", "cwd",
    "last_user_message", "last_assistant_message", "prompt_number", "status",
)  # fmt: skip
OPTIONAL = (
    "retry_count", "created_at_epoch", "started_processing_at_epoch", "completed_at_epoch",
)  # fmt: skip
COLUMNS = BASE + OPTIONAL
"""The contract's columns, in the order of `Message`'s fields."""
KNOWN_EXTRA = ("failed_at_epoch", "agent_type", "agent_id", "tool_use_id", "worker_pid")
"""What other releases added, small enough for a list."""
CLAIM_INDEX = "unstick_claim"
DONE_INDEX = "unstick_processed"
NEWEST_PROCESSED = f"(SELECT * FROM {QUEUE} WHERE status = 'processed' ORDER BY id DESC LIMIT :newest) AS {QUEUE}"
"""Where to look for completions in a file without an index on them: far enough back, and bounded."""
UNTOUCHED = f"""
AND NOT EXISTS (SELECT 1 FROM {SIDE}journal_rows AS r JOIN {SIDE}journal AS l ON l.id = r.journal_id
  WHERE r.message_id = {QUEUE}.id AND l.at > :as_of)"""
"""No operator has acted on it since. (What was taken back has its old times again.)"""

_SECTION = re.compile(r"\[([^\[\]]*)\]")
_MACRO = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"\w+")
_CHECK = re.compile(
    r"CHECK\s*\(+\s*\"?status\"?\s+(?:IN\s*\(([^)]*)\)|=\s*ANY\s*\(+\s*ARRAY\[([^\]]*)\])", re.IGNORECASE
)
"""As it was written, or as PostgreSQL writes it."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this file can hold. `missing` says in sentences what it cannot, and what follows; `claude_mem` is whether
    its memories are beside the queue, so that its worker is the one that serves it."""

    retry_count: bool
    started: bool
    completed: bool
    processed: bool
    failed: bool
    side_tables: bool
    claude_mem: bool
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Shape:
    """The shape of one file, as it was found. `tables` holds the columns of the queue, the sessions and our own."""

    tables: Mapping[str, tuple[str, ...]]
    statuses: frozenset[str] = frozenset(STATUSES)
    indexes: Mapping[str, str] = field(default_factory=dict)
    """Each index of the queue with its first column; a partial one with ''."""
    session_names_unique: bool = True
    claude_mem: bool = False
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The type of each column of each table, where the database has them."""
    dialect: Dialect = SQLITE

    def check(self) -> None:
        """Raises NotAQueue where the queue, or a column that it must have, is not there."""
        if not self.columns:
            raise NotAQueue(sentence("it has no table pending_messages."))
        has = {"content_session_id" if name in SESSION_NAMES else name for name in self.columns}
        lacks = [name for name in (*BASE, "created_at_epoch") if name not in has]
        if lacks:
            raise NotAQueue(sentence("its table pending_messages lacks {columns}.", columns=", ".join(lacks)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The queue's own columns, in the file's order."""
        return self.tables.get(QUEUE, ())

    @cached_property
    def extra(self) -> tuple[str, ...]:
        """The queue's columns that the contract does not name."""
        return tuple(name for name in self.columns if name not in COLUMNS and name != self.session_name)

    @cached_property
    def session_name(self) -> str:
        """The queue's column with the session's own name."""
        return next(name for name in SESSION_NAMES if name in self.columns)

    @cached_property
    def session_key(self) -> str | None:
        """The sessions' column with that name."""
        return next((name for name in SESSION_NAMES if name in self.tables.get(SESSIONS, ())), None)

    @cached_property
    def capabilities(self) -> Capabilities:
        """What can be done in this file."""
        has = self.columns
        return Capabilities(
            retry_count="retry_count" in has,
            started="started_processing_at_epoch" in has,
            completed="completed_at_epoch" in has and "processed" in self.statuses,
            processed="processed" in self.statuses,
            failed="failed" in self.statuses,
            side_tables=f"{SIDE}journal" in self.tables,
            claude_mem=self.claude_mem,
            missing=tuple(self._missing()),
        )

    def _missing(self) -> list[str]:
        lacks: list[str] = []
        if "started_processing_at_epoch" not in self.columns:
            lacks.append(
                sentence("It does not record when a message was claimed: nobody can say how long one has been running.")
            )
        if "retry_count" not in self.columns:
            lacks.append(sentence("It does not count retries, so there is no Retry fresh."))
        if "failed" not in self.statuses:
            lacks.append(sentence("It does not keep failed messages: its worker deletes or requeues them."))
        if "processed" not in self.statuses or "completed_at_epoch" not in self.columns:
            lacks.append(sentence("It does not record completions: a message that was processed is deleted."))
        return lacks

    def has(self, table: str) -> bool:
        """Whether a side table of ours is there."""
        return table in self.tables

    def sql(self, text: str) -> str:
        """The text as this file's database understands it."""
        done = self._texts.get(text)
        if done is None:
            done = _MACRO.sub(self._macro, _SECTION.sub(self._section, text))
            self._texts[text] = done
        return done

    @cached_property
    def _texts(self) -> dict[str, str]:
        return {}

    def _section(self, match: re.Match[str]) -> str:
        names = set(_WORD.findall(match[1])) & {*OPTIONAL, *KNOWN_EXTRA}
        return match[1] if names <= set(self.columns) else ""

    def _macro(self, match: re.Match[str]) -> str:
        name = match[1]
        if name in OPTIONAL or name in KNOWN_EXTRA:
            # PostgreSQL sorts by a value only if it has a type.
            return name if name in self.columns else "CAST(NULL AS BIGINT)"
        return self._macros[name]

    @cached_property
    def _macros(self) -> dict[str, str]:
        return {
            "cid": self.session_name,
            **self.dialect.words,
            "seen": _MACRO.sub(self._macro, self.dialect.seen),
            "changed": self._changed(),
            "untouched": UNTOUCHED if f"{SIDE}journal_rows" in self.tables else "",
            "message": ", ".join(self._column(name) for name in COLUMNS),
            "extra": "".join(f", {QUEUE}.{quoted(name)}" for name in self.extra),
            "row": self._row(),
            "project": self._session("project"),
            "session_status": self._session("status"),
            "session_cid": self.session_key or SESSION_NAMES[0],
            "by_claim": self._by(CLAIM_INDEX if CLAIM_INDEX in self.indexes else None),
            "by_session": self._by_session(),
            "trash": self._trash(),
            "processed": QUEUE if DONE_INDEX in self.indexes else NEWEST_PROCESSED,
        }

    def _changed(self) -> str:
        """The newest time that a row holds: what it is now, it has been since then, as far as the file knows."""
        times = [name for name in (*OPTIONAL, *KNOWN_EXTRA) if name.endswith("_epoch") and name in self.columns]
        if len(times) == 1:
            return times[0]
        return f"{self.dialect.words['greatest']}({', '.join(f'coalesce({name}, 0)' for name in times)})"

    def _column(self, name: str) -> str:
        if name == "content_session_id":
            return self.session_name
        return name if name in self.columns else "NULL"

    def _row(self) -> str:
        short = [f"substr({self._column(name)}, 1, 400) AS {name}" for name in
                 ("content_session_id", "message_type", "tool_name", "cwd", "status")]  # fmt: skip
        times = [f"{self._column(name)} AS {name}" for name in ("prompt_number", *OPTIONAL)]
        extra = [f"{name if name in self.columns else 'NULL'} AS {name}" for name in KNOWN_EXTRA]
        heads = [self.dialect.head.format(name, bytes) for name, bytes in PREFIXES.items()]
        project = [f"substr({self._session('project')}, 1, 400) AS project",
                   f"substr({self._session('status')}, 1, 40) AS session_status", "{seen} AS seen"]  # fmt: skip
        text = ", ".join(["id", "session_db_id", *short, *times, *extra, *heads, *project])
        return text.replace("{seen}", _MACRO.sub(self._macro, self.dialect.seen))

    def _session(self, column: str) -> str:
        sessions = self.tables.get(SESSIONS, ())
        if column not in sessions:
            return "NULL"
        if self.session_names_unique and self.session_key:
            return f"(SELECT s.{column} FROM {SESSIONS} AS s WHERE s.{self.session_key} = {QUEUE}.{self.session_name})"
        return f"(SELECT s.{column} FROM {SESSIONS} AS s WHERE s.id = {QUEUE}.session_db_id)"

    def _by_session(self) -> str:
        return self._by(next((name for name, first in self.indexes.items() if first == "session_db_id"), None))

    def _by(self, index: str | None) -> str:
        return f"INDEXED BY {quoted(index)}" if index and self.dialect.hints else ""

    def _trash(self) -> str:
        """The trash under the queue's name, so that the same expressions read a row from either."""
        held = self.tables.get(TRASH, ())
        columns = ", ".join(f"{self.from_trash(name, held)} AS {quoted(name)}" for name in self.columns)
        return f"(SELECT trash_id, journal_id, {columns} FROM {TRASH}) AS {QUEUE}"

    def from_trash(self, name: str, held: tuple[str, ...]) -> str:
        """How the trash gives a column of the queue: it may have been filled before a column was added or renamed."""
        names = [n for n in (SESSION_NAMES if name in SESSION_NAMES else (name,)) if n in held]
        if len(names) > 1:
            return f"coalesce({', '.join(names)})"
        return quoted(names[0]) if names else "NULL"


def quoted(name: str) -> str:
    """A column or index name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def statuses_in(ddl: str) -> frozenset[str]:
    """The statuses that a table's CHECK allows, read from its CREATE TABLE; all four where it has none."""
    match = _CHECK.search(ddl)
    return frozenset(re.findall(r"'([^']*)'", match[1] or match[2])) if match else frozenset(STATUSES)
