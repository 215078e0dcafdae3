from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.schemas import MINUTE, build, connect, insert, shape
from tests.web.conftest import Visitor
from tests.web.reading import opened, read
from webui.store.model import STATUSES
from webui.store.schema import PAYLOADS

NOW = 1_750_000_000_000
ODD: dict[str, tuple[str, Any]] = {
    "invalid JSON": (":odd", '{"a": ["b'),
    "invalid UTF-8": ("CAST(x'80ff41' AS TEXT)", None),
    "a BLOB": ("x'00ff80'", None),
    "NUL": ("'a' || char(0) || 'b'", None),
    "a lone surrogate": ("CAST(x'eda080' AS TEXT)", None),
    "an escaped lone surrogate": (":odd", '"\\ud800"'),
    "5,000 deep": (":odd", "[" * 5_000 + "]" * 5_000),
    "2 MB": (":odd", "x" * 2_000_000),
    "a text as a time": (":odd", "yesterday"),
    "2^63-1": (":odd", 2**63 - 1),
    "-2^63": (":odd", -(2**63)),
    "a real": (":odd", 1e308),
    "a script": (":odd", "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"),
    "htmx": (":odd", '<div hx-post="/x" hx-trigger="load"></div><hx-partial hx-target="body">x</hx-partial>'),
    "the wrong direction": (":odd", "a\u202egnp.exe\u2066\u200b"),
    "a template": (":odd", "{{ 7 * 7 }}{% raw %}${7*7}%s"),
    "nothing": (":odd", ""),
}
MARKUP = re.compile(r"<script>|<img|<div hx-post|<hx-partial hx-target=.body|\x00|[\ud800-\udfff\u202e\u2066\u200b]")


def fill(path: Path, expression: str, value: Any) -> list[int]:
    """Puts the value into every column of both tables, each time in a row of its own in each state; returns the ids."""
    db = connect(path)
    db.execute("PRAGMA ignore_check_constraints = ON")
    names = [row["name"] for row in db.execute("SELECT name FROM pragma_table_info('pending_messages')")]
    sessions = [row["name"] for row in db.execute("SELECT name FROM pragma_table_info('sdk_sessions')")]
    given = {"odd": value} if value is not None else {}
    ids = []
    db.execute("BEGIN")
    for column in names[1:]:
        for status in STATUSES:
            ids.append(_message(db, 1, status))
            db.execute(f"UPDATE pending_messages SET {column} = {expression} WHERE id = {ids[-1]}", given)
    for number, column in enumerate(sessions[1:], 10):
        name = f"session {number}"
        insert(db, "sdk_sessions", id=number, content_session_id=name, project="p", started_at="", started_at_epoch=1)
        db.execute(f"UPDATE sdk_sessions SET {column} = {expression} WHERE id = {number}", given)
        ids += [_message(db, number, status, name) for status in STATUSES]
    db.execute("COMMIT")
    db.close()
    return ids


def _message(db: Any, session: int, status: str, name: str = "alpha") -> int:
    return insert(
        db, "pending_messages", session_db_id=session, content_session_id=name, message_type="observation",
        tool_name="Bash", tool_input='{"command": "ls"}', tool_response='"ok"', cwd="/", last_user_message="hi",
        status=status, created_at_epoch=NOW - MINUTE, started_processing_at_epoch=NOW - MINUTE,
        completed_at_epoch=NOW if status in ("processed", "failed") else None,
    )  # fmt: skip


def harmless(client: Visitor, path: str, *, partial: bool = False) -> dict[str, str]:
    """Opens a page: no error, no markup but ours, nothing that cannot be seen; returns its links."""
    answer = client.fragment(path) if partial else client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status}"
    page = read(answer)
    assert not MARKUP.search(answer.get_data(as_text=True)), path
    assert not [element for element in page.every() if any(name.startswith("on") for name in element.attributes)]
    return page.links()


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_value_in_any_column_is_text_on_every_page(odd: str, tmp_path: Path) -> None:
    path = build(tmp_path / "queue.db", shape("C"))
    ids = fill(path, *ODD[odd])
    with opened(path) as client:
        for first in ("/", "/?order=oldest", "/stuck", "/stuck?threshold=1s", "/recent", "/recent?within=9999d"):
            page: str | None = first
            while page:
                harmless(client, page, partial=True)
                page = harmless(client, page).get("Older")
        for id in ids:
            harmless(client, f"/messages/{id}")


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_payload_is_text_in_whole_and_raw(odd: str, tmp_path: Path) -> None:
    path = build(tmp_path / "queue.db", shape("B"))
    expression, value = ODD[odd]
    db = connect(path)
    for number, field in enumerate(PAYLOADS, 1):
        given = {"odd": value} if value is not None else {}
        db.execute(f"UPDATE pending_messages SET {field} = {expression} WHERE id = {number}", given)
    db.close()
    with opened(path) as client:
        for id, field in enumerate(PAYLOADS, 1):
            harmless(client, f"/messages/{id}/payload/{field}")
            harmless(client, f"/messages/{id}/payload/{field}?start=2048", partial=True)
            raw = client.get(f"/messages/{id}/payload/{field}?raw")
            assert raw.status_code == 200
            assert raw.content_type == "text/plain; charset=utf-8"
