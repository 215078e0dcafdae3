from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.store.backends import Clock, Raw
from tests.web.conftest import FAILED, PENDING, PROCESSED, STUCK, UNKNOWN, Visitor, visitor
from tests.web.reading import follow, partials, press, read


def test_a_plain_abort_can_be_taken_back_from_its_outcome(client: Visitor, raw: Raw) -> None:
    before = raw.exact()
    page = follow(client, press(client, "/?status=failed", "Abort", row=FAILED))
    assert FAILED not in raw.ids()
    assert page.rows() == []
    assert page.one(id="outcome").text.startswith(f"Aborted #{FAILED}.")
    back = press(client, "/?status=failed", "Undo", seen=page)
    assert back.headers["Location"] == "/?status=failed"
    assert raw.exact() == before
    assert f"Taken back for #{FAILED}." in follow(client, back).one(id="outcome").text


def test_in_place_the_row_stays_marked_and_comes_back(client: Visitor, raw: Raw) -> None:
    before = raw.exact()
    changed = partials(press(client, "/", "Abort", row=FAILED, partial=True))
    row = changed[f"#row-{FAILED}"].row(FAILED)
    assert {"aborted", "acted", "gone"} <= set(row.classes)
    assert "Aborted just now" in row.text
    undo = row.one("button", "undo").attributes["formaction"]
    answer = client.act(undo, {"at": "queue", "shown": f"{FAILED},{STUCK}"}, partial=True)
    back = partials(answer)[f"#row-{FAILED}"].row(FAILED)
    assert "acted" not in back.classes
    assert back.buttons() == ["Retry fresh", "Retry", "Abort"]
    assert raw.exact() == before


def test_a_retry_is_taken_back_to_what_it_was(client: Visitor, raw: Raw) -> None:
    before = raw.exact()
    page = follow(client, press(client, "/", "Retry fresh", row=FAILED))
    press(client, "/", "Undo", seen=page)
    assert raw.exact() == before


def test_an_aborted_message_still_opens_and_says_when_and_by_whom(mount: Callable[..., Flask], clock: Clock) -> None:
    client = visitor(mount())
    press(client, "/queue/", "Abort", row=STUCK)
    clock.tick(3 * 60_000)
    page = read(client.get(f"/queue/messages/{STUCK}"))
    assert page.one(id="heading").one("span", "pill").text == "Aborted"
    assert "Aborted 3 min ago by ana, and out of the queue since." in page.one(id="heading").text
    assert page.one(id="heading").buttons() == ["Restore"]


def test_restore_brings_it_back(client: Visitor, raw: Raw) -> None:
    before = raw.exact()
    press(client, "/", "Abort", row=STUCK)
    answer = press(client, f"/messages/{STUCK}", "Restore")
    assert answer.headers["Location"] == f"/messages/{STUCK}"
    page = follow(client, answer)
    assert f"Brought back #{STUCK}." in page.one(id="outcome").text
    assert page.one(id="heading").one("span", "pill").text == "Stuck"
    assert raw.exact() == before


def test_restore_in_place_changes_the_page(client: Visitor) -> None:
    press(client, "/", "Abort", row=STUCK)
    changed = partials(press(client, f"/messages/{STUCK}", "Restore", partial=True))
    assert changed["#heading"].buttons() == ["Retry fresh", "Retry", "Abort"]
    assert changed["#journal"].buttons() == []


def test_an_abort_from_its_own_page_stays_there(client: Visitor) -> None:
    changed = partials(press(client, f"/messages/{PENDING}", "Abort", partial=True))
    assert changed["#heading"].buttons() == ["Restore"]


def test_what_was_processed_can_be_taken_out_too(client: Visitor, raw: Raw) -> None:
    press(client, f"/messages/{PROCESSED}", "Abort")
    assert PROCESSED not in raw.ids()


def test_undo_twice_is_refused(client: Visitor) -> None:
    page = follow(client, press(client, "/", "Abort", row=STUCK))
    assert press(client, "/", "Undo", seen=page).status_code == 303
    answer = client.act("/journal/1/undo", {"at": "queue"}, partial=True)
    assert answer.status_code == 409
    assert "already taken back" in read(answer).text


def test_what_moved_on_is_not_taken_back(client: Visitor, raw: Raw, clock: Clock) -> None:
    page = follow(client, press(client, "/", "Retry", row=STUCK))
    raw.set(STUCK, status="processing", started_processing_at_epoch=clock.now)
    before = raw.rows()
    answer = press(client, "/", "Undo", seen=page)
    assert answer.status_code == 409
    assert "has moved on: it is processing now" in read(answer).one(id="outcome").text
    assert raw.rows() == before


def test_restoring_what_is_there_is_refused(client: Visitor) -> None:
    answer = client.act(f"/messages/{STUCK}/restore", {"at": "message", "message": str(STUCK)}, partial=True)
    assert answer.status_code == 409
    assert "is in the queue already" in partials(answer)["#outcome"].text


def test_aborting_what_was_aborted_says_by_whom(mount: Callable[..., Flask]) -> None:
    client = visitor(mount())
    seen = read(client.get("/queue/"))
    press(client, "/queue/", "Abort", row=STUCK)
    answer = press(client, "/queue/", "Retry", row=STUCK, seen=seen, partial=True)
    assert answer.status_code == 409
    assert "already aborted by ana" in partials(answer)["#outcome"].text
    assert "gone" in partials(answer)[f"#row-{STUCK}"].row(STUCK).classes


def test_unknown_ids_are_said(client: Visitor) -> None:
    assert client.act("/journal/77/undo", {"at": "queue"}).status_code == 404
    assert client.act(f"/messages/{UNKNOWN}/restore", {"at": "queue"}).status_code == 404


def test_without_a_token_nothing_is_taken_back(client: Visitor, raw: Raw) -> None:
    press(client, "/", "Abort", row=STUCK)
    for path in ("/journal/1/undo", f"/messages/{STUCK}/restore"):
        answer = client.post(path, data={"at": "queue"}, headers={"Origin": "http://localhost"})
        assert answer.status_code == 403
    assert STUCK not in raw.ids()


def test_who_may_not_undo_sees_no_undo(mount: Callable[..., Flask]) -> None:
    client = visitor(mount(may=lambda action: action != "undo"))
    page = follow(client, press(client, "/queue/", "Abort", row=STUCK))
    assert "Undo" not in page.buttons()
    assert client.act("/queue/journal/1/undo", {"at": "queue"}, page="/queue/").status_code == 403
    assert read(client.get(f"/queue/messages/{STUCK}")).one(id="heading").buttons() == []


@pytest.mark.parametrize("partial", [False, True])
def test_what_was_taken_back_offers_no_undo_of_the_undo(client: Visitor, partial: bool) -> None:
    page = follow(client, press(client, "/", "Retry", row=STUCK))
    answer = press(client, "/", "Undo", seen=page, partial=partial)
    outcome = partials(answer)["#outcome"] if partial else follow(client, answer).one(id="outcome")
    assert f"Taken back for #{STUCK}" in outcome.text
    assert "Undo" not in outcome.text
