"""The demo's present: a producer, and a worker that sometimes fails, hangs or crashes and is then started again.

They are processes of their own, as in real life, and end with the process that started them, even when it is killed.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from random import Random
from threading import Event, Thread

from webui.demo.calls import PROJECTS, failure, observation, summary
from webui.store import Delivery, PendingMessageStore, StoreError, consume, open_store

RESTART_AFTER = 2.0
"""Seconds until a worker that crashed is started again."""
PATIENCE = 15.0
"""Seconds until a worker that hangs is ended."""
GRACE = 3.0
"""Seconds that a child has to finish what it is at, once it is told to stop."""
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


def attend(delivery: Delivery, dice: Random, nap: Callable[[float], object], end: Callable[[int], object]) -> None:
    """What the worker does with a message: it thinks, and ends as luck has it. It may fail; it may crash, or hang until
    somebody ends it: in both the message stays behind, claimed by nobody who is alive."""
    nap(dice.uniform(0.6, 2.2))
    luck = dice.random()
    if luck < CRASHES:
        end(1)
    elif luck < CRASHES + HANGS:
        nap(PATIENCE)
        end(1)
    elif Random(delivery.id).random() < HARD and dice.random() < HARD_FAILS:
        raise failure(dice)


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
    logging.getLogger("webui.store").addHandler(logging.NullHandler())  # the pages tell what failed
    orphaned = Event()
    Thread(target=_watch_the_parent, args=[orphaned], daemon=True).start()
    with suppress(StoreError), closing(open_store(path)) as store:
        consume(store, None, partial(attend, dice=Random(), nap=_nap, end=os._exit), stop=orphaned)


def _watch_the_parent(orphaned: Event) -> None:
    while _nap(3600):
        pass
    orphaned.set()


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
    for process in running.values():
        process.join(GRACE)
        process.kill()
        process.join()


def _started(role: Role, path: str) -> SpawnProcess:
    process = _spawn.Process(target=role, args=(path,))
    process.start()
    return process
