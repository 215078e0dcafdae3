"""A row as the store gives it, for what only reads it."""

from __future__ import annotations

from typing import Any

from webui.store.model import Row


def row(**columns: Any) -> Row:
    """A pending observation, with some columns changed."""
    given: dict[str, Any] = {
        "id": 7, "session_db_id": 1, "content_session_id": "alpha", "message_type": "observation", "tool_name": "Bash",
        "cwd": "/", "prompt_number": 1, "status": "pending", "retry_count": 0, "created_at": 0, "started_at": None,
        "completed_at": None, "failed_at": None, "project": "red", "session_status": "active", "seen": "pending..0",
        **columns,
    }  # fmt: skip
    return Row(**given)
