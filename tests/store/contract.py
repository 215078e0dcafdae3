"""The store's contract as plain Python over a dict of rows: slow, obvious, and independent of the store.

Methods have the store's names and return what the store returns, with rows (dicts) in place of messages. Columns in
`lacks` do not exist in the file: they are `None` always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.schemas import BASE
from webui.store import Message

COLUMNS = (*BASE, "retry_count", "created_at_epoch", "started_processing_at_epoch", "completed_at_epoch")
STARTED = "started_processing_at_epoch"
COMPLETED = "completed_at_epoch"
CREATED = "created_at_epoch"
OPEN = ("pending", "processing")
Values = dict[str, Any]


def plain(message: Message | None) -> Values | None:
    """A message as the row it was read from, without `project` and `extra`."""
    return None if message is None else {name: getattr(message, name) for name in COLUMNS}


def with_project(message: Message) -> Values:
    return {**{name: getattr(message, name) for name in COLUMNS}, "project": message.project}


class Contract:
    def __init__(self, clock: Callable[[], int], max_retries: int = 3, lacks: Iterable[str] = ()) -> None:
        self.clock = clock
        self.max_retries = max_retries
        self.lacks = frozenset(lacks)
        self.sessions: dict[int, tuple[str, str]] = {}
        self.by_session_id = False
        self.rows: dict[int, Values] = {}
        self.last_id = 0

    def load(self, rows: Iterable[Values]) -> None:
        for row in rows:
            self.rows[row["id"]] = {name: row.get(name) for name in COLUMNS}
            self.last_id = max(self.last_id, row["id"])

    def _all(self, *statuses: str, session: int | None = None) -> Iterator[Values]:
        for id in sorted(self.rows):
            row = self.rows[id]
            if row["status"] in statuses and session in (None, row["session_db_id"]):
                yield row

    def _put(self, row: Values, **columns: Any) -> None:
        row.update((name, value) for name, value in columns.items() if name not in self.lacks)

    def _release(self, rows: Iterable[Values]) -> int:
        count = 0
        for row in list(rows):
            self._put(row, status="pending", **{STARTED: None})
            count += 1
        return count

    def _stuck(self, threshold_ms: int) -> list[Values]:
        cutoff = self.clock() - threshold_ms
        return [row for row in self._all("processing") if row[STARTED] is not None and row[STARTED] < cutoff]

    def _project(self, row: Values) -> str | None:
        if self.by_session_id:
            return self.sessions[row["session_db_id"]][1]
        return next((project for name, project in self.sessions.values() if name == row["content_session_id"]), None)

    def _shown(self, rows: Iterable[Values]) -> list[Values]:
        return [{**row, "project": self._project(row)} for row in rows]

    def enqueue(self, session_db_id: int, content_session_id: str, stored: Values) -> int:
        """`stored` holds the columns as they are written: message_type, tool_name and so on."""
        self.last_id += 1
        row: Values = dict.fromkeys(COLUMNS)
        row.update(
            id=self.last_id, session_db_id=session_db_id, content_session_id=content_session_id, status="pending"
        )
        row.update(stored)
        self._put(row, retry_count=0, created_at_epoch=self.clock())
        self.rows[self.last_id] = row
        return self.last_id

    def claim_next_message(self, session_db_id: int) -> Values | None:
        row = next(self._all("pending", session=session_db_id), None)
        if row is None:
            return None
        self._put(row, status="processing", **{STARTED: self.clock()})
        return dict(row)

    def get_all_pending(self, session_db_id: int) -> list[Values]:
        return [dict(row) for row in self._all("pending", session=session_db_id)]

    def get_queue_messages(self) -> list[Values]:
        sections = [sorted(self._all(s), key=lambda row: row[CREATED]) for s in ("failed", "processing", "pending")]
        return self._shown(row for section in sections for row in section)

    def get_stuck_count(self, threshold_ms: int) -> int:
        return len(self._stuck(threshold_ms))

    def retry_message(self, id: int) -> bool:
        return bool(self._release(row for row in self._all(*OPEN, "failed") if row["id"] == id))

    def reset_processing_to_pending(self, session_db_id: int) -> int:
        return self._release(self._all("processing", session=session_db_id))

    def abort_message(self, id: int) -> bool:
        return self.rows.pop(id, None) is not None

    def retry_all_stuck(self, threshold_ms: int) -> int:
        return self._release(self._stuck(threshold_ms))

    def reset_stuck_messages(self, threshold_ms: int) -> int:
        return self._release(self._stuck(threshold_ms))

    def get_recently_processed(self, limit: int = 10, within_minutes: int = 30) -> list[Values]:
        cutoff = self.clock() - within_minutes * 60_000
        rows = [row for row in self._all("processed") if row[COMPLETED] is not None and row[COMPLETED] > cutoff]
        rows.sort(key=lambda row: -row[COMPLETED])
        return self._shown(rows if limit < 0 else rows[:limit])

    def mark_processing(self, id: int) -> None:
        for row in self._all("pending"):
            if row["id"] == id:
                self._put(row, status="processing", **{STARTED: self.clock()})

    def _stands(self, id: int, claim: Values | None) -> bool:
        if claim is None:
            return True
        row = self.rows.get(id)
        held = ("status", STARTED, "retry_count")
        return row is not None and all(row[name] == claim[name] for name in held)

    def mark_processed(self, id: int, claim: Values | None = None) -> bool | None:
        row = self.rows.get(id)
        done = row is not None and row["status"] == "processing" and self._stands(id, claim)
        if row is not None and done:
            row.update(tool_input=None, tool_response=None)
            self._put(row, status="processed", **{COMPLETED: self.clock()})
        return None if claim is None else done

    def mark_failed(self, id: int, claim: Values | None = None) -> bool | None:
        row = self.rows.get(id)
        done = row is not None and self._stands(id, claim)
        if row is not None and done:
            if row["retry_count"] < self.max_retries:
                self._put(row, status="pending", retry_count=row["retry_count"] + 1, **{STARTED: None})
            else:
                self._put(row, status="failed", **{COMPLETED: self.clock()})
        return None if claim is None else done

    def get_pending_count(self, session_db_id: int) -> int:
        return len(list(self._all(*OPEN, session=session_db_id)))

    def has_any_pending_work(self) -> bool:
        return any(self._all(*OPEN))

    def get_sessions_with_pending_messages(self) -> list[int]:
        return sorted({row["session_db_id"] for row in self._all(*OPEN)})

    def get_session_info_for_message(self, id: int) -> tuple[int, str] | None:
        row = self.rows.get(id)
        return None if row is None else (row["session_db_id"], row["content_session_id"])

    def cleanup_processed(self, retention_count: int = 100) -> int:
        newest = sorted(self._all("processed"), key=lambda row: (row[COMPLETED] is None, -(row[COMPLETED] or 0)))
        surplus = newest[retention_count:] if retention_count >= 0 else []
        for row in surplus:
            del self.rows[row["id"]]
        return len(surplus)

    def get_message(self, id: int) -> Values | None:
        row = self.rows.get(id)
        return None if row is None else dict(row)
