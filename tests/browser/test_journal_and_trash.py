from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FAILED, NARROW, PENDING, OpenPage
from tests.store.backends import Raw


def test_what_was_aborted_is_restored_from_the_trash_or_undone_in_the_journal(open_page: OpenPage, raw: Raw) -> None:
    before = raw.exact()
    page = open_page("/?status=failed")
    for id in FAILED:
        page.locator(f"#row-{id}").get_by_role("button", name="Abort").click()
        expect(page.locator(f"#row-{id}")).to_contain_text("Aborted just now")
    page.locator("#tabs").get_by_text("Trash").click()
    row = page.locator(f"#row-{FAILED[0]}")
    row.get_by_role("button", name="Restore").click()
    expect(row).to_contain_text("Brought back just now")
    expect(row.get_by_role("checkbox")).to_have_count(0)
    expect(page.locator("#trash-size")).to_contain_text("1 message,")
    expect(page.locator("#tabs [aria-current]")).to_have_text("Trash1")
    page.locator("#tabs").get_by_text("Journal").click()
    line = page.locator("#line-2")
    line.get_by_role("button", name="Undo").click()
    expect(line).to_contain_text("taken back by")
    assert raw.exact() == before


@pytest.mark.parametrize("path", ["/journal", "/trash"])
def test_the_open_tab_is_in_sight_where_the_strip_is_cut(open_page: OpenPage, path: str) -> None:
    page = open_page(path, NARROW)
    box = page.locator("#tabs [aria-current]").bounding_box()
    assert box
    assert (box["x"] >= 0, box["x"] + box["width"] <= NARROW[0]) == (True, True)


def test_a_purge_and_its_question_fit_a_phone(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/?status=failed", NARROW)
    page.locator(f"#row-{FAILED[0]}").get_by_role("button", name="Abort").click()
    expect(page.locator(f"#row-{FAILED[0]}")).to_contain_text("Aborted just now")
    page.goto("/trash")
    page.get_by_label("Purge what is older than").fill("0")
    page.get_by_role("button", name="Purge …").click()
    expect(page.locator("h1")).to_have_text("Nothing to purge")  # the clock stands still: not before this instant
    raw.run("UPDATE unstick_journal SET at = at - 1")
    page.reload()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    page.get_by_role("button", name="Purge 1 message").click()
    expect(page.locator("#outcome")).to_contain_text("Purged 1 message.")
    expect(page.locator("#list")).to_contain_text("The trash is empty")


def test_the_first_row_of_the_trash_comes_with_what_can_be_done_to_it(open_page: OpenPage) -> None:
    page = open_page("/trash", live=True)
    expect(page.locator("#list h2")).to_have_text("The trash is empty")
    open_page(f"/messages/{PENDING[0]}").get_by_role("button", name="Abort").click()
    page.get_by_label("Select message").check()
    expect(page.locator("#selection")).to_contain_text("1 selected")
    expect(page.locator("#trash-size")).to_contain_text("1 message")
