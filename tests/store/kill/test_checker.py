"""The checker finds what is wrong with a history."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.kill.checker import Fence
from tests.store.kill.story import A, B, Story


def test_a_lost_message(story: Story) -> None:
    assert story.problems() == ["message 1 was enqueued, and is lost"]


def test_a_message_out_of_nowhere(story: Story) -> None:
    for id in (1, 2):
        claim = story.claim(A, 10, id=id)
        story.settle(A, "ack", claim)
        story.left(claim)
    assert story.problems() == ["message 2 is there, and nobody enqueued it"]


def test_a_message_that_is_there_twice(story: Story) -> None:
    story.enqueue(2)
    for id in (1, 2):
        claim = story.claim(A, 10, id=id)
        story.settle(A, "ack", claim)
        story.left(claim, number=101)
    assert story.problems() == [
        "message 2 was enqueued as number 102, and is number 101",
        "number 101 was enqueued once, and is there 2 times",
    ]


def test_a_claim_of_what_is_not_there(story: Story) -> None:
    claim = story.claim(A, 10)
    story.settle(A, "ack", claim)
    story.left(claim)
    story.claim(A, 10, id=3)
    assert story.problems() == ["message 3 was claimed, and is not there"]


def test_a_message_that_two_workers_got(story: Story) -> None:
    story.claim(A, 10)
    story.release([2])
    story.release(0)
    second = story.claim(B, 20)
    story.release([1])
    story.settle(B, "ack", second)
    story.left(second)
    assert story.problems() == [
        f"message 1 was claimed twice, and nobody released it: {A} claim None -> [[1, 10, 0]];"
        f" {B} claim None -> [[1, 20, 0]]"
    ]


def test_a_batch_with_the_same_message_twice(story: Story) -> None:
    claim = Fence(1, 10, 0)
    story.call(A, "claim", None, [list(claim), list(claim)])
    story.settle(A, "ack", claim)
    story.left(claim)
    assert [problem.split(":")[0] for problem in story.problems()] == [
        "message 1 was claimed twice, and nobody released it",
        "two claims cannot be told apart",
    ]


def test_two_claims_with_one_fence(story: Story) -> None:
    claim = story.claim(A, 10)
    story.release(1)
    story.claim(B, 10)
    story.settle(B, "ack", claim)
    story.left(claim)
    assert story.problems() == [f"two claims cannot be told apart: (1, 10, 0), of {A} and {B}"]


def test_a_renewal_with_the_fence_of_another_claim(story: Story, stale: tuple[Fence, Fence]) -> None:
    _, second = stale
    story.settle(B, "ack", story.renew(B, second, 10))
    story.left(Fence(1, 10, 0))
    assert story.problems() == [f"two claims cannot be told apart: (1, 10, 0), of {A} and {B}"]


def test_a_claim_after_the_acknowledgement(story: Story) -> None:
    claim = story.claim(A, 10)
    story.settle(A, "ack", claim)
    story.release(1)
    story.claim(B, 20)
    story.left(claim)
    assert story.problems() == [
        f"message 1 was claimed after it was acknowledged: {B} claim None -> [[1, 20, 0]]",
    ]


def test_an_acknowledgement_by_a_stale_claim(story: Story, stale: tuple[Fence, Fence]) -> None:
    first, second = stale
    story.settle(A, "ack", first)
    story.settle(B, "ack", second, False)
    story.left(second)
    assert [problem.split(": ")[0] for problem in story.problems()] == [
        "a stale claim was accepted",
        "a claim was refused, and nobody released it",
        "message 1 is processed by (20, 0), and no claim did that",
        "message 1 was acknowledged, and the table does not say so",
    ]


def test_a_failure_by_a_stale_claim(story: Story, stale: tuple[Fence, Fence]) -> None:
    first, _ = stale
    story.settle(A, "fail", first)
    third = story.claim(A, 30, 1)
    story.settle(A, "ack", third)
    story.left(third)
    assert [problem.split(":")[0] for problem in story.problems()] == ["a stale claim was accepted"]


def test_a_renewal_of_a_stale_claim(story: Story, stale: tuple[Fence, Fence]) -> None:
    first, _ = stale
    claim = story.renew(A, first, 30)
    story.settle(A, "ack", claim)
    story.left(claim)
    assert [problem.split(":")[0] for problem in story.problems()] == ["a stale claim was accepted"]


def test_a_claim_that_was_renewed_and_is_used_as_it_was(story: Story) -> None:
    first = story.claim(A, 10)
    story.renew(A, first, 20)
    story.settle(A, "ack", first)
    story.left(first)
    assert [problem.split(":")[0] for problem in story.problems()] == ["a stale claim was accepted"]


@pytest.mark.parametrize("name", ["ack", "fail", "renew"])
def test_a_refusal_without_a_cause(story: Story, name: str) -> None:
    first = story.claim(A, 10)
    story.call(A, name, list(first), False)
    story.release([1])
    second = story.claim(B, 20)
    story.settle(B, "ack", second)
    story.left(second)
    assert [problem.split(":")[0] for problem in story.problems()] == ["a claim was refused, and nobody released it"]


def test_a_message_that_was_acknowledged_twice(story: Story, stale: tuple[Fence, Fence]) -> None:
    first, second = stale
    story.settle(B, "ack", second)
    story.settle(A, "ack", first)
    story.left(second)
    assert [problem.split(": ")[0] for problem in story.problems()] == [
        "a stale claim was accepted",
        "message 1 was acknowledged 2 times",
        "message 1 was acknowledged, and the table does not say so",
    ]


def test_a_claim_that_was_settled_twice(story: Story) -> None:
    claim = story.claim(A, 10, 1)
    story.settle(A, "fail", claim)
    story.settle(A, "ack", claim)
    story.left(claim, retry_count=1)
    assert "a claim was settled 2 times: (1, 10, 1)" in story.problems()


def test_a_claim_that_somebody_else_made(story: Story) -> None:
    claim = story.claim(A, 10)
    story.settle(B, "ack", claim)
    story.left(claim)
    assert story.problems() == [f"a claim that was never made: {B} ack [1, 10, 0] -> True"]


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_message_that_is_left(story: Story, status: str) -> None:
    story.left(story.claim(A, 10), status)
    assert story.problems() == [f"message 1 is left {status}"]


@pytest.mark.parametrize("stood", [None, False])
def test_a_message_that_nobody_acknowledged(story: Story, stood: bool | None) -> None:
    claim = story.claim(A, 10)
    story.release([1])
    if stood is not None:
        story.settle(A, "ack", claim, stood)
    story.left(claim)
    assert story.problems() == ["message 1 is processed by (10, 0), and no claim did that"]


def test_a_message_that_a_kill_left_acknowledged_by_another_claim(story: Story, stale: tuple[Fence, Fence]) -> None:
    first, second = stale
    story.settle(A, "ack", first, killed=True)
    story.left(second)
    assert story.problems() == ["message 1 is processed by (20, 0), and no claim did that"]


@pytest.mark.parametrize("completed", [9, None])
def test_a_message_that_ended_before_it_began(story: Story, completed: int | None) -> None:
    claim = story.claim(A, 10)
    story.settle(A, "ack", claim)
    story.left(claim, completed=completed)
    assert [problem.split(":")[0] for problem in story.problems()] == ["message 1 ended before it began"]


def _failed_once_and_kept_the_count(story: Story) -> None:
    story.settle(A, "fail", story.claim(A, 10))
    last = story.claim(A, 20)
    story.settle(A, "ack", last)
    story.left(last)


def _never_failed_and_counts_one(story: Story) -> None:
    last = story.claim(A, 20, 1)
    story.settle(A, "ack", last)
    story.left(last)


def _counted_more_than_a_kill_explains(story: Story) -> None:
    story.settle(A, "fail", story.claim(A, 10), killed=True)
    last = story.claim(A, 20, 2)
    story.settle(A, "ack", last)
    story.left(last)


@pytest.mark.parametrize(
    "tell", [_failed_once_and_kept_the_count, _never_failed_and_counts_one, _counted_more_than_a_kill_explains]
)
def test_failures_that_are_not_counted_right(story: Story, tell: Callable[[Story], None]) -> None:
    tell(story)
    assert len(found := story.problems()) == 1
    assert "retries, and failed" in found[0]


def test_a_message_that_was_given_up_too_early(story: Story) -> None:
    claim = story.claim(A, 10)
    story.settle(A, "fail", claim)
    story.left(claim, "failed")
    assert story.problems() == ["message 1 was given up after 0 retries of 1"]
