"""How much of the time an operation takes from a writer that loses what it writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from webui.store import PendingMessageStore
from webui.store.gentle import LONGEST, SHARE, Gentle

AT_ONCE = 0.1


@pytest.fixture(autouse=True)
def little_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.store.gentle.AT_ONCE", AT_ONCE)


class Watching:
    """A watcher beside whom somebody writes all the time."""

    def wait(self, seconds: float) -> bool:
        return True


@pytest.mark.parametrize("held", [[0.02] * 50, [1.5, *[0.001] * 100], [0.01, 0.4, *[0.004] * 60]])
def test_the_lock_is_held_for_less_than_a_hundredth_of_the_time(
    store: PendingMessageStore, add: Callable[[], int], held: list[float]
) -> None:
    add()  # a queue that somebody writes to
    gentle = Gentle(store, Watching())
    pauses = []
    for batch in held:
        gentle.before()
        pauses.append(gentle.after(batch))
    assert max(pauses) <= LONGEST
    assert sum(held) - AT_ONCE <= (SHARE + 1e-9) * (sum(held) + sum(pauses))


def test_where_nobody_writes_a_pause_is_as_long_as_the_lock_was_held(store: PendingMessageStore) -> None:
    gentle = Gentle(store, Watching())
    gentle._seen_at = float("-inf")
    assert [gentle.after(held) for held in (0.02, 0.3, 0.05)] == pytest.approx([0.02, 0.3, 0.05])
