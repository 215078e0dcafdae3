from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.store.backends import Clock, Raw
from tests.web.conftest import PROCESSING, STUCK, Visitor, visitor
from tests.web.reading import follow, partials, press, read

ALL = "Retry all stuck (1)"


@pytest.mark.parametrize("place", ["/", "/stuck"])
def test_a_plain_form_retries_all_and_comes_back(client: Visitor, raw: Raw, place: str) -> None:
    answer = press(client, place, ALL)
    assert answer.headers["Location"] == place
    assert raw.row_is_pending(STUCK)
    assert raw.row(PROCESSING)["status"] == "processing"
    assert follow(client, answer).one(id="outcome").text.startswith(f"Retried #{STUCK}.")


@pytest.mark.parametrize("place", ["/", "/stuck"])
def test_in_place_the_rows_stay_and_are_marked(client: Visitor, place: str) -> None:
    changed = partials(press(client, place, ALL, partial=True))
    assert set(changed) == {f"#row-{STUCK}", "#verdict", "#tabs", "#retry-all", "#outcome", "#key"}
    row = changed[f"#row-{STUCK}"].row(STUCK)
    assert "Retried just now" in row.text
    assert row.buttons() == []
    assert changed["#outcome"].buttons() == ["Undo"]


def test_the_instant_is_frozen_with_the_page(client: Visitor, raw: Raw, clock: Clock) -> None:
    seen = read(client.get("/stuck"))
    clock.tick(60 * 60_000)
    press(client, "/stuck", ALL, seen=seen)
    assert raw.row(PROCESSING)["status"] == "processing"
    assert raw.row_is_pending(STUCK)


def test_the_threshold_of_the_page_counts(client: Visitor, raw: Raw) -> None:
    answer = press(client, "/stuck?threshold=30s", "Retry all stuck (2)")
    assert answer.headers["Location"] == "/stuck?threshold=30s"
    assert raw.row_is_pending(STUCK)
    assert raw.row_is_pending(PROCESSING)


def test_what_moved_on_before_the_press_is_said(client: Visitor, raw: Raw) -> None:
    seen = read(client.get("/stuck?threshold=30s"))
    raw.set(PROCESSING, status="processed")
    said = follow(client, press(client, "/stuck", "Retry all stuck (2)", seen=seen)).one(id="outcome").text
    assert said.startswith(f"Retried #{STUCK} · 1 no longer matched.")


def test_all_of_it_is_taken_back_at_once(client: Visitor, raw: Raw) -> None:
    before = raw.exact()
    seen = follow(client, press(client, "/stuck?threshold=30s", "Retry all stuck (2)"))
    assert "Taken back for 2 messages." in follow(client, press(client, "/stuck", "Undo", seen=seen)).text
    assert raw.exact() == before


def test_in_place_all_of_it_is_taken_back(client: Visitor) -> None:
    press(client, "/stuck?threshold=30s", "Retry all stuck (2)")
    answer = client.act("/journal/1/undo", {"at": "stuck", "shown": f"{STUCK},{PROCESSING},5"}, partial=True)
    assert {f"#row-{STUCK}", f"#row-{PROCESSING}"} <= set(partials(answer))


def test_a_second_click_changes_nothing(client: Visitor, raw: Raw) -> None:
    seen, also = read(client.get("/")), read(client.get("/"))
    press(client, "/", ALL, seen=seen)
    before = raw.rows()
    page = follow(client, press(client, "/", ALL, seen=also))
    assert page.one(id="outcome").text.startswith("Nothing was changed")
    assert "Undo" not in page.one(id="outcome").buttons()
    assert raw.rows() == before


def test_with_a_filter_on_it_says_that_it_means_the_whole_queue(client: Visitor) -> None:
    assert "Retry all stuck (1 in the whole queue)" in read(client.get("/?status=pending")).buttons()


@pytest.mark.parametrize("cutoff", ["", "soon", "-1", str(2**63)])
def test_an_incomplete_form_is_refused(client: Visitor, raw: Raw, cutoff: str) -> None:
    assert client.act("/stuck/retry-all", {"at": "stuck", "cutoff": cutoff}).status_code == 400
    assert raw.row(STUCK)["status"] == "processing"


def test_without_a_token_nothing_is_done(client: Visitor, raw: Raw, clock: Clock) -> None:
    sent = {"at": "stuck", "cutoff": str(clock.now)}
    assert client.post("/stuck/retry-all", data=sent, headers={"Origin": "http://localhost"}).status_code == 403
    assert raw.row(STUCK)["status"] == "processing"


def test_reading_only_it_is_refused(make_app: Callable[..., Flask], raw: Raw, clock: Clock) -> None:
    sent = {"at": "stuck", "cutoff": str(clock.now)}
    assert visitor(make_app(READ_ONLY=True)).act("/stuck/retry-all", sent).status_code == 403
    assert raw.row(STUCK)["status"] == "processing"
