"""Claims beyond the contract: several messages at once, and a claim that is kept while its worker still works."""

from __future__ import annotations

from dataclasses import replace

from webui.store import statements as sql
from webui.store.errors import Unsupported
from webui.store.model import Message
from webui.store.store import PendingMessageStore


def claim_messages(store: PendingMessageStore, session_db_id: int | None = None, limit: int = 1) -> list[Message]:
    """At most `limit` of the oldest pending messages of a session (None: of all), by id; they are processing now and
    the caller's alone. Empty when nothing is pending."""
    if limit < 1:
        return []
    text = sql.CLAIM_SEVERAL_OF_ANY if session_db_id is None else sql.CLAIM_SEVERAL
    values = {"now": store.stamp()} | ({} if session_db_id is None else {"session": session_db_id})
    claimed = store.read(text.replace(":batch", str(int(limit))), values)
    return sorted(claimed, key=lambda message: message.id)


def renew_claim(store: PendingMessageStore, claim: Message) -> Message | None:
    """Start a claim anew, so that nobody takes a message that is still worked on for stuck: the claim to go on with, or
    None when it stands no more. Raises Unsupported where a file does not record when a message was claimed."""
    if not store.capabilities.started:
        raise Unsupported(f"{store.name} does not record when a message was claimed, so a claim cannot be renewed.")
    rows = store.database.rows(sql.RENEW + sql.STANDS + sql.STARTED, store.claim_values(claim.id, claim))
    return replace(claim, started_processing_at_epoch=rows[0][0]) if rows else None
