"""A page that stays up to date, and moves nothing that somebody is about to click."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import FAILED, MINUTE, NARROW, PENDING, RUNNING, STUCK, OpenPage
from tests.store.backends import Clock, Raw
from webui.store import PendingMessageStore

FIRST = STUCK[0]


def row(page: Page, id: int) -> Locator:
    return page.locator(f"#row-{id}")


def label(page: Page) -> Locator:
    return page.locator("#live-state .label")


def looked(page: Page, times: int = 1) -> None:
    """Waits until the page has looked so often once more, and was told that nothing changed."""
    for _ in range(times):
        with page.expect_response(lambda answer: answer.status == 204):
            pass


def enqueue(store: PendingMessageStore, count: int) -> list[int]:
    session = store.ensure_session("ana", "atlas")
    return [store.enqueue(session, "ana", {"type": "observation", "tool_name": "New"}) for _ in range(count)]


def test_while_nothing_changes_nothing_is_touched(open_page: OpenPage) -> None:
    page = open_page("/", live=True)
    page.evaluate("""
      window.touched = [];
      new MutationObserver(seen => touched.push(...seen.map(one => one.target.nodeName + '.' + one.target.className)))
        .observe(document.querySelector('main'), { subtree: true, childList: true, attributes: true })""")
    looked(page, 3)
    assert [touched for touched in page.evaluate("touched") if not touched.startswith("TIME")] == []
    expect(label(page)).to_have_text("Live")


def test_a_row_changes_where_it_is_and_all_else_stays(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/", live=True)
    rows = f"['#row-{FAILED[0]}', '#row-{FAILED[1]}'].map(id => document.querySelector(id))"
    page.evaluate(f"{rows}.forEach(row => row.kept = true)")
    button = row(page, STUCK[1]).get_by_role("button", name="Retry", exact=True)
    button.focus()
    page.mouse.wheel(0, 300)
    before = row(page, FAILED[0]).bounding_box()
    raw.set(FAILED[0], status="processing", started_processing_at_epoch=1)
    expect(row(page, FAILED[0]).locator(".pill")).to_have_text("Stuck")
    expect(row(page, FAILED[0])).to_have_class(re.compile("flash"))
    expect(page.locator("#outcome")).to_have_text(f"Message {FAILED[0]} changed: Stuck")
    expect(button).to_be_focused()
    assert row(page, FAILED[0]).bounding_box() == before
    assert page.evaluate(f"{rows}.every(row => row.kept)")
    expect(page.locator("#verdict")).to_contain_text("4 stuck")
    row(page, FAILED[0]).get_by_role("button", name="Retry", exact=True).click()
    expect(row(page, FAILED[0])).to_contain_text("Retried just now")
    assert raw.row(FAILED[0])["status"] == "pending"


def test_what_was_acted_on_keeps_its_undo(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/?status=failed", live=True)
    row(page, FAILED[0]).get_by_role("button", name="Retry", exact=True).click()
    expect(row(page, FAILED[0])).to_contain_text("Retried just now")
    looked(page, 2)
    row(page, FAILED[0]).get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back")
    assert raw.row(FAILED[0])["status"] == "failed"


def test_new_rows_wait_until_they_are_asked_for(open_page: OpenPage, store: PendingMessageStore) -> None:
    page = open_page("/?tool=New", live=True)
    expect(page.locator("#list")).to_contain_text("No message matches")
    first = enqueue(store, 1)  # where nothing was, nothing can move
    expect(row(page, first[0])).to_be_visible()
    before = row(page, first[0]).bounding_box()
    new = enqueue(store, 3)
    newer = page.get_by_role("button", name="3 new: show")
    expect(newer).to_be_visible()
    assert row(page, first[0]).bounding_box() == before
    expect(row(page, new[0])).to_have_count(0)
    newer.click()
    expect(page.locator("#list tbody tr")).to_have_count(4)
    expect(newer).to_be_hidden()
    expect(page.locator("#place [name=shown]")).to_have_value(",".join(str(id) for id in [*reversed(new), *first]))


def test_a_row_that_others_pushed_to_the_next_page_is_not_gone(
    open_page: OpenPage, store: PendingMessageStore, raw: Raw
) -> None:
    page = open_page("/?status=pending", live=True)
    last = page.locator("#list tbody tr").last
    id = int((last.get_attribute("id") or "").removeprefix("row-"))
    enqueue(store, 2)
    expect(page.locator("#newer")).to_have_text("2 new: show")
    expect(row(page, id).locator(".pill")).to_have_text("Pending")
    row(page, id).get_by_role("button", name="Abort").click()
    expect(row(page, id)).to_contain_text("Aborted")
    assert id not in raw.ids()


def test_a_look_that_was_under_way_does_not_undo_what_an_action_showed(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/", live=True)
    held: list[Route] = []
    page.route(lambda url: "v=" in url and "/static/" not in url, lambda route: held.append(route))
    raw.set(FAILED[1], status="pending")
    while not held:
        page.wait_for_timeout(50)
    before = held[0].fetch()
    row(page, FIRST).get_by_role("button", name="Retry", exact=True).click()
    expect(row(page, FIRST)).to_contain_text("Retried just now")
    held[0].fulfill(response=before)
    page.unroute_all()
    looked(page)
    expect(row(page, FIRST)).to_contain_text("Retried just now")
    row(page, FIRST).get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back")


def test_what_waits_is_offered_again_after_an_action_that_was_refused(
    open_page: OpenPage, store: PendingMessageStore, raw: Raw, expected: list[str]
) -> None:
    expected.append("status of 503")
    enqueue(store, 1)
    page = open_page("/?tool=New", live=True)
    enqueue(store, 2)
    expect(page.locator("#newer")).to_have_text("2 new: show")
    with raw.write_lock():
        page.locator("#list").get_by_role("button", name="Abort").click()
        expect(page.locator("#outcome")).to_contain_text("The queue is busy")
    expect(page.locator("#newer")).to_have_text("2 new: show")


@pytest.mark.parametrize("scrolled", [0, 300])
def test_a_bar_that_shrinks_or_grows_moves_no_row_under_the_pointer(
    open_page: OpenPage, raw: Raw, scrolled: int
) -> None:
    page = open_page("/", NARROW, live=True)
    page.evaluate(f"scrollTo(0, {scrolled})")
    place = row(page, FAILED[1])
    place.locator(".l1 a").hover()
    before = pytest.approx(place.bounding_box(), abs=1)
    for id in STUCK:
        raw.set(id, status="processing", started_processing_at_epoch=2_000_000_000_000)
    expect(page.locator("#retry-all")).not_to_contain_text("stuck")
    assert place.bounding_box() == before
    for id in STUCK:
        raw.set(id, started_processing_at_epoch=1)
    expect(page.locator("#retry-all")).to_contain_text("Retry all stuck (3)")
    assert place.bounding_box() == before


def test_all_that_match_is_what_the_page_shows_by_then(open_page: OpenPage, store: PendingMessageStore) -> None:
    page = open_page("/?status=pending", live=True)
    csv = page.locator("#all-exports").get_by_role("link", name="CSV")
    before = csv.get_attribute("href")
    enqueue(store, 2)
    expect(page.locator("#newer")).to_have_text("2 new: show")
    assert csv.get_attribute("href") == before  # they are not in sight yet
    page.locator("#newer").click()
    expect(csv).not_to_have_attribute("href", str(before))
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="All 123 that match").click()
    page.locator("#all-verbs").get_by_role("link", name="Abort").click()
    expect(page.get_by_role("dialog")).to_contain_text("Abort 123 messages?")
    expect(page.get_by_role("dialog")).not_to_contain_text("when you looked")


def test_a_row_that_went_stays_in_its_place_and_cannot_be_pressed(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/", live=True)
    before = row(page, STUCK[1]).bounding_box()
    raw.run("DELETE FROM pending_messages WHERE id = :id", id=STUCK[2])
    expect(row(page, STUCK[2]).locator(".pill")).to_have_text("Moved on")
    assert row(page, STUCK[1]).bounding_box() == before
    sent = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    row(page, STUCK[2]).get_by_role("button", name="Retry", exact=True).click()
    page.get_by_role("button", name="1 gone: show").click()
    expect(row(page, STUCK[2])).to_have_count(0)
    assert sent == []


def test_the_row_under_the_pointer_is_not_pressed_in_another_state(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/", live=True)
    button = row(page, FIRST).get_by_role("button", name="Retry", exact=True)
    button.hover()
    raw.set(FIRST, status="failed")
    expect(row(page, FIRST)).to_have_class(re.compile("stale"))
    button.click()
    expect(row(page, FIRST).locator(".pill")).to_have_text("Stuck")
    assert raw.row(FIRST)["status"] == "failed"
    row(page, FAILED[0]).locator(".what").hover()
    page.locator("body").click(position={"x": 5, "y": 400})
    expect(row(page, FIRST).locator(".pill")).to_have_text("Failed")
    button.click()
    expect(row(page, FIRST)).to_contain_text("Retried just now")


def test_it_pauses_while_something_is_selected_or_open_and_says_why(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/", live=True)
    box = page.get_by_label(f"Select message {FIRST}", exact=True)
    box.check()
    page.get_by_label(f"Select message {FAILED[0]}", exact=True).check()
    expect(label(page)).to_have_text("Paused: 2 selected")
    raw.set(FAILED[1], status="processing", started_processing_at_epoch=1)
    expect(box).to_be_checked()
    expect(row(page, FAILED[1]).locator(".pill")).to_have_text("Failed")
    page.get_by_role("button", name="Clear the selection").click()
    expect(label(page)).to_have_text("Live")
    page.get_by_role("link", name=re.compile("Retry all failed")).click()
    expect(page.locator("#dialog dialog")).to_be_visible()
    expect(label(page)).to_have_text("Paused: a question is open")
    page.keyboard.press("Escape")
    expect(row(page, FAILED[1]).locator(".pill")).to_have_text("Stuck")
    page.locator("summary", has_text="Filter").click()
    expect(label(page)).to_have_text("Paused: a menu is open")
    page.keyboard.press("Escape")
    expect(label(page)).to_have_text("Live")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#list .what'))")
    expect(label(page)).to_have_text("Paused: text is marked")


def test_it_can_be_switched_off_for_good(open_page: OpenPage, raw: Raw) -> None:
    page = open_page("/", live=True)
    label(page).click()
    expect(label(page)).to_have_text("Paused")
    page.reload()
    expect(label(page)).to_have_text("Paused")
    raw.set(FIRST, status="failed")
    expect(row(page, FIRST).locator(".pill")).to_have_text("Stuck")
    page.locator("[data-live-every]").select_option("1")
    label(page).click()
    expect(row(page, FIRST).locator(".pill")).to_have_text("Failed")


def test_without_the_server_it_says_since_when_and_heals_by_itself(
    open_page: OpenPage, raw: Raw, expected: list[str]
) -> None:
    expected.append("ERR_INTERNET_DISCONNECTED")
    page = open_page("/", live=True)
    looked(page)
    page.context.set_offline(True)
    since = r"does not answer; this goes on by itself. What you see is as of \d+:\d\d:\d\d"
    expect(page.locator("#lost")).to_contain_text(re.compile(since))
    expect(label(page)).to_have_text("Away")
    raw.set(FIRST, status="failed")
    page.context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden()
    expect(row(page, FIRST).locator(".pill")).to_have_text("Failed")


def test_a_queue_that_cannot_be_read_is_said_in_its_own_words(
    open_page: OpenPage, raw: Raw, expected: list[str]
) -> None:
    expected.append("status of 503")
    page = open_page("/", live=True)
    raw.run("ALTER TABLE pending_messages RENAME TO elsewhere")
    expect(page.locator("#lost")).to_contain_text("holds no queue that Unstick knows")
    raw.run("ALTER TABLE elsewhere RENAME TO pending_messages")
    expect(page.locator("#lost")).to_be_hidden()


def test_what_becomes_stuck_by_the_clock_alone_is_shown(open_page: OpenPage, clock: Clock) -> None:
    page = open_page("/", live=True)
    expect(row(page, RUNNING).locator(".pill")).to_have_text("Processing")
    clock.now += 6 * MINUTE
    expect(row(page, RUNNING).locator(".pill")).to_have_text("Stuck")


@pytest.mark.parametrize("path", ["/stuck", "/recent", "/journal", "/trash", f"/messages/{FIRST}"])
def test_every_page_stays_up_to_date(open_page: OpenPage, raw: Raw, store: PendingMessageStore, path: str) -> None:
    other = open_page("/")
    row(other, FIRST).get_by_role("button", name="Abort").click()
    row(other, FIRST).get_by_role("button", name="Undo").click()
    expect(other.locator("#outcome")).to_contain_text("back")
    row(other, PENDING[-1]).get_by_role("button", name="Abort").click()
    expect(row(other, PENDING[-1])).to_contain_text("Aborted")
    page = open_page(path, live=True)
    row(other, FIRST).get_by_role("button", name="Retry", exact=True).click()
    changed = {
        "/stuck": (f"#row-{FIRST} .pill", "Pending"), "/recent": ("#verdict", "2 stuck"),
        "/journal": ("#newer", "1 new: show"), "/trash": ("#verdict", "2 stuck"),
        f"/messages/{FIRST}": ("#heading .pill", "Pending"),
    }  # fmt: skip
    where, words = changed[path]
    expect(page.locator(where)).to_contain_text(words)
