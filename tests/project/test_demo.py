from __future__ import annotations

import json
import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pytest

from webui.demo import history, life
from webui.demo.calls import PROJECTS
from webui.store import Message, PendingMessageStore, consume, open_store

MINUTE = 60_000
NOW = 1_780_000_000_000


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PendingMessageStore]:
    path = str(tmp_path_factory.mktemp("demo") / "demo.db")
    history.write(path, NOW)
    with closing(open_store(path, clock=lambda: NOW)) as store:
        yield store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PendingMessageStore]:
    with closing(open_store(str(tmp_path / "queue.db"), create=True)) as store:
        yield store


def queued(store: PendingMessageStore, status: str) -> list[Message]:
    return [message for message in store.get_queue_messages() if message.status == status]


def test_the_past_holds_every_kind_of_message(past: PendingMessageStore) -> None:
    assert len(past.get_recently_processed(limit=-1, within_minutes=360)) > 300
    assert len(past.get_recently_processed(limit=-1, within_minutes=30)) > 10
    failed = queued(past, "failed")
    assert len(failed) > 10
    assert {message.retry_count for message in failed} == {3}
    assert [past.get_stuck_count(minutes * MINUTE) for minutes in (5, 40, 60, 200)] == [3, 2, 1, 0]
    waiting = queued(past, "pending")
    assert len(waiting) == history.BACKLOG
    assert {message.retry_count for message in waiting} == {0, 1}
    assert Counter(message.message_type for message in waiting)["summarize"] == 2
    assert {message.project for message in waiting} == {project.name for project in PROJECTS}


def test_payloads_are_encoded_once_or_twice_and_one_is_large(past: PendingMessageStore) -> None:
    texts = [message.tool_input for message in past.get_queue_messages() if message.tool_input]
    assert {type(json.loads(text)) for text in texts} == {str, dict}
    assert len({message.tool_name for message in past.get_queue_messages()}) > 6
    assert max(len(message.tool_response or "") for message in past.get_queue_messages()) > 200_000


def test_nothing_happened_in_the_future(past: PendingMessageStore) -> None:
    for message in past.get_queue_messages() + past.get_recently_processed(-1, 400):
        times = (message.created_at_epoch, message.started_processing_at_epoch, message.completed_at_epoch)
        known = [time for time in times if time is not None]
        assert known == sorted(known)
        assert known[-1] <= NOW


def drain(path: str, luck: int) -> None:
    """The demo's worker without its pauses, until the queue is empty or it is out of luck."""
    handler = partial(life.attend, dice=Random(luck), nap=lambda seconds: None, end=os._exit)
    with closing(open_store(path)) as store:
        consume(store, None, handler, until_empty=True, backoff=lambda attempt: 0.0)


def test_the_producer_fills_and_the_worker_drains_as_luck_has_it(store: PendingMessageStore) -> None:
    dice = Random(7)
    for _ in range(200):
        life.produce_once(store, dice)
    ends: list[int | None] = []
    while 0 not in ends:
        worker = get_context("spawn").Process(target=drain, args=(store.location, len(ends)))
        worker.start()
        worker.join()
        ends.append(worker.exitcode)
    assert set(ends) == {0, 1}
    assert queued(store, "pending") == []
    assert len(queued(store, "processing")) == ends.count(1)
    done, failed = len(store.get_recently_processed(limit=-1)), len(queued(store, "failed"))
    assert failed > 0
    assert done + failed + ends.count(1) == 200


@pytest.mark.parametrize(("luck", "hangs"), [(0.005, False), (0.02, True)])
def test_a_worker_crashes_or_hangs_until_it_is_ended(store: PendingMessageStore, luck: float, hangs: bool) -> None:
    class Dice(Random):
        def random(self) -> float:
            return luck

    slept: list[float] = []
    ends: list[int] = []
    life.produce_once(store, Random(1))
    consume(store, None, partial(life.attend, dice=Dice(), nap=slept.append, end=ends.append), until_empty=True)
    assert (slept[1:], ends) == ([life.PATIENCE] if hangs else [], [1])


def telephone(path: str) -> None:
    """A role that calls home and crashes; `path` is the number."""
    with socket.create_connection(("127.0.0.1", int(path))):
        os._exit(1)


def listener(path: str) -> None:
    """A role that calls home and stays on the line until somebody ends it."""
    with socket.create_connection(("127.0.0.1", int(path))) as line:
        line.recv(1)


def test_a_crashed_worker_is_started_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as home:
        home.settimeout(60)
        with life.alive(str(home.getsockname()[1]), roles=(telephone,)):
            for _ in range(2):
                home.accept()[0].close()


def test_the_children_end_with_the_block() -> None:
    with socket.create_server(("127.0.0.1", 0)) as home:
        home.settimeout(60)
        with life.alive(str(home.getsockname()[1]), roles=(listener,)):
            line, _ = home.accept()
        with line:
            line.settimeout(60)
            assert line.recv(1) == b""
