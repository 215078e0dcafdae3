from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.schemas import SHAPES, Shape, build
from tests.store.backends import Clock
from tests.web.conftest import FAILED, PENDING, PROCESSED, PROCESSING, STUCK, SUMMARY, UNKNOWN, Visitor, visitor
from tests.web.reading import Element, opened, press, read


def steps(page: Element) -> list[str]:
    return [step.text for step in page.one(id="story").one("ol").every("li")]


def details(page: Element) -> dict[str, str]:
    grid = page.one(id="story").one("dl")
    return dict(zip((dt.text for dt in grid.every("dt")), (dd.text for dd in grid.every("dd")), strict=True))


def test_it_shows_the_whole_message(client: Visitor) -> None:
    page = read(client.get(f"/messages/{FAILED}"))
    assert page.one("h1").text == "Read main.py"
    assert page.one(id="heading").one("span", "pill").text == "Failed"
    assert page.one("pre", id="text-tool_input").text == '{ "file_path": "/home/ana/red/main.py" }'
    assert page.one("pre", id="text-tool_response").text == '"ok"'
    assert details(page)["Retries"] == "3 of 3"
    assert details(page)["Project"] == "red"


def test_what_happened_is_told_with_the_time_between(client: Visitor, clock: Clock) -> None:
    stuck = steps(read(client.get(f"/messages/{STUCK}")))
    assert [step.split(" ")[0] for step in stuck] == ["Enqueued", "Claimed", "Now:"]
    assert stuck[-1] == "Now: stuck for 20 min"
    clock.tick(90 * 60_000)
    assert steps(read(client.get(f"/messages/{PENDING}")))[-1] == "Now: waiting to be claimed for 1 h 31 min"
    assert "Processed" in steps(read(client.get(f"/messages/{PROCESSED}")))[-1]


@pytest.mark.parametrize(
    ("id", "labels"),
    [
        (STUCK, ["Retry fresh", "Retry", "Abort"]),
        (PENDING, ["Retry fresh", "Retry", "Abort"]),
        (PROCESSED, ["Abort"]),
    ],
)
def test_buttons_that_apply(client: Visitor, id: int, labels: list[str]) -> None:
    assert read(client.get(f"/messages/{id}")).one(id="heading").buttons() == labels


def test_a_button_that_does_not_apply_says_why(client: Visitor) -> None:
    heading = read(client.get(f"/messages/{PROCESSED}")).one(id="heading")
    off = [button.text for button in heading.every("button", aria_disabled="true")]
    reason = "It was processed, and its input is gone."
    assert off == [f"Retry fresh ({reason})", f"Retry ({reason})"]
    assert heading.one("ul").text == f"Retry fresh, Retry: {reason}"


def test_a_summary_shows_what_was_said(client: Visitor) -> None:
    page = read(client.get(f"/messages/{SUMMARY}"))
    assert page.one("h1").text == "Summarize “What now?”"
    assert page.one("pre", id="text-last_assistant_message").text == "Done."


def test_a_fragment_is_the_content_alone(client: Visitor) -> None:
    page = read(client.fragment(f"/messages/{STUCK}"))
    assert page.one(id="heading")
    assert not list(page.every("html"))


@pytest.mark.parametrize("id", [UNKNOWN, 0, -1, 2**63 - 1])
def test_one_that_is_not_there_is_said(client: Visitor, id: int) -> None:
    answer = client.get(f"/messages/{id}")
    assert answer.status_code == 404
    assert f"Message {id} is not in the queue: it was deleted, or it was never there." in read(answer).text


@pytest.mark.parametrize("id", ["01", "+1", "x", "1.0", str(2**63)])
def test_an_id_has_one_spelling(client: Visitor, id: str) -> None:
    assert client.get(f"/messages/{id}").status_code == 404


def test_reading_only_there_are_no_buttons(make_app: Callable[..., Flask]) -> None:
    page = read(visitor(make_app(READ_ONLY=True)).get(f"/messages/{STUCK}"))
    assert page.buttons() == []


def test_the_journal_tells_who_did_what_and_takes_it_back(client: Visitor, mount: Callable[..., Flask]) -> None:
    ana = visitor(mount())
    press(ana, f"/queue/messages/{STUCK}", "Retry")
    page = read(ana.get(f"/queue/messages/{STUCK}"))
    assert "Retried by ana, was processing" in page.one(id="journal").text
    assert page.one(id="journal").buttons() == ["Undo"]
    press(ana, f"/queue/messages/{STUCK}", "Undo")
    page = read(ana.get(f"/queue/messages/{STUCK}"))
    assert "taken back" in page.one(id="journal").text
    assert page.one(id="journal").buttons() == []


def test_the_action_that_most_likely_helps_stands_out(client: Visitor) -> None:
    def main(id: int) -> list[str]:
        return [button.text for button in read(client.get(f"/messages/{id}")).one(id="heading").every("button", "main")]

    assert [main(FAILED), main(STUCK), main(PROCESSING), main(PENDING)] == [["Retry fresh"], ["Retry"], [], []]


@pytest.mark.parametrize("form", SHAPES, ids=lambda form: form.name)
def test_each_release_s_file_opens(form: Shape, tmp_path: Path) -> None:
    with opened(build(tmp_path / "era.db", form)) as client:
        for id in read(client.get("/")).rows():
            page = read(client.get(f"/messages/{id}"))
            assert details(page)["Id"] == str(id)
            assert ("It does not count retries" in page.text) == (not form.retry_count)
            assert ("This file does not count retries" in page.one(id="heading").text) == (not form.retry_count)
