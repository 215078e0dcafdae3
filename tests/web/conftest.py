"""A small real queue with a message in each state, and visitors who behave as a browser does."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFProtect
from werkzeug.test import TestResponse

from tests.store.backends import BACKENDS, Backend, Clock, Raw, Sqlite
from webui import WebUI, create_app, open_store
from webui.store import PendingMessageStore

SECRET = "a secret of sixteen or more characters"
MINUTE = 60_000

# The ids of the messages in `store`.
STUCK, FAILED, PROCESSED, PROCESSING, PENDING, SUMMARY = range(1, 7)
ON_ONE = (
    "test_config", "test_csrf", "test_embed", "test_errors", "test_guard", "test_headers", "test_language", "test_live",
    "test_mounting", "test_routing", "test_secret", "test_wake", "test_weight",
)  # fmt: skip
"""These files run on one database: what they test is settled before the store is asked, or whatever it answered."""
on_each = pytest.mark.parametrize("backend", BACKENDS, indirect=True)
"""For a test in such a file that is about the store all the same."""
UNKNOWN = 999
"""An id that no message has."""


class Visitor(FlaskClient):
    """A browser on our own pages: it fetches a token before it posts, and says where a form comes from."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Reads the whole answer at once, so that no file stays open."""
        return super().open(*args, **{"buffered": True, **kwargs})

    def token(self, page: str = "/") -> str:
        """The token in a page, wherever the page keeps it."""
        found = re.search(r"\.?[\w-]{30,}\.[\w-]{6}\.[\w-]{27}", self.get(page).get_data(as_text=True))
        assert found, f"{page} has no token"
        return found[0]

    def act(
        self,
        path: str,
        fields: dict[str, Any] | None = None,
        *,
        page: str = "/",
        partial: bool = False,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """Posts a form as the page `page` would: plain, or (`partial`) by htmx with the token in a header."""
        token = self.token(page)
        sent = {"Origin": "http://localhost", **(headers or {})}
        if partial:
            sent |= {"X-CSRFToken": token, "HX-Request": "true", "HX-Request-Type": "partial"}
            return self.post(path, data=fields or {}, headers=sent)
        return self.post(path, data={"csrf_token": token, **(fields or {})}, headers=sent)

    def fragment(self, path: str) -> TestResponse:
        """What htmx gets at a path."""
        return self.get(path, headers={"HX-Request": "true", "HX-Request-Type": "partial"})


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("UNSTICK_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test runs on each database; `only` says so where it is about one."""
    marked = any(mark.args[0] == "backend" for mark in metafunc.definition.iter_markers("parametrize"))
    if "backend" in metafunc.fixturenames and not marked:
        on_each = metafunc.module.__name__.split(".")[-1] not in ON_ONE
        metafunc.parametrize("backend", BACKENDS if on_each else ["sqlite"], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    with BACKENDS[request.param](tmp_path) as backend:
        yield backend


@pytest.fixture
def file(backend: Backend) -> Path:
    """The queue's file, in tests that are about SQLite only."""
    assert isinstance(backend, Sqlite)
    return backend.path


@pytest.fixture
def store(backend: Backend, clock: Clock) -> Iterator[PendingMessageStore]:
    store = open_store(backend.url, create=True, clock=clock)
    make_it_claude_mems(backend)
    _fill(store, clock)
    yield store
    store.close()


@pytest.fixture
def raw(store: PendingMessageStore, backend: Backend) -> Iterator[Raw]:
    """The queue's rows, behind the store's back."""
    raw = backend.raw()
    yield raw
    raw.close()


@pytest.fixture
def made() -> Iterator[list[Flask]]:
    """The apps of a test, whose operations end with it."""
    made: list[Flask] = []
    yield made
    for app in made:
        for options in app.extensions["webui"].values():
            options.runner.stop()


@pytest.fixture
def make_app(store: PendingMessageStore, made: list[Flask]) -> Callable[..., Flask]:
    """Makes standalone apps on `store`, with settings by name."""

    def make(**config: Any) -> Flask:
        made.append(create_app({"SECRET_KEY": SECRET, **config}, store=store))
        made[-1].test_client_class = Visitor
        return made[-1]

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> Visitor:
    return visitor(app)


@pytest.fixture
def post(client: Visitor) -> Callable[..., TestResponse]:
    """`post(path, fields, partial=…)` with a token that was fetched first."""
    return client.act


@pytest.fixture
def mount(store: PendingMessageStore, made: list[Flask]) -> Callable[..., Flask]:
    """Makes somebody's app with a page of its own at `/`, and mounts a UI in it at `/queue` (or with other options).
    `earlier` is done to the app before, `protect` gives it a CSRFProtect of its own."""

    def mount(
        *,
        protect: bool = False,
        secret: str | None = SECRET,
        earlier: Callable[[Flask], object] = lambda app: None,
        **options: Any,
    ) -> Flask:
        app = Flask("somebody", template_folder=None, static_folder=None)
        app.test_client_class = Visitor
        app.secret_key = secret
        app.add_url_rule("/", "home", lambda: "somebody's own page", methods=["GET", "POST"])
        if protect:
            CSRFProtect(app)
        earlier(app)
        WebUI(store, **{"may": lambda action: True, "actor": lambda: "ana", **options}).init_app(app)
        made.append(app)
        return app

    return mount


def make_it_claude_mems(backend: Backend) -> None:
    """Puts one of claude-mem's other tables beside the queue: then its worker is the one that serves it."""
    raw = backend.raw()
    raw.run("CREATE TABLE observations (id INTEGER PRIMARY KEY)")
    raw.close()


def visitor(app: Flask) -> Visitor:
    """A new browser, without cookies."""
    client = app.test_client()
    assert isinstance(client, Visitor)
    return client


def addresses(app: Flask, name: str = "webui") -> list[tuple[str, str]]:
    """Every method and path that the UI called `name` answers to: each view, and what no view has."""
    samples = {
        "id": str(STUCK),
        "action": "retry",
        "format": "ndjson",
        "tab": "queue",
        "field": "tool_input",
        "filename": "app.css",
        "rest": "no/such/page",
    }
    return [
        (method, re.sub(r"<(?:[^:<>]*:)?(\w+)>", lambda part: samples[part[1]], rule.rule))
        for rule in app.url_map.iter_rules()
        if str(rule.endpoint).startswith(f"{name}.")
        for method in sorted(rule.methods or {"GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "DELETE", "PROPFIND"})
    ]


def _fill(store: PendingMessageStore, clock: Clock) -> None:
    """A message in each state, made as a producer and a worker make them; the clock ends where it began."""
    end, session = clock.now, store.ensure_session("alpha", "red")

    def enqueue(minutes_ago: int, **message: Any) -> int:
        clock.now = end - minutes_ago * MINUTE
        return store.enqueue(session, "alpha", {"type": "observation", **message})

    enqueue(20, tool_name="Bash", tool_input={"command": "make test"}, cwd="/home/ana/red")
    store.claim_next_message(session)

    failed = enqueue(15, tool_name="Read", tool_input={"file_path": "/home/ana/red/main.py"}, tool_response="ok")
    for _ in range(store.max_retries + 1):
        store.claim_next_message(session)
        store.mark_failed(failed)

    processed = enqueue(10, tool_name="Grep", tool_input={"pattern": "needle"})
    store.claim_next_message(session)
    store.mark_processed(processed)

    enqueue(1, tool_name="Edit", tool_input={"file_path": "/home/ana/red/late.py"})
    store.claim_next_message(session)

    enqueue(1, tool_name="WebFetch", tool_input={"url": "https://example.com/a/page"})
    enqueue(0, type="summarize", last_user_message="What now?", last_assistant_message="Done.")
    clock.now = end
