from __future__ import annotations

import pytest

from tests.store.kill.checker import Fence
from tests.store.kill.story import A, B, Story


@pytest.fixture
def story() -> Story:
    """Message 1 is enqueued."""
    story = Story()
    story.enqueue()
    return story


@pytest.fixture
def stale(story: Story) -> tuple[Fence, Fence]:
    """Message 1 is claimed by A, released, and claimed by B."""
    first = story.claim(A, 10)
    story.release([1])
    return first, story.claim(B, 20)
