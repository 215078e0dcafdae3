"""The demo's past: six hours of a queue, made with the store's own methods and a clock of its own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from webui.demo.calls import PROJECTS, Project, failure, large, observation, summary
from webui.store import Message, PendingMessage, PendingMessageStore, open_store
from webui.store.delivery import reason_of

SECOND = 1000
MINUTE = 60 * SECOND
LENGTH = 6 * 60 * MINUTE
STEP = 64 * SECOND
QUIET = 6 * MINUTE
"""So long ago the backlog began: what was done before is done, what came since still waits."""
STUCK = (180 * MINUTE, 41 * MINUTE, 12 * MINUTE)
"""How long ago a worker took a message and never came back."""
FAILS_EVERY = 23
BACKLOG = 48


@dataclass
class Clock:
    """The store's clock, wherever the story has got to (ms since the epoch)."""

    time: int

    def __call__(self) -> int:
        """Now, in the story."""
        return self.time


class Session(NamedTuple):
    """A session of the queue, and the project that it works on."""

    id: int
    content_session_id: str
    project: Project


def write(path: str, now: int) -> None:
    """Makes a new queue at `path` with a past that ends at `now` (ms since the epoch)."""
    clock = Clock(now - LENGTH)
    with closing(open_store(path, create=True, clock=clock)) as store:
        _Past(store, clock, now).write()


class _Past:
    def __init__(self, store: PendingMessageStore, clock: Clock, now: int) -> None:
        self.store = store
        self.clock = clock
        self.now = now
        self.dice = Random(20)
        self.sessions = [self._session(project) for project in (*PROJECTS, *PROJECTS[:2])]

    def _session(self, project: Project) -> Session:
        name = f"{self.dice.getrandbits(128):032x}"
        return Session(self.store.ensure_session(name, project.name), name, project)

    def write(self) -> None:
        """What was done, what failed, what got stuck, and what still waits."""
        stuck = {(LENGTH - age) // STEP for age in STUCK}
        for number in range((LENGTH - QUIET) // STEP):
            self.clock.time = self.now - LENGTH + number * STEP
            session = self.dice.choice(self.sessions)
            self._enqueue(session)
            if number in stuck:
                self._claimed(session)
            elif number % FAILS_EVERY == FAILS_EVERY - 1:
                self._used_up(session)
            else:
                self._processed(session)
        for number in range(BACKLOG):
            self.clock.time = self.now - QUIET + number * QUIET // BACKLOG
            self._waiting(number)

    def _enqueue(self, session: Session, message: PendingMessage | None = None) -> None:
        given = message or observation(session.project, self.dice)
        self.store.enqueue(session.id, session.content_session_id, given)

    def _claimed(self, session: Session) -> Message:
        self.clock.time += self.dice.randint(1, 4) * SECOND
        claimed = self.store.claim_next_message(session.id)
        assert claimed is not None, "each claim follows an enqueue"
        self.clock.time += self.dice.randint(2, 11) * SECOND
        return claimed

    def _processed(self, session: Session) -> None:
        self.store.mark_processed(self._claimed(session).id)

    def _used_up(self, session: Session) -> None:
        reason = reason_of(failure(self.dice))
        for _ in range(self.store.max_retries + 1):
            self.store.mark_failed(self._claimed(session).id, error=reason)

    def _waiting(self, number: int) -> None:
        """One message of the backlog: a large one, two summaries, some that failed once, and plain ones."""
        session = self.sessions[number % len(self.sessions)]
        match number:
            case 7:
                self._enqueue(session, large(session.project))
            case 20 | 41:
                self._enqueue(session, summary(self.dice))
            case _:
                self._enqueue(session)
        if number % 16 == 15:
            self.store.mark_failed(self._claimed(session).id, error=reason_of(failure(self.dice)))
