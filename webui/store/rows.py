"""A `Row` from a record: short texts, the first bytes and the size of each payload, never a payload."""

from __future__ import annotations

from typing import Any

from webui.store.database import Record, Transaction
from webui.store.errors import NotFound
from webui.store.model import Piece, Row
from webui.store.schema import KEYS, KNOWN_EXTRA, PREFIXES, QUEUE, TRASH
from webui.store.sentence import sentence

_LONGEST = 400

ONE = "SELECT {row} FROM pending_messages WHERE id = :id"
TRASHED = "SELECT {row}, journal_id, trash_id FROM {trash} WHERE id = :id ORDER BY trash_id DESC LIMIT 1"
NEWEST = "SELECT {key} FROM {table} WHERE id = :id ORDER BY {key} DESC LIMIT 1"


def find(tx: Transaction, id: int) -> Row:
    """The row with this id, from the trash if it was aborted. Raises NotFound."""
    found = seek(tx, id)
    if found is None:
        raise NotFound(sentence("Message {id} is not in the queue: it was deleted, or it was never there.", id=id))
    return found


def seek(tx: Transaction, id: int) -> Row | None:
    """As `find`; None where there is none."""
    for record in tx.rows(ONE, {"id": id}):
        return row(tx, record)
    for record in tx.rows(TRASHED, {"id": id}) if tx.shape.has(TRASH) else []:
        return row(tx, record, trashed=True)
    return None


def row(tx: Transaction, record: Record, *, trashed: bool = False) -> Row:
    """The record of a `{row}` query as a Row."""
    table = TRASH if trashed else QUEUE
    found = dict(zip(record.keys(), record, strict=True))  # drivers look for a name from the first column on
    pieces: dict[str, Any] = {name: tx.head(record, table, name, limit) for name, limit in PREFIXES.items()}
    return Row(
        id=found["id"],
        session_db_id=_short(found["session_db_id"]),
        content_session_id=_text(found["content_session_id"]) or "",
        message_type=_text(found["message_type"]) or "",
        tool_name=_text(found["tool_name"]),
        cwd=_text(found["cwd"]),
        prompt_number=_short(found["prompt_number"]),
        status=_text(found["status"]) or "",
        retry_count=_short(found["retry_count"]),
        created_at=_short(found["created_at_epoch"]),
        started_at=_short(found["started_processing_at_epoch"]),
        completed_at=_short(found["completed_at_epoch"]),
        failed_at=_short(found["failed_at_epoch"]),
        project=_text(found["project"]),
        session_status=_text(found["session_status"]),
        seen=str(found["seen"]),
        extra={name: _short(found[name]) for name in KNOWN_EXTRA if found[name] is not None},
        trashed_by=found["journal_id"] if trashed else None,
        **pieces,
    )


def payload(tx: Transaction, id: int, column: str, offset: int, limit: int) -> Piece:
    """A part of one payload, from the trash if the message was aborted. Raises NotFound."""
    for table, key in KEYS.items():
        if tx.shape.has(table):
            for row in tx.rows(NEWEST.format(table=table, key=key), {"id": id}):
                return tx.peek(table, column, row[0], max(offset, 0), limit)
    raise NotFound(sentence("Message {id} is not in the queue: it was deleted, or it was never there.", id=id))


def _text(value: Any) -> str | None:
    """Any value as text: a file may hold bytes or a number where a text belongs."""
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _short(value: Any) -> Any:
    """A number as it is; anything else that a damaged file has in its place as a short text."""
    return value if value is None or isinstance(value, (int, float)) else (_text(value) or "")[:_LONGEST]
