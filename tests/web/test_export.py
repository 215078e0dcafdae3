"""Taking away what a list shows."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.store.backends import Raw
from tests.web.conftest import FAILED, PENDING, PROCESSING, STUCK, SUMMARY, Visitor
from tests.web.reading import read
from webui.store import PendingMessageStore, browse

QUEUED = {FAILED, PENDING, PROCESSING, STUCK, SUMMARY}


def lines(client: Visitor, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/x-ndjson")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="messages.ndjson"'
    return [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]


def test_every_message_of_the_list_with_all_that_is_stored(client: Visitor, raw: Raw) -> None:
    found = {line["id"]: line for line in lines(client, "/export.ndjson")}
    assert set(found) == QUEUED
    for row in raw.rows():
        if row["id"] in found:
            assert {name: found[row["id"]][name] for name in row} == row


def test_the_project_is_the_one_that_the_list_shows(client: Visitor, store: PendingMessageStore) -> None:
    for line in lines(client, "/export.ndjson"):
        assert line["project"] == browse.get_row(store, line["id"]).project == "red"


def test_what_is_filtered_is_exported(client: Visitor) -> None:
    assert [line["id"] for line in lines(client, "/export.ndjson?status=failed")] == [FAILED]


def test_what_is_ticked_is_exported(client: Visitor, store: PendingMessageStore) -> None:
    ticks = [f"{id}:{browse.get_row(store, id).seen}" for id in (STUCK, FAILED)]
    answer = client.act("/export.ndjson", {"at": "queue", "ticked": [*ticks, "999:failed.."]})
    assert [json.loads(line)["id"] for line in answer.get_data(as_text=True).splitlines()] == sorted((STUCK, FAILED))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="messages.ndjson"'
    answer = client.act("/export.csv", {"at": "queue", "status": "failed"})
    assert answer.status_code == 400
    page = read(answer)
    assert "Nothing is ticked" in page.text
    assert "/?status=failed" in page.links().values()


def test_what_came_after_the_page_was_made_is_not(client: Visitor, raw: Raw) -> None:
    until = max(raw.ids()) - 1
    assert max(line["id"] for line in lines(client, f"/export.ndjson?until={until}")) <= until
    assert lines(client, "/export.ndjson?as_of=1") == []


def test_a_spreadsheet_calculates_nothing(client: Visitor, raw: Raw) -> None:
    for id, text in ((FAILED, "=1+1"), (STUCK, "@x"), (PENDING, 'a "b",\nc')):
        raw.set(id, cwd=text)
    answer = client.get("/export.csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    rows = {int(row["id"]): row for row in csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline=""))}
    assert set(rows) == QUEUED
    assert (rows[FAILED]["cwd"], rows[STUCK]["cwd"], rows[PENDING]["cwd"]) == ("'=1+1", "'@x", 'a "b",\nc')


@pytest.mark.parametrize("query", ["until=x", "as_of=1e5", "status=new"])
def test_a_bad_choice_is_refused_in_words(client: Visitor, query: str) -> None:
    answer = client.get(f"/export.csv?{query}")
    assert answer.status_code == 400
    assert "That filter does not work" in answer.get_data(as_text=True)
