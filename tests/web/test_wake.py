from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.project.test_worker import GOOD, answering
from tests.store.backends import Raw
from tests.web.conftest import SECRET, STUCK, Visitor, visitor
from tests.web.reading import follow, partials, press, read
from webui import create_app, open_store


@pytest.mark.parametrize("partial", [True, False], ids=["in place", "plain"])
def test_after_a_retry_the_worker_can_be_woken(make_app: Callable[..., Flask], partial: bool) -> None:
    with answering(200, json.dumps(GOOD).encode()) as worker:
        client = visitor(make_app(WORKER_URL=worker.url))
        retried = press(client, "/?status=processing", "Retry", row=STUCK)
        page = follow(client, retried)
        assert page.one(id="outcome").buttons() == ["Wake the worker", "Undo"]
        assert worker.asked == []
        answer = press(client, "/?status=processing", "Wake the worker", seen=page, partial=partial)
    said = partials(answer)["#outcome"] if partial else follow(client, answer).one(id="outcome")
    assert said.text.startswith("The worker started 3 sessions and skipped 1.")
    assert len(worker.asked) == 1


def test_a_worker_that_is_away_is_said(make_app: Callable[..., Flask]) -> None:
    with answering(500, b"") as worker:
        client = visitor(make_app(WORKER_URL=worker.url))
        said = partials(client.act("/worker/wake", {"at": "queue"}, partial=True))["#outcome"]
    assert "refused (500)" in said.text
    assert said.one("div", "bad")


def test_without_an_address_there_is_the_command(client: Visitor) -> None:
    said = partials(press(client, "/", "Retry", row=STUCK, partial=True))["#outcome"]
    assert "curl -X POST" in said.one("code").text
    assert said.buttons() == ["Undo"]
    answer = client.act("/worker/wake", {"at": "queue"})
    assert answer.status_code == 409
    assert "--worker-url" in answer.text


def test_nothing_is_said_of_claude_mem_in_a_queue_of_ones_own(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "own.db"), create=True)
    store.enqueue(store.ensure_session("a", "b"), "a", {"type": "summarize"})
    app = create_app({"SECRET_KEY": SECRET}, store=store)
    app.test_client_class = Visitor
    said = partials(press(visitor(app), "/", "Retry", row=1, partial=True))["#outcome"]
    store.close()
    assert said.text.strip().startswith("Retried #1.")
    assert "claude-mem" not in said.text
    assert said.buttons() == ["Undo"]


def test_an_abort_does_not_ask_for_it(make_app: Callable[..., Flask]) -> None:
    client = visitor(make_app(WORKER_URL="http://127.0.0.1:9"))
    assert partials(press(client, "/", "Abort", row=STUCK, partial=True))["#outcome"].buttons() == ["Undo"]


def test_who_may_not_wake_sees_no_button(mount: Callable[..., Flask]) -> None:
    client = visitor(mount(may=lambda action: action != "wake", worker_url="http://127.0.0.1:9"))
    page = follow(client, press(client, "/queue/", "Retry", row=STUCK))
    assert "Wake the worker" not in page.buttons()
    assert client.act("/queue/worker/wake", {"at": "queue"}, page="/queue/").status_code == 403


def test_without_a_token_nobody_is_woken(make_app: Callable[..., Flask]) -> None:
    with answering(200, json.dumps(GOOD).encode()) as worker:
        client = visitor(make_app(WORKER_URL=worker.url))
        client.get("/")
        answer = client.post("/worker/wake", data={"at": "queue"}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 403
    assert worker.asked == []


def test_looking_wakes_nobody(make_app: Callable[..., Flask], raw: Raw) -> None:
    with answering(200, json.dumps(GOOD).encode()) as worker:
        client = visitor(make_app(WORKER_URL=worker.url))
        assert client.get("/worker/wake").status_code == 405
        read(client.get("/"))
    assert worker.asked == []
