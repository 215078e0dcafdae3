"""Times: how long ago, on the clock here or in UTC; exact on hover and focus; copied; and clocks that disagree."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import MINUTE, NARROW, PENDING, STUCK, OpenPage
from tests.store.backends import Clock, Raw
from webui.store import PendingMessageStore

HERE = "Asia/Kolkata"
"""Where the browser is: half an hour beside every full hour."""


@pytest.fixture(autouse=True)
def _now(clock: Clock) -> None:
    clock.now = int(datetime.now(UTC).timestamp() * 1000)


def exact(page: Page, selector: str) -> tuple[str, datetime]:
    """What a time says when one points at it, and which time that is."""
    time = page.locator(selector).first
    title, machine = time.get_attribute("title"), time.get_attribute("datetime")
    assert title
    assert machine
    assert datetime.fromisoformat(title) == datetime.fromisoformat(machine)
    return title, datetime.fromisoformat(machine)


def test_one_switch_for_all_times_and_the_browser_keeps_it(open_page: OpenPage) -> None:
    page = open_page("/stuck", timezone_id=HERE)
    age, switch = page.locator(f"#row-{STUCK[0]} time"), page.locator("#times")
    expect(switch).to_have_text("Ago")
    expect(age).to_have_text("41 min")
    switch.click()
    title, then = exact(page, f"#row-{STUCK[0]} time")
    local = then.astimezone(ZoneInfo(HERE))
    assert title == local.isoformat(timespec="milliseconds")
    expect(age).to_have_text(re.compile(local.strftime(r"^(\d+ \w+ %H:%M|%H:%M:%S)$")))
    switch.click()
    expect(switch).to_have_attribute("aria-label", "Times: in UTC")
    page.reload()
    expect(switch).to_have_text("UTC")
    title, then = exact(page, f"#row-{STUCK[0]} time")
    assert title == then.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    expect(age).to_have_text(re.compile(then.astimezone(UTC).strftime(r"^(\d+ \w+ %H:%M|%H:%M:%S)Z$")))
    switch.click()
    expect(age).to_have_text("41 min")


def test_an_answer_is_shown_in_the_chosen_way(open_page: OpenPage) -> None:
    page = open_page("/", timezone_id=HERE)
    page.locator("#times").click()
    row = page.locator(f"#row-{PENDING[-1]}")
    row.get_by_role("button", name="Abort").click()
    expect(row.locator(".done-mark")).to_be_visible()
    expect(row.locator("time")).to_have_text(re.compile(r":\d\d$"))
    assert exact(page, f"#row-{PENDING[-1]} time")[0].endswith("+05:30")


def test_exact_where_the_focus_is(open_page: OpenPage) -> None:
    page = open_page(f"/messages/{STUCK[0]}")
    time = page.locator("#story time").first
    page.locator("#story time").first.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(time).to_be_focused()
    expect(time).to_have_attribute("data-said", exact(page, "#story time")[0])
    page.keyboard.press("Escape")
    expect(time).not_to_have_attribute("data-said", re.compile("."))


def test_a_list_says_it_on_the_rows_link_and_has_no_more_stops(open_page: OpenPage) -> None:
    page = open_page("/stuck")
    assert page.locator("table time").count() > 3
    assert page.locator("table time[tabindex]").count() == 0
    page.locator(f"#row-{STUCK[1]} input").focus()
    page.keyboard.press("Tab")
    expect(page.locator(f"#row-{STUCK[1]} .l1 a")).to_be_focused()
    expect(page.locator("time[data-said]")).to_have_count(1)
    expect(page.locator(f"#row-{STUCK[1]} time")).to_have_attribute("data-said", re.compile("T.*:"))


@pytest.mark.parametrize("how", ["click", "Enter"])
def test_copied_by_a_click_or_by_enter(open_page: OpenPage, how: str) -> None:
    page = open_page(f"/messages/{STUCK[0]}", permissions=["clipboard-read", "clipboard-write"])
    time = page.locator("#story time").first
    if how == "click":
        time.click()
    else:
        time.press(how)
    expect(time).to_have_attribute("data-said", "Copied")
    assert page.evaluate("navigator.clipboard.readText()") == exact(page, "#story time")[0]
    expect(page.locator("#outcome .sr")).to_contain_text("Copied")


def test_it_says_nothing_while_clocks_agree(open_page: OpenPage, clock: Clock) -> None:
    clock.tick(10_000)
    page = open_page("/")
    expect(page.locator("#row-128 time")).to_be_visible()
    expect(page.locator(".clocks:visible")).to_have_count(0)


@pytest.mark.parametrize(("by", "words"), [(-3 * MINUTE, "ahead of"), (MINUTE * 9 // 2, "behind")])
def test_a_browser_whose_clock_is_wrong(open_page: OpenPage, clock: Clock, by: int, words: str) -> None:
    clock.tick(by)
    page = open_page("/", NARROW)
    expect(page.locator("#clocks")).to_contain_text(f"is {abs(by) // MINUTE} min {words} the server's")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]


@pytest.mark.parametrize("column", ["created_at_epoch", "started_processing_at_epoch"])
def test_rows_from_the_future(
    open_page: OpenPage, store: PendingMessageStore, raw: Raw, clock: Clock, column: str
) -> None:
    raw.set(PENDING[-1], **{column: clock.now + 5 * MINUTE + 1})  # type: ignore[arg-type]
    page = open_page("/", java_script_enabled=False)
    expect(page.locator("#verdict .clocks")).to_contain_text("The newest message is from 5 min after now")
