"""What a consumer's handler gets, and when what it could not do is tried again."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from itertools import count
from threading import Lock

from webui.store.model import Message, PendingMessage

LONGEST_REASON = 2_000
"""So many characters of a failure's reason are kept."""
LONGEST_BACKOFF = 60.0
"""Seconds; well below the five minutes after which a message counts as stuck."""


class Held:
    """A claim that is worked on: a thread may renew it while another ends it, but not at the same moment."""

    def __init__(self, claim: Message, renew: Callable[[Message], Message | None]) -> None:
        self.claim = claim
        self._renew = renew
        self._lock = Lock()

    def renew(self) -> bool:
        """Start it anew; whether it still stands."""
        with self._lock:
            renewed = self._renew(self.claim)
            self.claim = renewed or self.claim
            return renewed is not None

    def end(self, how: Callable[[Message], None]) -> None:
        """End it as it is now."""
        with self._lock:
            how(self.claim)


class Delivery:
    """One message in a handler's hands: `message`, as it was enqueued, its `id` and its session's two names, and which
    attempt this is (1 is the first)."""

    def __init__(self, message: PendingMessage, held: Held) -> None:
        self.message = message
        self.id = held.claim.id
        self.session_db_id = held.claim.session_db_id
        self.content_session_id = held.claim.content_session_id
        self.attempt = attempt_of(held.claim)
        self._held = held

    def renew(self) -> bool:
        """Start the claim anew, so that nobody takes this message for stuck while the handler still works; any thread
        may call it. False when the claim stands no more: another may have the message by now, and whatever this handler
        does will not be acknowledged. Raises Unsupported where a file does not record when a message was claimed."""
        return self._held.renew()


def attempt_of(claim: Message) -> int:
    """Which attempt a claim is. A damaged file may hold anything for a count."""
    return (claim.retry_count if isinstance(claim.retry_count, int) else 0) + 1


def reason_of(error: Exception) -> str:
    """`TypeName: text`, as a database can hold it."""
    try:
        text = str(error)
    except Exception:
        text = "(it has no text)"
    name = type(error).__name__
    return (f"{name}: {text}" if text else name).replace("\x00", "\ufffd")[:LONGEST_REASON]


def exponential(attempt: int) -> float:
    """Seconds to wait after the attempt with this number has failed: 1, 2, 4, … up to a minute, a quarter more or less
    so that what failed together does not come back together."""
    return min(2.0 ** min(attempt - 1, 10), LONGEST_BACKOFF) * random.uniform(0.75, 1.25)


class BackingOff:
    """Claims of messages that just failed, by when they are to be put back; without what the messages carry."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Message]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, due: float, claim: Message) -> None:
        """Keep a claim until then."""
        light = claim._replace(
            tool_input=None, tool_response=None, last_user_message=None, last_assistant_message=None, extra={}
        )
        heapq.heappush(self._heap, (due, next(self._order), light))

    def due(self, now: float) -> Iterator[Message]:
        """Each claim whose time has come; it is kept no longer."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]

    @property
    def next(self) -> float | None:
        """When the next one is due."""
        return self._heap[0][0] if self._heap else None
