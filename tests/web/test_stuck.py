from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.schemas import SHAPES, Shape, build
from tests.store.backends import Clock, Raw
from tests.web.conftest import PENDING, PROCESSING, STUCK, Visitor, visitor
from tests.web.reading import opened, read


def test_it_lists_what_runs_too_long_with_the_cause(client: Visitor) -> None:
    page = read(client.get("/stuck"))
    assert page.rows() == [STUCK]
    assert "Claimed and never finished: its worker crashed, hangs, or lost it." in page.row(STUCK).text
    assert "Retry all stuck (1)" in page.buttons()


def test_it_lists_what_nobody_claims(client: Visitor, clock: Clock) -> None:
    clock.tick(10 * 60_000)
    page = read(client.get("/stuck"))
    assert PENDING in page.rows()
    assert "It waits, and no worker takes it." in page.row(PENDING).text


def test_the_threshold_is_in_the_address(client: Visitor) -> None:
    page = read(client.get("/stuck?threshold=1h"))
    assert page.rows() == []
    assert "No message has been processing for over 1 h." in page.text
    assert page.one("a", aria_current="true").text == "1 h"
    assert read(client.get("/stuck?threshold=30s")).rows() == [STUCK, PROCESSING, PENDING]


def test_a_threshold_of_ones_own_stays_in_the_field(client: Visitor) -> None:
    page = read(client.get("/stuck?threshold=90s"))
    assert page.one("input", id="free-threshold").attributes["value"] == "90s"
    assert page.one("form", id="place").one("input", name="threshold").attributes["value"] == "90s"
    assert not list(page.every("a", aria_current="true"))


@pytest.mark.parametrize("threshold", ["x", "-5m", "0", "5 parsecs", "<b>"])
def test_a_threshold_that_is_none_is_said(client: Visitor, threshold: str) -> None:
    answer = client.get("/stuck", query_string={"threshold": threshold})
    assert answer.status_code == 400
    assert "is no length of time: write 90s, 5m, 2h or 1d." in read(answer).text


def test_a_fragment_is_the_lists_alone(client: Visitor) -> None:
    page = read(client.fragment("/stuck"))
    assert page.rows() == [STUCK]
    assert not list(page.every("html"))


def test_with_nothing_stuck_it_says_so(client: Visitor, raw: Raw) -> None:
    raw.run("DELETE FROM pending_messages")
    page = read(client.get("/stuck"))
    assert "Nothing is stuck" in page.text
    assert "Nothing waits too long" in page.text
    assert not any(label.startswith("Retry all") for label in page.buttons())


def test_reading_only_there_is_no_retry_all(make_app: Callable[..., Flask]) -> None:
    assert read(visitor(make_app(READ_ONLY=True)).get("/stuck")).buttons() == []


@pytest.mark.parametrize("form", SHAPES, ids=lambda form: form.name)
def test_each_release_s_file_says_what_it_can(form: Shape, tmp_path: Path) -> None:
    with opened(build(tmp_path / "era.db", form)) as client:
        page = read(client.get("/stuck"))
    running = [row for row in page.rows() if page.row(row).one("span", "pill").text in ("Stuck", "Processing")]
    assert len(running) == 4
    assert any(label.startswith("Retry all stuck") for label in page.buttons()) == form.started
    if not form.started:
        assert "This file does not record when a message was claimed" in page.text
        assert "≤ " in page.row(running[0]).text
