"""Handlers that the consumer's tests give it, and what they left in the database."""

from __future__ import annotations

from collections.abc import Callable

from tests.store.backends import Raw
from webui.store import Delivery
from webui.store.delivery import LONGEST_BACKOFF


def at_once(attempt: int) -> float:
    return 0.0


def for_long(attempt: int) -> float:
    return LONGEST_BACKOFF


def statuses(raw: Raw) -> list[tuple[str, int]]:
    return [(row["status"], row["retry_count"]) for row in raw.rows()]


def reasons(raw: Raw) -> list[tuple[int, str]]:
    return [(row["attempt"], row["error"]) for row in raw.rows("unstick_failures")]


class Handler:
    """Notes what it was given, and does what it is told to for each message."""

    def __init__(self, **actions: Callable[[Delivery], object]) -> None:
        self.given: list[Delivery] = []
        self.actions = {int(name[1:]): action for name, action in actions.items()}

    @property
    def ids(self) -> list[int]:
        return [delivery.id for delivery in self.given]

    def __call__(self, delivery: Delivery) -> None:
        self.given.append(delivery)
        if action := self.actions.get(delivery.id):
            action(delivery)


def fails(delivery: Delivery) -> None:
    raise ValueError(f"no {delivery.id}")


class Time:
    """Seconds that pass only when somebody says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
