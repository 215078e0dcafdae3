"""The consumer: claims messages, gives each to a handler and records how that ended; at least once, without polling."""

from __future__ import annotations

import inspect
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import TypeVar

from webui.store import claims
from webui.store.database import Watcher
from webui.store.delivery import (
    LONGEST_BACKOFF,
    BackingOff,
    Delivery,
    Held,
    attempt_of,
    exponential,
    reason_of,
)  # fmt: skip
from webui.store.errors import Busy, Missing, SchemaChanged, StoreError, Unsupported
from webui.store.model import Message
from webui.store.stopping import Stop
from webui.store.store import PendingMessageStore

T = TypeVar("T")
Handler = Callable[[Delivery], object]
ASYNC = "The handler is async: nobody would await it."

PASSING = (Busy, Missing, SchemaChanged)
"""What a database recovers from by itself."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds until a database that is away is tried again."""
IDLE = 5.0
"""After so many seconds without a sign of a change, it looks by itself."""
SLICE = 0.25
"""Seconds within which a consumer that waits notices that it is told to stop."""
IN_VAIN = (0.005, 0.1)
"""Seconds between claims that find nothing while others keep changing the database: at first, and at most."""
FRESH = 60.0
"""A message of a batch that was not begun within so many seconds after its claim is handed back."""
MOST_KEPT = 100
"""So many failed messages wait for another attempt; then nothing more is claimed until one of them is due."""

_log = logging.getLogger("webui.store.consume")


@dataclass(slots=True)
class Consumed:
    """What a consumer did: messages processed, attempts failed, messages handed back as they were, and `late`: endings
    that did nothing, because the claim no longer stood."""

    processed: int = 0
    failed: int = 0
    handed_back: int = 0
    late: int = 0


def consume(
    store: PendingMessageStore,
    session_db_id: int | None,
    handler: Handler,
    *,
    batch: int = 1,
    stop: Event | None = None,
    until_empty: bool = False,
    backoff: Callable[[int], float] = exponential,
    monotonic: Callable[[], float] = time.monotonic,
) -> Consumed:
    """Give the messages of a session (None: of all) to `handler`, oldest first, until it is told to stop.

    A message whose handler returns is processed. One whose handler raises an `Exception` has failed, with that reason,
    and is tried again after `backoff(attempt)` seconds, at most a minute. Any other `BaseException` ends the consumer;
    then, as when it is told to stop, whatever it still holds is handed back.

    `batch` messages are claimed at once. It is told to stop by the event `stop`, and in the main thread by SIGTERM or
    SIGINT. With `until_empty` it also ends when nothing is pending. `monotonic` gives the time for back-offs, in
    seconds.

    It goes on when the database is busy or away for a while, and raises its other named errors; Unsupported for a file
    that cannot record how a message ended; TypeError for an async handler.
    """
    if inspect.iscoroutinefunction(handler):
        raise TypeError(ASYNC)
    if batch < 1:
        raise ValueError(f"A batch has at least one message, not {batch}.")
    has = store.capabilities
    if not (has.processed and has.failed and has.retry_count):
        raise Unsupported(f"{store.name} cannot record how a message ended, so it cannot be consumed.")
    told = Stop(stop)
    consumer = _Consumer(store, session_db_id, handler, batch, backoff, monotonic, told)
    with told.on_signals(), store.database.watch() as watcher:
        # The watcher was there before the first claim: what comes after that is noticed.
        consumer.run(watcher, until_empty)
    return consumer.done


@dataclass
class _Consumer:
    store: PendingMessageStore
    session: int | None
    handler: Handler
    size: int
    backoff: Callable[[int], float]
    monotonic: Callable[[], float]
    stop: Stop
    done: Consumed = field(default_factory=Consumed)
    batch: deque[Message] = field(default_factory=deque)
    kept: BackingOff = field(default_factory=BackingOff)

    def run(self, watcher: Watcher, until_empty: bool) -> None:
        in_vain = 0
        try:
            while not self.stop:
                self._put_back_what_is_due()
                if self._work():
                    in_vain = 0
                    continue
                if until_empty and not self.kept:
                    break
                self.stop.pause(_damping(in_vain))
                in_vain = in_vain + 1 if self._wait(watcher) else 0
        except PASSING as error:
            _log.error("The database was away when the consumer was told to stop: %s", error)
        finally:
            self._hand_back()

    def _work(self) -> bool:
        """Claim a batch and work through it; whether there was anything."""
        room = min(self.size, MOST_KEPT - len(self.kept))
        claimed = self._surely(lambda: claims.claim_messages(self.store, self.session, room))
        self.batch.extend(claimed)
        fresh_until = self.monotonic() + FRESH
        while self.batch and not self.stop and self.monotonic() <= fresh_until:
            self._handle(self.batch.popleft())
            self._put_back_what_is_due()
        self._release_the_batch()
        return bool(claimed)

    def _handle(self, claim: Message) -> None:
        held = Held(claim, lambda claim: self._surely(partial(claims.renew_claim, self.store, claim)))
        try:
            held.end(self._outcome(held))
        except BaseException:
            self.batch.appendleft(held.claim)  # it is not ended: it goes back with the others
            raise

    def _outcome(self, held: Held) -> Callable[[Message], None]:
        """Let the handler work; how the claim is to be ended."""
        try:
            answer = self.handler(Delivery(self.store.to_pending_message(held.claim), held))
        except Exception as error:
            return partial(self._failed, error=error)
        if inspect.isawaitable(answer):  # from a wrapped one, or an object's call
            if inspect.iscoroutine(answer):
                answer.close()
            raise TypeError(ASYNC)
        return self._processed

    def _processed(self, claim: Message) -> None:
        if self._ended(claim, partial(self.store.mark_processed, claim.id, claim=claim)):
            self.done.processed += 1

    def _failed(self, claim: Message, error: Exception) -> None:
        attempt, reason = attempt_of(claim), reason_of(error)
        last = attempt > self.store.max_retries
        _log.log(logging.ERROR if last else logging.INFO, "Message %s failed.", claim.id, exc_info=error)
        wait = 0.0 if last else min(self.backoff(attempt), LONGEST_BACKOFF)
        if wait > 0:
            kept = self._ended(claim, partial(claims.note_failure, self.store, claim, reason))
            if not kept:
                return
            self.kept.add(self.monotonic() + wait, kept)
        elif not self._ended(claim, partial(self.store.mark_failed, claim.id, error=reason, claim=claim)):
            return
        self.done.failed += 1

    def _ended(self, claim: Message, end: Callable[[], T]) -> T:
        """Say how an attempt ended, if its claim still stands."""
        stood = self._surely(end)
        if not stood:
            self.done.late += 1
            _log.warning(
                "The claim of message %s no longer stands: somebody released, aborted or ended it, and may have claimed"
                " it again; or the connection was lost in the very moment in which it was recorded how this attempt"
                " ended. It was not recorded now.",
                claim.id,
            )
        return stood

    def _put_back_what_is_due(self, now: float | None = None) -> None:
        for claim in self.kept.due(self.monotonic() if now is None else now):
            self._ended(claim, partial(claims.put_back, self.store, claim))

    def _release_the_batch(self) -> None:
        while self.batch:
            self.done.handed_back += self._surely(partial(claims.release_claim, self.store, self.batch.popleft()))

    def _hand_back(self) -> None:
        """Put back whatever is still held, each with one try; what cannot be stays processing, as after a crash."""
        self.stop.tell()
        try:
            self._release_the_batch()
            self._put_back_what_is_due(float("inf"))
        except StoreError as error:
            _log.error("Not every message could be handed back: the rest stays processing. %s", error)

    def _wait(self, watcher: Watcher) -> bool:
        """Wait for a change, for the end of the next back-off, or for a while; whether there was a change."""
        until = self.monotonic() + IDLE
        until = until if self.kept.next is None else min(until, self.kept.next)
        while not self.stop and (left := until - self.monotonic()) > 0:
            if self._surely(partial(watcher.wait, min(left, SLICE))):
                return True
        return False

    def _surely(self, call: Callable[[], T]) -> T:
        """Call it until the database is there; once told to stop, only once more."""
        pause = FIRST_PAUSE
        while True:
            last = bool(self.stop)
            try:
                return call()
            except PASSING as error:
                if last:
                    raise
                if pause == FIRST_PAUSE:
                    _log.warning("The database cannot be used now, the consumer waits for it: %s", error)
            self.stop.pause(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _damping(in_vain: int) -> float:
    """Seconds until the next look, after so many changes that brought nothing to claim: who writes without a pause must
    not make an idle consumer claim without one."""
    return min(IN_VAIN[0] * 2 ** min(in_vain - 1, 9), IN_VAIN[1]) if in_vain else 0.0
