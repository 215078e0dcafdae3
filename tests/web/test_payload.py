from __future__ import annotations

import json

import pytest

from tests.store.backends import Raw
from tests.web.conftest import FAILED, PROCESSED, STUCK, SUMMARY, UNKNOWN, Visitor
from tests.web.reading import partials, press, read
from webui.store import PendingMessageStore


@pytest.fixture
def long(store: PendingMessageStore) -> int:
    """A message whose input is longer than the page shows at first."""
    text = json.dumps({"content": "".join(f"line {number} of many\n" for number in range(10_000))})
    return store.enqueue(1, "alpha", {"type": "observation", "tool_name": "Write", "tool_input": text})


def test_a_short_one_is_shown_whole(client: Visitor) -> None:
    card = read(client.get(f"/messages/{STUCK}")).one("section", id="tool_input")
    assert card.one("pre").text == '{ "command": "make test" }'
    assert card.one("header").text.startswith("Tool input 23 bytes")
    assert "Show more" not in card.text


def test_double_encoding_is_undone_and_said(client: Visitor, raw: Raw) -> None:
    raw.set(STUCK, tool_input=json.dumps(json.dumps({"command": "ls"})))
    card = read(client.get(f"/messages/{STUCK}")).one("section", id="tool_input")
    assert card.one("pre").text == '{ "command": "ls" }'
    assert "encoded twice" in card.one("header").text


def test_a_long_one_is_cut_with_its_size(client: Visitor, long: int) -> None:
    card = read(client.get(f"/messages/{long}")).one("section", id="tool_input")
    assert "first 2 KB of 194.2 KB encoded twice" in card.one("header").text
    assert len("".join(part for part in card.one("pre").text)) <= 2_048
    assert "2,048 characters shown" in card.one(id="more-tool_input").text


def test_the_rest_comes_in_place(client: Visitor, long: int) -> None:
    more = read(client.get(f"/messages/{long}")).one("a", hx_swap="none")
    answer = partials(client.fragment(more.attributes["hx-get"]))
    assert set(answer) == {"#text-tool_input", "#more-tool_input"}
    assert answer["#text-tool_input"].attributes["hx-swap"] == "beforeend"
    assert len(answer["#text-tool_input"].text) > 60_000
    assert "67,584 characters shown" in answer["#more-tool_input"].text


def test_without_javascript_the_rest_is_pages(client: Visitor, long: int) -> None:
    shown = [read(client.get(f"/messages/{long}")).one("pre", id="text-tool_input")]
    url = read(client.get(f"/messages/{long}")).links()["Show more"]
    while url:
        page = read(client.get(url))
        shown.append(page.one("pre"))
        url = page.links().get("Show more", "")
    text = "".join("".join(pre._texts()).rstrip(" ") for pre in shown)
    assert text.count("of many") == 10_000


def test_raw_is_a_download_of_the_stored_bytes(client: Visitor, long: int, raw: Raw) -> None:
    answer = client.get(read(client.get(f"/messages/{long}")).links()["Raw"])
    assert answer.data.decode() == raw.row(long)["tool_input"]
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="message-{long}-tool-input.txt"'
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_not_json_is_shown_as_text(client: Visitor) -> None:
    page = read(client.get(f"/messages/{SUMMARY}"))
    assert page.one("pre", id="text-last_user_message").text == "What now?"
    assert not list(page.one("section", id="last_user_message").every("p", "note"))


def test_a_processed_message_has_none(client: Visitor) -> None:
    assert "cleared when it was processed" in read(client.get(f"/messages/{PROCESSED}")).text
    assert client.get(f"/messages/{PROCESSED}/payload/tool_input?raw").status_code == 404


def test_that_of_an_aborted_message_is_still_there(client: Visitor) -> None:
    press(client, "/", "Abort", row=FAILED)
    assert "main.py" in read(client.get(f"/messages/{FAILED}")).one("pre", id="text-tool_input").text
    assert b"main.py" in client.get(f"/messages/{FAILED}/payload/tool_input?raw").data


@pytest.mark.parametrize("start", ["-1", "x", "٣", "9" * 16, "1.5"])
def test_a_start_that_is_none_is_said(client: Visitor, start: str) -> None:
    assert client.get(f"/messages/{STUCK}/payload/tool_input", query_string={"start": start}).status_code == 400


def test_beyond_the_end_there_is_nothing(client: Visitor) -> None:
    answer = client.get(f"/messages/{STUCK}/payload/tool_input?start=99999")
    assert "There is nothing from here on." in read(answer).text


@pytest.mark.parametrize("query", ["", "?raw", "?start=10"])
def test_what_is_not_there_is_said(client: Visitor, query: str) -> None:
    assert client.get(f"/messages/{UNKNOWN}/payload/tool_input{query}").status_code == 404
    assert client.get(f"/messages/{STUCK}/payload/cwd{query}").status_code == 404
