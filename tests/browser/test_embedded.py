"""The example page on another port, with the panel, the badge and the drawer in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import FrameLocator, Page, expect

from examples.viewer.serve import Viewer
from tests.browser.conftest import NARROW, STUCK, OpenPage
from tests.browser.test_dark import LOW_CONTRAST
from tests.store.backends import Raw
from webui import create_app
from webui.store import PendingMessageStore

WAIT_FOR_DARK = """window.arrived = new Promise(
  done => addEventListener('message', ({ data }) => data.theme === 'dark' && done())), 0"""
BODY = "getComputedStyle(document.body).backgroundColor"


class Quiet(Viewer):
    def log_message(self, *said: Any) -> None:
        """Nothing."""


@contextmanager
def serving(around: ThreadingHTTPServer) -> Iterator[str]:
    """Serves it; its address."""
    thread = Thread(target=partial(around.serve_forever, poll_interval=0.02))
    thread.start()
    yield address(around)
    around.shutdown()
    thread.join()


def address(around: ThreadingHTTPServer, name: str = "127.0.0.1") -> str:
    return f"http://{name}:{around.server_port}"


@pytest.fixture
def around() -> Iterator[ThreadingHTTPServer]:
    """The example page's server: its port is known before the queue's server is there."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as around:
        yield around


@pytest.fixture
def app(store: PendingMessageStore, around: ThreadingHTTPServer) -> Flask:
    origins = [address(around), address(around, "localhost")]
    return create_app({"SECRET_KEY": "a secret of sixteen characters", "EMBED_ORIGINS": origins}, store=store)


@pytest.fixture
def viewer(around: ThreadingHTTPServer, server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the example page."""
    monkeypatch.setattr(Quiet, "unstick", server)
    with serving(around) as address:
        yield address


def panel(page: Page) -> FrameLocator:
    return page.frame_locator("#queue")


def inside(page: Page, part: str, script: str) -> Any:
    """What a script says in the frame whose address has `part`."""
    return next(frame for frame in page.frames if part in frame.url).evaluate(script)


def test_retry_is_clicked_inside_it(open_page: OpenPage, viewer: str, raw: Raw) -> None:
    page = open_page(viewer)
    row = panel(page).locator(f"#row-{STUCK[0]}")
    row.get_by_role("button", name="Retry").click()
    expect(row).to_contain_text("Retried just now")
    expect(panel(page).locator("#outcome")).to_contain_text(f"Retried #{STUCK[0]}.")
    assert raw.row_is_pending(STUCK[0])


def test_it_works_in_a_page_of_another_site(
    open_page: OpenPage, viewer: str, around: ThreadingHTTPServer, raw: Raw
) -> None:
    """To a browser localhost and 127.0.0.1 are two sites, and a frame of the other one sends no cookies."""
    page = open_page(address(around, "localhost"))
    row = panel(page).locator(f"#row-{STUCK[0]}")
    with page.expect_request("**/retry") as pressed:
        row.get_by_role("button", name="Retry").click()
    expect(row).to_contain_text("Retried just now")
    assert "cookie" not in pressed.value.all_headers()
    assert raw.row_is_pending(STUCK[0])


def test_a_page_that_was_not_named_gets_nothing(open_page: OpenPage, viewer: str, expected: list[str]) -> None:
    expected.append("frame-ancestors|chrome-error")
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as other, serving(other) as stranger:
        page = open_page(stranger)
        blocked = []
        page.on("requestfailed", lambda request: blocked.append(urlsplit(request.url).path))
        page.reload()
        with page.expect_event("requestfailed"):
            page.get_by_role("button", name="Open the message queue").click()
        assert sorted(blocked) == ["/badge", "/embed/", "/embed/stuck"]
        assert page.evaluate("frame.style.height") == ""


def test_its_theme_and_colours_are_the_pages(open_page: OpenPage, viewer: str) -> None:
    page = open_page(viewer, color_scheme="light")
    html = panel(page).locator("html")
    expect(html).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Dark").click()
    expect(html).to_have_attribute("data-theme", "dark")
    expect(panel(page).locator("body")).to_have_css("background-color", "rgb(37, 35, 32)")
    page.evaluate("document.documentElement.style.setProperty('--color-bg-card', 'rgb(1, 2, 3)'); dress()")
    expect(panel(page).locator("body")).to_have_css("background-color", "rgb(1, 2, 3)")
    panel(page).get_by_role("link", name="Recent").click()
    expect(panel(page).locator("#tabs [aria-current]")).to_contain_text("Recent")
    assert inside(page, "/embed/recent", BODY) == "rgb(1, 2, 3)"


def test_what_is_no_colour_is_passed_over(open_page: OpenPage, viewer: str) -> None:
    page = open_page(viewer, color_scheme="dark")
    expect(panel(page).locator("html")).to_have_attribute("data-theme", "dark")
    page.evaluate("""() => {
      const wrong = ['url(https://evil.test/)', 'var(--text)', 'rgb(var(--x) 1 2)', 'inherit', 'red; x: y', '12px',
        'rgb(1 2 3' + ' '.repeat(100) + ')'];
      const said = ['--bg', '--surface', '--sunken', '--acted', '--hover', '--line', '--run'];
      const properties = Object.fromEntries(said.map((name, at) => [name, wrong[at]]));
      Object.assign(properties, { '--font': 'red', '--gutter': 'red', '--accent': 'red', '--bad': 12, color: 'red' });
      frame.contentWindow.postMessage({ unstick: 'look', theme: 'light evil', properties }, unstick);
    }""")
    expect(panel(page).locator("html")).to_have_attribute("style", "--accent: red;")
    expect(panel(page).locator("html")).not_to_have_attribute("data-theme", "light evil")


def test_only_the_page_around_is_heard(open_page: OpenPage, viewer: str) -> None:
    page = open_page(viewer, color_scheme="light")
    expect(panel(page).locator("html")).to_have_attribute("data-theme", "light")
    inside(page, "/embed/stuck", WAIT_FOR_DARK)
    inside(page, "/badge", "parent.frames[0].postMessage({ unstick: 'look', theme: 'dark' }, '*')")
    inside(page, "/embed/stuck", "arrived")
    expect(panel(page).locator("html")).to_have_attribute("data-theme", "light")


def test_its_height_follows(open_page: OpenPage, viewer: str) -> None:
    page = open_page(viewer)
    heights = []
    for tab, path in (("Recent", "/embed/recent"), ("Queue", "/embed/"), ("Trash", "/embed/trash")):
        panel(page).locator("#tabs").get_by_role("link", name=tab).click()
        expect(panel(page).locator("#tabs [aria-current]")).to_contain_text(tab)
        height = inside(page, path, "Math.ceil(document.body.getBoundingClientRect().height)")
        page.wait_for_function(f"frame.style.height === '{height}px'")
        heights.append(height)
    assert heights[1] > 1_000 > max(heights[0], heights[2])


def test_the_badge_opens_the_drawer(open_page: OpenPage, viewer: str, raw: Raw) -> None:
    page = open_page(viewer, color_scheme="dark")
    badge = page.frame_locator("unstick-badge iframe")
    expect(badge.locator(".stuck")).to_have_text("3 stuck")
    expect(badge.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Open the message queue").click()
    drawer = page.frame_locator("unstick-drawer iframe")
    drawer.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    expect(drawer.locator("#outcome")).to_contain_text(f"Retried #{STUCK[0]}.")
    assert raw.row_is_pending(STUCK[0])
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Light").click()
    expect(badge.locator("html")).to_have_attribute("data-theme", "light")
    expect(drawer.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_in_it_can_be_read(open_page: OpenPage, viewer: str, scheme: str) -> None:
    page = open_page(viewer, NARROW, color_scheme=scheme)
    expect(panel(page).locator("html")).to_have_attribute("data-theme", scheme)
    expect(panel(page).locator("#verdict")).to_be_visible()
    assert inside(page, "/embed/stuck", LOW_CONTRAST) == {}
    assert inside(page, "/embed/stuck", "document.documentElement.scrollWidth <= innerWidth")
    expect(page.frame_locator("unstick-badge iframe").locator(".stuck")).to_be_visible()
    assert inside(page, "/badge", LOW_CONTRAST) == {}
