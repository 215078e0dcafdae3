from __future__ import annotations

from pathlib import Path

from tests.schemas import build, shape
from tests.store.backends import Clock, Raw
from tests.web.conftest import PROCESSED, Visitor
from tests.web.reading import opened, read
from webui.store import PendingMessageStore

HOUR = 3_600_000


def test_it_lists_what_was_processed(client: Visitor) -> None:
    page = read(client.get("/recent"))
    assert page.rows() == [PROCESSED]
    assert page.row(PROCESSED).one("span", "pill").text == "Processed"
    assert page.one("a", aria_current="true").text == "30 min"
    assert page.buttons() == []


def test_a_fragment_is_the_list_alone(client: Visitor) -> None:
    page = read(client.fragment("/recent"))
    assert page.rows() == [PROCESSED]
    assert not list(page.every("html"))


def test_empty_it_says_what_that_means_and_offers_the_day(client: Visitor, clock: Clock) -> None:
    clock.tick(2 * HOUR)
    page = read(client.get("/recent"))
    assert "Nothing was processed in the last 30 min" in page.text
    assert "The last message was finished 2 h ago. Work waits, so the worker has stopped or hangs." in page.text
    assert read(client.get(page.links()["Show the last 24 h"])).rows() == [PROCESSED]
    clock.tick(48 * HOUR)
    assert read(client.get("/recent?within=24h")).links()["Show the last 7 d"] == "/recent?within=7d"


def test_with_nothing_ever_processed_it_says_so(client: Visitor, raw: Raw) -> None:
    raw.run("DELETE FROM pending_messages WHERE status = 'processed'")
    assert "No message in this file is recorded as processed." in read(client.get("/recent")).text


def test_a_length_of_time_that_is_none_is_said(client: Visitor) -> None:
    answer = client.get("/recent?within=soon")
    assert answer.status_code == 400
    assert "is no length of time" in answer.text


def test_pages_go_forth_and_back(client: Visitor, store: PendingMessageStore, raw: Raw) -> None:
    for number in range(70):
        id = store.enqueue(1, "alpha", {"type": "observation"})
        raw.set(id, status="processed", completed_at_epoch=store.now() - number)
    first = read(client.get("/recent?within=24h"))
    second = read(client.get(first.links()["Older"]))
    assert len(first.rows()) == 50
    assert len(second.rows()) == 21
    assert not set(first.rows()) & set(second.rows())
    assert read(client.get(second.links()["Newer"])).rows() == first.rows()


def test_a_file_without_completions_says_so(tmp_path: Path) -> None:
    with opened(build(tmp_path / "era.db", shape("G"))) as client:
        page = read(client.get("/recent"))
    assert "This file keeps no record of completions" in page.text
    assert "nothing completed" not in page.text.lower()
    assert [tab.text for tab in page.one(id="tabs").every("a")] == ["Queue8", "Stuck", "Recent", "Journal", "Trash"]
