from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import FAILED, MINUTE, NARROW, PENDING, RUNNING, STUCK, OpenPage
from tests.store.backends import Clock, Raw


def box(page: Page, id: int) -> Locator:
    return page.get_by_label(f"Select message {id}", exact=True)


def bar(page: Page) -> Locator:
    return page.locator("#selection")


def test_a_tick_turns_the_bar_and_moves_no_row(open_page: OpenPage) -> None:
    page = open_page("/")
    row = page.locator(f"#row-{STUCK[0]}")
    before = row.bounding_box()
    expect(bar(page)).to_be_hidden()
    box(page, STUCK[0]).check()
    expect(bar(page)).to_contain_text("1 selected")
    expect(row).to_have_class("stuck selected")
    assert row.bounding_box() == before
    bar(page).get_by_role("button", name="Clear the selection").click()
    expect(bar(page)).to_be_hidden()
    assert row.bounding_box() == before


def test_what_is_ticked_survives_a_reload_other_pages_and_a_refusal(
    open_page: OpenPage, raw: Raw, expected: list[str]
) -> None:
    expected.append("503")
    page = open_page("/")
    box(page, FAILED[0]).check()
    page.reload()
    expect(box(page, FAILED[0])).to_be_checked()
    page.get_by_role("link", name="Older").click()
    expect(bar(page)).to_contain_text("1 selected")
    box(page, PENDING[50]).check()
    with raw.write_lock():
        bar(page).get_by_role("button", name="Abort").click()
        expect(page.locator("#outcome .problem")).to_be_visible()
    expect(bar(page)).to_contain_text("2 selected")
    bar(page).get_by_role("button", name="Abort").click()
    expect(page.locator("#outcome")).to_contain_text("Aborted 2 messages.")
    expect(bar(page)).to_be_hidden()
    assert {FAILED[0], PENDING[50]}.isdisjoint(raw.ids())
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back for 2 messages.")
    assert {FAILED[0], PENDING[50]} <= set(raw.ids())


def test_a_range_a_page_and_what_does_not_apply(open_page: OpenPage) -> None:
    page = open_page("/")
    box(page, RUNNING).click()
    box(page, STUCK[0]).click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("4 selected")
    page.get_by_label("Select all on this page").check()
    expect(bar(page)).to_contain_text("50 selected")
    expect(bar(page)).to_contain_text("All 127 that match")
    page.get_by_label("Select all on this page").uncheck()
    expect(bar(page)).to_be_hidden()
    box(page, PENDING[-1]).check()
    retry = bar(page).locator(".of-ticked").get_by_role("button", name="Retry", exact=True)
    expect(retry).to_have_attribute("aria-disabled", "true")
    expect(retry).to_have_attribute("title", "Those are pending, and would stay as they are.")
    retry.click(force=True)
    expect(page.locator("#outcome")).to_be_empty()
    box(page, FAILED[0]).check()
    expect(retry).not_to_have_attribute("aria-disabled", "true")


def test_everything_that_failed_takes_two_clicks_and_is_taken_back(open_page: OpenPage, raw: Raw, clock: Clock) -> None:
    raw.fill(12_000, status="'failed'", completed_at_epoch=str(clock.now - MINUTE))
    clock.tick(MINUTE)
    before = raw.exact()
    page = open_page("/")
    page.get_by_role("link", name="Retry all failed (12,002) …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Retry 12,002 messages?")
    verb = dialog.get_by_role("button", name="Retry 12,002 messages")
    expect(verb).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name="Retry all failed")).to_be_focused()
    page.get_by_role("link", name="Retry all failed").click()
    verb.click()
    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text("Retried ")
    expect(dialog).to_have_count(0)
    clock.tick(MINUTE)  # whatever is left to be done is in its time
    outcome.get_by_role("link", name="Retried").click()
    expect(page.locator("#operation .state")).to_have_text("Done")
    expect(page.locator("#operation")).to_contain_text("12,002 done")
    page.locator("#operation").get_by_role("button", name="Undo").click()
    expect(outcome).to_contain_text("Taken back for ")
    clock.tick(MINUTE)
    outcome.get_by_role("link", name="Taken back").click()
    expect(page.locator("#operation .state")).to_have_text("Done")
    assert raw.exact() == before


def test_on_a_narrow_screen_the_bar_is_in_sight(open_page: OpenPage) -> None:
    page = open_page("/?status=pending", size=NARROW)
    last = page.get_by_label("Select message").last
    last.check()
    expect(bar(page)).to_be_in_viewport(ratio=1)
    bar(page).get_by_role("button", name="All 50 on this page").click()
    expect(bar(page)).to_contain_text("50 selected")
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW[0]


def test_without_javascript_the_same_is_done_by_the_form(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/", java_script_enabled=False)
    box(page, STUCK[0]).check()
    box(page, FAILED[0]).check()
    page.locator(".of-ticked").get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("#outcome")).to_contain_text("Retried 2 messages.")
    assert raw.row_is_pending(STUCK[0])
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back for 2 messages.")
    page.locator(".of-all").get_by_role("link", name="Abort").click()
    page.get_by_role("button", name="Abort 127 messages").click()
    expect(page.locator("#outcome")).to_contain_text("Aborted 127 messages.")
    expect(page.locator("h2")).to_have_text("The queue is empty")
