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
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Status").select_option("pending")
    page.get_by_label("Tool").fill("Write")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip")).to_have_text(["Status: pending", "Tool: Write", "Text: “file”"])
    assert page.url.endswith("/?status=pending&tool=Write&q=file")
    assert rows(page) == [f"row-{LONG}"]


def test_a_fact_of_a_row_is_a_filter(open_page: OpenPage) -> None:
    page = open_page("/")
    page.locator(f"#row-{FAILED[0]}").get_by_role("link", name="session #2").click()
    expect(page.locator(".chip")).to_have_text("Session: #2")


def test_the_filter_s_panel_closes_with_escape(open_page: OpenPage) -> None:
    page = open_page("/")
    page.locator("summary", has_text="Filter").click()
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
    page.get_by_role("link", name="Oldest", exact=True).click()
    assert rows(page)[0] == f"row-{LONG}"
    page.reload()
    expect(page.get_by_role("link", name="Oldest", exact=True)).to_have_attribute("aria-current", "true")


def test_the_box_goes_on_with_what_is_typed(open_page: OpenPage) -> None:
    page = open_page("/?status=pending")
    box = page.get_by_role("searchbox")
    expect(box).to_have_value("status:pending")
    box.press("End")
    box.press_sequentially(" tool:wr")
    suggestion = page.get_by_role("link", name="tool:Write")
    expect(suggestion).to_be_visible()
    box.press("Escape")
    expect(suggestion).to_be_hidden()
    expect(box).to_have_value("status:pending tool:wr")
    box.press_sequentially("i")
    expect(suggestion).to_be_visible()
    box.press("Tab")
    expect(suggestion).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_text(["Status: pending", "Tool: Write"])
    assert page.url.endswith("/?status=pending&tool=Write")


def test_a_view_is_saved_found_again_and_removed(open_page: OpenPage) -> None:
    page = open_page("/?status=pending&tool=Write&order=oldest")
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("A name for what you see now").fill("To be written")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved this view as “To be written”.")
    page.goto(page.url.split("?")[0])
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("link", name="To be written").click()
    expect(page.locator(".chip")).to_have_text(["Status: pending", "Tool: Write"])
    assert page.url.endswith("/?status=pending&tool=Write&order=oldest")
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("button", name="Remove the view To be written").click()
    expect(page.get_by_role("status")).to_contain_text("Removed the view")
    assert page.url.endswith("/?status=pending&tool=Write&order=oldest")
