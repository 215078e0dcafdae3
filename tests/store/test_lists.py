"""What only reads: the lists, counts and look-ups."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.backends import Clock, Raw
from tests.store.contract import plain
from webui.store import PendingMessageStore, SessionInfo

Add = Callable[..., int]
BEYOND = [2**63, -(2**63) - 1, 2**100]


def ids(messages: object) -> list[int]:
    assert isinstance(messages, list)
    return [message.id for message in messages]


def test_all_pending_are_one_sessions_pending_by_id(
    store: PendingMessageStore, session: int, other: int, add: Add
) -> None:
    first = add(created_at_epoch=9)
    add(session=other)
    for status in ("processing", "processed", "failed"):
        add(status=status)
    second = add(created_at_epoch=1)
    assert ids(store.get_all_pending(session)) == [first, second]


def test_all_pending_are_whole_rows_without_project(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    add(retry_count=2, completed_at_epoch=5)
    [message] = store.get_all_pending(session)
    assert plain(message) == raw.row(message.id)
    assert message.project is None


def test_all_pending_of_nobody_is_an_empty_list(store: PendingMessageStore, add: Add) -> None:
    add()
    assert [store.get_all_pending(unknown) for unknown in (0, 99, *BEYOND)] == [[]] * 5


def test_the_queue_is_failed_then_processing_then_pending(
    store: PendingMessageStore, session: int, other: int, add: Add
) -> None:
    pending, processing, failed = add(), add(status="processing"), add(status="failed", session=other)
    add(status="processed")
    assert ids(store.get_queue_messages()) == [failed, processing, pending]


@pytest.mark.parametrize("status", ["pending", "processing", "failed"])
def test_each_section_is_by_created_time_then_id(store: PendingMessageStore, add: Add, status: str) -> None:
    added = [add(status=status, created_at_epoch=created) for created in (30, 10, 20, 10, 30)]
    a, b, c, d, e = added
    assert ids(store.get_queue_messages()) == [b, d, c, a, e]


def test_the_queue_has_whole_rows_with_the_project(store: PendingMessageStore, other: int, add: Add, raw: Raw) -> None:
    add(tool_response="{}", prompt_number=3)
    add(session=other, status="failed", completed_at_epoch=5)
    messages = store.get_queue_messages()
    assert [message.project for message in messages] == ["blue", "red"]
    assert [plain(message) for message in messages] == [raw.row(message.id) for message in messages]


def test_the_project_follows_the_session_name_not_the_id(store: PendingMessageStore, other: int, add: Add) -> None:
    add(content_session_id="beta")
    add(content_session_id="nobody")
    assert [message.project for message in store.get_queue_messages()] == ["blue", None]


def test_an_empty_project_is_empty_not_none(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    add()
    raw.set(session, "sdk_sessions", project="")
    assert [message.project for message in store.get_queue_messages()] == [""]


def test_an_empty_queue_is_an_empty_list(store: PendingMessageStore, add: Add) -> None:
    assert store.get_queue_messages() == []
    add(status="processed")
    assert store.get_queue_messages() == []


def test_stuck_is_processing_and_started_strictly_before_the_threshold(
    store: PendingMessageStore, add: Add, clock: Clock
) -> None:
    for age in (999, 1_000, 1_001, 5_000):
        add(status="processing", started_processing_at_epoch=clock.now - age)
    for status in ("pending", "failed", "processed"):
        add(status=status, started_processing_at_epoch=1)
    add(status="processing", started_processing_at_epoch=None)
    assert [store.get_stuck_count(threshold) for threshold in (1_000, 1_001, 5_000, 998)] == [2, 1, 0, 4]


def test_with_threshold_0_a_message_started_in_this_millisecond_is_not_stuck(
    store: PendingMessageStore, add: Add, clock: Clock
) -> None:
    add(status="processing", started_processing_at_epoch=clock.now)
    add(status="processing", started_processing_at_epoch=clock.now + 1)
    assert store.get_stuck_count(0) == 0
    clock.tick()
    assert store.get_stuck_count(0) == 1


def test_a_negative_threshold_reaches_into_the_future(store: PendingMessageStore, add: Add, clock: Clock) -> None:
    add(status="processing", started_processing_at_epoch=clock.now + 5)
    assert [store.get_stuck_count(threshold) for threshold in (-5, -6)] == [0, 1]


def test_thresholds_beyond_64_bits_never_raise(store: PendingMessageStore, add: Add, clock: Clock) -> None:
    add(status="processing", started_processing_at_epoch=1)
    assert store.get_stuck_count(2**100) == 0


def test_the_pending_count_is_pending_and_processing_of_one_session(
    store: PendingMessageStore, session: int, other: int, add: Add
) -> None:
    for status in ("pending", "pending", "processing", "failed", "processed"):
        add(status=status)
    add(session=other)
    counts = [store.get_pending_count(id) for id in (session, other, 99, *BEYOND)]
    assert counts == [3, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("status", "work"), [("pending", True), ("processing", True), ("failed", False), ("processed", False)]
)
def test_there_is_work_while_something_is_pending_or_processing(
    store: PendingMessageStore, add: Add, status: str, work: bool
) -> None:
    assert store.has_any_pending_work() is False
    add(status=status)
    assert store.has_any_pending_work() is work


def test_sessions_with_work_are_distinct_and_ascending(
    store: PendingMessageStore, session: int, other: int, add: Add
) -> None:
    third, fourth, fifth = (store.ensure_session(name, "p") for name in "cde")
    for owner, status in (
        (fourth, "processing"),
        (other, "pending"),
        (fourth, "pending"),
        (other, "pending"),
        (third, "failed"),
        (session, "processed"),
        (fifth, "processing"),
        (fifth, "processing"),
    ):
        add(session=owner, status=status)
    assert store.get_sessions_with_pending_messages() == [other, fourth, fifth]


def test_without_work_there_are_no_sessions(store: PendingMessageStore, add: Add) -> None:
    add(status="failed")
    assert store.get_sessions_with_pending_messages() == []


def test_a_negative_session_id_comes_first(store: PendingMessageStore, session: int, raw: Raw, add: Add) -> None:
    raw.run("UPDATE sdk_sessions SET id = -5 WHERE content_session_id = 'alpha'")
    add(session=-5)
    store.enqueue(store.ensure_session("beta", "b"), "beta", {"type": "observation"})
    found = store.get_sessions_with_pending_messages()
    assert (found[0], len(found)) == (-5, 2)


def test_the_session_of_a_message_has_both_its_names(
    store: PendingMessageStore, session: int, other: int, add: Add
) -> None:
    id = add(content_session_id="beta")
    assert store.get_session_info_for_message(id) == SessionInfo(session, "beta")
    done = add(session=other, status="processed")
    assert store.get_session_info_for_message(done) == SessionInfo(other, "beta")


def test_an_unknown_message_has_no_session(store: PendingMessageStore, add: Add) -> None:
    add()
    assert [store.get_session_info_for_message(id) for id in (0, 99, *BEYOND)] == [None] * 5


def test_get_message_reads_any_status_and_no_project(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    for status in ("pending", "processing", "processed", "failed"):
        id = add(status=status)
        message = store.get_message(id)
        assert message is not None
        assert (plain(message), message.project) == (raw.row(id), None)
    assert [store.get_message(id) for id in (0, 99, *BEYOND)] == [None] * 5


def test_looking_changes_nothing(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    for status in ("pending", "processing", "processed", "failed"):
        add(status=status)
    before = raw.rows()
    store.get_all_pending(session)
    store.get_queue_messages()
    store.get_stuck_count(0)
    store.get_recently_processed()
    store.get_pending_count(session)
    store.has_any_pending_work()
    store.get_sessions_with_pending_messages()
    store.get_session_info_for_message(1)
    store.get_message(1)
    assert raw.rows() == before
