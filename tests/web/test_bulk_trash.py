"""The trash, many at once."""

from __future__ import annotations

from tests.store.backends import Raw
from tests.web.conftest import FAILED, PENDING, SUMMARY, Visitor
from tests.web.reading import follow, press, read
from tests.web.test_bulk import asked, place, tick


def test_the_trash_comes_back_ticked_or_whole(client: Visitor, raw: Raw) -> None:
    before = raw.exact()
    tick(client, "abort", FAILED, PENDING, SUMMARY)
    page = read(client.get("/trash"))
    fields = place(page) | {"ticked": [box.attributes["value"] for box in page.every(name="ticked")][:1]}
    assert "Brought back #" in follow(client, client.act("/trash/restore", fields)).text
    whole = asked(client, "/trash", "Restore all")
    assert whole.one("h1").text == "Restore 2 messages?"
    fields = place(whole) | {"until": whole.one("button", name="until").attributes["value"]}
    said = follow(client, client.act("/trash/restore", fields))
    assert said.one(id="outcome").text.startswith("Brought back 2 messages.")
    assert raw.exact() == before


def test_one_of_many_that_were_aborted_comes_back_alone(client: Visitor, raw: Raw) -> None:
    tick(client, "abort", FAILED, PENDING)
    press(client, "/trash", "Restore", row=FAILED)
    assert raw.row(FAILED)["status"] == "failed"
    assert len(raw.rows("unstick_trash")) == 1
