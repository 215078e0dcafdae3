from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, redirect, render_template_string, request
from werkzeug.test import TestResponse

from tests.store.backends import Raw
from tests.web.conftest import FAILED, STUCK, addresses, visitor
from webui import WebUI, open_store
from webui.options import SettingError
from webui.store import PendingMessageStore, operations, preview
from webui.store.filters import Filters

OURS = {"Origin": "http://localhost"}
Mount = Callable[..., Flask]


def tells(answer: TestResponse) -> bool:
    """Whether an answer says anything about the queue, or holds a token."""
    return any(word in answer.text for word in ("queue.db", "make test", "X-CSRFToken", "csrf_token"))


def test_the_host_keeps_its_own_pages(mount: Mount) -> None:
    client = visitor(mount())
    assert client.get("/").text == "somebody's own page"
    assert client.post("/", headers={"Host": "evil.test"}).text == "somebody's own page"
    assert client.get("/static/app.css").status_code == 404


def test_each_has_its_own_templates_and_words(mount: Mount) -> None:
    def earlier(app: Flask) -> None:
        app.jinja_options = {"variable_start_string": "[[", "variable_end_string": "]]"}
        app.jinja_env.autoescape = False
        app.jinja_env.globals["said"] = "theirs"
        words = {"_": lambda text: f"theirs: {text}", "problem": "theirs"}
        app.context_processor(lambda: words)
        login = "[[ _('Log in') ]] [[ icon is defined ]] [[ options is defined ]]"
        app.before_request(lambda: render_template_string(login) if "out" in request.args else None)

    client = visitor(mount(earlier=earlier))
    assert client.get("/queue/?out").text == "theirs: Log in False False"
    page = client.get("/queue/").text
    assert "theirs" not in page
    assert 'id="live"' in page


def test_it_works_below_a_script_name(mount: Mount) -> None:
    client = visitor(mount())
    page = client.get("/queue/", environ_overrides={"SCRIPT_NAME": "/team"})
    assert 'href="/team/queue/stuck"' in page.text
    assert "/team/queue/static/page.css?v=" in page.text


def test_two_of_them_do_not_meet(mount: Mount, tmp_path: Path) -> None:
    app = mount()
    other = open_store(str(tmp_path / "other.db"), create=True)
    WebUI(other, url_prefix="/admin/other", may=lambda action: True, read_only=True, hosts=["box"]).init_app(app)
    client = visitor(app)
    assert client.get(f"/queue/messages/{STUCK}").status_code == 200
    assert client.get(f"/admin/other/messages/{STUCK}").status_code == 404
    assert 'href="/admin/other/stuck"' in client.get("/admin/other/").text
    assert client.post("/admin/other/worker/wake", headers=OURS).status_code == 403
    assert client.get("/admin/other/", headers={"Host": "box"}).status_code == 200
    assert client.get("/queue/", headers={"Host": "box"}).status_code == 403
    other.close()


@pytest.mark.parametrize("prefix", ["/queue", "/queue/inner"])
def test_two_of_them_in_one_place_are_refused(mount: Mount, store: PendingMessageStore, prefix: str) -> None:
    app = mount()
    with pytest.raises(SettingError, match="/queue"):
        WebUI(store, url_prefix=prefix, may=lambda action: True, name="another").init_app(app)


def test_two_of_them_by_one_name_are_refused(mount: Mount, store: PendingMessageStore) -> None:
    app = mount(name="one")
    with pytest.raises(SettingError, match="name="):
        WebUI(store, url_prefix="/elsewhere", may=lambda action: True, name="one").init_app(app)


def test_one_of_them_in_two_apps(store: PendingMessageStore, mount: Mount) -> None:
    ui = WebUI(store, url_prefix="/both", may=lambda action: True)
    for app in (mount(), mount()):
        ui.init_app(app)
        assert visitor(app).get("/both/").status_code == 200


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"may": None}, "needs may="),
    ({"may": True}, "needs may="),
    ({"actor": "ana"}, "actor="),
    ({"url_prefix": ""}, "create_app"),
    ({"url_prefix": "/"}, "url_prefix="),
    ({"url_prefix": "queue"}, "url_prefix="),
    ({"url_prefix": "/queue/"}, "url_prefix="),
    ({"url_prefix": "//evil.test"}, "url_prefix="),
    ({"url_prefix": "/a b"}, "url_prefix="),
    ({"url_prefix": "/<name>"}, "url_prefix="),
    ({"url_prefix": "/a/../b"}, "url_prefix="),
    ({"url_prefix": "/queue\n"}, "url_prefix="),
    ({"name": "a.b"}, "name="),
    ({"name": ""}, "name="),
    ({"hosts": "box"}, "list of names"),
    ({"hosts": ["*"]}, "hosts="),
    ({"hosts": ["*.example.com"]}, "hosts="),
    ({"hosts": ["https://example.com"]}, "hosts="),
    ({"hosts": ["example.com/"]}, "hosts="),
    ({"hosts": ["a b"]}, "hosts="),
    ({"hosts": [""]}, "hosts="),
    ({"hosts": ["0.0.0.0:80"]}, "hosts="),
    ({"hosts": ["[::]"]}, "hosts="),
    ({"stuck_after": 0}, "stuck_after="),
    ({"stuck_after": "5m"}, "stuck_after="),
    ({"stuck_after": True}, "stuck_after="),
    ({"worker_url": "http://example.com:37777"}, "this machine"),
    ({"worker_url": "https://127.0.0.1:37777"}, "plain http"),
    ({"worker_url": "http://ana:secret@127.0.0.1:37777"}, "worker"),
    ({"worker_url": "http://127.0.0.1:37777/elsewhere"}, "worker"),
)


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_an_option_that_cannot_be_used_is_a_sentence(mount: Mount, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mount(**options)


def test_every_address_asks_for_permission(mount: Mount, raw: Raw) -> None:
    app = mount(may=lambda action: False, protect=False)
    client, before = visitor(app), raw.exact()
    for method, path in addresses(app, "webui_queue"):
        answer = client.open(path, method=method, headers=OURS)
        if not path.startswith("/queue/static/"):
            assert answer.status_code == 403, (method, path)
            assert not tells(answer)
    assert raw.exact() == before


def test_may_is_asked_for_what_is_done(mount: Mount, store: PendingMessageStore) -> None:
    operations.begin(store, "retry", preview.freeze(store, Filters.parse({"status": "failed"})), actor="ana")
    asked: list[str] = []

    def may(action: str) -> bool:
        asked.append(action)
        return action == "view"

    app = mount(may=may)
    client = visitor(app)
    token = client.token("/queue/")
    expected = {
        f"/queue/messages/{STUCK}/retry": "retry",
        f"/queue/messages/{STUCK}/retry-fresh": "retry-fresh",
        f"/queue/messages/{STUCK}/abort": "abort",
        f"/queue/messages/{STUCK}/restore": "undo",
        "/queue/journal/1/undo": "undo",
        "/queue/stuck/retry-all": "retry-all",
        "/queue/trash/purge": "purge",
        "/queue/trash/restore": "undo",
        "/queue/queue/retry": "retry",
        **{f"/queue/operations/1/{turn}": "retry" for turn in ("cancel", "resume", "rest")},
        "/queue/views": "views",
        "/queue/views/1/delete": "views",
        "/queue/worker/wake": "wake",
    }
    posts = {path for method, path in addresses(app, "webui_queue") if method == "POST" and "/no/such" not in path}
    assert posts <= {*expected, "/queue/export.ndjson"}
    asked.clear()
    assert client.post("/queue/export.ndjson", headers=OURS).status_code == 400
    assert asked == ["view"], "to take away what is ticked is to look at it"
    for path, action in expected.items():
        asked.clear()
        answer = client.post(path, data={"csrf_token": token}, headers=OURS)
        assert answer.status_code == 403
        assert action in answer.text
        assert next(name for name in asked if name != "view") == action
    for path in ("/queue/", "/queue/stuck", "/queue/recent", f"/queue/messages/{STUCK}", "/queue/no/such/page"):
        asked.clear()
        client.get(path)
        assert asked[0] == "view"


def test_a_post_that_names_no_action_is_refused(app: Flask) -> None:
    app.add_url_rule("/forgotten", "webui.forgotten", lambda: "done", methods=["POST"])
    answer = visitor(app).act("/forgotten")
    assert answer.status_code == 500
    assert answer.text != "done"


@pytest.mark.parametrize("answer", [None, 1, "yes", "a coroutine"])
def test_may_has_to_say_yes_or_no(mount: Mount, answer: object) -> None:
    assert visitor(mount(may=lambda action: answer)).get("/queue/").status_code == 500


def test_may_that_fails_opens_nothing(mount: Mount) -> None:
    client = visitor(mount(may=lambda action: 1 / 0))
    answer = client.get("/queue/")
    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert not tells(answer)
    assert client.get("/queue/no/such/page").status_code == 500


def test_may_may_send_to_a_login(mount: Mount) -> None:
    def may(action: str) -> bool:
        abort(redirect("/login"))

    answer = visitor(mount(may=may)).get("/queue/")
    assert (answer.status_code, answer.location) == (302, "/login")


def test_a_hosts_login_comes_first(mount: Mount) -> None:
    asked: list[str] = []

    def may(action: str) -> bool:
        asked.append(action)
        return True

    app = mount(may=may)
    app.before_request(lambda: redirect("/login"))
    assert visitor(app).get("/queue/").location == "/login"
    assert asked == []


def test_a_hosts_own_401_is_kept(mount: Mount) -> None:
    app = mount()
    app.before_request(lambda: abort(401))
    app.register_error_handler(401, lambda error: ("the host's login", 401))
    assert visitor(app).get("/queue/").text == "the host's login"


@pytest.mark.parametrize(
    "actor",
    [lambda: 1 / 0, lambda: 7, lambda: None, lambda: ""],
    ids=["raises", "a number", "nothing", "no name"],
)
def test_an_actor_that_fails_does_nothing(mount: Mount, raw: Raw, actor: Callable[[], object]) -> None:
    client, before = visitor(mount(actor=actor)), raw.exact()
    answer = client.act(f"/queue/messages/{STUCK}/abort", {"at": "queue", "seen": "x"}, page="/queue/")
    assert answer.status_code == 500
    assert raw.exact() == before


def test_read_only_refuses_every_action_and_shows_no_button(make_app: Callable[..., Flask], raw: Raw) -> None:
    client, before = visitor(make_app(READ_ONLY=True)), raw.exact()
    for path in (f"/messages/{FAILED}/retry", "/stuck/retry-all", "/journal/1/undo", "/worker/wake"):
        answer = client.post(path, headers=OURS)
        assert answer.status_code == 403
        assert "for looking only" in answer.text
    for path in ("/", "/stuck", "/recent", f"/messages/{FAILED}"):
        page = client.get(path)
        assert page.status_code == 200
        assert "hx-post" not in page.text
        assert "formaction" not in page.text
    assert raw.exact() == before


def test_a_store_opened_for_reading_makes_a_read_only_ui(mount: Mount, store: PendingMessageStore, file: Path) -> None:
    reader = open_store(str(file), read_only=True)
    assert WebUI(reader, may=lambda action: True).options.read_only
    reader.close()


@pytest.mark.parametrize("protect", [False, True])
def test_a_body_of_more_than_a_megabyte_is_refused(mount: Mount, protect: bool) -> None:
    client = visitor(mount(protect=protect))
    client.get("/queue/")
    body = {"csrf_token": "x" * 1_000_000}
    assert client.post(f"/queue/messages/{STUCK}/retry", data=body, headers=OURS).status_code == 413


def test_who_may_not_look_is_told_nothing_by_a_hosts_refusal_either(mount: Mount) -> None:
    app = mount(may=lambda action: False, protect=True)
    answer = visitor(app).post(f"/queue/messages/{STUCK}/retry", headers=OURS)
    assert answer.status_code == 403
    assert not tells(answer)
    closed = mount(earlier=lambda app: app.before_request(lambda: abort(403)))
    assert not tells(visitor(closed).get("/queue/"))
    assert tells(visitor(mount()).get("/queue/"))
