from __future__ import annotations

from flask import Flask
from playwright.sync_api import expect

from tests.browser.conftest import FAILED, STUCK, OpenPage
from tests.store.backends import Raw

ID = STUCK[0]


def test_a_row_that_changed_meanwhile_is_shown(open_page: OpenPage, raw: Raw, expected: list[str]) -> None:
    expected.append("status of 409")
    page = open_page("/")
    raw.set(ID, status="processed", completed_at_epoch=1)
    page.locator(f"#row-{ID}").get_by_role("button", name="Retry").click()
    expect(page.locator("#outcome")).to_contain_text("a worker has finished it. Nothing was done.")
    expect(page.locator(f"#row-{ID} .pill")).to_have_text("Processed")
    why = "Retry (It was processed, and its input is gone.)"
    expect(page.locator(f"#row-{ID}").get_by_role("button", name=why)).to_be_visible()


def test_an_outdated_token_is_renewed_and_the_second_press_works(
    open_page: OpenPage, raw: Raw, app: Flask, expected: list[str]
) -> None:
    expected.append("status of 403")
    page = open_page("/")
    app.secret_key = "another secret of sixteen characters"
    page.locator(f"#row-{ID}").get_by_role("button", name="Retry").click()
    expect(page.locator("#outcome")).to_contain_text("Please press again")
    assert raw.row(ID)["status"] == "processing"
    page.locator(f"#row-{ID}").get_by_role("button", name="Retry").click()
    expect(page.locator(f"#row-{ID}")).to_contain_text("Retried just now")


def test_a_busy_queue_is_said_and_the_row_is_left(open_page: OpenPage, raw: Raw, expected: list[str]) -> None:
    expected.append("status of 503")
    page = open_page("/")
    with raw.write_lock():
        page.locator(f"#row-{ID}").get_by_role("button", name="Retry").click()
        expect(page.locator("#outcome")).to_contain_text("The queue is busy")
    expect(page.locator(f"#row-{ID} .pill")).to_have_text("Stuck")
    page.locator(f"#row-{ID}").get_by_role("button", name="Retry").click()
    expect(page.locator(f"#row-{ID}")).to_contain_text("Retried just now")


def test_a_server_that_is_away_is_said(open_page: OpenPage, expected: list[str]) -> None:
    expected += ["ERR_INTERNET_DISCONNECTED", "htmx:error: Failed to fetch"]
    page = open_page("/")
    page.context.set_offline(True)
    page.locator(f"#row-{FAILED[0]}").get_by_role("button", name="Abort").click()
    expect(page.locator("#outcome")).to_contain_text("The server cannot be reached.")
    expect(page.locator(f"#row-{FAILED[0]}").get_by_role("button", name="Abort")).to_be_enabled()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#outcome")).to_be_empty()


def test_a_good_outcome_goes_by_itself_but_not_under_the_pointer(open_page: OpenPage) -> None:
    page = open_page("/")
    page.clock.install()
    page.reload()
    page.locator(f"#row-{FAILED[0]}").get_by_role("button", name="Abort").click()
    expect(page.locator("#outcome")).to_contain_text("Aborted")
    page.locator("#outcome").hover()
    page.clock.run_for(60_000)
    expect(page.locator("#outcome")).to_contain_text("Aborted")
    page.mouse.move(600, 600)
    page.clock.run_for(20_000)
    expect(page.locator("#outcome")).to_be_empty()


def test_ages_tick(open_page: OpenPage) -> None:
    page = open_page("/?status=processing")
    page.clock.install()
    page.reload()
    expect(page.locator(f"#row-{ID} time")).to_have_text("41 min")
    page.clock.run_for(60_000)
    expect(page.locator(f"#row-{ID} time")).to_have_text("42 min")


def test_a_row_that_was_deleted_meanwhile_keeps_its_place(open_page: OpenPage, raw: Raw, expected: list[str]) -> None:
    expected.append("status of 404")
    page = open_page("/?status=failed")
    tops = "rows => rows.map(row => row.getBoundingClientRect().top)"
    before = page.locator("tbody tr").evaluate_all(tops)
    gone = max(FAILED)  # the first of the list
    raw.run("DELETE FROM pending_messages WHERE id = :id", id=gone)
    page.locator(f"#row-{gone}").get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator(f"#row-{gone}")).to_contain_text("Gone meanwhile")
    expect(page.locator(f"#row-{gone}").get_by_role("button")).to_have_count(0)
    expect(page.locator("#outcome")).to_contain_text("Nothing was done")
    after = page.locator("tbody tr").evaluate_all(tops)
    assert after == before
