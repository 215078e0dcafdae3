"""The whole job by keyboard alone: no test here clicks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import FAILED, MINUTE, RUNNING, STUCK, OpenPage, ready
from tests.store.backends import Clock, Raw


def press(page: Page, *keys: str) -> None:
    ready(page)
    for key in keys:
        page.keyboard.press(key)


def row(page: Page, id: int) -> Locator:
    return page.locator(f"#row-{id}")


def outcome(page: Page) -> Locator:
    return page.locator("#outcome")


def test_rows_are_gone_through_with_the_focus_and_in_sight(open_page: OpenPage) -> None:
    page = open_page("/?status=pending")
    first, second, last = (page.locator("tbody tr").nth(at) for at in (0, 1, -1))
    press(page, "k")
    expect(first).to_be_focused()
    press(page, "k")
    expect(first).to_be_focused()
    press(page, "j")
    expect(second).to_be_focused()
    assert second.evaluate("row => getComputedStyle(row).outlineStyle") == "solid"
    press(page, "x", *["j"] * 60)
    expect(last).to_be_focused()
    press(page, *["k"] * 30)
    box, bar = page.locator("tr:focus").bounding_box(), page.locator("#selection").bounding_box()
    assert box
    assert bar
    assert box["y"] >= bar["y"] + bar["height"]


def test_a_row_is_retried_aborted_and_each_is_taken_back(open_page: OpenPage, raw: Raw) -> None:
    before = raw.exact()
    page = open_page("/?status=failed")
    press(page, "j", "j", "r")
    expect(row(page, FAILED[0])).to_contain_text("Retried just now")
    expect(row(page, FAILED[0])).to_be_focused()
    press(page, "u")
    expect(outcome(page)).to_contain_text("Taken back")
    expect(row(page, FAILED[0]).locator(".pill")).to_have_text("Failed")
    expect(row(page, FAILED[0])).to_be_focused()
    press(page, "k", "a")
    expect(row(page, FAILED[1])).to_contain_text("Aborted just now")
    press(page, "u")
    expect(row(page, FAILED[1]).locator(".pill")).to_have_text("Failed")
    assert raw.exact() == before


def test_many_are_ticked_acted_on_and_taken_back(open_page: OpenPage, raw: Raw) -> None:
    before = raw.exact()
    page = open_page("/?status=processing")
    press(page, "j", "j", "x", "j", "j", "Shift+X")
    expect(page.locator("#selection")).to_contain_text("3 selected")
    press(page, "k", "k", "k", "r")
    expect(outcome(page)).to_contain_text("Retried 3 messages.")
    assert all(raw.row_is_pending(id) for id in STUCK)
    assert not raw.row_is_pending(RUNNING)
    expect(row(page, RUNNING)).to_be_focused()
    press(page, "u")
    expect(outcome(page)).to_contain_text("Taken back for 3 messages.")
    assert raw.exact() == before


def test_all_that_match_are_asked_about_and_done(open_page: OpenPage, raw: Raw, clock: Clock) -> None:
    clock.tick(MINUTE)
    page = open_page("/")
    press(page, "*")
    expect(page.locator("#selection")).to_contain_text("50 selected")
    press(page, "*")
    expect(page.locator("#selection .of-all")).to_contain_text("All 127 that match")
    press(page, "a")
    question = page.get_by_role("dialog", name="Abort 127 messages?")
    expect(question).to_be_visible()
    press(page, "Escape", "r")
    question = page.get_by_role("dialog", name="Retry 6 messages?")
    expect(question.get_by_role("button", name="Retry 6 messages")).to_be_focused()
    press(page, "Enter")
    expect(outcome(page)).to_contain_text(re.compile("Retried .*6 messages"))
    press(page, "u")
    expect(outcome(page)).to_contain_text("Taken back for")


def test_the_third_time_nothing_is_ticked(open_page: OpenPage) -> None:
    page = open_page("/")
    press(page, "*", "*", "*")
    expect(page.locator("#selection")).to_be_hidden()
    expect(page.locator("tbody input:checked")).to_have_count(0)


def test_what_is_for_none_of_the_ticked_says_why(open_page: OpenPage) -> None:
    page = open_page("/?status=pending")
    press(page, "j", "x", "r")
    expect(outcome(page)).to_have_text("Those are pending, and would stay as they are.")


def test_a_message_is_searched_opened_retried_there_and_taken_back(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/")
    press(page, "/")
    page.keyboard.type("docs.python.org/1")
    press(page, "Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.wait_for_load_state()
    press(page, "j", "Enter")
    expect(page.locator("#heading .pill")).to_have_text("Failed")
    page.wait_for_load_state()
    press(page, "r")
    expect(page.locator("#heading .pill")).to_have_text("Pending")
    assert raw.row_is_pending(FAILED[1])
    press(page, "u")
    expect(page.locator("#heading .pill")).to_have_text("Failed")


def test_the_trash_and_the_journal_have_them_too(open_page: OpenPage, raw: Raw) -> None:
    before = raw.exact()
    page = open_page("/?status=failed")
    press(page, "*", "a")
    expect(outcome(page)).to_contain_text("Aborted 2 messages.")
    page.goto("/trash")
    press(page, "j", "r")
    expect(page.locator("tbody tr").first).to_contain_text("Brought back just now")
    press(page, "j", "x", "r")
    expect(page.locator("tbody tr").last).to_contain_text("Brought back just now")
    assert raw.exact() == before
    page.goto(f"/messages/{FAILED[0]}")
    press(page, "a")
    expect(page.locator("#heading .pill")).to_have_text("Aborted")
    page.goto("/journal")
    press(page, "j", "u")
    expect(outcome(page)).to_contain_text("Taken back")
    assert raw.exact() == before


@pytest.mark.parametrize("held", ["Control", "Alt", "Meta", "Shift"])
def test_they_are_not_heard_with_another_key(open_page: OpenPage, held: str, raw: Raw) -> None:
    page = open_page("/?status=failed")
    press(page, "j", f"{held}+r", f"{held}+a", f"{held}+j")
    expect(page.locator("tbody tr").first).to_be_focused()
    expect(outcome(page)).to_be_empty()
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(len(FAILED))


def test_they_are_not_heard_while_somebody_types(open_page: OpenPage) -> None:
    page = open_page("/?status=failed")
    press(page, "/")
    page.keyboard.type(" jxrau?*/")
    expect(page.get_by_role("searchbox")).to_have_value(" jxrau?*/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("tbody input:checked")).to_have_count(0)


def test_the_list_of_keys_opens_closes_and_turns_them_off(open_page: OpenPage) -> None:
    page = open_page("/?status=failed")
    listed = page.get_by_role("dialog", name="Keys")
    press(page, "j", "?")
    expect(listed).to_be_visible()
    press(page, "a", "Escape")
    expect(listed).to_be_hidden()
    expect(page.locator("tbody tr").first).to_be_focused()
    expect(outcome(page)).to_be_empty()
    press(page, "?")
    expect(listed.get_by_role("button", name="Close")).to_be_focused()
    press(page, "Shift+Tab", "Space")
    expect(listed.get_by_role("checkbox")).not_to_be_checked()
    press(page, "Escape", "j", "x", "?")
    expect(page.locator("tbody tr").first).to_be_focused()
    expect(page.locator("tbody input:checked")).to_have_count(0)
    page.goto("/stuck")
    press(page, "j")
    expect(page.locator("tr:focus")).to_have_count(0)
    page.get_by_role("button", name="Keys").press("Enter")
    expect(listed.get_by_role("checkbox")).not_to_be_checked()
    press(page, "Shift+Tab", "Space", "Escape", "j")
    expect(page.locator("tbody tr").first).to_be_focused()


def test_a_keyboard_of_another_alphabet_has_them_in_the_same_places(open_page: OpenPage) -> None:
    page = open_page("/")
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'о', code: 'KeyJ', bubbles: true}))")
    expect(page.locator("tbody tr").first).to_be_focused()


def test_when_a_row_is_gone_the_focus_goes_to_the_next(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/?status=processing", live=True)
    ids = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.id)")
    press(page, "j", "j")
    expect(page.locator(f"#{ids[1]}")).to_be_focused()
    raw.run(f"DELETE FROM pending_messages WHERE id = {ids[1].removeprefix('row-')}")
    newer = page.locator("#newer")
    expect(newer).to_be_visible()
    newer.evaluate("button => button.click()")  # as it is shown after a while without a hand on anything
    expect(page.locator(f"#{ids[1]}")).to_have_count(0)
    expect(page.locator(f"#{ids[2]}")).to_be_focused()
    raw.run(f"DELETE FROM pending_messages WHERE id IN ({ids[2].removeprefix('row-')}, {ids[3].removeprefix('row-')})")
    expect(newer).to_be_visible()
    newer.evaluate("button => button.click()")
    expect(page.locator(f"#{ids[0]}")).to_be_focused()
