"""The checker finds nothing wrong with a history that is right, whatever a kill cut off."""

from __future__ import annotations

import pytest

from tests.store.kill.checker import Fence
from tests.store.kill.history import Call
from tests.store.kill.story import A, B, Story


def test_a_message_that_is_claimed_and_acknowledged_is_well(story: Story) -> None:
    claim = story.claim(A, 10)
    story.settle(A, "ack", claim)
    story.left(claim)
    assert story.problems() == []


@pytest.mark.parametrize(("released", "killed"), [([1], False), (1, False), (None, True)])
def test_a_late_worker_that_is_refused_is_well(story: Story, released: object, killed: bool) -> None:
    first = story.claim(A, 10)
    story.release(released, killed=killed)
    second = story.claim(B, 20)
    story.settle(A, "ack", first, False)
    story.settle(B, "ack", second)
    story.left(second)
    assert story.problems() == []


def test_a_message_that_fails_until_it_is_given_up_is_well(story: Story) -> None:
    story.settle(A, "fail", story.claim(A, 10))
    last = story.claim(B, 20, 1)
    story.settle(B, "fail", last)
    story.left(last, "failed")
    assert story.problems() == []


def test_a_renewed_claim_is_the_same_claim(story: Story) -> None:
    claim = story.renew(A, story.renew(A, story.claim(A, 10), 10), 30)
    story.settle(A, "ack", claim)
    story.left(claim)
    assert story.problems() == []


@pytest.mark.parametrize("happened", [True, False])
def test_a_call_that_a_kill_cut_off_may_have_happened_or_not(story: Story, happened: bool) -> None:
    story.enqueue(2, killed=True)
    story.call(A, "claim", None, killed=True)
    story.release([1, 2])
    claim = story.claim(A, 10)
    story.settle(A, "ack", claim, killed=True)
    if not happened:
        story.release([1])
        claim = story.claim(B, 20)
        story.settle(B, "ack", claim)
    story.left(claim)
    if happened:
        other = story.claim(B, 20, id=2)
        story.settle(B, "fail", other, killed=True)
        other = story.claim(B, 30, 1, id=2)
        story.settle(B, "ack", other)
        story.left(other)
    assert story.problems() == []


def test_calls_that_overlap_may_have_come_in_either_order(story: Story) -> None:
    """B's call began first and took longer: A claimed, failed, and B got the message after that."""
    story.calls.append(Call(B, "claim", None, 3, [[1, 20, 1]], 9))
    story.calls.append(Call(A, "claim", None, 4, [[1, 10, 0]], 5))
    story.calls.append(Call(A, "fail", [1, 10, 0], 6, True, 7))
    story.tick = 10
    second = Fence(1, 20, 1)
    story.settle(B, "ack", second)
    story.left(second)
    assert story.problems() == []
