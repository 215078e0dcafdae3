from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from tests.web.conftest import STUCK, Visitor, addresses, visitor
from webui import assets

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
STRICT = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def strict(answer: TestResponse) -> bool:
    """Whether an answer carries the whole set, each once."""
    return all(answer.headers.getlist(name) == [value] for name, value in STRICT.items())


@pytest.mark.parametrize("host", ["localhost", "evil.test"])
def test_every_answer_has_them(app: Flask, host: str) -> None:
    browser = visitor(app)
    for method, path in [*addresses(app), ("GET", "/messages/999"), ("GET", "/?status=nonsense")]:
        for origin in ("http://localhost", "http://evil.test"):
            answer = browser.open(path, method=method, headers={"Host": host, "Origin": origin})
            assert strict(answer), (method, path, answer.status)


def test_every_answer_under_the_prefix_has_them_and_none_of_the_hosts(mount: Callable[..., Flask]) -> None:
    app = mount()
    browser = visitor(app)
    for method, path in addresses(app, "webui_queue"):
        assert path.startswith("/queue/")
        assert strict(browser.open(path, method=method)), (method, path)
    for path in ("/queue", "/queue/", "/queue/no/such/page", "/queue//", "/queue/a%0ab"):
        assert strict(browser.get(path)), path
    for path in ("/", "/no/such/page", "/queues", "/queue.txt", "/static/app.css"):
        answer = browser.get(path)
        assert not {*STRICT, "Cache-Control", "Vary"} & set(answer.headers.keys()), path


def test_pages_and_fragments_are_not_stored(client: Visitor) -> None:
    for path in ("/", "/stuck", f"/messages/{STUCK}", "/no/such/page"):
        for answer in (client.get(path), client.fragment(path)):
            assert answer.headers["Cache-Control"] == "no-store"
            assert "HX-Request-Type" in answer.headers["Vary"]
    assert "Cookie" in client.get("/").headers["Vary"]


def test_a_file_with_its_fingerprint_is_cached_for_a_year(app: Flask, client: Visitor) -> None:
    with app.test_request_context("/"):
        url = assets.static_url("app.css")
    assert url == f"/static/app.css?v={assets.fingerprint('app.css')}"
    answer = client.get(url)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    unchanged = client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert unchanged.status_code == 304
    assert unchanged.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=", "?v=00000000"])
def test_a_file_without_it_is_asked_for_again(client: Visitor, query: str) -> None:
    answer = client.get(f"/static/app.css{query}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/static/no.css?v=00000000", "/static/", "/static/../webui/app.py", "/static/%2e%2e/x"]
)
def test_a_file_that_is_not_there_is_404(client: Visitor, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_fingerprint_follows_the_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(assets, "folder", lambda name: tmp_path / name)
    file = tmp_path / "static" / "x.css"
    file.parent.mkdir()
    file.write_text("a {}")
    before = assets.fingerprint("x.css")
    file.write_text("b {}")
    assert len(before) == 8
    assert assets.fingerprint("x.css") != before


def test_templates_and_files_are_inside_the_package_or_beside_it() -> None:
    assert (assets.folder("templates") / "webui" / "error.html").is_file()
    assert (assets.folder("static") / "vendor").is_dir()


def test_the_raw_payload_keeps_its_own(client: Visitor) -> None:
    answer = client.get(f"/messages/{STUCK}/payload/tool_input?raw")
    assert answer.status_code == 200
    assert answer.headers.getlist("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_hosts_policy_for_its_pages_is_not_ours_nor_ours_theirs(mount: Callable[..., Flask]) -> None:
    theirs = {"Content-Security-Policy": "default-src https:", "X-Frame-Options": "DENY", "Cache-Control": "public"}

    def policy(response: Response) -> Response:
        response.headers.update(theirs)
        return response

    app = mount(earlier=lambda app: app.after_request(policy))
    app.after_request(policy)
    browser = visitor(app)
    assert strict(browser.get("/queue/"))
    assert browser.get("/queue/").headers["Cache-Control"] == "no-store"
    raw = browser.get(f"/queue/messages/{STUCK}/payload/tool_input?raw")
    assert raw.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert all(browser.get("/").headers[name] == value for name, value in theirs.items())
