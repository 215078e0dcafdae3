"""Database files of every shape that claude-mem's releases left behind, made with plain sqlite3.

Each shape says what differs: the name of the session column in either table, which times and counts there are, which
statuses the CHECK lets in, and which columns other releases added.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOUR = ("pending", "processing", "processed", "failed")
TWO = ("pending", "processing")
STARTED = "started_processing_at_epoch"
COMPLETED = "completed_at_epoch"
AGENT = ("agent_type TEXT", "agent_id TEXT")
NOW = 1_750_000_000_000
MINUTE = 60_000

BASE = (
    "id",
    "session_db_id",
    "content_session_id",
    "message_type",
    "tool_name",
    "tool_input",
    "tool_response",
    "cwd",
    "last_user_message",
    "last_assistant_message",
    "prompt_number",
    "status",
)


@dataclass(frozen=True)
class Shape:
    name: str
    session_column: str = "content_session_id"
    sessions_column: str = "content_session_id"
    statuses: tuple[str, ...] = FOUR
    retry_count: bool = True
    times: tuple[str, ...] = (STARTED, COMPLETED)
    extra: tuple[str, ...] = ()
    unique: str | None = None
    platforms: bool = False

    @property
    def started(self) -> bool:
        return STARTED in self.times

    @property
    def completed(self) -> bool:
        return COMPLETED in self.times

    @property
    def extra_names(self) -> tuple[str, ...]:
        return tuple(column.split()[0] for column in self.extra)

    @property
    def lacks(self) -> tuple[str, ...]:
        """The contract's columns that such a file does not have."""
        absent = [] if self.retry_count else ["retry_count"]
        return (*absent, *(time for time in (STARTED, COMPLETED) if time not in self.times))

    @property
    def whole(self) -> bool:
        """Whether everything that the contract asks for has a place in such a file."""
        return self.statuses == FOUR and not self.lacks


ERAS = (
    Shape("A", session_column="claude_session_id", sessions_column="claude_session_id"),
    Shape("B"),
    Shape("C", extra=("failed_at_epoch INTEGER",)),
    Shape("D", extra=("failed_at_epoch INTEGER", *AGENT)),
    Shape("E", times=(COMPLETED,), extra=("failed_at_epoch INTEGER", *AGENT)),
    Shape(
        "F",
        times=(COMPLETED,),
        extra=("failed_at_epoch INTEGER", *AGENT, "tool_use_id TEXT", "worker_pid INTEGER"),
        unique="(content_session_id, tool_use_id) WHERE tool_use_id IS NOT NULL",
    ),
    Shape("G", statuses=TWO, retry_count=False, times=(), extra=(*AGENT, "tool_use_id TEXT")),
    Shape(
        "I",
        statuses=TWO,
        retry_count=False,
        times=(),
        extra=(*AGENT, "tool_use_id TEXT"),
        unique="(session_db_id, tool_use_id)",
        platforms=True,
    ),
)

MIXTURES = (
    Shape("half-migrated-sessions", sessions_column="claude_session_id"),
    Shape("half-migrated-messages", session_column="claude_session_id"),
    Shape("E-kept-started", extra=("failed_at_epoch INTEGER", *AGENT)),
    Shape("G-kept-four-statuses", retry_count=False, times=(), extra=(*AGENT, "tool_use_id TEXT")),
    Shape("G-kept-counts", statuses=TWO, extra=(*AGENT, "tool_use_id TEXT", "worker_pid INTEGER")),
    Shape("G-kept-completed", retry_count=False, times=(COMPLETED,), extra=(*AGENT, "tool_use_id TEXT")),
    Shape("I-kept-all", extra=(*AGENT, "tool_use_id TEXT", "worker_pid INTEGER"), platforms=True),
)

SHAPES = (*ERAS, *MIXTURES)


def shape(name: str) -> Shape:
    """The shape of that name."""
    return next(candidate for candidate in SHAPES if candidate.name == name)


def _messages_ddl(form: Shape) -> list[str]:
    statuses = ", ".join(f"'{status}'" for status in form.statuses)
    columns = [
        "id INTEGER PRIMARY KEY AUTOINCREMENT",
        "session_db_id INTEGER NOT NULL",
        f"{form.session_column} TEXT NOT NULL",
        "message_type TEXT NOT NULL CHECK (message_type IN ('observation', 'summarize'))",
        *(f"{name} TEXT" for name in BASE[4:10]),
        "prompt_number INTEGER",
        f"status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ({statuses}))",
        *(["retry_count INTEGER NOT NULL DEFAULT 0"] if form.retry_count else []),
        "created_at_epoch INTEGER NOT NULL",
        *(f"{time} INTEGER" for time in form.times),
        *form.extra,
        "FOREIGN KEY (session_db_id) REFERENCES sdk_sessions(id) ON DELETE CASCADE",
    ]
    indexed = {"session": "session_db_id", "status": "status", "text_session": form.session_column}
    return [
        f"CREATE TABLE pending_messages ({', '.join(columns)})",
        *(f"CREATE INDEX pm_{name} ON pending_messages ({column})" for name, column in indexed.items()),
        *([f"CREATE UNIQUE INDEX pm_unique ON pending_messages {form.unique}"] if form.unique else []),
    ]


def _sessions_ddl(form: Shape) -> str:
    own = form.sessions_column
    unique = f"UNIQUE (platform_source, {own})" if form.platforms else f"UNIQUE ({own})"
    memory = "sdk_session_id" if own == "claude_session_id" else "memory_session_id"
    platform = "platform_source TEXT NOT NULL DEFAULT 'claude', " if form.platforms else ""
    return (
        f"CREATE TABLE sdk_sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, {own} TEXT NOT NULL, {memory} TEXT UNIQUE,"
        " project TEXT NOT NULL, user_prompt TEXT, started_at TEXT NOT NULL, started_at_epoch INTEGER NOT NULL,"
        " completed_at TEXT, completed_at_epoch INTEGER,"
        " status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'completed', 'failed')),"
        f" worker_port INTEGER, prompt_counter INTEGER DEFAULT 0, {platform}{unique})"
    )


def connect(path: Path) -> sqlite3.Connection:
    """A plain connection in autocommit, without foreign keys, for looking behind the store's back."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    connection.execute("PRAGMA synchronous = OFF")
    connection.row_factory = sqlite3.Row
    return connection


def insert(connection: sqlite3.Connection, table: str, **values: Any) -> int:
    """Insert one row and return its id."""
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    cursor = connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", values)
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def build(path: Path, form: Shape, *, now: int = NOW) -> Path:
    """Make a file of that shape: sessions 1 (`alpha`, project `red`) and 2 (`beta`, project `blue`), and four messages
    in every status that it knows, two of either session, created one per minute.

    With platforms there is a third session, `alpha` again on another platform (project `other`), and no messages.
    """
    connection = connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN")
    connection.execute(_sessions_ddl(form))
    for statement in _messages_ddl(form):
        connection.execute(statement)
    sessions = [("alpha", "red", "claude"), ("beta", "blue", "claude")]
    for name, project, platform in [*sessions, *([("alpha", "other", "codex")] if form.platforms else [])]:
        values: dict[str, Any] = {form.sessions_column: name, "project": project, "started_at": "2025-06-15"}
        if form.platforms:
            values["platform_source"] = platform
        insert(connection, "sdk_sessions", started_at_epoch=now - 60 * MINUTE, **values)
    for number in range(4 * len(form.statuses)):
        status = form.statuses[number // 4]
        values = _message(form, number + 1, status, now - (30 - number) * MINUTE)
        insert(connection, "pending_messages", **values)
    connection.execute("COMMIT")
    connection.close()
    return path


def _message(form: Shape, number: int, status: str, created: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "session_db_id": 1 + number % 2,
        form.session_column: ("alpha", "beta")[number % 2],
        "message_type": "observation",
        "tool_name": "Read",
        "tool_input": '"{\\"file_path\\":\\"/tmp/a\\"}"',
        "tool_response": "{}",
        "cwd": "/home/somebody",
        "prompt_number": number,
        "status": status,
        "created_at_epoch": created,
    }
    if form.retry_count:
        values["retry_count"] = number % 4
    if form.started and status != "pending":
        values[STARTED] = created + 1_000
    if form.completed and status in ("processed", "failed"):
        values[COMPLETED] = created + 2_000
    for name in form.extra_names:
        values[name] = {
            "failed_at_epoch": created if status == "failed" else None,
            "worker_pid": 4_000 + number,
        }.get(name, f"{name}-{number}")
    return values
