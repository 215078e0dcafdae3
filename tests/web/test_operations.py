from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.store.backends import Clock, Raw
from tests.web.conftest import FAILED, STUCK, Visitor, visitor
from tests.web.reading import follow, read
from tests.web.test_bulk import fill, tick
from webui.store import PendingMessageStore, operations, preview, working
from webui.store.filters import Filters
from webui.store.operations import Operation

FAILED_ONES = Filters.parse({"status": "failed"})


@pytest.fixture
def begun(store: PendingMessageStore, raw: Raw, clock: Clock) -> Operation:
    """A retry of 301 messages, of which some are done; nobody is at it, for its next step is a while away."""
    fill(raw, clock, 300)
    clock.tick(1_000)
    frozen = preview.freeze(store, FAILED_ONES)
    id = operations.begin(store, "retry", frozen, actor="<ana>", reason="a <reason>", expected=301, per_minute=6)
    return working.work(store, id, seconds=5)  # the pause behind its first step is longer


def test_while_it_runs_it_is_polled_and_then_no_more(
    client: Visitor, store: PendingMessageStore, begun: Operation
) -> None:
    page = read(client.get(f"/operations/{begun.id}"))
    poll = page.one(id="poll").attributes
    assert (poll["hx-get"], poll["hx-trigger"]) == (f"/operations/{begun.id}", "every 1s")
    assert page.one("progress").attributes == {"max": "301", "value": str(begun.done), "aria-label": "Progress"}
    assert page.one("q").text == "a <reason>"
    assert "by <ana>" in page.text
    going = read(client.fragment(f"/operations/{begun.id}"))
    assert (len(list(going.every(id="poll"))), list(going.every("hx-partial"))) == (1, [])
    operations.cancel(store, begun.id)
    answer = read(client.fragment(f"/operations/{begun.id}"))
    assert not list(answer.every(id="poll"))
    assert answer.one("hx-partial", hx_target="#list").one("table").rows() == operations.done_rows(store, 1, 0, 9)
    assert f"{301 - begun.done} failed" in answer.one("hx-partial", hx_target="#verdict").text
    assert answer.one("hx-partial", hx_target="#tabs").one(id="tabs")
    assert "Cancelled" in answer.text


@pytest.mark.usefixtures("impatient")
def test_it_is_cancelled_and_goes_on(client: Visitor, store: PendingMessageStore, begun: Operation) -> None:
    page = f"/operations/{begun.id}"
    fields = {"at": "operation", "operation": str(begun.id)}
    answer = client.act(f"{page}/cancel", fields)
    assert answer.headers["Location"] == page
    assert "then it was cancelled" in follow(client, answer).one(id="outcome").text
    assert operations.get(store, begun.id).state == "cancelled"
    assert "then it was cancelled" in follow(client, client.act(f"{page}/cancel", fields)).one(id="outcome").text
    for _ in range(2):
        assert "so far" in follow(client, client.act(f"{page}/resume", fields)).one(id="outcome").text
        assert operations.get(store, begun.id).state == "running"
    client.act(f"{page}/cancel", fields)


def test_its_rows_are_shown_as_they_are_now_and_by_pages(client: Visitor, raw: Raw, clock: Clock) -> None:
    fill(raw, clock, 60)
    client.act("/queue/retry?status=failed&until=99999&as_of=" + str(clock.now), {"at": "queue", "expected": "61"})
    page = read(client.get("/operations/1"))
    assert len(page.rows()) == 50
    further = read(client.get(page.links()["Next"]))
    assert (len(further.rows()), set(further.rows()) & set(page.rows())) == (11, set())
    assert set(further.one(id="list").buttons()) >= {"Retry", "Abort"}
    assert "First" in further.links()


def test_a_row_that_is_gone_is_said(client: Visitor, raw: Raw) -> None:
    tick(client, "retry", STUCK, FAILED)
    raw.run("DELETE FROM pending_messages WHERE id = :id", id=FAILED)
    assert f"#{FAILED} is no longer here" in read(client.get("/operations/1")).row(FAILED).text


def test_they_are_listed_newest_first(client: Visitor) -> None:
    assert "Nothing yet" in read(client.get("/operations")).text
    tick(client, "retry", STUCK, FAILED)
    client.act("/journal/1/undo", {"at": "queue"})
    rows = read(client.get("/operations")).one(id="list").one("tbody")
    assert [row.attributes["id"] for row in rows.every("tr")] == ["operation-2", "operation-1"]
    assert "what line 1 did" in rows.text
    assert "2 ticked messages" in rows.text
    assert read(client.get("/journal")).links()["Operations"] == "/operations"


@pytest.mark.parametrize("turn", ["cancel", "resume", "rest"])
def test_only_who_may_do_it_may_turn_it(
    mount: Callable[..., Flask], store: PendingMessageStore, begun: Operation, turn: str
) -> None:
    client = visitor(mount(may=lambda action: action != "retry"))
    answer = client.act(f"/queue/operations/{begun.id}/{turn}", {"at": "queue"}, page="/queue/")
    assert answer.status_code == 403
    assert operations.get(store, begun.id) == begun
    page = read(client.get(f"/queue/operations/{begun.id}"))
    assert page.one(id="operation").buttons() == ["Undo"]


def test_looking_only_nobody_turns_it(
    make_app: Callable[..., Flask], store: PendingMessageStore, begun: Operation
) -> None:
    client = visitor(make_app(READ_ONLY=True))
    assert client.act(f"/operations/{begun.id}/cancel", {"at": "queue"}).status_code == 403
    assert operations.get(store, begun.id) == begun


def test_a_visit_goes_on_with_what_nobody_is_at(
    client: Visitor, store: PendingMessageStore, raw: Raw, clock: Clock
) -> None:
    fill(raw, clock, 20)
    clock.tick(1_000)
    id = operations.begin(store, "retry", preview.freeze(store, FAILED_ONES), actor="ana")
    client.get("/")
    while not operations.get(store, id).is_over:
        pass
    assert operations.get(store, id).done == 21


def test_one_that_is_not_there_is_404(client: Visitor) -> None:
    assert client.get("/operations/7").status_code == 404
    assert client.act("/operations/7/cancel", {"at": "queue"}).status_code == 404
