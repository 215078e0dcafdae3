"""What somebody has set for themselves holds: a page at 400 %, colours of their own, less motion."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import FAILED, LONG, NARROW, STUCK, OpenPage
from tests.browser.test_at_360_px import TOO_WIDE

AT_400 = (320, 256)
"""What is left of 1280 by 1024 pixels."""
PATHS = (
    "/?status=failed", "/stuck", "/recent", "/journal", "/trash", "/operations", "/queue/retry?status=failed",
    f"/messages/{LONG}", "/messages/9999", "/embed/",
)  # fmt: skip
HIDDEN = """() => [...document.querySelectorAll('button, a, input, select, summary')]
  .filter(one => one.checkVisibility() && !one.closest('.sr, .skip, .live'))
  .filter(one => { const box = one.getBoundingClientRect(); return box.width < 1 || box.height < 1 })
  .map(one => one.outerHTML.slice(0, 80))"""
COVERED = """() => { const box = document.activeElement.getBoundingClientRect();
  const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return !document.activeElement.contains(seen) && !seen?.contains(document.activeElement) }"""
BORDERLESS = """() => [...document.querySelectorAll('.btn, .icon, .input, kbd, .pill')]
  .filter(one => one.checkVisibility())
  .filter(one => {
    const { borderTopColor, borderTopWidth, outlineColor, outlineStyle, backgroundColor } = getComputedStyle(one);
    const bordered = borderTopWidth !== '0px' && borderTopColor !== backgroundColor;
    return !bordered && (outlineStyle === 'none' || outlineColor === backgroundColor) })
  .map(one => one.outerHTML.slice(0, 80))"""
RING = """() => { for (let one = document.activeElement; one; one = one.parentElement) {
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
  if (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2)
    return outlineColor !== getComputedStyle(document.body).backgroundColor && !/^rgba.* 0[)]$/.test(outlineColor);
  if (one.matches('tr, form, header, nav')) return false } return false }"""
MOVING = "document.getAnimations().filter(one => one.animationName !== 'arm').map(one => one.animationName)"


def test_at_400_percent_nothing_is_hidden_or_off_the_side(open_page: OpenPage, expected: list[str]) -> None:
    expected.append("404")
    page = open_page("/", AT_400, live=True)
    for path in PATHS:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == AT_400[0], path
        assert page.evaluate(HIDDEN) == [], path
        assert page.evaluate(TOO_WIDE.replace(".l1", ".l1, .ask li")) == [], path


@pytest.mark.parametrize("size", [AT_400, NARROW])
def test_what_has_the_focus_is_in_sight(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page("/", size)
    for key in ("j", "x", "j", "j", "j", "k", "Tab", "Tab", "Tab", "Tab", "Shift+Tab"):
        page.keyboard.press(key)
        assert not page.evaluate(COVERED), key
        expect(page.locator(":focus")).to_be_in_viewport()


def test_at_400_percent_many_are_acted_on(open_page: OpenPage) -> None:
    page = open_page("/?status=failed", AT_400)
    for id in FAILED:
        page.get_by_label(f"Select message {id}").check()
    page.locator("#selection").get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("#outcome")).to_contain_text("Retried 2 messages.")
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back for 2 messages.")


@pytest.fixture
def forced(open_page: OpenPage) -> Page:
    return open_page("/", forced_colors="active")


def test_in_colours_of_their_own_what_is_pressed_has_a_border(forced: Page) -> None:
    forced.keyboard.press("j")
    forced.keyboard.press("x")
    assert forced.evaluate(BORDERLESS) == []
    forced.keyboard.press("?")
    assert forced.evaluate(BORDERLESS) == []
    forced.goto("/stuck")
    colours = (
        "a => [getComputedStyle(a).backgroundColor, getComputedStyle(a).color, getComputedStyle(a).borderBottomColor]"
    )
    for strip in (".segments a", ".tabs a"):
        links = forced.locator(strip)
        current = forced.locator(f"{strip}[aria-current]").evaluate(colours)
        others = [links.nth(at).evaluate(colours) for at in range(links.count())]
        assert others.count(current) == 1, strip


def test_in_colours_of_their_own_the_focus_can_be_seen(forced: Page) -> None:
    stops = []
    for _ in range(24):
        forced.keyboard.press("Tab")
        stops.append(forced.evaluate("document.activeElement.outerHTML.slice(0, 80)"))
        assert forced.evaluate(RING), stops[-1]
    forced.keyboard.press("j")
    assert forced.evaluate(RING)
    forced.keyboard.press("/")
    assert forced.evaluate(RING)
    assert len(set(stops)) > 20


def test_a_state_is_never_its_colour_alone(forced: Page) -> None:
    for id, word in ((STUCK[0], "Stuck"), (FAILED[0], "Failed")):
        pill = forced.locator(f"#row-{id} .pill")
        expect(pill).to_have_text(word)
        expect(pill.locator("svg")).to_be_visible()


@pytest.mark.parametrize("moves", [False, True])
def test_with_less_motion_nothing_moves(open_page: OpenPage, moves: bool) -> None:
    page = open_page("/")
    page.emulate_media(reduced_motion="no-preference" if moves else "reduce")
    page.evaluate(f"""window.moved = [];
      document.addEventListener('htmx:after:swap', () => moved.push(...{MOVING}))""")
    page.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    expect(page.locator(f"#row-{STUCK[0]}")).to_contain_text("Retried just now")
    assert bool(page.evaluate("moved")) is moves
