"""A message with every field, and the row that it is stored as."""

from __future__ import annotations

from webui.store import PendingMessage

FULL = PendingMessage(
    type="observation",
    tool_name="Bash",
    tool_input={"command": "ls"},
    tool_response={"stdout": "a"},
    cwd="/home/somebody",
    last_user_message="do it",
    last_assistant_message="done",
    prompt_number=7,
)
STORED = {
    "content_session_id": "alpha",
    "message_type": "observation",
    "tool_name": "Bash",
    "tool_input": '{"command":"ls"}',
    "tool_response": '{"stdout":"a"}',
    "cwd": "/home/somebody",
    "last_user_message": "do it",
    "last_assistant_message": "done",
    "prompt_number": 7,
    "status": "pending",
    "retry_count": 0,
    "started_processing_at_epoch": None,
    "completed_at_epoch": None,
}
OPTIONAL = (
    "tool_name",
    "tool_input",
    "tool_response",
    "cwd",
    "last_user_message",
    "last_assistant_message",
    "prompt_number",
)
