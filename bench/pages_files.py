"""The files that the pages are measured on: three of ten messages failed, one pending, some processing, the rest
processed. One as our own store makes it, and one with the indexes that claude-mem gives its own."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from webui.store import open_store

SESSIONS = 50
"""At most so many; in a small file fewer, so that one has more messages than a page."""
CLAUDE_MEM = (
    "CREATE INDEX idx_pending_messages_session ON pending_messages (session_db_id)",
    "CREATE INDEX idx_pending_messages_status ON pending_messages (status)",
    "CREATE INDEX idx_pending_messages_claude_session ON pending_messages (content_session_id)",
)
"""Which indexes claude-mem's own files have."""
FILL = """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count - 1)
INSERT INTO pending_messages (session_db_id, content_session_id, message_type, tool_name, tool_input, tool_response,
  cwd, prompt_number, status, retry_count, created_at_epoch, started_processing_at_epoch, completed_at_epoch)
SELECT 1 + n % :sessions, 's' || (n % :sessions), 'observation',
  CASE n % 3 WHEN 0 THEN 'Bash' WHEN 1 THEN 'Read' ELSE 'Edit' END,
  CASE WHEN n % 10 < 5 THEN json_object('command', 'make test-' || n, 'description', hex(zeroblob(100))) END,
  CASE WHEN n % 10 < 5 THEN hex(zeroblob(150)) END, '/home/somebody/project', n % 20,
  CASE WHEN n % 10 < 3 THEN 'failed' WHEN n % 10 = 3 THEN 'pending'
       WHEN n % 10 = 4 AND n >= :count - 1000 THEN 'processing' ELSE 'processed' END,
  n % 4, :now - (:count - n) * 100, CASE WHEN n % 10 <> 3 THEN :now - (:count - n) * 100 + 40 END,
  CASE WHEN n % 10 NOT IN (3, 4) THEN :now - (:count - n) * 100 + 80 END
FROM numbers"""


@dataclass(frozen=True)
class Filled:
    """A file with so many rows; `middle` is the id half-way down."""

    path: Path
    rows: int

    @property
    def middle(self) -> int:
        """An id half-way."""
        return self.rows // 2

    @property
    def failed(self) -> int:
        """How many have failed."""
        return self.rows * 3 // 10


def make(path: Path, rows: int, *, tuned: bool) -> Filled:
    """Make a file with so many rows; untuned, with claude-mem's indexes in place of ours."""
    sessions = min(SESSIONS, max(1, rows // 100))
    with closing(open_store(str(path), create=True)) as store:
        for number in range(sessions):
            store.ensure_session(f"s{number}", f"project-{number % 7}")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if not tuned:
            ours = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'unstick_%' AND type = 'index'")
            for (name,) in ours.fetchall():
                connection.execute(f"DROP INDEX {name}")
            for index in CLAUDE_MEM:
                connection.execute(index)
        connection.execute(FILL, {"count": rows, "sessions": sessions, "now": time.time_ns() // 1_000_000 - 3_600_000})
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Filled(path, rows)
