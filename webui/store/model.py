"""The store's values: what goes in, what comes back, and what the pages read. They know nothing but themselves.

Times are integer milliseconds since the epoch, sizes are bytes. A file may hold anything in any column (SQLite does not
enforce types), so a field typed `int | None` can, in a damaged file, be a text or bytes: the pages show it as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Stored = Any
"""A whole number or None as the schema has it; in a damaged file, anything, as a short text."""

TYPES = ("observation", "summarize")
STATUSES = ("pending", "processing", "processed", "failed")
QUEUED = ("processing", "failed", "pending")
"""The statuses that the queue page lists, in the order of its sections."""
LASTING = ("restore", "purge")
"""Actions that are not taken back: a restored message can be aborted again, what was purged is gone."""


@dataclass(frozen=True, slots=True)
class PendingMessage:
    """A message as a caller hands it in, and as a worker gets it back from `to_pending_message`."""

    type: str
    tool_name: str | None = None
    tool_input: Any = None
    tool_response: Any = None
    cwd: str | None = None
    last_user_message: str | None = None
    last_assistant_message: str | None = None
    prompt_number: int | None = None


# A tuple: every claim makes one, and a class that sets eighteen fields takes a twentieth of the claim.
class Message(NamedTuple):
    """A row of `pending_messages`, whole: the contract's columns, `project` where a method says so, and `extra`,
    the columns that other releases added. A column that the file lacks is `None`."""

    id: int
    session_db_id: int
    content_session_id: str
    message_type: str
    tool_name: str | None
    tool_input: str | None
    tool_response: str | None
    cwd: str | None
    last_user_message: str | None
    last_assistant_message: str | None
    prompt_number: int | None
    status: str
    retry_count: int | None
    created_at_epoch: int
    started_processing_at_epoch: int | None
    completed_at_epoch: int | None
    project: str | None = None
    extra: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """The two names of a message's session."""

    session_db_id: int
    content_session_id: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one stored value. `kind` is `null`, `text`, `blob`, `integer` or `real`; `size` is the whole value's
    bytes; `data` are the bytes from `offset` on (of a number: its decimal text)."""

    kind: str
    size: int = 0
    data: bytes = b""
    offset: int = 0


NOTHING = Piece("null")


@dataclass(frozen=True, slots=True)
class Row:
    """A message as a list shows it: no payload, only the first bytes and the size of each.

    `seen` is the token for (status, started, retry_count) that a form carries back, so that an action touches the row
    only while it is still as the page showed it. Text is cut at 400 characters. `trashed_by` is the journal line of
    the abort when the row comes from the trash.
    """

    id: int
    session_db_id: Stored
    content_session_id: str
    message_type: str
    tool_name: str | None
    cwd: str | None
    prompt_number: Stored
    status: str
    retry_count: Stored
    created_at: Stored
    started_at: Stored
    completed_at: Stored
    failed_at: Stored
    project: str | None
    session_status: str | None
    seen: str
    tool_input: Piece = NOTHING
    tool_response: Piece = NOTHING
    last_user_message: Piece = NOTHING
    last_assistant_message: Piece = NOTHING
    extra: Mapping[str, Any] = field(default_factory=dict)
    trashed_by: int | None = None

    @property
    def size(self) -> int:
        """All payloads of the row together, in bytes."""
        pieces = (self.tool_input, self.tool_response, self.last_user_message, self.last_assistant_message)
        return sum(piece.size for piece in pieces)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: everything before or after the row with this id in this section.

    `section` is a status for the queue, and the sort key (completed time) for the recent list; `key` is what sorts
    before the id within a section, in an order that has it.
    """

    direction: str
    section: str
    id: int
    key: int | None = None

    def __str__(self) -> str:
        within = "" if self.key is None else f".{self.key}"
        return f"{self.direction}-{self.section}{within}-{self.id}"


LAST = Cursor("previous", "last", 0)
"""The last page of a list: everything before its end."""


@dataclass(frozen=True, slots=True)
class Page:
    """At most `limit` rows of a list. `previous` and `next` are cursors, or `None` at either end.

    `looked_at` is set when the budget ended before the page was full: so many rows were looked at, and `next`
    goes on from there. `as_of` is when it was read.
    """

    rows: tuple[Row, ...]
    previous: Cursor | None
    next: Cursor | None
    as_of: int
    looked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """A bounded count: `number` is exact, unless `more` says that counting stopped there."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.more else ''}"

    def __bool__(self) -> bool:
        return self.number > 0

    def __add__(self, other: Count) -> Count:
        """The sum; where it is a lower bound only, rounded down to a number that looks like one."""
        number, more = self.number + other.number, self.more or other.more
        return Count(number // 1_000 * 1_000 if more else number, more)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of the journal: who did what, when, and to how many rows.

    `action` is the action's name (`retry`, `retry-fresh`, `abort`, `retry-all`, `undo`). `undone_by` is the line that
    took it back, `undoes` the line that this one took back. `before` and `after` are the state tokens of the one
    message that was asked about (`None` where the whole line was asked for).
    """

    id: int
    at: int
    actor: str
    action: str
    reason: str | None
    done: int
    undoes: int | None = None
    undone_by: int | None = None
    cutoff: int | None = None
    before_status: str | None = None
    before_started: Stored = None
    before_retry_count: Stored = None

    @property
    def undoable(self) -> bool:
        """Whether this line can still be taken back: it changed something, nobody did so yet, and it is neither an undo
        nor one that `LASTING` names."""
        return self.done > 0 and self.undone_by is None and self.undoes is None and self.action not in LASTING


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did: the journal line, and the ids that changed.

    `row` is the one row an action on one message was about, as it is now (from the trash after an abort).
    `remaining` is set when a purge stopped at its bound: about so many rows are still to go.
    """

    action: str
    journal_id: int | None
    done: tuple[int, ...]
    row: Row | None = None
    remaining: Count | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything the message's own page shows: the row, its journal (newest first), reasons of failures (newest
    first) and, when it was aborted, the journal line that did it."""

    row: Row
    journal: tuple[JournalEntry, ...]
    failures: tuple[Failure, ...]
    aborted: JournalEntry | None
    as_of: int


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt with the reason that a consumer gave to `mark_failed(error=…)`."""

    at: int
    attempt: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers on the tabs, all bounded. `stuck` is `None` where the file does not record when a message was
    claimed, `trash` where nothing was ever aborted. `next_started_at` is when the one was claimed (ms) that will be the
    next to be stuck."""

    pending: Count
    processing: Count
    failed: Count
    processed: Count | None
    stuck: Count | None
    trash: Count | None = None
    next_started_at: int | None = None

    @property
    def queue(self) -> Count:
        """Pending, processing and failed together."""
        return self.pending + self.processing + self.failed


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the queue drains, with the figures that say so.

    `state` is `draining`, `not-draining`, `waiting` (work is there, and too young to tell) or `idle`.
    `completions` is `recorded`, `none` (the file could record them, and has none) or `unrecorded`. `ahead` says by how
    many ms the newest message is later than now, where that shows that clocks disagree (else 0).
    """

    state: str
    counts: Counts
    oldest_pending: Row | None
    per_minute: float | None
    last_completed_at: int | None
    completions: str
    as_of: int
    ahead: int = 0
