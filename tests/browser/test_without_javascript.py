from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import FAILED, LONG, STUCK, OpenPage
from tests.store.backends import Raw


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/?status=processing", java_script_enabled=False)


def test_a_message_is_retried_and_it_is_taken_back(page: Page, raw: Raw) -> None:
    page.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    expect(page.locator("#outcome")).to_contain_text(f"Retried #{STUCK[0]}.")
    assert page.url.endswith("/?status=processing")
    assert raw.row_is_pending(STUCK[0])
    expect(page.locator("#command")).to_contain_text("curl -X POST")
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back")
    expect(page.locator(f"#row-{STUCK[0]}")).to_be_visible()


def test_the_outcome_is_in_the_page_and_shown_once(page: Page) -> None:
    page.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    outcome, verdict = page.locator(".outcome").bounding_box(), page.locator("#verdict").bounding_box()
    assert outcome
    assert verdict
    assert outcome["y"] + outcome["height"] <= verdict["y"]
    page.reload()
    expect(page.locator("#outcome")).to_be_empty()


def test_nothing_that_needs_javascript_is_shown(page: Page) -> None:
    for path in ("/", f"/messages/{LONG}"):
        page.goto(path)
        for one in page.locator(".needs-js").all():
            expect(one).to_be_hidden()


def test_all_is_retried(page: Page, raw: Raw) -> None:
    page.goto("/stuck")
    page.get_by_role("button", name="Retry all stuck (3)").click()
    expect(page.locator("#outcome")).to_contain_text("Retried 3 messages.")
    assert all(raw.row_is_pending(id) for id in STUCK)


def test_filters_are_set_and_taken_off(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Status").select_option("failed")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr")).to_have_count(len(FAILED))
    page.get_by_role("link", name="Remove the filter Status").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_more_of_a_payload_is_a_page(page: Page) -> None:
    page.goto(f"/messages/{LONG}")
    page.get_by_role("link", name="Show more").click()
    expect(page).to_have_url(re.compile(r"/payload/tool_input\?start=2048$"))
    expect(page.locator("pre")).to_contain_text("line 1000 <b>of</b> many")


def test_a_row_that_changed_meanwhile_is_a_page_too(page: Page, raw: Raw, expected: list[str]) -> None:
    expected.append("409")
    raw.set(STUCK[0], status="processed", completed_at_epoch=1)
    page.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    expect(page.locator("#outcome")).to_contain_text("a worker has finished it")
    expect(page.locator("#heading .pill")).to_have_text("Processed")
