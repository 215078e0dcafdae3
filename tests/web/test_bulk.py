from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.store.backends import Clock, Raw
from tests.web.conftest import FAILED, MINUTE, PENDING, PROCESSING, STUCK, SUMMARY, Visitor, visitor
from tests.web.reading import Element, follow, partials, press, read
from webui.store import PendingMessageStore


def ticks(page: Element) -> dict[int, str]:
    """The values of a list's ticks by message."""
    return {int(box.attributes["value"].split(":")[0]): box.attributes["value"] for box in page.every(name="ticked")}


def tick(client: Visitor, verb: str, *ids: int, page: str = "/", partial: bool = False) -> TestResponse:
    """Ticks messages on a page and presses a button of the bar."""
    seen = read(client.get(page))
    fields: dict[str, Any] = place(seen)
    fields["ticked"] = [ticks(seen)[id] for id in ids]
    return client.act(f"/queue/{verb}", fields, page=page, partial=partial)


def place(page: Element) -> dict[str, Any]:
    """What the page's form carries."""
    form = page.one("form", id="place")
    fields = {field.attributes["name"]: field.attributes["value"] for field in form.every("input")}
    del fields["csrf_token"]
    return fields


def fill(raw: Raw, clock: Clock, count: int) -> None:
    raw.fill(count, status="'failed'", completed_at_epoch=str(clock.now - 1), created_at_epoch=str(clock.now - MINUTE))


def asked(client: Visitor, path: str, label: str) -> Element:
    """What a page asks behind one of its links."""
    found = [link for link in read(client.get(path)).every("a") if link.text.startswith(label)]
    return read(client.get(found[0].attributes["href"]))


def test_what_is_ticked_is_retried_and_taken_back(client: Visitor, raw: Raw) -> None:
    before = raw.exact()
    answer = tick(client, "retry", STUCK, FAILED)
    assert answer.headers["Location"] == "/"
    said = follow(client, answer)
    assert said.one(id="outcome").text.startswith("Retried 2 messages.")
    assert raw.row_is_pending(STUCK)
    assert raw.row(FAILED)["status"] == "pending"
    assert "Taken back for 2 messages." in follow(client, press(client, "/", "Undo", seen=said)).text
    assert raw.exact() == before


def test_in_place_the_rows_of_the_page_change(client: Visitor) -> None:
    changed = partials(tick(client, "abort", FAILED, PENDING, partial=True))
    assert {f"#row-{FAILED}", f"#row-{PENDING}", "#outcome", "#key", "#tabs", "#verdict"} <= set(changed)
    row = changed[f"#row-{FAILED}"].row(FAILED)
    assert "Aborted just now" in row.text
    assert list(row.every(name="ticked")) == []
    assert changed["#outcome"].links()["Aborted 2 messages"] == "/operations/1?part=done"


def test_the_outcome_has_three_parts_that_link_to_their_rows(client: Visitor, raw: Raw, clock: Clock) -> None:
    seen = read(client.get("/"))
    raw.set(FAILED, status="processing", started_processing_at_epoch=clock.now - 5)
    raw.run("DELETE FROM pending_messages WHERE id = :id", id=SUMMARY)
    raw.refuse(PROCESSING)
    fields = place(seen) | {"ticked": [ticks(seen)[id] for id in (STUCK, FAILED, PROCESSING, SUMMARY)]}
    said = partials(client.act("/queue/retry", fields, partial=True))["#outcome"]
    assert said.text.startswith("Retried 1 message · skipped 2 (1 no longer in the queue, 1 processing now) · failed 1")
    assert said.one("div", "warn")
    for part, words in (("done", "Bash"), ("skipped", "processing now"), ("failed", f"id {PROCESSING}")):
        links = [link for link in said.every("a") if link.attributes["href"].endswith(f"part={part}")]
        assert words in read(client.get(links[0].attributes["href"])).one(id="list").text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "Nothing is ticked"),
        (["1"], "not complete"),
        (["x:failed..", "2:failed.."], "not complete"),
        ([f"{id}:failed.." for id in range(1, 1_002)], "1,001 messages are ticked"),
    ],
)
def test_ticks_that_cannot_be_used_are_a_sentence(client: Visitor, raw: Raw, given: list[str], said: str) -> None:
    answer = client.act("/queue/retry", {"at": "queue", "ticked": given})
    assert answer.status_code == 400
    assert said in read(answer).text
    assert raw.side_tables() == []


def test_without_javascript_all_on_the_page_are_ticked_by_a_link(client: Visitor) -> None:
    page = read(client.get("/?status=pending"))
    link = page.links()["Tick all on this page"]
    assert [box for box in page.every(name="ticked") if "checked" in box.attributes] == []
    boxes = list(read(client.get(link)).every(name="ticked"))
    assert len(boxes) == 2
    assert all("checked" in box.attributes for box in boxes)


def test_where_something_can_be_done_to_many_there_are_ticks(client: Visitor) -> None:
    assert set(ticks(read(client.get("/")))) == {STUCK, FAILED, PROCESSING, PENDING, SUMMARY}
    assert ticks(read(client.get("/recent"))) == {}
    assert set(ticks(read(client.get("/stuck")))) == {STUCK}


def test_all_that_failed_takes_two_clicks(client: Visitor, raw: Raw, clock: Clock) -> None:
    fill(raw, clock, 200)
    clock.tick(1_000)
    before = raw.exact()
    page = asked(client, "/", "Retry all failed (201)")
    assert page.one("h1").text == "Retry 201 messages?"
    assert "Status: failed" in page.text
    assert len(list(page.one("ul").every("li"))) == 3
    assert raw.exact() == before
    assert raw.side_tables() == []
    said = follow(client, press_plain(client, page, "Retry 201 messages"))
    assert said.one(id="outcome").text.startswith("Retried 201 messages.")
    assert len(raw.run("SELECT id FROM pending_messages WHERE status = 'failed'")) == 0
    press(client, "/", "Undo", seen=said)
    assert raw.exact() == before


def press_plain(client: Visitor, page: Element, label: str, **more: str) -> TestResponse:
    """Presses a button of a question, whose form is its own."""
    form, button = next(
        (form, button) for form in page.every("form", method="post") for button in form.every("button")
        if button.text == label
    )  # fmt: skip
    fields = {field.attributes["name"]: field.attributes.get("value", "") for field in form.every("input")}
    del fields["csrf_token"]
    if "name" in button.attributes:
        fields[button.attributes["name"]] = button.attributes["value"]
    return client.act(form.attributes["action"], fields | more)


def test_the_set_is_frozen_with_the_page_and_what_came_is_said(client: Visitor, raw: Raw, clock: Clock) -> None:
    fill(raw, clock, 3)
    clock.tick(1_000)
    seen = read(client.get("/"))
    link = next(link for link in seen.every("a") if link.text.startswith("Retry all failed"))
    fill(raw, clock, 2)  # with other ids, behind the page
    raw.set(PROCESSING, status="failed", completed_at_epoch=clock.now + 500)
    clock.tick(1_000)
    page = read(client.get(link.attributes["href"]))
    assert "4 when you looked, 7 now: act on the 4" in page.text
    again = read(client.get(page.links()["look again"]))
    assert again.one("h1").text == "Retry 7 messages?"
    assert "when you looked" not in again.text
    press_plain(client, page, "Retry 4 messages")
    left = raw.run("SELECT count(*) AS n FROM pending_messages WHERE status = 'failed'")
    assert left == [{"n": 3}]


def test_the_question_knows_what_the_page_said(client: Visitor, raw: Raw, clock: Clock) -> None:
    fill(raw, clock, 3)
    clock.tick(1_000)
    link = next(link for link in read(client.get("/")).every("a") if link.text.startswith("Retry all failed (4)"))
    raw.run("DELETE FROM pending_messages WHERE id = :id", id=FAILED)
    page = read(client.get(link.attributes["href"]))
    assert "4 when you looked, 3 now: act on the 3" in page.text
    assert "when you looked" not in read(client.get(page.links()["look again"])).text


def test_what_was_counted_comes_with_the_links_for_each_action_its_own_number(client: Visitor, raw: Raw) -> None:
    raw.fill(60, status="'pending'")
    counted = read(client.get("/")).one("button", data_all="").attributes["hx-get"]
    answer = client.fragment(counted)
    assert answer.text.startswith("65")
    links = partials(answer)["#all-verbs"].links()
    assert {"Retry …": "expected=3", "Abort …": "expected=65"}.items() <= {
        label: re.sub(r".*(expected=\d+).*", r"\1", link) for label, link in links.items()
    }.items()
    assert "when you looked" not in read(client.get(links["Retry …"])).text
    assert client.get(counted.replace("links=all", "")).text.strip() == "65"


def test_looking_only_there_are_no_ticks_and_a_question_asks_for_nothing(make_app: Callable[..., Flask]) -> None:
    client = visitor(make_app(READ_ONLY=True))
    for path in ("/", "/stuck", "/trash"):
        page = read(client.get(path))
        assert list(page.one(id="content").every("input", type="checkbox")) + list(page.every(id="selection")) == []
    page = read(client.get("/queue/retry?status=failed"))
    assert "You may not do this here." in page.text
    assert [field.attributes["name"] for field in page.every("input", cls="input")] == []


def test_a_refused_form_leads_back_to_where_it_was_pressed(client: Visitor) -> None:
    answer = client.act("/queue/retry", {"at": "queue", "status": "failed", "order": "oldest"})
    assert answer.status_code == 400
    assert read(answer).links()["Back to where you were, filters and all"] == "/?status=failed&order=oldest"


def test_a_dialog_is_the_same_question_in_place(client: Visitor) -> None:
    dialog = read(client.fragment("/queue/abort?status=pending")).one("dialog")
    assert dialog.one("h1").text == "Abort 2 messages?"
    form = dialog.one("form", method="post")
    assert form.attributes["hx-post"] == form.attributes["action"]
    first = next(form.every("button", type="submit"))
    assert (first.text, "autofocus" in first.attributes) == ("Abort 2 messages", True)


def test_it_says_that_a_worker_may_be_at_some(client: Visitor) -> None:
    assert "A worker may be at 2 of them. A second run may overlap the first." in read(client.get("/queue/retry")).text


def test_a_large_one_says_what_it_costs_where_writers_share_a_lock(client: Visitor, raw: Raw, clock: Clock,
                                                                   store: PendingMessageStore) -> None:  # fmt: skip
    fill(raw, clock, 6_000)
    clock.tick(1_000)
    said = "It holds the write lock for about" in read(client.get("/queue/retry?status=failed")).text
    assert said == store.database.dialect.one_writer


def test_one_first_and_then_the_rest(client: Visitor, raw: Raw, clock: Clock) -> None:
    fill(raw, clock, 30)
    clock.tick(1_000)
    page = asked(client, "/", "Retry all failed")
    said = follow(client, press_plain(client, page, "Retry 1 first", reason="try it"))
    assert said.one(id="outcome").text.startswith(f"Retried #{FAILED}.")
    done = follow(client, press(client, "/", "Retry the other 30", seen=said))
    assert done.one(id="outcome").text.startswith("Retried 30 messages.")
    assert {row["reason"] for row in raw.rows("unstick_journal")} == {"try it"}


def test_what_is_stuck_is_all_that_the_stuck_page_means(client: Visitor, raw: Raw, clock: Clock) -> None:
    for id in range(60):
        raw.fill(1, status="'processing'", started_processing_at_epoch=str(clock.now - 60 * MINUTE - id))
    page = asked(client, "/stuck", "Retry …")
    assert page.one("h1").text == "Retry 61 messages?"
    answer = press_plain(client, page, "Retry 61 messages")
    assert answer.headers["Location"] == "/stuck"
    assert raw.row(PROCESSING)["status"] == "processing"
    assert raw.row_is_pending(STUCK)


@pytest.mark.usefixtures("impatient")
def test_so_many_a_minute_goes_on_in_the_background(client: Visitor, raw: Raw, clock: Clock) -> None:
    fill(raw, clock, 300)
    clock.tick(1_000)
    page = asked(client, "/", "Retry all failed")
    said = follow(client, press_plain(client, page, "Retry 301 messages", per_minute="60")).one(id="outcome")
    assert re.match(r"Retried \d of 301 messages so far\.", said.text)
    assert said.links()["Watch"] == "/operations/1"
    client.act("/operations/1/cancel", {"at": "queue"})


@pytest.mark.parametrize("speed", ["0", "-1", "soon", "1e9", "999999999"])
def test_a_speed_that_is_none_is_a_sentence(client: Visitor, raw: Raw, speed: str) -> None:
    page = asked(client, "/", "Retry all failed")
    answer = press_plain(client, page, "Retry 1 message", per_minute=speed)
    assert answer.status_code == 400
    assert "no number of messages a minute" in answer.text
    assert raw.side_tables() == []


@pytest.mark.parametrize(
    "path",
    [
        "/queue/retry?status=failed&until=x&as_of=1", "/queue/retry?status=failed&until=1&as_of=99999999999999999",
        "/queue/retry?status=lost", "/queue/count?until=x", "/queue/retry?back=at%3Dqueue%26status%3Dlost",
        "/operations/1?part=all", "/operations?before=x",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_a_sentence(client: Visitor, path: str) -> None:
    assert client.get(path).status_code == 400


def test_all_is_not_done_without_the_instant_that_was_seen(client: Visitor, raw: Raw) -> None:
    assert client.act("/queue/abort?status=failed", {"at": "queue"}).status_code == 400
    assert raw.row(FAILED)["status"] == "failed"


def test_nobody_is_offered_what_he_may_not_do(mount: Callable[..., Flask], raw: Raw) -> None:
    client = visitor(mount(may=lambda action: action in ("view", "retry")))
    page = read(client.get("/queue/"))
    buttons = page.one(id="selection").every("button", type="submit")
    assert [button.text for button in buttons] == ["Retry", "Export", "CSV"]
    assert "You may not do this here." in read(client.get("/queue/queue/abort?status=failed")).text
    fields = {"at": "queue", "ticked": [ticks(page)[FAILED]]}
    assert client.act("/queue/queue/abort", fields, page="/queue/").status_code == 403
    assert raw.row(FAILED)["status"] == "failed"
