from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import FAILED, LONG, STUCK, OpenPage

LOW_CONTRAST = """() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const behind = (one) => {
    const layers = [];
    for (let at = one; at; at = at.parentElement) {
      layers.push(parse(getComputedStyle(at).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const found = {};
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!own || !one.checkVisibility() || one.closest('.sr, .dots, svg, .skip')) continue;
    const back = behind(one), front = over(parse(getComputedStyle(one).color), back);
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
    const ratio = (high + .05) / (low + .05);
    if (ratio < 4.5) found[`${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 30)}`] = ratio.toFixed(2);
  }
  return found;
}"""


def background(page: Page) -> str:
    found: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return found


DARK, LIGHT = "rgb(26, 25, 22)", "rgb(250, 248, 244)"


def test_it_is_as_the_system_until_one_chooses(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="dark")
    assert background(page) == DARK
    page.emulate_media(color_scheme="light")
    assert background(page) == LIGHT


def test_the_choice_goes_round_and_is_kept(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="dark")
    switch = page.get_by_role("button", name="Colours")
    switch.click()
    assert background(page) == LIGHT
    page.reload()
    assert background(page) == LIGHT
    switch.click()
    assert background(page) == DARK
    page.emulate_media(color_scheme="light")
    page.goto("/stuck")
    assert background(page) == DARK
    switch.click()
    assert background(page) == LIGHT
    expect(switch).to_have_attribute("aria-label", "Colours: as the system has them")


def test_without_javascript_it_is_as_the_system(open_page: OpenPage) -> None:
    assert background(open_page("/", color_scheme="dark", java_script_enabled=False)) == DARK


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(open_page: OpenPage, scheme: str) -> None:
    page = open_page("/", color_scheme=scheme)
    for path in ("/", "/?status=failed", "/stuck", "/recent", f"/messages/{FAILED[0]}", f"/messages/{LONG}"):
        page.goto(path)
        assert page.evaluate(LOW_CONTRAST) == {}, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_outcomes_and_marks_can_be_read(open_page: OpenPage, scheme: str) -> None:
    page = open_page("/", color_scheme=scheme)
    page.locator(f"#row-{FAILED[0]}").get_by_role("button", name="Abort").click()
    expect(page.locator(f"#row-{FAILED[0]}")).to_contain_text("Aborted just now")
    page.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    expect(page.locator(f"#row-{STUCK[0]}")).to_contain_text("Retried just now")
    assert page.evaluate(LOW_CONTRAST) == {}
