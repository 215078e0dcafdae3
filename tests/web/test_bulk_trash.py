"""The trash, many at once."""

from __future__ import annotations

from tests.store.backends import Clock, Raw
from tests.store.operating import FAILED as FAILED_ONES
from tests.store.operating import do
from tests.web.conftest import FAILED, PENDING, SUMMARY, Visitor
from tests.web.reading import follow, press, read
from tests.web.test_bulk import asked, fill, place, tick
from webui.store import PendingMessageStore, preview


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


def test_what_somebody_else_brought_back_is_said(client: Visitor) -> None:
    tick(client, "abort", FAILED, PENDING, SUMMARY)
    page = read(client.get("/trash"))
    fields = place(page) | {"ticked": [box.attributes["value"] for box in page.every(name="ticked")]}
    whole = asked(client, "/trash", "Restore all")
    press(client, "/trash", "Restore", row=FAILED)
    said = follow(client, client.act("/trash/restore", fields)).one(id="outcome").text
    assert said.startswith("Brought back 2 messages · 1 no longer matched.")
    button = whole.one("button", name="until")
    fields = place(whole) | {"until": button.attributes["value"]}
    said = follow(client, client.act(button.attributes["formaction"], fields)).one(id="outcome").text
    assert said.startswith("Nothing was changed · 3 no longer matched.")


def test_a_large_one_says_what_it_costs_where_writers_share_a_lock(
    client: Visitor, raw: Raw, clock: Clock, store: PendingMessageStore
) -> None:
    assert "write lock" not in read(client.get("/trash/restore")).text
    fill(raw, clock, 6_000)
    clock.tick(1_000)
    do(store, "abort", preview.freeze(store, FAILED_ONES))
    clock.tick(1_000)
    for path in ("/trash/restore", "/trash/purge?days=0"):
        said = "It holds the write lock for about" in read(client.get(path)).text
        assert said == store.database.dialect.one_writer


def test_one_of_many_that_were_aborted_comes_back_alone(client: Visitor, raw: Raw) -> None:
    tick(client, "abort", FAILED, PENDING)
    press(client, "/trash", "Restore", row=FAILED)
    assert raw.row(FAILED)["status"] == "failed"
    assert len(raw.rows("unstick_trash")) == 1
