from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import STUCK, OpenPage
from tests.store.backends import Raw


def test_all_that_is_stuck_is_retried_with_one_click_and_taken_back(open_page: OpenPage, raw: Raw) -> None:
    before = raw.exact()
    page = open_page("/")
    page.get_by_role("button", name="Retry all stuck (3)").click()
    expect(page.locator("#outcome")).to_contain_text("Retried 3 messages.")
    for id in STUCK:
        expect(page.locator(f"#row-{id}")).to_contain_text("Retried just now")
        assert raw.row_is_pending(id)
    expect(page.get_by_role("button", name="Retry all stuck")).to_have_count(0)
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back for 3 messages.")
    for id in STUCK:
        expect(page.locator(f"#row-{id} .pill")).to_have_text("Stuck")
    expect(page.get_by_role("button", name="Retry all stuck (3)")).to_be_visible()
    assert raw.exact() == before


def test_the_threshold_decides_what_is_stuck(open_page: OpenPage) -> None:
    page = open_page("/stuck")
    page.get_by_role("link", name="1 h").click()
    expect(page.get_by_text("Nothing is stuck")).to_be_visible()
    page.get_by_label("Another length of time").fill("5s")
    page.get_by_role("button", name="Set").click()
    expect(page.get_by_role("button", name="Retry all stuck (4)")).to_be_visible()
