"""What the tests run in processes of their own: `python -m tests.store.processes TASK URL [ARGUMENT …]`.

Each task prints one line of JSON. One that must start together with others waits for a line on its standard input.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webui.store import (
    Delivery,
    DiskFull,
    StoreError,
    act,
    browse,
    consume,
    migrate,
    open_database,
    open_store,
    working,
)

ROOT = Path(__file__).parents[2]


def start(task: str, url: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a task in a process; it stands ready when its first line has been read."""
    command = [sys.executable, "-W", "error", "-m", "tests.store.processes", task, url, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def together(processes: list[subprocess.Popen[str]]) -> list[Any]:
    """Let all begin at once, wait for them, and return what each printed."""
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        outputs = [process.communicate()[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [json.loads(output) for output in outputs]


def _wait_for_the_others() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def work(url: str, sessions: str) -> list[int]:
    """Claim and acknowledge until nothing is left; the ids in the order of their claims."""
    store = open_store(url)
    mine, waiting = [], [int(session) for session in sessions.split(",")]
    _wait_for_the_others()
    while waiting:
        message = store.claim_next_message(waiting[0])
        if message is None:
            waiting.pop(0)
        elif store.mark_processed(message.id, claim=message):
            mine.append(message.id)
        else:
            raise AssertionError(f"the claim of message {message.id} did not stand")
    store.close()
    return mine


def create(url: str) -> list[int]:
    """Make the database, a session and one message."""
    _wait_for_the_others()
    store = open_store(url, create=True)
    session = store.ensure_session("alpha", "red")
    id = store.enqueue(session, "alpha", {"type": "observation"})
    store.close()
    return [session, id]


def migrate_all(url: str) -> list[str]:
    """Make what is ours in the database; the names of the files that this process applied."""
    database = open_database(url, create=True)
    _wait_for_the_others()
    applied = migrate.migrate(database)
    database.close()
    return applied


def first_action(url: str, id: str) -> list[Any]:
    """Abort one message, as the first action that this database ever saw."""
    store = open_store(url)
    row = browse.get_row(store, int(id))
    _wait_for_the_others()
    outcome = act.abort(store, row.id, row.seen, actor=f"process {id}")
    store.close()
    return [outcome.journal_id, list(outcome.done)]


def same_row(url: str, id: str) -> str:
    """Retry one message that others retry too; what came of it."""
    store = open_store(url)
    row = browse.get_row(store, int(id))
    _wait_for_the_others()
    try:
        act.retry(store, row.id, row.seen, actor="somebody")
    except StoreError as error:
        return type(error).__name__
    return "done"


def fill_disk(url: str, session: str, most_bytes: str) -> list[Any]:
    """Enqueue where no file may grow beyond so many bytes, until that fails; how it failed, and what was stored."""
    store = open_store(url)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
    _wait_for_the_others()
    ids: list[int] = []
    try:
        while True:
            ids.append(store.enqueue(int(session), "alpha", {"type": "observation", "tool_input": "x" * 20_000}))
    except Exception as error:
        return [type(error).__name__, str(error), ids]


def operate_on_a_full_disk(url: str, id: str) -> list[str]:
    """Carry an operation out for one step, behind which no file may grow at all; how that failed, and what was said of
    it when there was room again."""
    store = open_store(url)
    take = working._carried_out

    def fill(job: Any, found: Any) -> int:
        done = take(job, found)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        return done

    working._carried_out = fill
    _wait_for_the_others()
    told = "nothing"
    try:
        working.work(store, int(id))
    except DiskFull as error:
        told = str(error)
    working._carried_out = take
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    later = open_store(url, clock=lambda: time.time_ns() // 1_000_000 + 2 * working.LEASE)
    ended = working.work(later, int(id))
    return [told, ended.state, str(ended.error)]


def enqueue(url: str, session: str, number: str) -> list[int]:
    """Enqueue so many messages."""
    store = open_store(url)
    _wait_for_the_others()
    ids = [store.enqueue(int(session), "alpha", {"type": "observation"}) for _ in range(int(number))]
    store.close()
    return ids


def consume_until_told(url: str, session: str) -> list[Any]:
    """Consume in batches; each message takes a line on the standard input. The ids handled, and what was done."""
    store = open_store(url)
    handled: list[int] = []

    def handler(delivery: Delivery) -> None:
        print("ready", flush=True)
        sys.stdin.readline()
        handled.append(delivery.id)

    done = consume(store, int(session), handler, batch=5)
    store.close()
    return [handled, asdict(done)]


def operate(url: str, id: str, ahead_ms: str) -> list[Any]:
    """Carry an operation out, by a clock that is so far ahead; its state and its numbers."""
    store = open_store(url, clock=lambda: time.time_ns() // 1_000_000 + int(ahead_ms))
    _wait_for_the_others()
    done = working.work(store, int(id))
    store.close()
    return [done.state, done.done, done.skipped, done.failed]


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])), flush=True)
