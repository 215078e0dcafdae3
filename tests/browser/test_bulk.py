from __future__ import annotations

import json

import pytest
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


@pytest.mark.parametrize("scripted", [True, False])
def test_what_is_ticked_is_exported(open_page: OpenPage, scripted: bool) -> None:
    page = open_page("/", java_script_enabled=scripted)
    box(page, FAILED[0]).check()
    ids = {FAILED[0], STUCK[0]}
    if scripted:
        page.get_by_role("link", name="Older").click()
        box(page, PENDING[50]).check()
        ids = {FAILED[0], PENDING[50]}
    else:
        box(page, STUCK[0]).check()
    with page.expect_download() as export:
        page.locator(".of-ticked").get_by_role("button", name="Export").click()
    lines = export.value.path().read_text("utf-8").splitlines()
    assert {json.loads(line)["id"] for line in lines} == ids
    if scripted:
        expect(bar(page)).to_contain_text("2 selected")


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


@pytest.mark.usefixtures("impatient")
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


@pytest.mark.parametrize("java_script", [True, False])
def test_enter_in_the_question_does_what_it_asks_about(open_page: OpenPage, clock: Clock, java_script: bool) -> None:
    clock.tick(MINUTE)
    page = open_page("/queue/retry?status=failed", java_script_enabled=java_script)
    page.get_by_label("Reason").fill("why not")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("Retried 2 messages.")


def test_a_dialog_stays_open_when_it_is_refused_and_gives_the_focus_back(
    open_page: OpenPage, raw: Raw, clock: Clock, expected: list[str]
) -> None:
    expected.append("400")
    clock.tick(MINUTE)
    page = open_page("/")
    page.get_by_role("link", name="Retry all failed (2) …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("why not")
    dialog.get_by_label("At most").fill("soon")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("“soon” is no number of messages a minute")
    expect(dialog.get_by_label("Reason")).to_have_value("why not")
    dialog.get_by_label("At most").fill("")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("#outcome")).to_contain_text("Retried 2 messages.")
    expect(page.locator(f"#row-{FAILED[0]}")).to_contain_text("Retried just now")
    expect(page.locator("#retry-all")).to_be_focused()
    assert {row["reason"] for row in raw.rows("unstick_journal")} == {"why not"}


def test_after_what_was_ticked_the_focus_is_at_the_list(open_page: OpenPage) -> None:
    page = open_page("/")
    box(page, STUCK[0]).check()
    bar(page).get_by_role("button", name="Retry", exact=True).press("Enter")
    expect(bar(page)).to_be_hidden()
    expect(page.locator("#list")).to_be_focused()


def test_all_that_match_are_counted_and_the_question_knows_it(open_page: OpenPage, raw: Raw, clock: Clock) -> None:
    clock.tick(MINUTE)
    page = open_page("/")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="All 127 that match").click()
    raw.run("DELETE FROM pending_messages WHERE id = 60")
    bar(page).locator("#all-verbs[id]").get_by_role("link", name="Abort").click()
    expect(page.get_by_role("dialog")).to_contain_text("127 when you looked, 126 now")
    page.keyboard.press("Escape")
    bar(page).get_by_role("link", name="Retry …").click()
    expect(page.get_by_role("dialog")).to_contain_text("Retry 6 messages?")
    expect(page.get_by_role("dialog")).not_to_contain_text("when you looked")


@pytest.mark.usefixtures("impatient")
def test_a_running_operation_keeps_the_focus_and_its_outcome_stays(open_page: OpenPage, raw: Raw, clock: Clock) -> None:
    raw.fill(300, status="'failed'", completed_at_epoch=str(clock.now - MINUTE))
    clock.tick(MINUTE)
    page = open_page("/")
    page.get_by_role("link", name="Retry all failed").click()
    page.get_by_label("At most").fill("60")
    page.keyboard.press("Enter")
    watch = page.locator("#outcome .asks").get_by_role("link", name="Watch")
    watch.click()
    cancel = page.locator("#operation").get_by_role("button", name="Cancel")
    cancel.focus()
    for _ in range(2):
        with page.expect_response(lambda answer: "/operations/" in answer.url):
            pass
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#operation .state")).to_have_text("Cancelled")
    expect(page.locator("#poll")).to_have_count(0)


def test_what_is_more_than_can_be_ticked_is_said(open_page: OpenPage) -> None:
    page = open_page("/")
    page.evaluate("""() => { const bar = document.getElementById("selection");
      sessionStorage.setItem(`unstick-selected ${location.pathname} ${bar.dataset.store}`,
        JSON.stringify(Array.from({ length: 999 }, (_, at) => [String(at + 1000), "failed.."]))); }""")
    page.reload()
    expect(bar(page)).to_contain_text("999 selected")
    expect(bar(page).locator("[data-full]")).to_be_hidden()
    page.get_by_label("Select all on this page").click()
    expect(bar(page)).to_contain_text("1,000 selected")
    expect(bar(page).locator("[data-full]")).to_be_visible()
    expect(bar(page).get_by_role("button", name="All 127 that match")).to_be_visible()


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
    expect(page.locator("#list h2")).to_have_text("The queue is empty")
