"""A real Chromium on a real server on a real queue. Each test fails on any error in the console that it did not expect:
a script that failed, a request that failed, a violation of the Content-Security-Policy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests.browser.chromium import INSTALL_IT, find_browser
from tests.store.backends import BACKENDS, Backend, Clock, Raw
from tests.web.conftest import make_it_claude_mems
from webui import create_app, open_store
from webui.store import PendingMessageStore

MINUTE = 60_000
STUCK = (1, 2, 3)
"""Messages that have been processing for 41 minutes."""
FAILED = (4, 5)
"""Messages that have used up their retries."""
RUNNING = 6
PROCESSED = 7
LONG = 8
"""A pending message with a payload of many pages; those after it are pending too."""
PENDING = range(9, 129)

WATCH = """document.addEventListener('securitypolicyviolation', event =>
  console.error('CSP violation: ' + event.violatedDirective + ' ' + event.blockedURI))"""
LIVE = """try {
  localStorage.getItem('unstick-live') ?? localStorage.setItem('unstick-live', '{"on": %s, "seconds": 1}');
} catch {}"""
"""How a page begins: most stories are about one that stays as it was."""
WIDE, NARROW = (1280, 860), (360, 740)
OpenPage = Callable[..., Page]


def ready(page: Page) -> None:
    """Waits for the scripts: what is pressed before is a plain form, which has its own stories."""
    page.wait_for_load_state()
    page.evaluate("new Promise(done => setTimeout(done))")  # htmx begins in a timeout of its own


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_browser()
    assert path, INSTALL_IT
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """What a browser sees is the same on every database: but for one story it runs on one."""
    with BACKENDS[request.param](tmp_path) as backend:
        yield backend


@pytest.fixture
def store(backend: Backend, clock: Clock) -> Iterator[PendingMessageStore]:
    store = open_store(backend.url, create=True, clock=clock)
    make_it_claude_mems(backend)
    _fill(store, clock)
    yield store
    store.close()


@pytest.fixture
def raw(store: PendingMessageStore, backend: Backend) -> Iterator[Raw]:
    raw = backend.raw()
    yield raw
    raw.close()


@pytest.fixture
def app(store: PendingMessageStore) -> Flask:
    return create_app({"SECRET_KEY": "a secret of sixteen characters", "ENVIRONMENT": "test"}, store=store)


@pytest.fixture
def server(app: Flask) -> Iterator[str]:
    """The address of the running app."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def expected() -> list[str]:
    """What a test knows will be in the console: patterns."""
    return []


@pytest.fixture
def open_page(chromium: Browser, server: str, expected: list[str]) -> Iterator[OpenPage]:
    """Opens a path in a new window, which stays up to date if it is `live`; `size`, `color_scheme`,
    `java_script_enabled` and so on are the window's."""
    errors: list[str] = []
    contexts = []

    def open_page(path: str = "/", size: tuple[int, int] = WIDE, *, live: bool = False, **options: Any) -> Page:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, base_url=server, reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.add_init_script(WATCH)
        context.add_init_script(LIVE % str(live).lower())
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path)
        if options.get("java_script_enabled", True):
            ready(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    unexpected = [error for error in errors if not any(re.search(pattern, error) for pattern in expected)]
    assert unexpected == []


def _fill(store: PendingMessageStore, clock: Clock) -> None:
    """A queue that does not drain; the clock ends where it began."""
    end = clock.now
    ana, ben = store.ensure_session("ana", "atlas"), store.ensure_session("ben", "ledger")

    def enqueue(minutes_ago: float, session: int, **message: Any) -> int:
        clock.now = end - int(minutes_ago * MINUTE)
        name = "ana" if session == ana else "ben"
        return store.enqueue(session, name, {"type": "observation", "cwd": "/home/ana/atlas", **message})

    for command in ("npm run build", "npm test", "git status"):
        enqueue(41, ana, tool_name="Bash", tool_input=json.dumps({"command": command}))
        store.claim_next_message(ana)
    for number in range(2):
        failed = enqueue(30, ben, tool_name="WebFetch", tool_input={"url": f"https://docs.python.org/{number}"})
        for _ in range(store.max_retries + 1):
            store.claim_next_message(ben)
            store.mark_failed(failed)
    enqueue(0.2, ana, tool_name="Edit", tool_input={"file_path": "/home/ana/atlas/late.py"})
    store.claim_next_message(ana)
    processed = enqueue(20, ana, tool_name="Grep", tool_input={"pattern": "needle"})
    store.mark_processing(processed)
    store.mark_processed(processed)
    lines = "".join(f"line {number} <b>of</b> many\n" for number in range(9_000))
    enqueue(12, ben, tool_name="Write", tool_input={"file_path": "/tmp/<script>alert(1)</script>.md", "content": lines})
    for number in range(120):
        enqueue(10 - number / 20, ben, tool_name="Read", tool_input={"file_path": f"/home/ana/ledger/file-{number}.py"})
    clock.now = end
