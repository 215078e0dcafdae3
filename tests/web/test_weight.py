"""How many bytes go out: of a first visit, of a refresh; and in which encoding."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from random import Random

import brotli
import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from tests.store.backends import Clock
from tests.web.conftest import STUCK, Visitor, visitor
from webui import assets, texts
from webui.store import PendingMessageStore

FIRST_VISIT = 35 * 1024
REFRESH = 10 * 1024
BROWSERS = {"Accept-Encoding": "gzip, deflate, br"}
TOOLS = ("Bash", "Read", "Edit", "Write", "Grep", "WebFetch", "Task", "mcp__github__create_issue")
WORDS = (
    "parse",
    "token",
    "cache",
    "worker",
    "session",
    "index",
    "payload",
    "retry",
    "queue",
    "migrate",
    "schema",
    "filter",
)


@pytest.fixture
def full(store: PendingMessageStore, clock: Clock) -> None:
    """More than a page of messages in all states, no two of them alike."""
    by_chance = Random(7)
    sessions = [store.ensure_session(f"s{n}", by_chance.choice(WORDS)) for n in range(30)]
    for number in range(170):
        clock.tick(by_chance.randrange(1000, 90_000))
        session = by_chance.randrange(30)
        path = "/home/ana/" + "/".join(by_chance.sample(WORDS, 4)) + f"-{number}.py"
        message = {"type": "observation", "tool_name": by_chance.choice(TOOLS), "tool_input": {"file_path": path}}
        id = store.enqueue(sessions[session], f"s{session}", message)
        if number % 3:
            for _ in range(number % 3):
                clock.tick(by_chance.randrange(1000, 90_000))
                store.mark_processing(id)
        if number % 3 == 2:
            for _ in range(store.max_retries + 1):
                store.mark_failed(id)


def sent(answer: TestResponse) -> int:
    """Bytes of its body on the wire."""
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    return len(answer.data)


def plain(answer: TestResponse) -> bytes:
    """Its body as it was before it was compressed."""
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(answer.headers.get("Content-Encoding", ""), bytes)
    return bytes(unpack(answer.data))


def loaded_by(page: str) -> set[str]:
    """What a browser loads with a page: its files, and the fragments that it asks for at once."""
    files = re.findall(r'<(?:link|script|img)\b[^>]* (?:href|src)="([^"]+)"', page)
    fragments = re.findall(r'hx-get="([^"]+)" hx-trigger="load', page)
    return {url.replace("&amp;", "&") for url in (*files, *fragments)}


@pytest.mark.parametrize("path", ["/", "/stuck", "/recent", f"/messages/{STUCK}", "/journal", "/trash", "/embed/"])
@pytest.mark.parametrize("language", texts.languages())
def test_a_first_visit_is_light(client: Visitor, full: None, path: str, language: str) -> None:
    headers = {**BROWSERS, "Accept-Language": language}
    page = client.get(path, headers=headers)
    assert f'<html lang="{language}"' in plain(page).decode()
    loaded = {url: client.get(url, headers=headers) for url in loaded_by(plain(page).decode())}
    assert len(loaded) >= 4
    assert plain(page).count(b'<tr id="row-') == (50 if path in ("/", "/stuck", "/embed/") else 0)
    assert not any(b"url(" in plain(answer) or b"@import" in plain(answer) for answer in loaded.values())
    weight = {path: sent(page), **{url: sent(answer) for url, answer in loaded.items()}}
    assert sum(weight.values()) <= FIRST_VISIT, weight


def test_a_refresh_is_lighter(client: Visitor, full: None) -> None:
    for path in ("/", "/?v=1.0"):
        answer = client.get(path, headers={**BROWSERS, "HX-Request": "true", "HX-Request-Type": "partial"})
        assert plain(answer).count(b'<tr id="row-') == 50
        assert sent(answer) <= REFRESH


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("*", "br"),
        ("identity, br;q=0.5", None),
        ("zstd", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("path", ["/", "/static/page.js", "/static/favicon.svg", "/no/such/page"])
def test_it_comes_as_the_browser_likes_it(client: Visitor, path: str, accepted: str, encoding: str | None) -> None:
    answer = client.get(path, headers={"Accept-Encoding": accepted})
    usual = client.get(path)
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.content_type == usual.content_type
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Accept-Encoding" in usual.headers["Vary"]
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert (len(answer.data) < len(usual.data) * 0.8) == (encoding is not None)
    if path.startswith("/static"):
        assert plain(answer) == usual.data
    else:
        assert plain(answer).rstrip().endswith(b"</html>")
    head = client.head(path, headers={"Accept-Encoding": accepted})
    assert (head.data, head.headers.get("Content-Encoding")) == (b"", encoding)


def test_a_file_is_another_in_each_encoding_and_is_kept_in_each(app: Flask, client: Visitor) -> None:
    with app.test_request_context("/"):
        url = assets.static_url("page.css")
    tags = set()
    for accepted in ("br", "gzip", ""):
        answer = client.get(url, headers={"Accept-Encoding": accepted})
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        tags.add(answer.headers["ETag"])
        again = {"Accept-Encoding": accepted, "If-None-Match": answer.headers["ETag"]}
        unchanged = client.get(url, headers=again)
        assert (unchanged.status_code, unchanged.data) == (304, b"")
        assert "Content-Encoding" not in unchanged.headers
    assert len(tags) == 3


@pytest.mark.parametrize("name", assets.PARTS)
def test_parts_are_sent_as_one_without_what_is_for_readers(client: Visitor, name: str) -> None:
    text = client.get(f"/static/{name}").text
    sources = [(assets.folder("static") / part).read_text("utf-8") for part in assets.PARTS[name]]
    assert not re.search(r"/\*|^\s*//|^\s", text, re.M)
    for source in sources:  # none is left out, and no word that a page shows has changed
        words = re.findall(r'"[^"\n]*"' if name.endswith(".js") else r"--[\w-]+:|\.[a-z][\w-]+ \{", source)
        assert words
        assert [word for word in words if word.replace(" {", "{") not in text] == []


def test_no_style_loses_a_space_that_means_something() -> None:
    """rcssmin takes `a :is(b)` inside a layer for a declaration, and makes it `a:is(b)`."""
    for path in assets.folder("static").glob("*.css"):
        assert not re.findall(r"[\w)\]*] :[a-z].*", path.read_text("utf-8")), path


def test_what_is_streamed_or_no_page_stays_as_it_is(client: Visitor) -> None:
    for path in ("/export.ndjson", "/export.csv", f"/messages/{STUCK}/payload/tool_input?raw"):
        answer = client.get(path, headers=BROWSERS)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers


def test_nothing_is_compressed_twice_and_nothing_of_the_hosts(mount: Callable[..., Flask]) -> None:
    def compress(response: Response) -> Response:
        if response.mimetype == "text/html" and not response.is_streamed:
            response.set_data(gzip.compress(response.get_data()))
            response.headers["Content-Encoding"] = "gzip"
        return response

    hosts_own = visitor(mount()).get("/", headers=BROWSERS)
    assert not {"Content-Encoding", "Vary"} & set(hosts_own.headers.keys())
    page = visitor(mount(earlier=lambda app: app.after_request(compress))).get("/queue/", headers=BROWSERS)
    assert page.headers.getlist("Content-Encoding") == ["gzip"]
    assert gzip.decompress(page.data).rstrip().endswith(b"</html>")


@pytest.mark.parametrize(
    ("site", "path", "compressed"),
    [
        ("same-origin", "/?text=words", True),
        ("none", "/?text=words", True),
        ("cross-site", "/", True),
        ("cross-site", "/?text=words", False),
        ("same-site", "/?text=words", False),
        ("same-site", "/?theme=dark", True),
        ("same-site", "/?theme=dark&words", False),
    ],
)
def test_words_of_another_site_are_not_compressed_with_ours(
    client: Visitor, site: str, path: str, compressed: bool
) -> None:
    led_here = {**BROWSERS, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    answer = client.get(path, headers=led_here)
    assert answer.status_code == 200
    assert ("Content-Encoding" in answer.headers) == compressed
