"""axe-core finds nothing, with all of its rules, on any page in any state. What it cannot see has tests of its own."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.conftest import FAILED, LONG, MINUTE, NARROW, PROCESSED, RUNNING, STUCK, WIDE, OpenPage
from tests.store.backends import Clock, Raw
from webui import create_app
from webui.store import PendingMessageStore

LOOKS = [(WIDE, "light"), (NARROW, "dark")]
OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
LIKE_OTHERS = {"exclude": ["#list tbody tr:nth-child(n + 10)"]}
"""Rows of which there are some of every kind before: a page is looked at in half the time."""
BESIDE_A_PANEL = {"exclude": ["#list"]}
"""An open panel lies over the list, and its edge over half a link, as it happens to fall."""
BADGE_OPTIONS = {
    **OPTIONS,
    "rules": {rule: {"enabled": False} for rule in ("landmark-one-main", "page-has-heading-one", "region")},
}
"""Two numbers in a frame of another page, which has its own heading and landmarks."""


@pytest.fixture
def app(store: PendingMessageStore) -> Flask:
    wanted = {"SECRET_KEY": "a secret of sixteen characters", "EMBED_ORIGINS": ["http://localhost:37777"]}
    return create_app({**wanted, "ENVIRONMENT": "test"}, store=store)


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0][0]}-{look[1]}")
def page(request: pytest.FixtureRequest, open_page: OpenPage, expected: list[str]) -> Page:
    expected.append("status of 4")  # what is refused is a page too
    size, scheme = request.param
    return open_page("/", size, color_scheme=scheme)


def found(page: Page, where: dict[str, list[str]] = LIKE_OTHERS) -> list[str]:
    """What axe-core finds there: the rule, where, and why."""
    options = BADGE_OPTIONS if page.url.endswith("/badge") else OPTIONS
    return [
        f"{page.url} {violation['id']} {node['target']}: {node['failureSummary']}"
        for violation in Axe().run(page, where, options).response["violations"]
        for node in violation["nodes"]
    ]


FULL = (
    "/", "/?status=failed&project=ledger", "/?status=pending&tool=nothing", "/?age=nonsense", "/stuck",
    "/stuck?threshold=7d", "/recent", "/recent?within=1m", "/journal", "/operations", "/operations/1",
    "/operations/1?part=skipped", "/trash", "/trash/purge?days=0", "/trash/restore", "/queue/retry?status=processing",
    f"/messages/{STUCK[0]}", f"/messages/{FAILED[1]}", f"/messages/{PROCESSED}", f"/messages/{LONG}",
    f"/messages/{LONG}/payload/tool_input", "/messages/9999", "/nothing-here", "/badge", "/embed/", "/embed/trash",
    f"/embed/messages/{LONG}",
)  # fmt: skip
EMPTY = ("/", "/stuck", "/recent", "/journal", "/operations", "/trash", "/trash/restore", "/embed/", "/badge", "/keys")


def test_finds_nothing_on_any_page(page: Page, clock: Clock) -> None:
    page.goto("/?status=failed")
    page.keyboard.press("*")
    page.locator("#selection .of-ticked").get_by_role("button", name="Abort").click()
    expect(page.locator("#outcome")).to_contain_text("Aborted")
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back")
    page.goto(f"/messages/{FAILED[1]}")
    page.locator("#heading").get_by_role("button", name="Abort").click()
    expect(page.locator("#heading")).to_contain_text("Restore")
    clock.tick(MINUTE)
    assert [wrong for path in FULL if page.goto(path) for wrong in found(page)] == []


def test_finds_nothing_in_any_state_of_a_page(page: Page) -> None:
    row = page.locator(f"#row-{STUCK[0]}")
    row.get_by_role("button", name="Retry").click()
    expect(row).to_contain_text("Retried just now")
    page.keyboard.press("j")
    wrong = found(page)
    page.keyboard.press("x")
    expect(page.locator("#selection")).to_contain_text("1 selected")
    wrong += found(page)
    page.keyboard.press("*")
    page.keyboard.press("*")
    wrong += found(page)
    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="Retry")).to_be_visible()
    wrong += found(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    wrong += found(page)
    page.keyboard.press("Escape")
    page.keyboard.press("*")
    for summary in ("Filter", "Views"):
        page.locator("summary", has_text=summary).click()
        wrong += found(page, BESIDE_A_PANEL)
    page.get_by_role("searchbox").fill("tool:")
    expect(page.get_by_role("link", name="tool:Read")).to_be_visible()
    assert wrong + found(page, BESIDE_A_PANEL) == []


def test_finds_nothing_where_there_is_nothing_or_one_row(page: Page, raw: Raw) -> None:
    raw.run(f"DELETE FROM pending_messages WHERE id <> {RUNNING}")
    page.goto("/")
    wrong = found(page)
    raw.run("DELETE FROM pending_messages")
    assert wrong + [wrong for path in EMPTY if page.goto(path) for wrong in found(page)] == []


def test_finds_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page("/recent")
    page.evaluate("document.querySelector('#content h1').remove()")
    assert "page-has-heading-one" in " ".join(found(page))
