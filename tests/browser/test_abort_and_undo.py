from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import FAILED, LONG, OpenPage
from tests.store.backends import Raw

ID = FAILED[0]


def test_it_is_aborted_and_brought_back_from_the_outcome(open_page: OpenPage, raw: Raw) -> None:
    before = raw.exact()
    page = open_page("/?status=failed")
    row = page.locator(f"#row-{ID}")
    row.get_by_role("button", name="Abort").click()
    expect(row).to_contain_text("Aborted just now")
    assert ID not in raw.ids()
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back")
    expect(row.locator(".pill")).to_have_text("Failed")
    expect(row.get_by_role("button", name="Abort")).to_be_visible()
    assert raw.exact() == before


def test_it_is_brought_back_from_its_row(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/?status=failed")
    row = page.locator(f"#row-{ID}")
    row.get_by_role("button", name="Abort").click()
    row.get_by_role("button", name="Undo").click()
    expect(row.locator(".pill")).to_have_text("Failed")
    assert ID in raw.ids()


def test_it_still_opens_and_is_restored_later(open_page: OpenPage, raw: Raw) -> None:
    before = raw.exact()
    page = open_page("/?status=failed")
    page.locator(f"#row-{ID}").get_by_role("button", name="Abort").click()
    expect(page.locator(f"#row-{ID}")).to_contain_text("Aborted just now")
    page.goto(f"/messages/{ID}")
    expect(page.locator("#heading")).to_contain_text("ago by")
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("#outcome")).to_contain_text("Brought back")
    expect(page.locator("#heading .pill")).to_have_text("Failed")
    expect(page.locator("#heading").get_by_role("button", name="Abort")).to_be_visible()
    assert raw.exact() == before


def test_the_outcome_covers_neither_rows_nor_pager_at_the_end(open_page: OpenPage) -> None:
    page = open_page("/")
    row = page.locator("tbody tr").last
    row.scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    row.get_by_role("button", name="Abort").click()
    expect(row).to_contain_text("Aborted just now")
    outcome = page.locator(".outcome").bounding_box()
    assert outcome
    for place in (row, page.locator(".pager")):
        box = place.bounding_box()
        assert box
        assert box["y"] >= outcome["y"] + outcome["height"]


def test_a_long_message_opens_and_shows_more_in_place(open_page: OpenPage) -> None:
    page = open_page(f"/messages/{LONG}")
    text = page.locator("#text-tool_input")
    expect(text).to_contain_text("line 10 <b>of</b> many")
    short = len(text.inner_text())
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("#more-tool_input")).to_contain_text("67,584 characters shown")
    assert len(text.inner_text()) > short + 60_000
    assert page.url.endswith(f"/messages/{LONG}")
    page.evaluate("document.querySelectorAll('b').length")
    assert page.locator("#text-tool_input b").count() == 0
