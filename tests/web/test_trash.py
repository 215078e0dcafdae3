from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.store.backends import Clock, Raw
from tests.web.conftest import FAILED, PENDING, STUCK, Visitor, visitor
from tests.web.reading import follow, partials, press, read

DAY = 86_400_000


@pytest.fixture
def filled(client: Visitor, clock: Clock) -> Visitor:
    """Two messages in the trash: one for 40 days, one for a minute."""
    end = clock.now
    clock.now = end - 40 * DAY
    press(client, "/", "Abort", row=FAILED)
    clock.now = end - 60_000
    press(client, "/", "Abort", row=STUCK)
    clock.now = end
    return client


def purge(client: Visitor, page: str) -> dict[str, str]:
    """The form of the page that asks."""
    seen = read(client.get(page))
    fields = {
        field.attributes["name"]: field.attributes["value"] for field in seen.one("form", id="place").every("input")
    }
    del fields["csrf_token"]
    button = seen.one("button", name="cutoff")
    return {**fields, button.attributes["name"]: button.attributes["value"]}


def test_empty_it_says_what_comes_here_and_makes_nothing(client: Visitor, raw: Raw) -> None:
    page = read(client.get("/trash"))
    assert "The trash is empty" in page.text
    assert page.one(id="list").buttons() == []
    assert [tab.text for tab in page.one(id="tabs").every("a")][-1] == "Trash"
    assert raw.side_tables() == []


def test_it_lists_what_was_aborted_by_whom_and_when(mount: Callable[..., Flask], clock: Clock) -> None:
    client = visitor(mount(actor=lambda: "<ana>"))
    press(client, "/queue/", "Abort", row=STUCK)
    clock.tick(60_000)
    press(client, "/queue/", "Abort", row=FAILED)
    page = read(client.get("/queue/trash"))
    assert page.rows() == [FAILED, STUCK]
    assert page.row(STUCK).one("span", "pill").text == "Processing"
    assert "Bash make test" in page.row(STUCK).text
    assert page.row(STUCK).one("td", "age").text == "1 min ago by <ana>"
    assert page.one(id="tabs").one("a", aria_current="page").text == "Trash2"
    assert "2 messages, 64 bytes" in page.text
    assert "An abort frees no space" in page.text
    assert "30 days after the abort" in page.text


def test_restore_comes_back_here(filled: Visitor, raw: Raw) -> None:
    answer = press(filled, "/trash", "Restore", row=STUCK)
    assert answer.headers["Location"] == "/trash"
    page = follow(filled, answer)
    assert page.rows() == [FAILED]
    assert f"Brought back #{STUCK}." in page.one(id="outcome").text
    assert STUCK in raw.ids()


def test_restored_in_place_the_row_stays_without_what_can_be_done(filled: Visitor) -> None:
    seen = read(filled.get("/trash"))
    changed = partials(press(filled, "/trash", "Restore", row=STUCK, partial=True, seen=seen))
    assert changed[f"#row-{STUCK} .buttons"].text == "Brought back just now"
    assert changed[f"#row-{STUCK} .tick"].parts == []
    assert changed["#trash-size"].text.startswith("1 message,")
    again = filled.act(f"/messages/{STUCK}/restore", {"at": "trash"}, partial=True)
    assert (again.status_code, partials(again)[f"#row-{STUCK} .buttons"].text) == (409, "In the queue again")
    assert changed["#tabs"].one("a", aria_current="page").text == "Trash1"


def test_a_purge_is_asked_about_with_its_number(filled: Visitor, raw: Raw) -> None:
    form = read(filled.get("/trash")).one("form", "purge")
    assert (form.attributes["action"], form.one("input").attributes["value"]) == ("/trash/purge", "30")
    page = read(filled.get("/trash/purge?days=30"))
    assert "Purge 1 message? All that was aborted over 30 days ago." in page.text
    assert "cannot be undone" in page.text
    assert read(filled.get("/trash/purge")).one("h1").text == "Purge 1 message?"
    assert "Purge 2 messages? All that is in the trash." in read(filled.get("/trash/purge?days=0")).text
    assert "No message was aborted over 41 days ago." in read(filled.get("/trash/purge?days=41")).text
    assert len(raw.run("SELECT id FROM unstick_trash")) == 2


def test_what_is_kept_for_ever_is_not_offered_whole(make_app: Callable[..., Flask]) -> None:
    client = visitor(make_app(TRASH_DAYS=0))
    press(client, "/", "Abort", row=FAILED)
    page = read(client.get("/trash"))
    assert page.one("form", "purge").one("input").attributes["value"] == "30"
    assert "nothing is purged by itself" in page.text


def test_a_purge_deletes_what_was_counted_for_good(filled: Visitor, raw: Raw, clock: Clock) -> None:
    fields = purge(filled, "/trash/purge?days=0")
    press(filled, "/", "Abort", row=PENDING)  # later than what was seen
    answer = filled.act("/trash/purge", fields)
    assert answer.headers["Location"] == "/trash"
    page = follow(filled, answer)
    assert page.one(id="outcome").text.startswith("Purged 2 messages.")
    assert "Undo" not in page.one(id="outcome").text
    assert page.rows() == [PENDING]
    assert filled.get(f"/messages/{FAILED}").status_code == 404
    line = read(filled.get("/journal?action=purge")).one("tr", id="line-4")
    assert "Purge" in line.text
    assert line.one("td", "act").text == "for good"


def test_a_purge_that_is_pressed_twice_says_the_same(filled: Visitor) -> None:
    fields = {**purge(filled, "/trash/purge?days=0"), "key": "once"}
    said = [follow(filled, filled.act("/trash/purge", fields)).one(id="outcome").text for _ in range(2)]
    assert said[0].startswith("Purged 2 messages.")
    assert said[0] == said[1]


@pytest.mark.parametrize(("fields", "said"), [
    ({"at": "purge", "days": "1"}, "not complete"),
    ({"at": "purge", "days": "1", "cutoff": str(2**53)}, "a clock that is ahead"),
])  # fmt: skip
def test_a_form_that_says_too_little_deletes_nothing(
    filled: Visitor, raw: Raw, fields: dict[str, str], said: str
) -> None:
    answer = filled.act("/trash/purge", fields)
    assert (answer.status_code, said in answer.text) == (400, True)
    assert len(raw.run("SELECT id FROM unstick_trash")) == 2


def test_who_may_not_is_offered_nothing(mount: Callable[..., Flask], raw: Raw, clock: Clock) -> None:
    client = visitor(mount(may=lambda action: action in ("view", "abort")))
    press(client, "/queue/", "Abort", row=FAILED)
    clock.tick(1)
    page = read(client.get("/queue/trash"))
    assert page.rows() == [FAILED]
    assert page.buttons() == []
    assert not list(page.every("form", "purge"))
    assert read(client.get("/queue/trash/purge?days=0")).buttons() == []
    fields = {"at": "purge", "days": "0", "cutoff": str(clock.now)}
    assert client.act("/queue/trash/purge", fields, page="/queue/").status_code == 403
    assert len(raw.run("SELECT id FROM unstick_trash")) == 1


def test_pages_go_forth_and_back(filled: Visitor, raw: Raw) -> None:
    for number in range(60):
        raw.run(
            "INSERT INTO unstick_trash (journal_id, kept, id, session_db_id, content_session_id, message_type, status,"
            " created_at_epoch) VALUES (1, '[]', :id, 1, 'alpha', 'observation', 'failed', 1)",
            id=1_000 + number,
        )
    first = read(filled.get("/trash"))
    second = read(filled.get(first.links()["Older"]))
    assert (len(first.rows()), second.rows()[-2:]) == (50, [STUCK, FAILED])
    assert read(filled.get(second.links()["Newer"])).rows() == first.rows()
