"""Numbers that a page has no time to count."""

from __future__ import annotations

import pytest

from tests.store.backends import Raw
from tests.web.conftest import Visitor


@pytest.fixture
def many(raw: Raw) -> Raw:
    raw.fill(10_400, status="'failed'")
    return raw


def test_a_bounded_count_asks_for_the_exact_one(client: Visitor, many: Raw) -> None:
    page = client.get("/").get_data(as_text=True)
    assert 'hx-get="/counts/queue"' in page
    assert "10,000+" in page
    answer = client.fragment("/counts/queue")
    queued = "SELECT count(*) AS number FROM pending_messages WHERE status <> 'processed'"
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, f"{many.run(queued)[0]['number']:,}")


def test_an_exact_one_asks_for_nothing(client: Visitor) -> None:
    assert "/counts/" not in client.get("/").get_data(as_text=True)


def test_what_is_not_there_is_not_counted(client: Visitor) -> None:
    assert client.fragment("/counts/trash").status_code == 204
    assert client.fragment("/counts/messages").status_code == 404


@pytest.mark.parametrize(("tab", "number"), [("stuck", "1"), ("recent", "1")])
def test_the_other_tabs_have_numbers_too(client: Visitor, tab: str, number: str) -> None:
    assert client.fragment(f"/counts/{tab}").get_data(as_text=True) == number
