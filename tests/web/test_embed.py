"""The panel and the badge in other pages: who may have what in a frame, and who may do nothing with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask, Response

from tests.project.places import ROOT
from tests.store.backends import Raw
from tests.web.conftest import FAILED, STUCK, Visitor, addresses, on_each, visitor
from tests.web.test_headers import CSP, strict
from webui import config
from webui.cli import main
from webui.options import SettingError
from webui.origins import exact

VIEWER = "http://localhost:37777"
TEAM = "https://team.example.com"
EMBEDDED = ("/embed", "/embed/", "/embed/stuck", f"/embed/messages/{STUCK}", "/embed/messages/999", "/embed/no/page",
            "/embed/?status=nonsense", "/badge")  # fmt: skip
NOT_ORIGINS = (
    "", "*", "localhost", "localhost:37777", "http://*", "http://localhost:*", "http://*.example.com", "https:",
    "http://localhost:37777/", "http://localhost:37777/viewer", "http://a.example;script-src", "http://a.example b",
    "http://a.example http://b.example", "http://a.example,http://b.example", "http://a.example\n", "'self'", "null",
    "file:///tmp", "http://ana@a.example", "http://a.example?b", "http://a.example#b", "http://[::1]:37777",
    "http://a.example:0", "http://a.example:65536", "http://a.example:80", "https://a.example:443", "http://a..b",
    "http://-a.example", "http://localhost:٣", "javascript:alert(1)", "data:text/html,x",
)  # fmt: skip


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(EMBED_ORIGINS=[VIEWER, TEAM])


@pytest.mark.parametrize("path", EMBEDDED)
def test_the_embedded_pages_name_exactly_the_origins(client: Visitor, path: str) -> None:
    answer = client.get(path)
    assert answer.headers.getlist("Content-Security-Policy") == [f"{CSP} {VIEWER} {TEAM}"]
    assert "X-Frame-Options" not in answer.headers


def test_every_other_answer_is_framed_by_our_own_pages_only(app: Flask) -> None:
    for method, path in addresses(app):
        if path not in ("/badge", "/static/embed.js"):
            assert strict(visitor(app).open(path, method=method, headers={"Origin": "http://localhost"})), path


@pytest.mark.parametrize("path", EMBEDDED)
def test_without_origins_everything_is(make_app: Callable[..., Flask], path: str) -> None:
    assert strict(visitor(make_app()).get(path))


def test_a_raw_payload_keeps_its_stricter_policy(client: Visitor) -> None:
    answer = client.get(f"/embed/messages/{STUCK}/payload/tool_input?raw")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_hosts_own_headers_do_not_come_between(mount: Callable[..., Flask]) -> None:
    def deny(response: Response) -> Response:
        response.headers["X-Frame-Options"] = "DENY"
        return response

    browser = visitor(mount(earlier=lambda app: app.after_request(deny), embed_origins=[VIEWER]))
    assert "X-Frame-Options" not in browser.get("/queue/embed/").headers
    assert browser.get("/queue/").headers["X-Frame-Options"] == "SAMEORIGIN"
    assert browser.get("/").headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("text", NOT_ORIGINS)
def test_what_is_no_exact_origin_is_refused_with_a_sentence(mount: Callable[..., Flask], text: str) -> None:
    with pytest.raises(ValueError, match="http://localhost:37777"):
        exact(text)
    with pytest.raises(SettingError, match=r"^embed_origins=: an origin is"):
        mount(embed_origins=[VIEWER, text])


def test_a_text_is_no_list(mount: Callable[..., Flask]) -> None:
    with pytest.raises(SettingError, match="list of names"):
        mount(embed_origins=VIEWER)


@pytest.mark.parametrize("text", ["*", f"{VIEWER}/", f"{VIEWER};", f"{VIEWER},{TEAM}", f"{VIEWER} {TEAM}"])
def test_the_command_does_not_start_with_one(text: str, tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["serve", str(tmp_path / "no.db"), "--embed-origin", VIEWER, "--embed-origin", text])
    assert ran.exit_code == 2
    assert "an origin is the scheme, the host and the port" in ran.output


def test_in_the_environment_they_have_commas_between() -> None:
    settings = config.read({}, {"UNSTICK_EMBED_ORIGINS": f"{VIEWER}, {TEAM.upper()}"})
    assert settings.embed_origins == (VIEWER, TEAM)
    with pytest.raises(SettingError, match=r"^UNSTICK_EMBED_ORIGINS: an origin is"):
        config.read({}, {"UNSTICK_EMBED_ORIGINS": f"{VIEWER},*"})


def test_embed_js_is_the_only_file_for_other_origins(client: Visitor) -> None:
    for file in sorted(path for path in (ROOT / "static").rglob("*") if path.is_file()):
        answer = client.get(f"/static/{file.relative_to(ROOT / 'static')}")
        shared = answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert shared == (file.name == "embed.js"), file
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert client.get("/static/embed.js", headers=foreign).status_code == 200
    for path in ("/embed/", "/badge"):
        assert client.get(path, headers=foreign).status_code == 403


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_a_page_around_it_may_show_it_and_not_act(client: Visitor, raw: Raw, site: str) -> None:
    frame = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    assert client.get("/embed/stuck", headers=frame).status_code == 200
    before = raw.exact()
    answer = client.act(f"/embed/messages/{STUCK}/retry", headers={**frame, "Origin": VIEWER})
    assert answer.status_code == 403
    assert raw.exact() == before


@pytest.mark.parametrize("path", ["/embed/", "/embed/stuck", "/embed/recent", "/embed/journal", "/embed/trash",
                                  f"/embed/messages/{STUCK}", f"/embed/messages/{FAILED}"])  # fmt: skip
def test_its_links_and_buttons_stay_in_it(client: Visitor, path: str) -> None:
    page = client.get(path).text
    assert "Colours" not in page
    page, outside = re.subn(r'<a href="/" target="_blank" rel="noopener">', "", page)
    assert outside == 1
    found = re.findall(r'\b(?:href|src|action|formaction|hx-get|hx-post)="(?!#)([^"]*)"', page)
    assert len(found) > 10
    assert [url for url in found if not url.startswith(("/embed/", "/static/"))] == []


def test_an_action_without_javascript_comes_back_into_it(client: Visitor) -> None:
    seen = re.search(r'name="seen" value="([^"]*)"', client.get(f"/embed/messages/{STUCK}").text)
    assert seen
    answer = client.act(f"/embed/messages/{STUCK}/retry", {"seen": seen[1], "at": "stuck"}, page="/embed/stuck")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/embed/stuck")
    client.get("/badge")
    assert f"Retried #{STUCK}" in client.get("/embed/stuck").text


@pytest.mark.parametrize("path", ["/embed/", "/badge"])
@pytest.mark.parametrize(("asked", "theme"), [("dark", "dark"), ("light", "light"), ('"><b>', None), ("", None)])
def test_the_theme_of_the_address(client: Visitor, path: str, asked: str, theme: str | None) -> None:
    page = client.get(path, query_string={"theme": asked}).text
    found = re.search(r'<html lang="en" data-panel="([^"]*)" data-words="[^"]+"( data-theme="(\w+)")?>', page)
    assert found
    assert (found[1], found[3]) == (f"{VIEWER} {TEAM}", theme)


def test_the_address_without_a_slash_leads_there(client: Visitor) -> None:
    answer = client.get("/embed?theme=dark")
    assert (answer.status_code, answer.headers["Location"]) == (308, "http://localhost/embed/?theme=dark")


def test_every_embedded_address_asks_for_permission(mount: Callable[..., Flask], raw: Raw) -> None:
    app = mount(may=lambda action: False)
    before, found = raw.exact(), addresses(app, "webui_queue_embed")
    assert len(found) > 30
    for method, path in found:
        assert path.startswith("/queue/embed/")
        answer = visitor(app).open(path, method=method, headers={"Origin": "http://localhost"})
        assert answer.status_code == 403, (method, path)
    assert raw.exact() == before


@on_each
def test_the_badge_says_how_many_there_are_and_are_stuck(client: Visitor, raw: Raw) -> None:
    def words(**headers: Any) -> str:
        shown = client.get("/badge", headers=headers).text
        return " ".join(re.sub(r"<[^>]*>", "", shown.partition("<body>")[2] or shown).split())

    assert words() == words(**{"HX-Request-Type": "partial"}) == "5 messages in the queue, 1 stuck"
    raw.run(f"UPDATE pending_messages SET status = 'pending' WHERE id = {STUCK}")
    assert words() == "5 messages in the queue"
    assert "stuck" not in client.get("/badge").text


def test_the_badges_count_is_bounded(client: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.store.diagnosis.BOUND", 1)
    assert "+</span>" in client.get("/badge").text


def test_embed_js_is_short_and_alone() -> None:
    text = (ROOT / "static" / "embed.js").read_text("utf-8")
    assert len(text.splitlines()) < 130
    assert "import" not in text


def test_both_sides_know_the_same_properties() -> None:
    lists = [
        set(re.findall(r'"([a-z0-9-]+)"', re.search(r"PROPERTIES = \[(.*?)\]", text, re.DOTALL)[1]))  # type: ignore[index]
        for text in ((ROOT / "static" / name).read_text("utf-8") for name in ("embed.js", "panel.js"))
    ]
    tokens = (ROOT / "static" / "tokens.css").read_text("utf-8")
    colours = {name for name, value in re.findall(r"--([a-z0-9-]+): (.*);", tokens) if value.startswith("light-dark")}
    assert lists[0] == lists[1] == colours
    documented = (ROOT / "docs" / "embedding.md").read_text("utf-8")
    assert [name for name in sorted(colours) if f"`{name}`" not in documented] == []
