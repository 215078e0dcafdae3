"""A message put in: its columns, its id, its time, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.store.backends import Clock, Raw, only
from tests.store.contract import plain
from tests.store.messages import FULL, OPTIONAL, STORED
from webui.store import InvalidPayload, PendingMessageStore, UnknownSession, UnknownType


def test_every_field_lands_in_its_column(store: PendingMessageStore, session: int, raw: Raw, clock: Clock) -> None:
    id = store.enqueue(session, "alpha", FULL)
    assert raw.row(id) == {"id": id, "session_db_id": session, "created_at_epoch": clock.now, **STORED}


def test_a_mapping_with_the_field_names_is_the_same_message(store: PendingMessageStore, session: int, raw: Raw) -> None:
    fields = {"type": "observation", **{name: getattr(FULL, name) for name in OPTIONAL}}
    first, second = store.enqueue(session, "alpha", FULL), store.enqueue(session, "alpha", fields)
    assert {**raw.row(first), "id": 0} == {**raw.row(second), "id": 0}


def test_fields_left_out_are_null(store: PendingMessageStore, session: int, raw: Raw) -> None:
    row = raw.row(store.enqueue(session, "alpha", {"type": "summarize"}))
    assert row["message_type"] == "summarize"
    assert [row[name] for name in OPTIONAL] == [None] * len(OPTIONAL)


def test_ids_grow_and_are_never_given_twice(store: PendingMessageStore, session: int, raw: Raw) -> None:
    ids = [store.enqueue(session, "alpha", FULL) for _ in range(3)]
    assert ids == sorted(set(ids))
    store.abort_message(ids[-1])
    assert store.enqueue(session, "alpha", FULL) > ids[-1]


def test_created_is_the_clocks_now(store: PendingMessageStore, session: int, raw: Raw, clock: Clock) -> None:
    times = []
    for step in (0, 5, -3):
        clock.tick(step)
        times.append(raw.row(store.enqueue(session, "alpha", FULL))["created_at_epoch"])
    assert times == [1_750_000_000_000, 1_750_000_000_005, 1_750_000_000_002]


def test_without_a_clock_now_is_the_machines_in_milliseconds(make_store: Callable[..., PendingMessageStore]) -> None:
    before = time.time_ns() // 1_000_000
    store = make_store(clock=None)
    id = store.enqueue(store.ensure_session("alpha", "red"), "alpha", FULL)
    message = store.get_message(id)
    assert message is not None
    assert before <= message.created_at_epoch <= store.now() <= time.time_ns() // 1_000_000


def test_the_session_name_is_not_checked(store: PendingMessageStore, session: int, raw: Raw) -> None:
    id = store.enqueue(session, "nobody knows me", FULL)
    assert raw.row(id)["content_session_id"] == "nobody knows me"


def test_the_row_reads_back_as_a_message(store: PendingMessageStore, session: int, raw: Raw) -> None:
    id = store.enqueue(session, "alpha", FULL)
    message = store.get_message(id)
    assert message is not None
    assert plain(message) == raw.row(id)
    assert (message.project, dict(message.extra)) == (None, {})
    assert store.get_message(id + 1) is None


@pytest.mark.parametrize("type", ["", "Observation", "observe", " observation", None, 0, ["observation"]], ids=repr)
def test_an_unknown_type_is_refused(store: PendingMessageStore, session: int, raw: Raw, type: Any) -> None:
    with pytest.raises(UnknownType, match=r"observation.*summarize"):
        store.enqueue(session, "alpha", {"type": type})
    assert raw.ids() == []


def test_a_mapping_without_a_type_is_refused(store: PendingMessageStore, session: int, raw: Raw) -> None:
    with pytest.raises(UnknownType):
        store.enqueue(session, "alpha", {"tool_name": "Read"})
    assert raw.ids() == []


@pytest.mark.parametrize("unknown", [0, -1, 99, 2**63 - 1, 2**63, -(2**70)])
def test_an_unknown_session_is_refused(store: PendingMessageStore, session: int, raw: Raw, unknown: int) -> None:
    with pytest.raises(UnknownSession, match="session"):
        store.enqueue(unknown, "alpha", FULL)
    assert raw.ids() == []


def test_an_unknown_field_is_refused_by_name(store: PendingMessageStore, session: int, raw: Raw) -> None:
    with pytest.raises(InvalidPayload, match="toolName"):
        store.enqueue(session, "alpha", {"type": "observation", "toolName": "Read"})
    assert raw.ids() == []


@only("sqlite", "elsewhere a refused message leaves a gap in the ids")
def test_a_refused_message_is_not_counted_by_the_ids(store: PendingMessageStore, session: int) -> None:
    first = store.enqueue(session, "alpha", FULL)
    with pytest.raises(UnknownSession):
        store.enqueue(99, "alpha", FULL)
    assert store.enqueue(session, "alpha", FULL) == first + 1
