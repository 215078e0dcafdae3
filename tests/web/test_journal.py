from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests.store.backends import Clock, Raw
from tests.web.conftest import FAILED, PENDING, STUCK, Visitor, visitor
from tests.web.reading import Element, follow, partials, press, read
from webui.store import PendingMessageStore, act, history

DAY = 86_400_000


def lines(page: Element) -> list[int]:
    return [
        int(row.attributes["id"][5:]) for row in page.every("tr") if row.attributes.get("id", "").startswith("line-")
    ]


def line(page: Element, id: int) -> Element:
    return page.one("tr", id=f"line-{id}")


def test_without_our_tables_it_is_empty_and_makes_nothing(client: Visitor, raw: Raw) -> None:
    page = read(client.get("/journal"))
    assert "Nobody has done anything yet" in page.text
    assert page.one("a", aria_current="page").text == "Journal"
    assert raw.side_tables() == []


def test_a_line_says_who_did_what_to_what_and_what_came_of_it(mount: Callable[..., Flask], raw: Raw) -> None:
    client = visitor(mount(actor=lambda: "<b>ana</b>"))
    press(client, "/queue/", "Retry", row=STUCK)
    press(client, "/queue/", "Abort", row=FAILED)
    raw.run("UPDATE unstick_journal SET reason = 'too <i>old</i>', done = 1200, skipped = 3, failed = 1 WHERE id = 1")
    page = read(client.get("/queue/journal"))
    assert lines(page) == [2, 1]
    retried, aborted = line(page, 1), line(page, 2)
    assert "Retry1,204 messages" in retried.text
    assert "by <b>ana</b> too <i>old</i> line 1" in retried.text
    assert retried.one("q").text == "too <i>old</i>"
    assert retried.one("td", "outcomes").text == "1,200 done 3 skipped 1 failed"
    assert retried.buttons() == ["Undo all 1,200"]
    assert retried.links()["1,204 messages"] == "/queue/operations/1"
    assert aborted.one("td", "outcomes").text == "1 done"
    assert aborted.links()[f"message {FAILED}"] == f"/queue/messages/{FAILED}"
    assert lines(read(client.get(aborted.links()["<b>ana</b>"]))) == [2, 1]


def test_undo_comes_back_to_the_filtered_page(client: Visitor, raw: Raw) -> None:
    before = raw.exact()
    press(client, "/", "Abort", row=FAILED)
    answer = press(client, "/journal?action=abort&since=2d", "Undo")
    assert answer.headers["Location"] == "/journal?action=abort&since=2d"
    page = follow(client, answer)
    assert lines(page) == [1]
    assert "taken back by" in line(page, 1).text
    assert f"Taken back for #{FAILED}." in page.one(id="outcome").text
    assert raw.exact() == before
    undone = line(read(client.get("/journal")), 2)
    assert "takes back line 1" in undone.text
    assert undone.one("td", "act").text == "an undo"


def test_undo_in_place_changes_its_line_alone(client: Visitor) -> None:
    press(client, "/", "Abort", row=FAILED)
    seen = read(client.get("/journal"))
    changed = partials(press(client, "/journal", "Undo", seen=seen, partial=True))
    assert set(changed) == {"#line-1", "#verdict", "#tabs", "#outcome", "#key"}
    assert line(changed["#line-1"], 1).buttons() == []
    again = client.act("/journal/1/undo", {"at": "journal"}, partial=True)
    assert again.status_code == 409
    assert "already taken back" in partials(again)["#outcome"].text
    assert "taken back by" in partials(again)["#line-1"].text


def test_filters_are_chips_and_fields(client: Visitor, clock: Clock) -> None:
    press(client, "/", "Abort", row=FAILED)
    clock.tick(3 * DAY)
    press(client, "/", "Retry", row=STUCK)
    page = read(client.get(f"/journal?message={FAILED}&undone=no"))
    assert lines(page) == [1]
    assert [chip.text for chip in page.every("span", "chip")] == [f"Message: #{FAILED}", "Taken back: no"]
    removed = [link.attributes["href"] for link in page.one("div", "chips").every("a")]
    assert removed == ["/journal?undone=no", f"/journal?message={FAILED}"]
    assert {one.attributes["name"] for one in page.one("details").every() if "name" in one.attributes} == {
        field.name for field in history.FIELDS
    }
    assert lines(read(client.get("/journal?since=2d"))) == [2]
    none = read(client.get("/journal?action=undo"))
    assert "No line matches" in none.text
    wrong = client.get("/journal?since=soon")
    assert (wrong.status_code, "is no length of time" in wrong.text) == (400, True)
    assert read(wrong).one(id="filter-since").attributes["value"] == "soon"
    assert lines(read(client.get(f"/journal?since=soon&message={FAILED}"))) == [1]


def test_pages_go_forth_and_back(client: Visitor, store: PendingMessageStore) -> None:
    for _ in range(60):
        row = store.enqueue(1, "alpha", {"type": "observation"})
        act.abort(store, row, "pending..0", actor="ann")
    first = read(client.get("/journal?actor=ann"))
    second = read(client.get(first.links()["Older"]))
    assert (lines(first), lines(second)) == ([*range(60, 10, -1)], [*range(10, 0, -1)])
    assert lines(read(client.get(second.links()["Newer"]))) == lines(first)
    assert "50 lines here" in first.text


def test_who_may_not_undo_sees_no_undo(mount: Callable[..., Flask]) -> None:
    client = visitor(mount(may=lambda action: action != "undo"))
    press(client, "/queue/", "Retry", row=PENDING)
    assert read(client.get("/queue/journal")).buttons() == []


def test_a_fragment_is_the_list_alone(client: Visitor) -> None:
    press(client, "/", "Retry", row=STUCK)
    page = read(client.fragment("/journal"))
    assert lines(page) == [1]
    assert not list(page.every("html"))
