from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.backends import Clock, Raw
from webui.store import Message, PendingMessageStore

Add = Callable[..., int]
STATUSES = ("pending", "processing", "processed", "failed")
UNKNOWN = [0, -1, 99, 2**63, -(2**63) - 1, 2**100]
FILLED = {
    "tool_input": '"i"',
    "tool_response": '"r"',
    "cwd": "/c",
    "last_user_message": "u",
    "last_assistant_message": "a",
    "prompt_number": 3,
    "retry_count": 1,
    "started_processing_at_epoch": 55,
    "completed_at_epoch": 66,
}


def claim(store: PendingMessageStore, session: int) -> Message:
    message = store.claim_next_message(session)
    assert message is not None
    return message


def test_mark_processing_takes_a_pending_message(store: PendingMessageStore, add: Add, raw: Raw, clock: Clock) -> None:
    id = add(**FILLED)
    before = raw.row(id)
    store.mark_processing(id)
    assert raw.row(id) == {**before, "status": "processing", "started_processing_at_epoch": clock.now}


@pytest.mark.parametrize("status", ["processing", "processed", "failed"])
def test_mark_processing_leaves_every_other_status(store: PendingMessageStore, add: Add, raw: Raw, status: str) -> None:
    add(**FILLED, status=status)
    before = raw.rows()
    store.mark_processing(1)
    assert raw.rows() == before


def test_mark_processed_completes_and_drops_both_payloads(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add(**FILLED, status="processing")
    before = raw.row(id)
    assert store.mark_processed(id) is None
    change = {"status": "processed", "completed_at_epoch": clock.now, "tool_input": None, "tool_response": None}
    assert raw.row(id) == {**before, **change}


@pytest.mark.parametrize("status", ["pending", "processed", "failed"])
def test_mark_processed_leaves_every_other_status(store: PendingMessageStore, add: Add, raw: Raw, status: str) -> None:
    id = add(**FILLED, status=status)
    before = raw.rows()
    assert store.mark_processed(id) is None
    assert raw.rows() == before


@pytest.mark.parametrize("status", STATUSES)
def test_mark_failed_with_retries_left_goes_back_whatever_the_status(
    store: PendingMessageStore, add: Add, raw: Raw, status: str
) -> None:
    id = add(**FILLED, status=status)
    before = raw.row(id)
    assert store.mark_failed(id) is None
    change = {"status": "pending", "retry_count": 2, "started_processing_at_epoch": None}
    assert raw.row(id) == {**before, **change}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("count", [3, 4])
def test_mark_failed_without_retries_left_fails_whatever_the_status(
    store: PendingMessageStore, add: Add, raw: Raw, clock: Clock, status: str, count: int
) -> None:
    id = add(**{**FILLED, "retry_count": count}, status=status)
    before = raw.row(id)
    assert store.mark_failed(id) is None
    assert raw.row(id) == {**before, "status": "failed", "completed_at_epoch": clock.now}


@pytest.mark.parametrize("max_retries", [0, 1, 3, 5])
def test_a_message_is_tried_once_more_than_it_may_be_retried(
    make_store: Callable[..., PendingMessageStore], max_retries: int
) -> None:
    store = make_store(max_retries=max_retries)
    session = store.ensure_session("alpha", "red")
    id = store.enqueue(session, "alpha", {"type": "observation"})
    tries = 0
    while (message := store.claim_next_message(session)) is not None:
        tries += 1
        store.mark_failed(message.id)
    final = store.get_message(id)
    assert final is not None
    assert (store.max_retries, tries, final.status, final.retry_count) == (
        max_retries,
        max_retries + 1,
        "failed",
        max_retries,
    )


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_marks_of_an_unknown_id_do_nothing(store: PendingMessageStore, add: Add, raw: Raw, unknown: int) -> None:
    add(status="processing")
    before = raw.rows()
    store.mark_processing(unknown)
    assert store.mark_processed(unknown) is None
    assert store.mark_failed(unknown) is None
    assert raw.rows() == before


@pytest.mark.parametrize("mark", ["mark_processing", "mark_processed", "mark_failed"])
def test_marks_touch_one_row_only(store: PendingMessageStore, add: Add, raw: Raw, mark: str) -> None:
    others = [add(status=status) for status in STATUSES]
    id = add(status="pending" if mark == "mark_processing" else "processing")
    before = [raw.row(other) for other in others]
    getattr(store, mark)(id)
    assert [raw.row(other) for other in others] == before


def test_the_standing_claim_may_complete(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    add()
    message = claim(store, session)
    clock.tick(50)
    assert store.mark_processed(message.id, claim=message) is True
    row = raw.row(message.id)
    assert (row["status"], row["completed_at_epoch"], row["tool_input"]) == ("processed", clock.now, None)


def test_the_standing_claim_may_fail(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    add(retry_count=2)
    message = claim(store, session)
    assert store.mark_failed(message.id, claim=message) is True
    assert (raw.row(message.id)["status"], raw.row(message.id)["retry_count"]) == ("pending", 3)
    message = claim(store, session)
    assert store.mark_failed(message.id, claim=message) is True
    assert (raw.row(message.id)["status"], raw.row(message.id)["retry_count"]) == ("failed", 3)


@pytest.mark.parametrize("mark", ["mark_processed", "mark_failed"])
def test_a_claim_acts_only_once(store: PendingMessageStore, session: int, add: Add, raw: Raw, mark: str) -> None:
    add()
    message = claim(store, session)
    assert getattr(store, mark)(message.id, claim=message) is True
    before = raw.rows()
    assert getattr(store, mark)(message.id, claim=message) is False
    assert raw.rows() == before


@pytest.mark.parametrize("mark", ["mark_processed", "mark_failed"])
def test_a_worker_that_comes_back_after_a_release_is_refused(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock, mark: str
) -> None:
    add()
    message = claim(store, session)
    clock.tick()
    assert store.reset_stuck_messages(0) == 1
    before = raw.rows()
    assert getattr(store, mark)(message.id, claim=message) is False
    assert raw.rows() == before


@pytest.mark.parametrize("mark", ["mark_processed", "mark_failed"])
def test_a_worker_that_comes_back_cannot_finish_what_another_claimed(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock, mark: str
) -> None:
    add()
    late = claim(store, session)
    clock.tick()
    store.retry_all_stuck(0)
    current = claim(store, session)
    before = raw.rows()
    assert getattr(store, mark)(late.id, claim=late) is False
    assert raw.rows() == before
    assert getattr(store, mark)(current.id, claim=current) is True


@pytest.mark.parametrize("mark", ["mark_processed", "mark_failed"])
def test_a_retry_counted_meanwhile_ends_the_claim(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, mark: str
) -> None:
    add()
    late = claim(store, session)
    store.mark_failed(late.id)
    again = claim(store, session)
    assert again.started_processing_at_epoch == late.started_processing_at_epoch
    before = raw.rows()
    assert getattr(store, mark)(late.id, claim=late) is False
    assert raw.rows() == before


@pytest.mark.parametrize("mark", ["mark_processed", "mark_failed"])
def test_a_claim_of_a_deleted_message_is_refused(store: PendingMessageStore, session: int, add: Add, mark: str) -> None:
    add()
    message = claim(store, session)
    store.abort_message(message.id)
    assert getattr(store, mark)(message.id, claim=message) is False


def test_a_claim_by_mark_processing_stands_too(store: PendingMessageStore, add: Add) -> None:
    id = add()
    store.mark_processing(id)
    message = store.get_message(id)
    assert message is not None
    assert store.mark_processed(id, claim=message) is True


def test_a_claim_without_a_start_stands_while_there_is_none(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    id = add(status="processing")
    message = store.get_message(id)
    assert message is not None
    assert store.mark_processed(id, claim=message) is True
    assert raw.row(id)["status"] == "processed"
