from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.store.backends import Clock, Raw
from tests.web.conftest import FAILED, PENDING, PROCESSING, STUCK, SUMMARY, Visitor, visitor
from tests.web.reading import read
from webui.store import PendingMessageStore


def test_it_lists_what_waits_runs_and_failed(client: Visitor) -> None:
    page = read(client.get("/"))
    assert page.rows() == [PROCESSING, STUCK, FAILED, SUMMARY, PENDING]
    assert page.row(STUCK).text.startswith("Stuck Bash make test red session #1 id 1 20 min")
    assert "running, limit 5 min" in page.row(STUCK).text
    assert page.row(FAILED).one("span", "pill").text == "Failed"
    assert "retry 3/3" in page.row(FAILED).text
    assert page.row(PENDING).one("span", "mono").text == "example.com/a/page"
    assert page.row(SUMMARY).text.startswith("Pending Summarize “What now?”")


def test_the_verdict_links_to_what_it_counts(client: Visitor) -> None:
    verdict = read(client.get("/")).one(id="verdict")
    assert verdict.links() == {
        "Oldest pending 1 min": f"/messages/{PENDING}",
        "1 stuck": "/stuck",
        "1 failed": "/?status=failed",
    }


def test_the_tabs_count(client: Visitor) -> None:
    tabs = read(client.get("/")).one("nav", id="tabs")
    assert [tab.text for tab in tabs.every("a")] == ["Queue5", "Stuck1", "Recent1", "Journal", "Trash"]
    assert tabs.one("a", aria_current="page").text == "Queue5"


def test_a_fragment_is_the_list_alone(client: Visitor) -> None:
    page = read(client.fragment("/?status=failed"))
    assert page.rows() == [FAILED]
    assert not list(page.every("html"))
    assert page.one(id="list")


def test_filters_are_chips_that_can_be_taken_off(client: Visitor) -> None:
    page = read(client.get("/?status=failed&project=red&order=oldest"))
    assert page.rows() == [FAILED]
    chips = list(page.every("span", "chip"))
    assert [chip.text for chip in chips] == ["Status: failed", "Project: red"]
    assert [chip.one("a").attributes["href"] for chip in chips] == [
        "/?project=red&order=oldest", "/?status=failed&order=oldest",
    ]  # fmt: skip


def test_the_bar_keeps_every_filter(client: Visitor) -> None:
    bar = read(client.get("/?status=failed&tool=read&q=main&order=oldest")).one("div", "bar")
    kept = {field.attributes["name"]: field.attributes.get("value", "") for field in bar.every("input")}
    assert {"q": "main", "tool": "read", "order": "oldest"}.items() <= kept.items()
    assert [option.text for option in bar.every("option") if "selected" in option.attributes] == ["failed"]


def test_empty_fields_filter_nothing(client: Visitor) -> None:
    assert len(read(client.get("/?q=&status=&stuck=&session=&project=&type=&tool=&id=")).rows()) == 5


@pytest.mark.parametrize("query", ["status=lost", "session=one", "stuck=soon", "order=up", "cursor=next", "id=1e9"])
def test_what_cannot_be_understood_is_said(client: Visitor, query: str) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 400
    assert "That filter does not work" in answer.text


def test_the_order_can_be_turned(client: Visitor) -> None:
    page = read(client.get("/?status=pending"))
    assert page.rows() == [SUMMARY, PENDING]
    turned = page.links()["Oldest"]
    assert turned == "/?status=pending&order=oldest"
    assert read(client.get(turned)).rows() == [PENDING, SUMMARY]


def test_pages_go_forth_and_back_and_keep_the_filters(client: Visitor, store: PendingMessageStore) -> None:
    ids = [store.enqueue(1, "alpha", {"type": "observation", "tool_name": "Glob"}) for _ in range(120)][::-1]
    seen = [read(client.get("/?tool=Glob"))]
    while older := seen[-1].links().get("Older"):
        assert "tool=Glob" in older
        seen.append(read(client.get(older)))
    assert [page.rows() for page in seen] == [ids[:50], ids[50:100], ids[100:]]
    assert read(client.get(seen[2].links()["Newer"])).rows() == ids[50:100]
    assert "Newer" not in seen[0].links()


def test_a_page_that_has_emptied_offers_the_first(client: Visitor) -> None:
    page = read(client.get(f"/?status=pending&cursor=next-pending-{PENDING}"))
    assert page.rows() == []
    assert "No message matches" in page.text
    page = read(client.get(f"/?cursor=next-pending-{PENDING}"))
    assert page.links()["To the first page"] == "/"


def test_when_nothing_matches_it_says_so(client: Visitor) -> None:
    page = read(client.get("/?q=nowhere"))
    assert "No message matches" in page.text
    assert page.links()["Show the whole queue"] == "/"


def test_an_empty_queue_says_so(client: Visitor, raw: Raw) -> None:
    raw.run("DELETE FROM pending_messages")
    page = read(client.get("/"))
    assert "The queue is empty" in page.text
    assert page.one(id="verdict").text.startswith("Idle.")


def test_reading_only_there_are_no_buttons(make_app: Callable[..., Flask]) -> None:
    page = read(visitor(make_app(READ_ONLY=True)).get("/"))
    assert len(page.rows()) == 5
    assert page.buttons() == []
    assert "looking only" in page.one("header").text


def test_what_one_may_not_do_has_no_button(mount: Callable[..., Flask]) -> None:
    page = read(visitor(mount(may=lambda action: action in ("view", "retry"))).get("/queue/"))
    assert set(page.buttons()) == {"Retry", "Export", "CSV"}


def test_retry_fresh_is_where_it_differs(client: Visitor) -> None:
    page = read(client.get("/"))
    assert page.row(FAILED).buttons() == ["Retry fresh", "Retry", "Abort"]
    assert page.row(STUCK).buttons() == ["Retry", "Abort"]


def test_a_message_that_a_worker_is_at_asks_first(client: Visitor) -> None:
    page = read(client.get("/"))
    asked = {button.text: button.attributes.get("hx-confirm") for button in page.row(PROCESSING).every("button")}
    assert asked == {
        "Retry": f"A worker is at message {PROCESSING}. A second run may overlap the first. Retry all the same?",
        "Abort": f"A worker is at message {PROCESSING}. What it is doing may still be stored. Abort all the same?",
    }
    assert "hx-confirm" not in next(page.row(STUCK).every("button")).attributes


def test_ages_do_not_go_below_zero(client: Visitor, clock: Clock, raw: Raw) -> None:
    raw.set(PENDING, created_at_epoch=clock.now + 3_600_000)
    assert read(client.get("/")).row(PENDING).one("time").text == "0 s"
