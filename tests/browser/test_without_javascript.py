from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import FAILED, LONG, MINUTE, PENDING, PROCESSED, STUCK, OpenPage
from tests.store.backends import Clock, Raw


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/?status=processing", java_script_enabled=False)


def test_a_message_is_retried_and_it_is_taken_back(page: Page, raw: Raw) -> None:
    page.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    expect(page.locator("#outcome")).to_contain_text(f"Retried #{STUCK[0]}.")
    assert page.url.endswith("/?status=processing")
    assert raw.row_is_pending(STUCK[0])
    expect(page.locator("#command")).to_contain_text("curl -X POST")
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back")
    expect(page.locator(f"#row-{STUCK[0]}")).to_be_visible()


def test_the_outcome_is_in_the_page_and_shown_once(page: Page) -> None:
    page.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    outcome, verdict = page.locator(".outcome").bounding_box(), page.locator("#verdict").bounding_box()
    assert outcome
    assert verdict
    assert outcome["y"] + outcome["height"] <= verdict["y"]
    page.reload()
    expect(page.locator("#outcome")).to_be_empty()


def test_nothing_that_needs_javascript_is_shown(page: Page) -> None:
    for path in ("/", f"/messages/{LONG}"):
        page.goto(path)
        for one in page.locator(".needs-js").all():
            expect(one).to_be_hidden()


def test_all_is_retried(page: Page, raw: Raw) -> None:
    page.goto("/stuck")
    page.get_by_role("button", name="Retry all stuck (3)").click()
    expect(page.locator("#outcome")).to_contain_text("Retried 3 messages.")
    assert all(raw.row_is_pending(id) for id in STUCK)


def test_filters_are_set_and_taken_off(page: Page) -> None:
    page.goto("/")
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Status").select_option("failed")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr")).to_have_count(len(FAILED))
    page.get_by_role("link", name="Remove the filter Status").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_more_of_a_payload_is_a_page(page: Page) -> None:
    page.goto(f"/messages/{LONG}")
    page.get_by_role("link", name="Show more").click()
    expect(page).to_have_url(re.compile(r"/payload/tool_input\?start=2048$"))
    expect(page.locator("pre")).to_contain_text("line 1000 <b>of</b> many")


def test_a_row_that_changed_meanwhile_is_a_page_too(page: Page, raw: Raw, expected: list[str]) -> None:
    expected.append("409")
    raw.set(STUCK[0], status="processed", completed_at_epoch=1)
    page.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    expect(page.locator("#outcome")).to_contain_text("a worker has finished it")
    expect(page.locator("#heading .pill")).to_have_text("Processed")


def rows(page: Page) -> list[str]:
    found: list[str] = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.id)")
    return found


def test_a_search_is_turned_over_and_its_order_too(page: Page) -> None:
    page.goto("/")
    page.get_by_role("searchbox").fill("tool:read file")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_text(["Tool: read", "Text: “file”"])
    first = rows(page)
    page.get_by_role("link", name="Older").click()
    second = rows(page)
    assert first == [f"row-{id}" for id in PENDING[::-1][:50]]
    assert second == [f"row-{id}" for id in PENDING[::-1][50:100]]
    page.get_by_role("link", name="Newer").click()
    assert rows(page) == first
    page.get_by_role("link", name="Oldest", exact=True).click()
    assert rows(page) == [f"row-{id}" for id in PENDING[:50]]


def test_a_time_is_jumped_to(page: Page) -> None:
    page.goto("/?status=pending")
    page.get_by_label("Pending, at").fill("7m")
    page.get_by_role("button", name="Jump").click()
    assert rows(page)[0] == f"row-{PENDING[60]}"


def test_ticked_rows_are_aborted_and_taken_back_in_the_journal(page: Page, raw: Raw) -> None:
    before = raw.exact()
    page.goto("/?status=failed")
    page.get_by_role("link", name="Tick all on this page").click()
    page.get_by_label(f"Select message {FAILED[0]}").uncheck()
    page.locator(".of-ticked").get_by_role("button", name="Abort").click()
    expect(page.locator("#outcome")).to_contain_text(f"Aborted #{FAILED[1]}.")
    assert page.url.endswith("/?status=failed")
    page.get_by_role("link", name="Journal").click()
    page.locator("tbody tr").first.get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back")
    assert page.url.endswith("/journal")
    assert raw.exact() == before


def test_all_that_match_are_asked_about_and_the_operation_is_looked_at(page: Page, raw: Raw, clock: Clock) -> None:
    clock.tick(MINUTE)
    page.goto("/?project=ledger")
    page.locator(".of-all").get_by_role("link", name="Retry …").click()
    expect(page.locator("h1")).to_have_text("Retry 2 messages?")
    page.get_by_label("Reason").fill("the site is back")
    page.get_by_role("button", name="Retry 1 first").click()
    expect(page.locator("#outcome")).to_contain_text("Retried #")
    assert page.url.endswith("/?project=ledger")
    page.get_by_role("button", name="Retry the other 1").click()
    expect(page.locator("#outcome")).to_contain_text("Retried #")
    assert all(raw.row_is_pending(id) for id in FAILED)
    page.get_by_role("link", name="Journal").click()
    page.get_by_role("link", name="Operations").click()
    page.locator("tbody tr").last.get_by_role("link").first.click()
    expect(page.locator("#operation .state")).to_have_text("Done")
    expect(page.locator("#operation q")).to_have_text("the site is back")
    marks = page.locator("#operation q").evaluate("q => getComputedStyle(q, '::before').content")
    assert marks == "open-quote"
    page.locator("#operation").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back for #")
    assert [raw.row_is_pending(id) for id in FAILED].count(True) == 1


def test_what_was_aborted_is_restored_or_purged(page: Page, raw: Raw, clock: Clock) -> None:
    page.goto("/?status=failed")
    for id in (*FAILED, STUCK[0]):
        page.goto(f"/messages/{id}")
        page.locator("#heading").get_by_role("button", name="Abort").click()
        expect(page.locator("#outcome")).to_contain_text("Aborted")
    page.get_by_role("link", name="Queue").click()
    page.get_by_role("link", name="Trash").click()
    page.locator(f"#row-{FAILED[0]}").get_by_role("button", name="Restore").click()
    expect(page.locator("#outcome")).to_contain_text("Brought back")
    page.get_by_label(f"Select message {FAILED[1]}").check()
    page.locator(".of-ticked").get_by_role("button", name="Restore").click()
    expect(page.locator("#outcome")).to_contain_text("Brought back")
    assert set(FAILED) <= set(raw.ids())
    clock.tick(MINUTE)
    page.get_by_label("Purge what is older than").fill("0")
    page.get_by_role("button", name="Purge …").click()
    page.get_by_role("button", name="Purge 1 message").click()
    expect(page.locator("#outcome")).to_contain_text("Purged 1 message.")
    expect(page.locator("#list")).to_contain_text("The trash is empty")


def test_all_of_the_trash_is_restored(page: Page, raw: Raw) -> None:
    before = raw.exact()
    page.goto("/?status=failed&tick=all")
    page.locator(".of-ticked").get_by_role("button", name="Abort").click()
    page.goto("/trash")
    page.get_by_role("link", name="Restore all …").click()
    page.get_by_role("button", name="Restore 2 messages").click()
    expect(page.locator("#outcome")).to_contain_text("Brought back 2 messages.")
    assert raw.exact() == before


def test_what_matches_is_exported(page: Page) -> None:
    page.goto("/?status=failed")
    with page.expect_download() as export:
        page.locator(".exports").get_by_role("link", name="JSON lines").click()
    lines = export.value.path().read_text("utf-8").splitlines()
    assert {json.loads(line)["id"] for line in lines} == set(FAILED)


def test_a_view_is_saved_found_again_and_removed(page: Page) -> None:
    page.goto("/?status=failed&tool=WebFetch")
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("A name for what you see now").fill("Broken pages")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#outcome")).to_contain_text("Saved this view as “Broken pages”.")
    page.goto("/")
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("link", name="Broken pages").click()
    assert rows(page) == [f"row-{id}" for id in reversed(FAILED)]
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("button", name="Remove the view Broken pages").click()
    expect(page.locator("#outcome")).to_contain_text("Removed the view")


def test_how_long_is_stuck_and_how_far_back_is_recent(page: Page) -> None:
    page.goto("/stuck")
    page.get_by_label("Another length of time").fill("50m")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#list")).to_contain_text("Nothing is stuck")
    page.get_by_role("link", name="Recent").click()
    page.get_by_label("Another length of time").fill("1m")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#list")).to_contain_text("Nothing was processed in the last")
    page.get_by_role("link", name="Show the last 24 h").click()
    page.locator(f"#row-{PROCESSED}").get_by_role("link").first.click()
    expect(page.locator("#heading .pill")).to_have_text("Processed")


def test_the_journal_is_filtered(page: Page) -> None:
    page.locator(f"#row-{STUCK[0]}").get_by_role("button", name="Retry").click()
    page.goto("/journal")
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Action").select_option("abort")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#list")).to_contain_text("No line matches")
    page.get_by_role("link", name="Remove the filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
