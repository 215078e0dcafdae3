from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.store.backends import Clock, Raw
from tests.web.conftest import FAILED, PENDING, PROCESSED, STUCK, UNKNOWN, Visitor, visitor
from tests.web.reading import follow, partials, press, read

ASLEEP = "claude-mem's worker may not notice by itself."


def test_a_plain_form_comes_back_with_the_outcome_once(client: Visitor, raw: Raw) -> None:
    page = follow(client, press(client, "/?status=processing&order=oldest", "Retry", row=STUCK))
    assert raw.row_is_pending(STUCK)
    assert page.one(id="outcome").text.startswith(f"Retried #{STUCK}. {ASLEEP}")
    assert page.one(id="outcome").buttons() == ["Undo"]
    assert read(client.get("/")).one(id="outcome").text == ""


@pytest.mark.parametrize(
    "place",
    [
        "/",
        "/?status=processing&session=1&type=observation&order=oldest",
        "/?cursor=next-processing-4",
        "/stuck",
        "/stuck?threshold=1m",
        f"/messages/{STUCK}",
    ],
)
def test_a_plain_form_comes_back_to_where_it_was(client: Visitor, place: str) -> None:
    row = None if "messages" in place else STUCK
    assert press(client, place, "Retry", row=row).headers["Location"] == place


def test_in_place_the_row_stays_and_is_marked(client: Visitor, raw: Raw) -> None:
    answer = press(client, "/", "Retry", row=STUCK, partial=True)
    assert raw.row_is_pending(STUCK)
    changed = partials(answer)
    assert set(changed) == {f"#row-{STUCK}", "#verdict", "#tabs", "#retry-all", "#outcome", "#key"}
    row = changed[f"#row-{STUCK}"].row(STUCK)
    assert {"acted", "flash", "pending"} <= set(row.classes)
    assert "Retried just now" in row.text
    assert row.buttons() == ["Undo"]
    assert [tab.text for tab in changed["#tabs"].every("a")] == ["Queue5", "Stuck0", "Recent1", "Journal", "Trash"]
    assert changed["#retry-all"].buttons() == []


def test_on_the_message_s_own_page_its_parts_change(client: Visitor) -> None:
    changed = partials(press(client, f"/messages/{STUCK}", "Retry", partial=True))
    assert set(changed) == {"#heading", "#story", "#journal", "#outcome", "#key"}
    assert changed["#heading"].one("span", "pill").text == "Pending"
    assert changed["#journal"].buttons() == ["Undo"]


def test_retry_fresh_starts_the_count_anew(client: Visitor, raw: Raw) -> None:
    page = follow(client, press(client, "/", "Retry fresh", row=FAILED))
    assert raw.row(FAILED)["retry_count"] == 0
    assert f"Retried #{FAILED} with fresh attempts." in page.one(id="outcome").text


def test_a_plain_retry_keeps_the_count(client: Visitor, raw: Raw) -> None:
    press(client, "/", "Retry", row=FAILED)
    assert raw.row(FAILED)["retry_count"] == 3
    assert raw.row(FAILED)["status"] == "pending"


@pytest.mark.parametrize("partial", [True, False], ids=["in place", "plain"])
def test_a_row_that_changed_meanwhile_is_left_alone_and_shown(
    client: Visitor, raw: Raw, clock: Clock, partial: bool
) -> None:
    seen = read(client.get("/"))
    raw.set(STUCK, status="processed", completed_at_epoch=clock.now)
    before = raw.rows()
    answer = press(client, "/", "Retry", row=STUCK, partial=partial, seen=seen)
    assert answer.status_code == 409
    assert raw.rows() == before
    parts = partials(answer)
    said = parts["#outcome"] if partial else read(answer).one(id="outcome")
    assert said.text.startswith(f"Message {STUCK} changed meanwhile: a worker has finished it.")
    now = parts[f"#row-{STUCK}"] if partial else read(answer).one(id="heading")
    assert now.one("span", "pill").text == "Processed"


def test_of_two_pages_that_saw_the_same_one_acts(client: Visitor, raw: Raw) -> None:
    seen, also = read(client.get("/")), read(client.get("/"))
    assert press(client, "/", "Retry", row=STUCK, seen=seen).status_code == 303
    assert press(client, "/", "Retry", row=STUCK, seen=also).status_code == 409
    assert len(raw.rows("unstick_journal")) == 1


@pytest.mark.parametrize("partial", [True, False], ids=["in place", "plain"])
def test_an_unknown_id_is_said(client: Visitor, partial: bool) -> None:
    answer = client.act(f"/messages/{UNKNOWN}/retry", {"at": "queue", "seen": "pending.."}, partial=partial)
    assert answer.status_code == 404
    assert "is not in the queue" in read(answer).text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"at": "queue"},
        {"at": "nowhere", "seen": "x"},
        {"at": "queue", "seen": "x" * 201},
        {"at": "queue", "seen": "x", "shown": "1,b"},
        {"at": "message", "seen": "x"},
    ],
)
def test_an_incomplete_form_is_refused(client: Visitor, raw: Raw, fields: dict[str, str]) -> None:
    before = raw.rows()
    assert client.act(f"/messages/{STUCK}/retry", fields).status_code == 400
    assert raw.rows() == before


def test_an_address_in_the_form_is_never_followed(client: Visitor, raw: Raw) -> None:
    row = raw.row(STUCK)
    seen = f"processing.{row['started_processing_at_epoch']}.0"
    sent = {"at": "queue", "seen": seen, "next": "//evil.test", "q": "//evil.test/", "threshold": "//evil.test"}
    assert client.act(f"/messages/{STUCK}/retry", sent).headers["Location"] == "/?q=//evil.test/"


def test_without_a_token_nothing_is_done(client: Visitor, raw: Raw) -> None:
    client.get("/")
    sent = {"at": "queue", "seen": "processing..0"}
    answer = client.post(f"/messages/{STUCK}/retry", data=sent, headers={"Origin": "http://localhost"})
    assert answer.status_code == 403
    assert answer.headers["X-CSRFToken"]
    assert raw.row(STUCK)["status"] == "processing"


def test_reading_only_it_is_refused(make_app: Callable[..., Flask], raw: Raw) -> None:
    client = visitor(make_app(READ_ONLY=True))
    answer = client.act(f"/messages/{STUCK}/retry", {"at": "queue", "seen": "x"}, partial=True)
    assert answer.status_code == 403
    assert "looking only" in read(answer).text
    assert raw.row(STUCK)["status"] == "processing"


def test_a_busy_database_is_said_and_the_row_left(client: Visitor, raw: Raw) -> None:
    with raw.write_lock():
        answer = press(client, "/", "Retry", row=STUCK, partial=True)
    assert answer.status_code == 503
    assert not list(read(answer).every("tr"))
    assert raw.row(STUCK)["status"] == "processing"


def test_what_was_processed_is_not_retried(client: Visitor, raw: Raw) -> None:
    row = raw.row(PROCESSED)
    answer = client.act(
        f"/messages/{PROCESSED}/retry",
        {"at": "queue", "seen": f"processed.{row['started_processing_at_epoch']}.0"},
    )
    assert answer.status_code == 409
    assert raw.row(PROCESSED) == row


def test_retrying_changes_nothing_by_get(client: Visitor, raw: Raw) -> None:
    before = raw.rows()
    assert client.get(f"/messages/{PENDING}/retry").status_code == 405
    assert raw.rows() == before


def test_under_a_prefix_it_comes_back_there(mount: Callable[..., Flask]) -> None:
    client = visitor(mount())
    place = "/queue/?status=processing"
    assert press(client, place, "Retry", row=STUCK).headers["Location"] == place


def test_a_row_that_was_deleted_meanwhile_is_shown_as_gone(client: Visitor, raw: Raw) -> None:
    page = read(client.get("/"))
    raw.run("DELETE FROM pending_messages WHERE id = :id", id=PENDING)
    answer = press(client, "/", "Retry", row=PENDING, seen=page, partial=True)
    assert answer.status_code == 404
    changed = partials(answer)
    assert changed[f"#row-{PENDING} .status"].text == "Gone"
    assert changed[f"#row-{PENDING} .buttons"].text == "Gone meanwhile"
    assert changed[f"#row-{PENDING} .buttons"].buttons() == []
    assert "is not in the queue" in changed["#outcome"].text
    assert "#tabs" in changed
