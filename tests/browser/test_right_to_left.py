"""Text that runs from the right stays in its place, and turns nothing around it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, WIDE, OpenPage
from webui.store import PendingMessageStore

HEBREW, ARABIC = "כלי-בדיקה", "مشروع 42"
TURNED = "a\u202egnp.exe"
"""What shows its end first where nobody spells it out."""
INSIDE = """([row, places]) => places.map(place => {
  const words = document.createTreeWalker(document.querySelector(row), NodeFilter.SHOW_TEXT);
  for (let node = words.nextNode(); node; node = words.nextNode()) {
    const at = node.data.indexOf(place);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + place.length);
    const { top, left } = range.getBoundingClientRect();
    return [Math.round(top / 10), Math.round(left)];
  }
  throw new Error(`${place} is not there`);
})"""


@pytest.fixture
def message(store: PendingMessageStore) -> int:
    session = store.ensure_session("dana", ARABIC)
    return store.enqueue(
        session, "dana", {"type": "observation", "tool_name": HEBREW, "tool_input": {"command": TURNED}}
    )


def lefts(page: Page, inside: str, *places: str) -> list[Any]:
    """Where each text begins on the screen: its line, and how far from the left in px."""
    found: list[Any] = page.evaluate(INSIDE, [inside, places])
    return found


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_row_is_read_from_the_left(open_page: OpenPage, message: int, size: tuple[int, int]) -> None:
    page = open_page("/", size)
    row = f"#row-{message}"
    first = lefts(page, row, HEBREW, "a\\u202egnp.exe")
    second = lefts(page, row, ARABIC, "session #", f"id {message}")
    assert (first, second) == (sorted(first), sorted(second))
    expect(page.locator(row)).not_to_contain_text("\u202e")


def test_so_are_its_page_a_filter_and_the_journal(open_page: OpenPage, message: int) -> None:
    page = open_page(f"/messages/{message}")
    heading = lefts(page, "h1", HEBREW, "a\\u202egnp.exe")
    assert heading == sorted(heading)
    page.goto(f"/?project={ARABIC}&tool={HEBREW}")
    chips = lefts(page, ".chips", "Project: ", ARABIC)
    assert chips == sorted(chips)
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("A name for what you see now").fill(f"{HEBREW}!")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("Saved this view as")
    said = lefts(page, "#outcome", "Saved this view as", HEBREW, "”.")
    assert said == sorted(said)
