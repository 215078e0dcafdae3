from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import time

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from itsdangerous.timed import TimestampSigner
from werkzeug.test import TestResponse

from tests.store.backends import Raw
from tests.web.conftest import PENDING, SECRET, STUCK, Visitor, visitor
from webui import create_app
from webui.store import PendingMessageStore

DAY = 24 * 3600
OURS = {"Origin": "http://localhost"}


def retry(prefix: str = "") -> str:
    return f"{prefix}/messages/{STUCK}/retry"


def fields(raw: Raw) -> dict[str, str]:
    """What the form of the stuck message's Retry button carries, but for the token."""
    row = raw.row(STUCK)
    return {"at": "queue", "seen": f"processing.{row['started_processing_at_epoch']}.{row['retry_count']}"}


def aged(client: Visitor, days: float) -> str:
    """The token that a page got so many days ago."""

    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time() - days * DAY)

    with client.session_transaction() as session:
        return str(URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token", signer=Earlier).dumps(session["csrf_token"]))


def refused(answer: TestResponse, raw: Raw) -> bool:
    """Whether it is the refusal with a fresh token, and nothing was done."""
    assert raw.row(STUCK)["status"] == "processing"
    return answer.status_code == 403 and bool(answer.headers.get("X-CSRFToken")) and "Nothing was done" in answer.text


@pytest.fixture(params=["standalone", "mounted", "mounted beside a CSRFProtect"])
def anywhere(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask], mount: Callable[..., Flask]
) -> tuple[Visitor, str]:
    """A visitor, and the prefix of the pages."""
    if request.param == "standalone":
        return visitor(make_app()), ""
    return visitor(mount(protect=request.param != "mounted")), "/queue"


def test_a_token_in_the_form_or_in_the_header_is_taken(anywhere: tuple[Visitor, str], raw: Raw) -> None:
    client, prefix = anywhere
    for partial, status in ((False, 303), (True, 200)):
        raw.set(STUCK, status="processing", started_processing_at_epoch=1)
        answer = client.act(retry(prefix), fields(raw), page=f"{prefix}/", partial=partial)
        assert answer.status_code == status, answer.text
        assert raw.row(STUCK)["status"] == "pending"


def test_each_answer_has_a_token_of_its_own_and_all_are_taken(anywhere: tuple[Visitor, str], raw: Raw) -> None:
    client, prefix = anywhere
    tokens = {client.token(f"{prefix}/") for _ in range(5)}
    assert len(tokens) == len({token.rpartition(".")[2] for token in tokens}) == 5
    for token in tokens:
        raw.set(STUCK, status="processing", started_processing_at_epoch=1)
        answer = client.post(retry(prefix), data={**fields(raw), "csrf_token": token}, headers=OURS)
        assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("token", ["", "nonsense", "Ij.x.y"])
def test_without_one_nothing_is_done(anywhere: tuple[Visitor, str], raw: Raw, token: str) -> None:
    client, prefix = anywhere
    client.get(f"{prefix}/")
    assert refused(client.post(retry(prefix), data={**fields(raw), "csrf_token": token}, headers=OURS), raw)
    assert refused(client.post(retry(prefix), data=fields(raw), headers={**OURS, "X-CSRFToken": token}), raw)


def test_somebody_elses_token_is_not_taken(anywhere: tuple[Visitor, str], raw: Raw) -> None:
    client, prefix = anywhere
    token = visitor(client.application).token(f"{prefix}/")
    client.get(f"{prefix}/")
    assert refused(client.post(retry(prefix), data={**fields(raw), "csrf_token": token}, headers=OURS), raw)


def test_the_fresh_token_of_a_refusal_works(anywhere: tuple[Visitor, str], raw: Raw) -> None:
    client, prefix = anywhere
    fresh = client.post(retry(prefix), data=fields(raw), headers=OURS).headers["X-CSRFToken"]
    answer = client.post(retry(prefix), data=fields(raw), headers={**OURS, "X-CSRFToken": fresh})
    assert answer.status_code == 303
    assert raw.row(STUCK)["status"] == "pending"


def test_every_action_asks_for_it(client: Visitor) -> None:
    paths = [retry(), f"/messages/{STUCK}/retry-fresh", f"/messages/{STUCK}/abort", f"/messages/{STUCK}/restore"]
    for path in [*paths, "/journal/1/undo", "/stuck/retry-all", "/worker/wake"]:
        assert "X-CSRFToken" in client.post(path, headers=OURS).headers, path


def test_standalone_a_page_may_stay_open_for_ever(client: Visitor, raw: Raw) -> None:
    client.get("/")
    answer = client.post(retry(), data={**fields(raw), "csrf_token": aged(client, 400)}, headers=OURS)
    assert answer.status_code == 303


def test_mounted_it_may_stay_open_for_a_month(mount: Callable[..., Flask], raw: Raw) -> None:
    client = visitor(mount())
    client.get("/queue/")
    old = {**fields(raw), "csrf_token": aged(client, 32)}
    assert refused(client.post(retry("/queue"), data=old, headers=OURS), raw)
    young = {**fields(raw), "csrf_token": aged(client, 30)}
    assert client.post(retry("/queue"), data=young, headers=OURS).status_code == 303


def test_a_hosts_shorter_limit_is_answered_in_our_style(mount: Callable[..., Flask], raw: Raw) -> None:
    app = mount(protect=True)
    app.register_error_handler(400, lambda error: ("the host's own 400", 400))
    before = dict(app.config)
    client = visitor(app)
    client.get("/queue/")
    answer = client.post(retry("/queue"), data={**fields(raw), "csrf_token": aged(client, 1)}, headers=OURS)
    assert refused(answer, raw)
    assert "<p>The CSRF token has expired. Nothing was done" in answer.text
    assert dict(app.config) == before


def test_mounting_changes_no_setting_of_the_host(mount: Callable[..., Flask]) -> None:
    untouched = Flask("somebody", template_folder=None, static_folder=None)
    untouched.secret_key = SECRET
    assert dict(mount().config) == dict(untouched.config)


def test_a_browser_that_keeps_no_cookies_may_act_standalone(app: Flask, raw: Raw) -> None:
    frame = app.test_client(use_cookies=False)
    sent = {**OURS, "Sec-Fetch-Site": "same-origin"}
    assert frame.post(retry(), data=fields(raw), headers=sent).status_code == 303
    assert raw.row(STUCK)["status"] == "pending"


def test_only_where_the_browser_says_that_the_page_is_ours(app: Flask, raw: Raw) -> None:
    frame = app.test_client(use_cookies=False)
    assert refused(frame.post(retry(), data=fields(raw), headers=OURS), raw)


def test_not_with_any_cookie_at_all(app: Flask, raw: Raw) -> None:
    client = app.test_client()
    client.set_cookie("another_port", "1")
    sent = {**OURS, "Sec-Fetch-Site": "same-origin"}
    assert refused(client.post(retry(), data=fields(raw), headers=sent), raw)


@pytest.mark.parametrize("protect", [False, True])
def test_and_never_mounted(mount: Callable[..., Flask], raw: Raw, protect: bool) -> None:
    frame = mount(protect=protect).test_client(use_cookies=False)
    sent = {**OURS, "Sec-Fetch-Site": "same-origin"}
    assert refused(frame.post(retry("/queue"), data=fields(raw), headers=sent), raw)


@pytest.mark.parametrize("protect", [False, True])
def test_a_host_that_switched_its_checks_off_does_not_switch_ours_off(
    mount: Callable[..., Flask], raw: Raw, protect: bool
) -> None:
    app = mount(protect=protect)
    app.config["WTF_CSRF_ENABLED"] = False
    assert refused(visitor(app).post(retry("/queue"), data=fields(raw), headers=OURS), raw)


def test_without_a_secret_key_the_host_is_told_and_nothing_is_done(mount: Callable[..., Flask], raw: Raw) -> None:
    client = visitor(mount(secret=None))
    for answer in (client.get("/queue/"), client.post(retry("/queue"), data=fields(raw), headers=OURS)):
        assert answer.status_code == 500
        assert "SECRET_KEY" in answer.text
        assert "queue.db" not in answer.text
    assert raw.row(STUCK)["status"] == "processing"
    assert client.get("/").text == "somebody's own page"
    assert client.get("/queue/static/app.css").status_code == 200


def test_a_key_that_the_host_sets_after_mounting_counts(mount: Callable[..., Flask]) -> None:
    app = mount(secret=None)
    app.secret_key = SECRET
    assert visitor(app).get("/queue/").status_code == 200


def test_the_cookie_is_the_ports_own_and_no_script_reads_it(make_app: Callable[..., Flask]) -> None:
    (cookie,) = visitor(make_app(PORT=9000)).get("/").headers.getlist("Set-Cookie")
    assert cookie.startswith("unstick_9000=")
    assert "; HttpOnly" in cookie
    assert "; SameSite=Lax" in cookie


def test_a_page_survives_a_restart(store: PendingMessageStore, raw: Raw, tmp_path: Path) -> None:
    def start() -> Flask:
        app = create_app({"STATE_DIR": tmp_path / "state"}, store=store)
        app.test_client_class = Visitor
        return app

    before, after = visitor(start()), visitor(start())
    token, cookie = before.token(), before.get_cookie("unstick_8377")
    assert cookie is not None
    after.set_cookie("unstick_8377", cookie.value)
    answer = after.post(retry(), data={**fields(raw), "csrf_token": token}, headers=OURS)
    assert answer.status_code == 303


def test_a_host_that_names_its_fields_and_headers_otherwise(mount: Callable[..., Flask]) -> None:
    def rename(app: Flask) -> None:
        app.config.update(WTF_CSRF_FIELD_NAME="_tok", WTF_CSRF_HEADERS=["X-Tok"])

    client = visitor(mount(protect=True, earlier=rename))
    page = client.get("/queue/").get_data(as_text=True)
    assert 'name="_tok"' in page
    assert '"X-Tok"' in page
    token = client.token("/queue/")
    path, fields = f"/queue/messages/{PENDING}/retry", {"at": "queue", "seen": "pending..0"}
    plain = client.post(path, data={**fields, "_tok": token}, headers=OURS)
    assert plain.status_code == 303
    in_place = {**OURS, "X-Tok": token, "HX-Request-Type": "partial"}
    assert client.post(path, data=fields, headers=in_place).status_code == 200
    assert client.post(path, data={**fields, "csrf_token": token}, headers=OURS).status_code == 403
