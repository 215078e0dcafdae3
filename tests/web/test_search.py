"""Finding messages: the search box, the orders, the ends of the list, a time, and saved views."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

import pytest
from flask import Flask

from tests.store.backends import Clock, Raw
from tests.web.conftest import FAILED, MINUTE, PENDING, SUMMARY, Visitor, visitor
from tests.web.reading import follow, read
from webui.store import PendingMessageStore, tune, views

MakeApp = Callable[..., Flask]


def led_to(client: Visitor, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 302, answer.status
    return str(answer.headers["Location"])


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("status:failed tool:Read", "/?status=failed&tool=Read"),
        ('age:>1m "some text"', "/?age=>1m&q=some+text"),
        ("", "/"),
    ],
)
def test_what_is_typed_leads_to_an_address_of_filters(client: Visitor, typed: str, place: str) -> None:
    assert led_to(client, f"/?search={quote(typed)}").replace("%3E", ">") == place
    assert "order=oldest" in led_to(client, f"/?search={quote(typed)}&order=oldest")


def test_the_box_shows_the_filters_and_sends_them_again(client: Visitor) -> None:
    page = read(client.get("/?tool=Read&status=failed&q=main.py&order=oldest"))
    box = page.one("form", "finder")
    sent = {field.attributes["name"]: field.attributes["value"] for field in box.every("input")}
    assert sent == {"search": "status:failed tool:Read main.py", "order": "oldest"}
    assert page.rows() == [FAILED]


def test_a_filter_that_is_not_known_is_said(client: Visitor) -> None:
    answer = client.get("/?search=colour:red&order=oldest")
    assert answer.status_code == 400
    page = read(answer)
    assert "There is no filter “colour”, but there are status:, stuck:" in page.text
    assert page.one("input", name="search").attributes["value"] == "colour:red"


def test_of_the_filters_that_were_chosen_only_the_wrong_one_is_refused(client: Visitor) -> None:
    answer = client.get("/?status=failed&age=soon&order=oldest")
    assert answer.status_code == 400
    page = read(answer)
    assert "Age: “soon” is no length of time" in page.one(role="alert").text
    assert page.one(id="filter-age").attributes["value"] == "soon"
    assert [chip.text for chip in page.every("span", "chip")] == ["Status: failed"]
    assert page.rows() == [FAILED]
    assert client.fragment("/?age=soon").text.strip().startswith('<section class="problem">')


def test_suggestions_are_links_to_what_they_find(client: Visitor) -> None:
    page = read(client.fragment("/suggest?search=" + quote("status:failed to") + "&order=oldest"))
    assert page.links()["tool:Read"] == "/?status=failed&tool=Read&order=oldest"
    assert set(page.links()) == {"tool:Bash", "tool:Edit", "tool:Read", "tool:WebFetch"}
    assert read(client.get(page.links()["tool:Read"])).rows() == [FAILED]


def test_what_was_typed_wrongly_is_said_while_typing(client: Visitor) -> None:
    answer = client.fragment("/suggest?search=" + quote("age:soon to"))
    assert answer.status_code == 200
    assert "no length of time" in read(answer).text
    assert read(client.fragment("/suggest")).text == ""


def test_a_suggestion_is_foreign_text(client: Visitor, raw: Raw) -> None:
    raw.set(PENDING, tool_name="<b>to\u202e</b>")
    assert "<b>" not in client.fragment("/suggest?search=" + quote('tool:"<b')).text


def test_an_order_without_an_index_is_shown_with_its_reason(client: Visitor, store: PendingMessageStore) -> None:
    orders = read(client.get("/?status=failed")).one("nav", "orders")
    assert list(orders.links()) == ["Newest", "Oldest"]
    assert "unstick tune" in orders.one("span", aria_disabled="true").attributes["title"]
    answer = client.get("/?order=attempts")
    assert answer.status_code == 409
    assert "unstick tune" in answer.text

    list(tune.add(store.database))
    orders = read(client.get("/?status=failed")).one("nav", "orders")
    assert orders.links()["Attempts"] == "/?status=failed&order=attempts"
    page = read(client.get("/?order=attempts"))
    assert page.rows()[2:] == [FAILED, SUMMARY, PENDING]
    assert page.one("a", aria_current="true").text == "Attempts"


def test_the_ends_of_the_list_are_a_click_away(client: Visitor, store: PendingMessageStore) -> None:
    ids = [store.enqueue(1, "alpha", {"type": "observation", "tool_name": "Glob"}) for _ in range(120)]
    last = read(client.get(read(client.get("/?tool=Glob")).links()["Last"]))
    assert last.rows() == ids[:50][::-1]
    assert "tool=Glob" in last.links()["First"]
    assert "Last" not in last.links()
    assert read(client.get(last.links()["First"])).rows() == ids[70:][::-1]


def test_a_time_leads_to_the_page_that_begins_there(client: Visitor, store: PendingMessageStore, clock: Clock) -> None:
    for _ in range(100):
        clock.tick(MINUTE)
        last = store.enqueue(1, "alpha", {"type": "observation", "tool_name": "Glob"})
    form = read(client.get("/?status=pending")).one("form", "jump")
    sent = {field.attributes["name"]: field.attributes.get("value") for field in form.every("input")}
    assert sent == {"status": "pending", "among": "pending", "at": None}
    exact = datetime.fromtimestamp((clock.now - 30 * MINUTE) / 1000).isoformat()
    for at in ("30m", exact, exact.replace("T", " ")):
        place = led_to(client, f"/?status=pending&among=pending&at={quote(at)}")
        assert place == f"/?status=pending&cursor=next-pending-{last - 30 + 1}"
        assert read(client.get(place)).rows()[0] == last - 30
    assert led_to(client, "/?at=&among=") == "/"


@pytest.mark.parametrize("query", ["at=soon", "at=2h+ago&among=failed", "search=age:%3Esoon", "attempts=some"])
def test_what_cannot_be_understood_is_said(client: Visitor, query: str) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 400
    assert "That filter does not work" in answer.text


def test_a_search_that_stopped_says_how_far_it_came(client: Visitor, raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.store.scan.SEARCH_BUDGET", 0)
    raw.fill(200, tool_input="CASE i WHEN 0 THEN 'needle' ELSE 'x' END", status="'pending'")
    page = read(client.get("/?q=needle&status=pending"))
    assert "Searched the newest 1 message, as many as a page has time for: none of them matches." in page.text
    for _ in range(400):
        if page.rows():
            break
        page = read(client.get(page.links()["Search on"]))
    assert len(page.rows()) == 1
    assert "Searched the next" in page.text or "Search on" not in page.links()


def test_a_view_is_saved_by_a_name_and_leads_there(client: Visitor, store: PendingMessageStore) -> None:
    place = {"at": "queue", "status": "failed", "order": "oldest", "cursor": "next-failed-9"}
    page = follow(client, client.act("/views", {**place, "name": "Failed <b>"}))
    assert "Saved this view as “Failed <b>”." in page.one(id="outcome").text
    assert page.one("details", "views").links() == {"Failed <b>": "/?status=failed&order=oldest"}
    [view] = views.saved(store)
    assert view.query == {"status": "failed", "order": "oldest"}

    page = follow(client, client.act(f"/views/{view.id}/delete", place))
    assert "Removed the view “Failed <b>”." in page.one(id="outcome").text
    assert views.saved(store) == []
    page = follow(client, client.act(f"/views/{view.id}/delete", place))
    assert "There is no such view any more" in page.one(id="outcome").text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"at": "queue", "name": " "}, "a name of 1 to 60 characters"),
        ({"at": "queue"}, "a name of 1 to 60 characters"),
        ({"at": "stuck", "name": "x"}, "Only a view of the queue"),
        ({"at": "nowhere", "name": "x"}, "not complete"),
    ],
)
def test_a_view_that_makes_no_sense_is_not_saved(client: Visitor, raw: Raw, fields: dict[str, str], says: str) -> None:
    answer = client.act("/views", fields)
    assert answer.status_code == 400
    assert says in answer.text
    assert raw.side_tables() == []


def test_looking_makes_no_table(client: Visitor, raw: Raw) -> None:
    for path in ("/", "/suggest?search=s", "/?search=x", "/?at=2h"):
        client.get(path)
    assert raw.side_tables() == []


def test_a_view_that_cannot_be_read_here_leads_nowhere(client: Visitor, store: PendingMessageStore, raw: Raw) -> None:
    views.save(store, "of a newer one", {"colour": "red", "status": "lost"})
    panel = read(client.get("/")).one("details", "views")
    assert panel.links() == {}
    assert "of a newer one" in panel.text


def test_without_the_permission_views_are_only_followed(
    mount: Callable[..., Flask], make_app: MakeApp, store: PendingMessageStore
) -> None:
    none = visitor(make_app(READ_ONLY=True))
    assert not list(read(none.get("/")).every("details", "views"))
    views.save(store, "mine", {"status": "failed"})
    client = visitor(mount(may=lambda action: action in ("view", "retry")))
    for panel in (read(client.get("/queue/")).one("details", "views"), read(none.get("/")).one("details", "views")):
        assert list(panel.links()) == ["mine"]
        assert not list(panel.every("form")) + list(panel.every("button"))
    assert client.act("/queue/views", {"at": "queue", "name": "x"}, page="/queue/").status_code == 403
    assert none.act("/views/1/delete", {"at": "queue"}).status_code == 403
