"""The page of what is stuck, while it is kept up to date: it has two tables."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import STUCK, OpenPage
from tests.browser.test_live import looked, row
from tests.store.backends import Raw


def test_a_row_that_belongs_into_another_table_waits_to_be_shown_there(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/stuck", live=True)
    raw.run(f"UPDATE pending_messages SET status = 'pending' WHERE id = {STUCK[0]}")
    expect(page.locator("#newer")).to_have_text("1 new: show")
    expect(row(page, STUCK[0]).locator(".pill")).to_have_text("Pending")
    before, after = (page.get_by_role("table", name=name) for name in ("processing for too long", "nobody claims"))
    expect(before.locator(f"#row-{STUCK[0]}")).to_be_visible()
    page.locator("#newer").click()
    expect(after.locator(f"#row-{STUCK[0]}")).to_be_visible()
    expect(before.locator(f"#row-{STUCK[0]}")).to_have_count(0)
    expect(page.locator("#newer")).to_be_hidden()


def test_what_was_retried_here_is_not_offered_as_new(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/stuck", live=True)
    row(page, STUCK[0]).get_by_role("button", name="Retry", exact=True).click()
    expect(row(page, STUCK[0])).to_contain_text("Retried just now")
    looked(page, 2)
    expect(page.locator("#newer")).to_be_hidden()
