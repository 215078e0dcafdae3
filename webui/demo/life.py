"""The demo's present: a producer, and a worker that sometimes fails, hangs or crashes and is then started again.

They are processes of their own, as in real life, and end with the process that started them, even when it is killed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from random import Random

from webui.demo.calls import PROJECTS, REASONS, observation, summary
from webui.store import Message, PendingMessageStore, StoreError, open_store

RESTART_AFTER = 2.0
"""Seconds until a worker that crashed is started again."""
HARD = 0.15
"""The share of messages on which most attempts fail."""
HARD_FAILS = 0.75
HANGS = 0.015
CRASHES = 0.01

Role = Callable[[str], None]
"""What a child process does with the queue at a path."""

_spawn = get_context("spawn")


def produce_once(store: PendingMessageStore, dice: Random) -> None:
    """One message of a session that is at work now."""
    project = dice.choice(PROJECTS)
    name = f"demo-{project.name}"
    session = store.ensure_session(name, project.name)
    store.enqueue(session, name, summary(dice) if dice.random() < 0.04 else observation(project, dice))


def work_once(store: PendingMessageStore, dice: Random, think: Callable[[], object]) -> str:
    """Takes a message of any session, thinks, and ends as luck has it: `processed`, `failed`, `hung` (it forgets the
    message), `crashed` (the caller has to), or `idle` when nothing waits."""
    message = _claimed(store, dice)
    if message is None:
        return "idle"
    think()
    luck = dice.random()
    if luck < CRASHES:
        return "crashed"
    if luck < CRASHES + HANGS:
        return "hung"
    if Random(message.id).random() < HARD and dice.random() < HARD_FAILS:
        store.mark_failed(message.id, error=dice.choice(REASONS), claim=message)
        return "failed"
    store.mark_processed(message.id, claim=message)
    return "processed"


def _claimed(store: PendingMessageStore, dice: Random) -> Message | None:
    sessions = store.get_sessions_with_pending_messages()
    dice.shuffle(sessions)
    return next((message for session in sessions if (message := store.claim_next_message(session))), None)


def produce(path: str) -> None:
    """A producer: a few messages in a row, then a pause."""
    dice = Random()
    with suppress(StoreError), closing(open_store(path)) as store:
        while _nap(dice.uniform(5, 11)):
            for _ in range(dice.randint(1, 5)):
                produce_once(store, dice)
                _nap(dice.uniform(0.1, 0.6))


def work(path: str) -> None:
    """A worker: a little faster than the producer, so that the backlog melts."""
    dice = Random()
    with suppress(StoreError), closing(open_store(path)) as store:
        while _nap(dice.uniform(0.1, 0.4)):
            if work_once(store, dice, lambda: _nap(dice.uniform(0.5, 1.8))) == "crashed":
                os._exit(1)


def _nap(seconds: float) -> bool:
    """Waits; whether the process that started this one is still there."""
    parent = parent_process()
    assert parent is not None, "roles run in child processes"
    parent.join(seconds)
    return parent.is_alive()


@contextmanager
def alive(path: str, roles: tuple[Role, ...] = (produce, work)) -> Iterator[None]:
    """While the block lasts, the roles are played on the queue at `path`. Has to be called in the main thread."""
    leash, held = _spawn.Pipe(duplex=False)
    keeper = _spawn.Process(target=_keep, args=(path, roles, leash))
    # Ctrl-C in a terminal reaches every process: only the server answers it, and then lets go of the leash.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    keeper.start()
    signal.signal(signal.SIGINT, before)
    leash.close()
    try:
        yield
    finally:
        held.close()
        keeper.join()


def _keep(path: str, roles: tuple[Role, ...], leash: Connection) -> None:
    """Keeps the roles running until the other end of the leash is let go of, or its process is gone."""
    running = {role: _started(role, path) for role in roles}
    while leash not in wait([leash, *(process.sentinel for process in running.values())]):
        if wait([leash], RESTART_AFTER):
            break
        running = {role: process if process.is_alive() else _started(role, path) for role, process in running.items()}
    for process in running.values():
        process.terminate()
        process.join()


def _started(role: Role, path: str) -> SpawnProcess:
    process = _spawn.Process(target=role, args=(path,))
    process.start()
    return process
