"""Claims beyond the contract: several at once, renewed, handed back, and kept after a failure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.backends import Clock, Raw
from webui.store import Message, PendingMessageStore, act, browse
from webui.store.claims import claim_messages, note_failure, put_back, release_claim, renew_claim

Add = Callable[..., int]


def claim(store: PendingMessageStore, session: int) -> Message:
    [message] = claim_messages(store, session)
    return message


def test_several_are_claimed_oldest_first(store: PendingMessageStore, session: int, other: int, add: Add) -> None:
    ids = [add(session=owner) for owner in (session, other, session, session)]
    assert [message.id for message in claim_messages(store, session, 2)] == [ids[0], ids[2]]
    assert [message.id for message in claim_messages(store, None, 5)] == [ids[1], ids[3]]
    assert claim_messages(store, None, 5) == claim_messages(store, session) == []


@pytest.mark.parametrize("limit", [0, -1])
def test_no_room_is_no_claim(store: PendingMessageStore, session: int, add: Add, raw: Raw, limit: int) -> None:
    id = add()
    assert claim_messages(store, session, limit) == []
    assert raw.row_is_pending(id)


def test_a_renewed_claim_stands_and_the_old_one_does_not(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add()
    first = claim(store, session)
    started = clock.tick(9)
    second = renew_claim(store, first)
    assert second is not None
    assert raw.row(id)["started_processing_at_epoch"] == second.started_processing_at_epoch == started
    assert store.mark_processed(id, claim=first) is False
    assert renew_claim(store, first) is None
    assert store.mark_processed(id, claim=second) is True


def test_a_released_message_is_as_it_was(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    add(retry_count=2, completed_at_epoch=5)
    before = raw.rows()
    held = claim(store, session)
    clock.tick()
    assert release_claim(store, held) is True
    assert raw.rows() == before
    assert release_claim(store, held) is False


def test_a_release_leaves_what_another_has_claimed(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add()
    late = claim(store, session)
    clock.tick()
    store.retry_message(id)
    current = claim(store, session)
    before = raw.rows()
    clock.tick()
    assert release_claim(store, late) is False
    assert raw.rows() == before
    assert store.mark_processed(id, claim=current) is True


def test_nothing_is_released_in_the_millisecond_of_its_claim(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    id = add()
    held = claim(store, session)
    assert release_claim(store, held) is False
    assert raw.row(id)["status"] == "processing"
    assert store.mark_processed(id, claim=held) is True


def test_a_release_waits_for_the_next_millisecond(
    store: PendingMessageStore, make_store: Callable[..., PendingMessageStore], session: int, add: Add, clock: Clock
) -> None:
    id = add()
    held = claim(store, session)
    looks = iter([clock.now, clock.now, *[clock.now + 1] * 9])
    assert release_claim(make_store(create=False, clock=lambda: next(looks)), held) is True
    again = claim(store, session)
    assert again.id == id


def test_a_noted_failure_keeps_its_reason_and_its_claim(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add(retry_count=1)
    first = claim(store, session)
    clock.tick(70)
    kept = note_failure(store, first, "a \ud800 reason")
    assert kept is not None
    row = raw.row(id)
    assert (row["status"], row["retry_count"], row["started_processing_at_epoch"]) == ("processing", 2, clock.now)
    assert store.mark_processed(id, claim=first) is False
    assert put_back(store, kept) is True
    assert (raw.row(id)["status"], raw.row(id)["retry_count"]) == ("pending", 2)
    [failure] = raw.rows("unstick_failures")
    assert (failure["message_id"], failure["at"], failure["attempt"]) == (id, clock.now, 2)
    assert failure["error"] == "a \ufffd reason"


def test_a_failure_of_a_claim_that_is_gone_is_not_noted(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add()
    held = claim(store, session)
    clock.tick()
    act.retry(store, id, browse.get_row(store, id).seen, actor="ann")
    before = raw.rows()
    assert note_failure(store, held, "why") is None
    assert (raw.rows(), raw.rows("unstick_failures")) == (before, [])
