"""The connections that an SQLite file's threads share, and what a fork leaves of them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webui.store import open_store

ROOT = Path(__file__).parents[2]

FORK = """
import os, signal, sys
from webui.store import open_store
store = open_store(sys.argv[1])
store.database.revision()
read, write = os.pipe()
store.database._lock.acquire()  # as a thread has it that the child has not
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.alarm(30)
store.database.close = lambda: None  # or the fork would wait for that thread
child = os.fork()
del store.database.close
if child == 0:
    signal.alarm(30)
    store.database.revision()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""

APART = """
import os, signal, sys
from webui.store import open_store
store = open_store(sys.argv[1])
store.database.revision()
assert store.claim_next_message(1).id == 1
(told, tell), (heard, answer) = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    signal.alarm(30)
    assert store.claim_next_message(1).id == 2
    os.write(answer, b"claimed")
    os.read(told, 1)  # until the parent has closed its own
    assert store.mark_processed(2) is None
    assert not [name for name in map(os.path.realpath, os.scandir("/proc/self/fd")) if name.endswith("(deleted)")]
    os._exit(0)
assert os.read(heard, 10) == b"claimed"
store.close()
os.write(tell, b"x")
assert os.waitpid(child, 0)[1] == 0
assert [store.get_message(id).status for id in (1, 2)] == ["processing", "processed"]
store.close()
"""


def made(folder: Path, messages: int) -> str:
    url = f"sqlite:///{folder / 'queue.db'}"
    store = open_store(url, create=True)
    session = store.ensure_session("alpha", "blue")
    for _ in range(messages):
        store.enqueue(session, "alpha", {"type": "observation"})
    store.close()
    return url


def open_files(folder: Path) -> list[str]:
    return [name for link in Path("/proc/self/fd").iterdir() if str(folder) in (name := str(link.resolve()))]


@pytest.mark.parametrize("program", [FORK, APART])
def test_a_forked_child_has_connections_and_locks_of_its_own(tmp_path: Path, program: str) -> None:
    command = [sys.executable, "-W", "error", "-c", program, made(tmp_path, 2)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_closed_while_others_are_at_work_stays_closed(tmp_path: Path) -> None:
    store = open_store(made(tmp_path, 200))

    def work(number: int) -> int | None:
        if number % 5 == 0:
            store.close()
            return None
        message = store.claim_next_message(1)
        assert message is not None
        return message.id

    with ThreadPoolExecutor(8) as pool:
        claimed = [id for id in pool.map(work, range(250)) if id is not None]
    assert sorted(claimed) == list(range(1, 201))
    store.close()
    assert open_files(tmp_path) == []
