from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import FAILED, LONG, PENDING, OpenPage


def rows(page: Page) -> list[str]:
    found: list[str] = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.id)")
    return found


def test_a_search_narrows_the_list_and_stays_in_the_address(open_page: OpenPage) -> None:
    page = open_page("/")
    page.get_by_role("searchbox").fill("docs.python.org")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert page.url.endswith("/?q=docs.python.org")
    page.get_by_role("link", name="Remove the filter Text").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_filters_are_added_one_to_another(open_page: OpenPage) -> None:
    page = open_page("/?q=file")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Status").select_option("pending")
    page.get_by_label("Tool").fill("Write")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip")).to_have_text(["Status: pending", "Tool: Write", "Text: “file”"])
    assert page.url.endswith("/?q=file&status=pending&tool=Write")
    assert rows(page) == [f"row-{LONG}"]


def test_a_fact_of_a_row_is_a_filter(open_page: OpenPage) -> None:
    page = open_page("/")
    page.locator(f"#row-{FAILED[0]}").get_by_role("link", name="session #2").click()
    expect(page.locator(".chip")).to_have_text("Session: #2")


def test_the_filter_s_panel_closes_with_escape(open_page: OpenPage) -> None:
    page = open_page("/")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Tool").press("Escape")
    expect(page.get_by_label("Tool")).to_be_hidden()


def test_paging_an_action_a_look_and_back_keep_the_place(open_page: OpenPage) -> None:
    page = open_page("/?tool=read")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newer")).to_be_visible()
    second, place = rows(page), page.url
    assert second == [f"row-{id}" for id in PENDING[::-1][50:100]]
    page.locator("tbody tr").nth(3).get_by_role("button", name="Abort").click()
    expect(page.locator("tbody tr").nth(3)).to_contain_text("Aborted just now")
    page.locator("tbody tr").nth(5).get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(50)
    assert page.url == place
    assert [row for row in second if row != second[3]] == rows(page)[:49]
    page.get_by_role("link", name="Newer").click()
    assert rows(page) == [f"row-{id}" for id in PENDING[::-1][:50]]


def test_the_order_is_turned_and_stays(open_page: OpenPage) -> None:
    page = open_page("/?status=pending")
    page.get_by_role("link", name="Newest first").click()
    assert rows(page)[0] == f"row-{LONG}"
    page.reload()
    expect(page.get_by_role("link", name="Oldest first")).to_be_visible()
