"""Numbers that are only lower bounds, and sets that are no longer what the operator saw."""

from __future__ import annotations

import pytest

from tests.store.backends import Clock, Raw
from tests.web.conftest import MINUTE, Visitor
from tests.web.reading import follow, press, read
from tests.web.test_bulk import asked, fill, place, press_plain
from webui.store import PendingMessageStore, preview


def test_a_lower_bound_is_no_number_to_count_down_from(
    client: Visitor, raw: Raw, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(raw, clock, 30)
    clock.tick(1_000)
    monkeypatch.setattr(preview, "BOUNDS", (10,))
    page = asked(client, "/", "Retry all failed")
    assert page.one("h1").text == "Retry 10+ messages?"
    assert not list(page.every(name="expected"))
    said = follow(client, press_plain(client, page, "Retry 1 first"))
    assert said.one(id="outcome").buttons() == ["Retry all that match", "Undo"]
    assert "of 10" not in read(client.get("/operations/1")).text
    done = follow(client, press(client, "/", "Retry all that match", seen=said))
    assert done.one(id="outcome").text.startswith("Retried 30 messages.")
    assert read(client.get("/operations/1")).one(id="operation").buttons() == ["Undo"]


def test_what_was_taken_back_since_is_not_as_it_was_then(client: Visitor, raw: Raw, clock: Clock) -> None:
    fill(raw, clock, 5)
    clock.tick(1_000)
    theirs = follow(client, press_plain(client, asked(client, "/", "Retry all failed"), "Retry 6 messages"))
    fill(raw, clock, 1)
    clock.tick(1_000)
    mine = read(client.get("/"))
    clock.tick(1_000)
    press(client, "/", "Undo", seen=theirs)
    clock.tick(1_000)
    page = read(client.get(mine.one(id="retry-failed").attributes["href"]))
    assert "1 when you looked, 7 now: act on the 1 that are as they were then" in page.text
    said = follow(client, press_plain(client, page, "Retry 1 message"))
    assert said.one(id="outcome").text.startswith(f"Retried #{max(raw.ids())}.")
    assert sum(row["status"] == "failed" for row in raw.rows()) == 6


def test_the_sample_is_found_behind_many_that_do_not_match(client: Visitor, raw: Raw, clock: Clock) -> None:
    then = str(clock.now - MINUTE)
    raw.fill(2_100, status="'failed'", tool_name="'Read'", created_at_epoch=then)
    raw.fill(1, status="'failed'", tool_name="'Zed'", created_at_epoch=then)
    clock.tick(1_000)
    page = read(client.get("/queue/retry?tool=Zed"))
    assert f"#{max(raw.ids())} Zed" in page.text


def test_a_view_that_is_saved_twice_is_there_once(client: Visitor) -> None:
    fields = place(read(client.get("/?status=failed"))) | {"name": "Failed"}
    for _ in range(2):
        assert "Saved this view as “Failed”." in follow(client, client.act("/views", fields)).text
    other = place(read(client.get("/?status=pending"))) | {"name": "Failed"}
    assert "There is a view “Failed” already" in client.act("/views", other).text


def test_the_answer_of_a_press_whose_row_is_gone_since_is_the_first_one(
    client: Visitor, raw: Raw, store: PendingMessageStore
) -> None:
    page = read(client.get("/"))
    for _ in range(2):
        said = follow(client, press(client, "/", "Retry", row=2, seen=page)).one(id="outcome").text
        assert said.startswith("Retried #2.")
        store.abort_message(2)
