from __future__ import annotations

import pytest

from tests.store.backends import Raw
from tests.web.conftest import FAILED, PENDING, STUCK, Visitor
from tests.web.reading import follow, partials, press, read
from tests.web.test_bulk import place, ticks

RETRY = "/messages/{}/retry"


def lines(raw: Raw) -> int:
    return len(raw.rows("unstick_journal"))


@pytest.mark.parametrize("partial", [True, False], ids=["in place", "plain"])
def test_the_same_press_again_gets_the_first_ones_outcome(client: Visitor, raw: Raw, partial: bool) -> None:
    seen = read(client.get("/"))
    said = []
    for _ in range(2):
        answer = press(client, "/", "Retry", row=STUCK, seen=seen, partial=partial)
        assert answer.status_code == (200 if partial else 303)
        shown = partials(answer)["#outcome"] if partial else follow(client, answer).one(id="outcome")
        said.append(shown.text)
    assert said[0] == said[1]
    assert said[0].strip().startswith(f"Retried #{STUCK}.")
    assert lines(raw) == 1


def test_many_are_acted_on_once(client: Visitor, raw: Raw) -> None:
    seen = read(client.get("/"))
    fields = place(seen) | {"ticked": [ticks(seen)[STUCK], ticks(seen)[FAILED]]}
    for _ in range(2):
        assert "Retried 2 messages" in partials(client.act("/queue/retry", fields, partial=True))["#outcome"].text
    assert lines(raw) == 1


@pytest.mark.parametrize("many", [True, False], ids=["many", "one"])
def test_an_undo_is_done_once(client: Visitor, raw: Raw, many: bool) -> None:
    before = raw.exact()
    seen = read(client.get("/"))
    fields = place(seen) | {"ticked": [ticks(seen)[id] for id in (STUCK, FAILED)[: 2 if many else 1]]}
    client.act("/queue/abort", fields) if many else press(client, "/", "Abort", row=STUCK)
    fields = place(read(client.get("/")))
    for _ in range(2):
        answer = client.act("/journal/1/undo", fields, partial=True)
        assert answer.status_code == 200
        assert "Taken back for" in partials(answer)["#outcome"].text
    assert raw.exact() == before
    assert lines(raw) == 2


def test_a_message_is_brought_back_once(client: Visitor, raw: Raw) -> None:
    press(client, "/", "Abort", row=FAILED)
    fields = place(read(client.get("/trash")))
    for _ in range(2):
        assert "Brought back #" in follow(client, client.act(f"/messages/{FAILED}/restore", fields)).text
    assert lines(raw) == 2


def test_another_key_is_judged_anew(client: Visitor, raw: Raw) -> None:
    seen = place(read(client.get("/"))) | {"seen": raw_seen(client, STUCK)}
    assert client.act(RETRY.format(STUCK), seen).status_code == 303
    assert client.act(RETRY.format(STUCK), seen | {"key": "another"}).status_code == 409
    without = {name: value for name, value in seen.items() if name != "key"}
    assert client.act(RETRY.format(STUCK), without).status_code == 409


def test_a_key_is_for_one_button(client: Visitor, raw: Raw) -> None:
    seen = read(client.get("/"))
    press(client, "/", "Abort", row=STUCK, seen=seen)
    press(client, "/", "Abort", row=PENDING, seen=seen)
    assert lines(raw) == 2


def test_each_answer_brings_a_new_key(client: Visitor) -> None:
    seen = read(client.get("/"))
    answers = [
        press(client, page, "Retry", row=row, partial=True) for page, row in (("/", STUCK), ("/messages/5", None))
    ]
    keys = [seen.one(id="key"), *(partials(answer)["#key"].one(id="key") for answer in answers)]
    assert len({key.attributes["value"] for key in keys}) == 3


def raw_seen(client: Visitor, id: int) -> str:
    return ticks(read(client.get("/")))[id].partition(":")[2]
