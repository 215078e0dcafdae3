"""Claims and clocks: what tells two claims of one message apart, and what is left that does not."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest

from tests.store.backends import Clock, Raw
from webui.store import Message, PendingMessageStore

Add = Callable[..., int]
Claim = Callable[[], Message]


@pytest.fixture
def claim(store: PendingMessageStore, session: int) -> Claim:
    """Claim the one message that there is."""

    def claim() -> Message:
        message = store.claim_next_message(session)
        assert message is not None
        return message

    return claim


def test_what_is_left_when_the_clock_steps_back_to_the_millisecond_of_the_first_claim(
    store: PendingMessageStore, add: Add, claim: Claim, clock: Clock
) -> None:
    id = add()
    first = claim()
    clock.tick(10)
    assert store.retry_all_stuck(5) == 1
    clock.tick(-10)
    second = claim()
    assert second == first
    assert store.mark_processed(id, claim=first) is True
    assert store.mark_processed(id, claim=second) is False


@pytest.mark.parametrize("step", [-11, -9])
def test_a_clock_that_steps_back_to_another_millisecond_confuses_nobody(
    store: PendingMessageStore, add: Add, claim: Claim, clock: Clock, step: int
) -> None:
    id = add()
    first = claim()
    clock.tick(10)
    assert store.retry_all_stuck(5) == 1
    clock.tick(step)
    second = claim()
    assert store.mark_processed(id, claim=first) is False
    assert store.mark_processed(id, claim=second) is True


def test_a_failure_in_between_tells_two_claims_of_one_millisecond_apart(
    store: PendingMessageStore, add: Add, claim: Claim
) -> None:
    id = add()
    first = claim()
    assert store.mark_failed(id, claim=first) is True
    second = claim()
    assert second.started_processing_at_epoch == first.started_processing_at_epoch
    assert store.mark_processed(id, claim=first) is False
    assert store.mark_processed(id, claim=second) is True


@pytest.mark.parametrize(
    "release",
    [
        lambda store, message: store.retry_message(message.id),
        lambda store, message: store.reset_processing_to_pending(message.session_db_id),
        lambda store, message: store.retry_all_stuck(-1),
    ],
    ids=["retry_message", "reset_processing_to_pending", "a-negative-threshold"],
)
def test_what_the_contract_releases_in_the_millisecond_of_its_claim_cannot_be_told_apart(
    store: PendingMessageStore, add: Add, claim: Claim, release: Callable[..., object]
) -> None:
    id = add()
    first = claim()
    release(store, first)
    second = claim()
    assert second == first
    assert store.mark_processed(id, claim=first) is True
    assert store.mark_processed(id, claim=second) is False


def test_a_claim_that_waited_for_another_writer_starts_when_it_got_the_lock(
    make_store: Callable[..., PendingMessageStore], session: int, add: Add, raw: Raw
) -> None:
    """With a start from before it waited, it would pass for a claim that was made and released meanwhile."""
    own = make_store(clock=None, create=False)
    add()
    claimed: list[Message | None] = []
    worker = Thread(target=lambda: claimed.append(own.claim_next_message(session)))
    with raw.write_lock():
        worker.start()
        worker.join(0.05)
        still_locked = own.now()
    worker.join()
    assert claimed[0] is not None
    assert claimed[0].started_processing_at_epoch is not None
    assert claimed[0].started_processing_at_epoch >= still_locked
