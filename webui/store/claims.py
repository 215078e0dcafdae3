"""Claims beyond the contract: several messages at once, a claim that is kept while its worker still works or waits, and
one that is handed back."""

from __future__ import annotations

import time

from webui.store import migrate
from webui.store import statements as sql
from webui.store.encoding import without_nul
from webui.store.errors import Unsupported
from webui.store.model import Message
from webui.store.store import PendingMessageStore

# Released and claimed again in one millisecond, a message would have two claims that nothing tells apart. (A failure
# needs no such guard: it raises the retry count.)
NOT_AT_ONCE = " [AND coalesce(started_processing_at_epoch, 0) <> :now]"
TRIES = 20
"""How many milliseconds a release waits for a clock that stands still."""


def claim_messages(store: PendingMessageStore, session_db_id: int | None = None, limit: int = 1) -> list[Message]:
    """At most `limit` of the oldest pending messages of a session (None: of all), by id; they are processing now and
    the caller's alone. Empty when nothing is pending."""
    if limit < 1:
        return []
    text = sql.CLAIM_SEVERAL_OF_ANY if session_db_id is None else sql.CLAIM_SEVERAL
    values = {"now": store.stamp()} | ({} if session_db_id is None else {"session": session_db_id})
    claimed = store.claim(text.replace(":batch", str(int(limit))), values)
    return sorted(claimed, key=lambda message: message.id)


def renew_claim(store: PendingMessageStore, claim: Message) -> Message | None:
    """Start a claim anew, so that nobody takes a message that is still worked on for stuck: the claim to go on with, or
    None when it stands no more. Raises Unsupported where a file does not record when a message was claimed."""
    if not store.capabilities.started:
        raise Unsupported(f"{store.name} does not record when a message was claimed, so a claim cannot be renewed.")
    rows = store.database.rows(sql.RENEW + sql.STANDS + sql.STARTED, store.claim_values(claim.id, claim))
    return claim._replace(started_processing_at_epoch=rows[0][0]) if rows else None


def note_failure(store: PendingMessageStore, claim: Message, error: str) -> Message | None:
    """Count a failed attempt and keep its reason at once, and hold the message back, its claim started anew, until
    `put_back` ends that: the claim to go on with, or None when it stands no more (then nothing is kept). Not for
    the last attempt: `mark_failed`."""
    values = store.claim_values(claim.id, claim)
    with store.database.writing() as tx:
        migrate.ensure_side_tables(tx)  # before the row is locked, as an operator's action does it
        rows = tx.rows(sql.NOTE_FAILED + sql.STANDS + sql.NOTED, values)
        if rows:
            tx.rows(sql.KEEP_REASON, {"id": claim.id, "now": values["now"], "error": without_nul(error)})
    if not rows:
        return None
    started, retry_count = rows[0]
    return claim._replace(started_processing_at_epoch=started, retry_count=retry_count)


def put_back(store: PendingMessageStore, claim: Message) -> bool:
    """Make a message pending whose failure was noted; whether its claim still stood."""
    return store.database.change(sql.RELEASE + sql.STANDS, store.claim_values(claim.id, claim)) > 0


def release_claim(store: PendingMessageStore, claim: Message) -> bool:
    """Hand a claimed message back, pending with its retry count as it was; whether the claim still stood. Never in the
    very millisecond of the claim: it waits for the next one."""
    text = sql.RELEASE + sql.STANDS + NOT_AT_ONCE + " RETURNING id"
    for _ in range(TRIES):
        too_early = store.now() == claim.started_processing_at_epoch
        if store.database.rows(text, store.claim_values(claim.id, claim)):
            return True
        if not too_early:
            break
        time.sleep(0.001)
    return False
