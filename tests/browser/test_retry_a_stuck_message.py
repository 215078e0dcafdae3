from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import FAILED, RUNNING, STUCK, OpenPage
from tests.store.backends import BACKENDS, Raw

ID = STUCK[0]


def positions(page: Page) -> list[tuple[str, float]]:
    """Where each row is."""
    script = "rows => rows.map(row => [row.id, row.getBoundingClientRect().top])"
    found: list[tuple[str, float]] = page.locator("tbody tr").evaluate_all(script)
    return found


@pytest.mark.parametrize("backend", BACKENDS, indirect=True)
def test_it_is_found_from_the_verdict_and_retried_with_one_click(open_page: OpenPage, raw: Raw) -> None:
    page = open_page()
    expect(page.locator("#verdict")).to_contain_text("Not draining.")
    page.locator("#verdict").get_by_role("link", name="3 stuck").click()
    row = page.locator(f"#row-{ID}")
    expect(row).to_contain_text("its worker crashed, hangs, or lost it")
    row.get_by_role("button", name="Retry").click()
    expect(row).to_contain_text("Retried just now")
    expect(row.locator(".pill")).to_have_text("Pending")
    expect(page.locator("#outcome")).to_contain_text(f"Retried #{ID}.")
    expect(page.locator("#tabs")).to_contain_text("Stuck2")
    assert raw.row_is_pending(ID)


def test_nothing_slides_under_the_pointer(open_page: OpenPage) -> None:
    page = open_page()
    before = positions(page)
    page.locator(f"#row-{ID}").get_by_role("button", name="Retry").click()
    expect(page.locator("#outcome")).to_contain_text("Retried")
    assert positions(page) == before


def test_a_double_click_acts_once_and_takes_nothing_back(open_page: OpenPage, raw: Raw) -> None:
    page = open_page()
    page.locator(f"#row-{ID}").get_by_role("button", name="Retry").dblclick()
    expect(page.locator(f"#row-{ID}")).to_contain_text("Retried just now")
    page.reload()
    assert raw.row_is_pending(ID)
    assert len(raw.rows("unstick_journal")) == 1


def test_after_a_reload_it_is_an_ordinary_row(open_page: OpenPage) -> None:
    page = open_page("/?status=processing")
    page.locator(f"#row-{ID}").get_by_role("button", name="Retry").click()
    expect(page.locator(f"#row-{ID}")).to_contain_text("Retried just now")
    page.reload()
    expect(page.locator(f"#row-{ID}")).to_have_count(0)
    expect(page.locator("#outcome")).to_be_empty()


def test_an_exhausted_one_gets_fresh_attempts(open_page: OpenPage, raw: Raw) -> None:
    page = open_page(f"/messages/{FAILED[0]}")
    page.get_by_role("button", name="Retry fresh").click()
    expect(page.locator("#outcome")).to_contain_text("with fresh attempts")
    expect(page.locator("#heading .pill")).to_have_text("Pending")
    expect(page.locator("#journal")).to_contain_text("Retried with fresh attempts")
    assert raw.row(FAILED[0])["retry_count"] == 0


def test_one_that_a_worker_is_at_asks_first(open_page: OpenPage, raw: Raw) -> None:
    page = open_page()
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    page.locator(f"#row-{RUNNING}").get_by_role("button", name="Retry").click()
    assert asked == [f"A worker is at message {RUNNING}. A second run may overlap the first. Retry all the same?"]
    assert raw.row(RUNNING)["status"] == "processing"
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator(f"#row-{RUNNING}").get_by_role("button", name="Retry").click()
    expect(page.locator(f"#row-{RUNNING}")).to_contain_text("Retried just now")


def test_the_command_that_wakes_the_worker_is_copied(open_page: OpenPage) -> None:
    page = open_page("/", permissions=["clipboard-read", "clipboard-write"])
    page.locator(f"#row-{ID}").get_by_role("button", name="Retry").click()
    page.get_by_role("button", name="Copy wake command").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -X POST")


def test_it_can_be_done_with_the_keyboard(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/stuck")
    page.locator(f"#row-{ID}").get_by_role("button", name="Retry").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#row-{ID}")).to_contain_text("Retried just now")
    expect(page.locator(f"#row-{ID}")).to_be_focused()
    assert raw.row_is_pending(ID)
    for _ in ("its tick", "the message", "its project", "its session", "Undo"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(f"#row-{ID} .pill")).to_have_text("Stuck")
