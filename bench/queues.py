"""What a contestant is, and what each is given to carry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar

from webui.store import PendingMessageStore

SESSION = 1
"""Everything is in one session: the hardest case for a claim by session."""
NAME = "bench"
"""The session's own name."""
TOOL_INPUT: dict[str, Any] = {"command": "x" * 1_000}
"""A payload of 1 KB."""
COLUMNS = (
    "id, session_db_id, content_session_id, message_type, tool_name, tool_input, tool_response, cwd,"
    " last_user_message, last_assistant_message, prompt_number, status, retry_count, created_at_epoch,"
    " started_processing_at_epoch, completed_at_epoch"
)
"""What a claim reads."""


class Queue(ABC):
    """A queue as one process has it open."""

    name: ClassVar[str]
    acknowledges: ClassVar[bool] = True
    """Whether a claimed message is acknowledged in a step of its own; without that, a crash loses it."""
    keeps_processed: ClassVar[bool] = True
    """Whether processed messages stay where the pending ones are."""

    @abstractmethod
    def enqueue(self) -> object:
        """Add one message; something true."""

    @abstractmethod
    def work(self) -> Hashable:
        """Claim the oldest message and acknowledge it; its id, or None when nothing is pending."""

    @abstractmethod
    def close(self) -> None:
        """Close what is open."""


class StoreQueue(Queue):
    """Our own store, whatever it is opened on."""

    name = "Unstick"
    _store: PendingMessageStore

    def enqueue(self) -> object:
        """Add one message."""
        message = {
            "type": "observation", "tool_name": "Bash", "tool_input": TOOL_INPUT, "cwd": "/home/somebody/project"
        }  # fmt: skip
        return self._store.enqueue(SESSION, NAME, message)

    def work(self) -> Hashable:
        """Claim and acknowledge."""
        message = self._store.claim_next_message(SESSION)
        if message is None:
            return None
        if not self._store.mark_processed(message.id, claim=message):
            raise RuntimeError("A claim did not stand.")
        return message.id

    def close(self) -> None:
        """Close the store."""
        self._store.close()
