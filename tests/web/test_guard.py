from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from tests.store.backends import Raw
from tests.web.conftest import STUCK, Visitor, addresses, visitor
from webui.guard import refusal

GOOD_HOSTS = (
    "localhost",
    "LOCALHOST:1",
    "localhost:8377",
    "127.0.0.1",
    "127.9.9.9:80",
    "[::1]",
    "[::1]:8377",
    "box:8377",
    "queue.example.com",
    "Queue.Example.com",
)
BAD_HOSTS = (
    "",
    "evil.test",
    "evil.test:8377",
    "localhost.evil.test",
    "127.0.0.1.evil.test",
    "box",
    "box:8378",
    "queue.example.com:81",
    "0.0.0.0",
    "0.0.0.0:8377",
    "[::]",
    "[::1",
    "::1",
    "10.0.0.1",
    "127.1",
    "2130706433",
    "ana@localhost",
    "localhost@evil.test",
    "localhost, evil.test",
    "localhost,localhost",
    "localhost:",
    "localhost:port",
    "localhost:123456",
    "http://localhost",
    "localhost/",
    "localhost#",
    "lócalhost",
    "localhost\t",
)
HOSTS = ("box:8377", "queue.example.com")


def asked(method: str = "GET", host: str | None = "localhost", **headers: str) -> str | None:
    """Why the guard refuses such a request."""
    sent = Headers([(name.replace("_", "-"), text) for name, text in headers.items()])
    builder = EnvironBuilder("/", method=method, headers=sent)
    environ = builder.get_environ()
    del environ["HTTP_HOST"]
    if host is not None:
        environ["HTTP_HOST"] = host
    return refusal(builder.request_class(environ), HOSTS)


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_this_machines_names_and_the_configured_ones_are_answered_to(host: str) -> None:
    assert asked(host=host) is None
    assert asked("POST", host, Origin=f"http://{host.lower()}") is None


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_no_other_name_is(host: str) -> None:
    for refused in (asked(host=host), asked("POST", host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")):
        assert refused is not None
        assert "The Host header" in refused
        assert not set(refused) & set('<>&"\x1b\r\n')


def test_a_missing_host_is_refused() -> None:
    assert "missing" in (asked(host=None) or "")


@pytest.mark.parametrize("target", ["http://localhost/", "http://evil.test/", "*"])
@pytest.mark.parametrize("variable", ["REQUEST_URI", "RAW_URI"])
def test_an_absolute_request_target_is_refused(client: Visitor, target: str, variable: str) -> None:
    environ = {"REQUEST_URI": "", variable: target}
    assert client.get("/", environ_overrides=environ).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything", "same-origin, cross-site"])
def test_other_sites_may_link_to_us_and_not_look(site: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        for mode in ("cors", "no-cors", "same-origin", "websocket"):
            assert "Sec-Fetch-Site" in (asked(method, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode) or "")
        assert asked(method, Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate") is None


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_pages_and_the_address_bar_may_look(site: str) -> None:
    assert asked(Sec_Fetch_Site=site, Sec_Fetch_Mode="cors") is None


OURS: tuple[dict[str, Any], ...] = (
    {"Sec_Fetch_Site": "same-origin"},
    {"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost"},
    {"Origin": "http://localhost"},
    {"Origin": "https://localhost"},
    {"Origin": "http://LOCALHOST"},
    {"Origin": "https://queue.example.com"},
    {"Origin": "http://localhost:8377", "host": "localhost:8377"},
    {"Origin": "http://[::1]:8377", "host": "[::1]:8377"},
)
FOREIGN: tuple[dict[str, Any], ...] = (
    {},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://evil.test"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://localhost.evil.test"},
    {"Origin": "http://localhost/"},
    {"Origin": "http://evil.test@localhost"},
    {"Origin": "file://localhost"},
    {"Origin": "http://localhost, http://evil.test"},
    {"Origin": "<script>"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site", "Origin": "http://localhost"},
    {"Sec_Fetch_Site": "none", "Origin": "http://localhost"},
    {"Sec_Fetch_Site": "", "Origin": "http://localhost"},
    {"Sec_Fetch_Site": "same-origin", "Origin": "http://evil.test"},
    {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
    {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"},
    {"Referer": "http://localhost/"},
)


@pytest.mark.parametrize("headers", OURS)
def test_our_own_pages_may_act(headers: dict[str, Any]) -> None:
    assert asked("POST", **headers) is None


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "PROPFIND"])
def test_nobody_else_may(method: str, headers: dict[str, Any]) -> None:
    refused = asked(method, **headers)
    assert refused is not None
    assert refused.startswith("Nothing was done: ")
    assert not set(refused) & set('<>&"')


def test_every_address_is_guarded_and_a_refusal_holds_nothing_of_ours(app: Flask) -> None:
    attacker = visitor(app)
    for method, path in addresses(app):
        for host in ("evil.test:8377", "0.0.0.0"):
            answer = attacker.open(path, method=method, headers={"Host": host, "Origin": f"http://{host}"})
            assert answer.status_code == 403, (method, path)
            assert answer.mimetype == "text/plain"
            assert "Set-Cookie" not in answer.headers
            assert "X-CSRFToken" not in answer.headers


def test_every_page_is_closed_to_scripts_of_other_sites_and_every_file_open(app: Flask) -> None:
    attacker = visitor(app)
    script = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Origin": "http://localhost:3000"}
    for method, path in addresses(app):
        public = path.startswith("/static/") and method in ("GET", "HEAD", "OPTIONS")
        assert (attacker.open(path, method=method, headers=script).status_code == 403) is not public, (method, path)


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_refused_action_changes_nothing_even_with_a_token(client: Visitor, raw: Raw, headers: dict[str, Any]) -> None:
    before, token = raw.exact(), client.token()
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    answer = client.post(f"/messages/{STUCK}/retry", data={"csrf_token": token}, headers=sent)
    assert answer.status_code == 403
    assert raw.exact() == before
    assert raw.side_tables() == []


def test_no_setting_of_a_host_switches_the_guard_off(mount: Callable[..., Flask]) -> None:
    app = mount()
    app.config.update(WTF_CSRF_ENABLED=False, WTF_CSRF_CHECK_DEFAULT=False, TESTING=True, DEBUG=True)
    answer = visitor(app).post(f"/queue/messages/{STUCK}/retry", headers={"Origin": "http://evil.test"})
    assert answer.status_code == 403
    assert answer.text.startswith("Nothing was done: the Origin header")


def test_the_guard_comes_before_a_hosts_own_csrf_check(mount: Callable[..., Flask]) -> None:
    # A CSRF check's refusal carries a fresh token, which a page behind a foreign name could read.
    answer = visitor(mount(protect=True)).post("/queue/messages/1/retry", headers={"Host": "evil.test"})
    assert answer.status_code == 403
    assert "X-CSRFToken" not in answer.headers


def test_a_refusal_says_what_to_set(client: Visitor) -> None:
    assert "UNSTICK_HOSTS=box.lan:8377" in client.get("/", headers={"Host": "box.lan:8377"}).text


def test_each_refusal_is_one_line_in_the_log(client: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "webui"):
        client.get("/x%0d%0aInjected%1b[31m%e2%80%ae", headers={"Host": "evil.test"})
    (line,) = caplog.messages
    assert line.startswith(r"GET /x\r\nInjected\x1b[31m\u202e by - from 127.0.0.1: 403 The Host header says evil.test")
    assert line.isprintable()
