from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webui.json_text import visible
from webui.store.model import Piece, Row
from webui.target import KEYS, LONGEST, LONGEST_LABEL, target, tool_icon, tool_label


def piece(stored: str | bytes | None, size: int | None = None) -> Piece:
    if stored is None:
        return Piece("null")
    data = stored.encode("utf-8", "surrogatepass") if isinstance(stored, str) else stored
    return Piece("text", len(data) if size is None else size, data)


def row(tool_input: str | bytes | None = None, *, tool_name: str | None = "Bash", size: int | None = None) -> Row:
    return make("observation", tool_name, tool_input=piece(tool_input, size))


def summary(user: str | None, assistant: str | None) -> Row:
    return make("summarize", None, last_user_message=piece(user), last_assistant_message=piece(assistant))


def make(message_type: str, tool_name: str | None, **pieces: Any) -> Row:
    return Row(
        id=1, session_db_id=1, content_session_id="c", message_type=message_type, tool_name=tool_name, cwd=None,
        prompt_number=None, status="pending", retry_count=0, created_at=0, started_at=None, completed_at=None,
        failed_at=None, project=None, session_status=None, seen="", **pieces,
    )  # fmt: skip


def encoded(value: Any, times: int = 2) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for _ in range(times - 1):
        text = json.dumps(text, ensure_ascii=False)
    return text


@pytest.mark.parametrize(
    ("called_with", "shown"),
    [
        ({"file_path": "/Users/mia/code/naïve-café/emoji-🍰.md"}, "emoji-🍰.md"),
        ({"file_path": r"C:\code\app\main.py"}, "main.py"),
        ({"file_path": "/a/folder/"}, "folder"),
        ({"file_path": "/"}, "/"),
        ({"notebook_path": "/a/b.ipynb", "new_source": "x"}, "b.ipynb"),
        ({"command": "npm test", "description": "Run npm"}, "npm test"),
        ({"command": "\n  cat <<EOF\ntext\nEOF"}, "cat <<EOF"),
        ({"command": "a  &&\tb"}, "a && b"),
        ({"pattern": "TODO|FIXME", "path": "/code/src"}, '"TODO|FIXME" in src'),
        ({"path": "/code/src/", "pattern": r"retry\s*\+"}, r'"retry\s*\+" in src'),
        ({"pattern": "**/*.py"}, '"**/*.py"'),
        ({"url": "https://www.sqlite.org/wal.html?a=secret#top", "prompt": "?"}, "www.sqlite.org/wal.html"),
        ({"url": "https://mia:secret@example.com:8080/"}, "example.com:8080"),
        ({"url": "mia:secret@example.com/a"}, "example.com/a"),
        ({"url": "//example.com/@scope/pkg"}, "example.com/@scope/pkg"),
        ({"url": "http://[::1"}, "[::1"),
        ({"url": "localhost:8080/a"}, "localhost:8080/a"),
        ({"url": "https://mia:secret@", "note": "x"}, "…"),
        ({"url": "", "note": "x"}, "x"),
        ({"query": "sqlite wal"}, "sqlite wal"),
        ({"prompt": "Search for …", "description": "Find queue code"}, "Find queue code"),
        ({"prompt": "Search\nfor it"}, "Search for it"),
        ({"todos": [{"content": "a", "tags": ["x", "y"]}, 1, "c", [2]]}, "4 todos"),
        ({"todos": [{}]}, "1 todo"),
        ({"todos": []}, "0 todos"),
        ({"fullPage": True, "filename": "home page.png"}, "home page.png"),
        ({"depth": 3, "sql": "select 1", "other": "x"}, "select 1"),
        ({"empty": " ", "then": "this"}, "this"),
        ({"file_path": "", "old_string": "x"}, "x"),
        ({"file_path": None, "command": ["ls"], "url": {"query": "no"}, "n": 1}, None),
        ({}, "{}"),
        ({"fullPage": True}, '{"fullPage":true}'),
        (["first", "second"], "first"),
        ("just a text", "just a text"),
        (12345678901234567000, "12345678901234567000"),
    ],
)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_is_shown(called_with: Any, shown: str | None, times: int) -> None:
    expected = shown if shown is not None else encoded(called_with, 1)
    assert target(row(encoded(called_with, times))) == expected


@pytest.mark.parametrize("first", [key for key in KEYS if key != "todos"])
def test_the_tables_order_decides_not_the_texts(first: str) -> None:
    lower = list(KEYS)[list(KEYS).index(first) :]
    values: dict[str, Any] = {key: [] if key == "todos" else f"the {key}" for key in reversed(lower)}
    assert target(row(encoded(values))).strip('"') == f"the {first}"


def test_only_members_of_the_object_itself_count() -> None:
    inside = {"options": {"file_path": "/no"}, "list": [{"command": "no"}], "note": '{"url": "http://no"}'}
    assert target(row(encoded(inside))) == '{"url": "http://no"}'
    assert target(row(encoded({**inside, "filename": "yes"}))) == "yes"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ('not json at all, "command": "x"', 'not json at all, "command": "x"'),
        ('"Foo" is not defined', '"Foo" is not defined'),
        ('{"command":"broken', "broken…"),
        ('{"old_string":"ac"]}', "ac"),
        ('"{\\"file_path\\":\\"/a/b.py\\",\\"x\\":\\"\n\x00\\"}"', "b.py"),
        ("[" * 3000, "[" * (LONGEST - 1) + "…"),
        ('{"command":"a\x00b\u202ec"}', "a␀b\\u202ec"),
        (r'{"file_path":"/tmp/\ud83d.txt"}', r"\ud83d.txt"),
        (b'{"file_path":"/tmp/\xff.txt"}', "\ufffd.txt"),
        (b"\x80\xff", "\ufffd\ufffd"),
        ("", ""),
        (" \n", ""),
        (None, ""),
    ],
)
def test_odd_values_show_what_is_there(stored: str | bytes | None, shown: str) -> None:
    assert target(row(stored)) == shown


def test_a_number_in_the_place_of_a_text() -> None:
    assert target(make("observation", "X", tool_input=Piece("integer", 8, b"42"))) == "42"


def test_a_long_target_ends_in_an_ellipsis() -> None:
    shown = target(row(encoded({"command": "x" * 500})))
    assert shown == "x" * (LONGEST - 1) + "…"
    assert target(row(encoded({"command": "x" * LONGEST}))) == "x" * LONGEST


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ('{"todos":[{"content":"a"},{"con', "2+ todos"),
        ('{"todos":[', "0+ todos"),
        ('{"content":"a long tex', "a long tex…"),
        ('{"a":1,"file_pa', '{"a":1,"file_pa'),
        ('{"url":"https://mia:secr', "…"),
        ('{"url":"https://example.com/a', "example.com/a…"),
    ],
)
def test_what_the_prefix_cuts_off(stored: str, shown: str) -> None:
    assert target(row(stored, size=100_000)) == shown


def test_summarize_shows_what_was_said() -> None:
    assert target(summary("rotate\n the keys", "done")) == "“rotate the keys”"
    assert target(summary(None, "done")) == "“done”"
    assert target(summary(" ", None)) == ""
    assert target(summary(None, None)) == ""
    long = target(summary("word " * 200, None))
    assert len(long) <= LONGEST
    assert long.startswith("“word word")
    assert long.endswith("…”")


@pytest.mark.parametrize(
    ("name", "label", "icon"),
    [
        ("Bash", "Bash", "terminal"),
        ("Read", "Read", "book"),
        ("NotebookEdit", "NotebookEdit", "pencil"),
        ("Glob", "Glob", "search"),
        ("WebFetch", "WebFetch", "globe"),
        ("Task", "Task", "branch"),
        ("TodoWrite", "TodoWrite", "list"),
        ("mcp__playwright__browser_take_screenshot", "playwright: browser_take_screenshot", "plug"),
        ("mcp__a__b__c", "a: b__c", "plug"),
        ("mcp__server", "mcp__server", "plug"),
        ("mcp____", "mcp____", "plug"),
        ("Unheard", "Unheard", "box"),
        ("x\u202ey\x00", "x\\u202ey␀", "box"),
        ("n" * 200, "n" * (LONGEST_LABEL - 1) + "…", "box"),
        (" ", "No tool name", "box"),
        ("", "No tool name", "box"),
        (None, "No tool name", "box"),
    ],
)
def test_label_and_icon(name: str | None, label: str, icon: str) -> None:
    assert tool_label(row(tool_name=name)) == label
    assert tool_icon(row(tool_name=name)) == icon


def test_summarize_has_a_name_and_an_icon() -> None:
    assert tool_label(summary(None, None)) == "Summarize"
    assert tool_icon(summary(None, None)) == "list"


def check(shown: str) -> None:
    assert len(shown) <= LONGEST
    assert "\n" not in shown
    assert visible(shown) == shown
    shown.encode()


SHREDS = [
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b'"file_path"',
    b'"url"',
    b"//",
    b"@",
    b"u",
    b"d83d",
    b"\xc3",
]


@given(st.binary(max_size=200) | st.lists(st.sampled_from(SHREDS), max_size=30).map(b"".join), st.booleans())
def test_never_raises_on_any_bytes(data: bytes, cut: bool) -> None:
    stored = Piece("text", 10**9 if cut else len(data), data)
    check(target(make("observation", "X", tool_input=stored)))
    check(target(make("summarize", None, last_user_message=stored)))


NAMES = st.text(max_size=8).filter(lambda name: name not in KEYS)
OTHERS = st.dictionaries(NAMES, st.text(max_size=20) | st.integers() | st.lists(st.text(max_size=5)), max_size=3)


PLAIN_KEYS = [key for key in KEYS if key not in ("pattern", "todos")]


@given(OTHERS, st.sampled_from(PLAIN_KEYS), st.text(max_size=20), OTHERS, st.booleans(), st.integers(1, 3), st.data())
def test_every_cut_behind_the_known_key_shows_the_same(
    before: dict[str, Any], key: str, value: str, after: dict[str, Any], ascii: bool, times: int, data: st.DataObject
) -> None:
    def store(value: Any) -> bytes:
        for _ in range(times):
            value = json.dumps(value, ensure_ascii=ascii)
        return str(value).encode()

    known = {**before, key: value + "x"}  # never blank: a blank one is passed over for what comes after it
    whole, shorter = store(known | {**after, **known}), store(known)
    behind = next((place for place, (a, b) in enumerate(zip(whole, shorter, strict=False)) if a != b), len(whole))
    cut = data.draw(st.integers(0, len(whole)))
    shown = target(row(whole[:cut], size=len(whole)))
    check(shown)
    if cut >= behind:
        assert shown == target(row(whole))
