from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FAILED, LONG, NARROW, STUCK, OpenPage
from tests.store.backends import Raw

LISTS = (
    "/", "/?status=failed&project=ledger&tool=WebFetch", "/stuck", "/recent", "/recent?within=1m", "/journal", "/trash",
)  # fmt: skip
MESSAGES = tuple(f"/messages/{rest}" for rest in (FAILED[0], LONG, f"{LONG}/payload/tool_input", 9999))
TOO_WIDE = """() => [...document.querySelectorAll('main *')]
  .filter(one => one.checkVisibility() && !one.closest('pre, .tabs, .sr, thead, .l1, [hidden]'))
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))"""
TOO_SMALL = """() => [...document.querySelectorAll('button, .btn, .chip a, .tabs a, select, input.input')]
  .filter(one => one.checkVisibility()).map(one => [one.getBoundingClientRect(), one])
  .filter(([box]) => box.width && (box.width < 24 || box.height < 24)).map(([, one]) => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("path", LISTS + MESSAGES)
def test_nothing_is_wider_than_the_screen(open_page: OpenPage, expected: list[str], path: str) -> None:
    expected.append("404")
    page = open_page(path, NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    assert page.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize("path", [*LISTS, *MESSAGES, "/queue/retry", "/operations", "/trash/purge", "/trash/restore"])
def test_nothing_is_wider_than_the_screen_in_german(open_page: OpenPage, expected: list[str], path: str) -> None:
    expected.append("404")
    page = open_page(path, NARROW, locale="de-AT")
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    assert page.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize("path", LISTS + MESSAGES[:2])
def test_what_is_pressed_is_large_enough(open_page: OpenPage, path: str) -> None:
    assert open_page(path, NARROW).evaluate(TOO_SMALL) == []


def test_rows_are_cards_with_their_buttons(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/", NARROW)
    row = page.locator(f"#row-{STUCK[0]}")
    box = row.bounding_box()
    assert box
    assert box["height"] <= 125
    row.get_by_role("button", name="Retry").click()
    expect(row).to_contain_text("Retried just now")
    assert raw.row_is_pending(STUCK[0])
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(row.locator(".pill")).to_have_text("Stuck")


def test_filters_fit(open_page: OpenPage) -> None:
    page = open_page("/", NARROW)
    page.locator("summary", has_text="Filter").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    page.get_by_label("Status").select_option("failed")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr")).to_have_count(len(FAILED))
