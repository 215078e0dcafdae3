"""One run of the proof: processes are started, killed and replaced, stuck messages released, what is left checked."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

from tests.store.kill.checker import Row, problems
from tests.store.kill.history import Call, Recorder, read
from tests.store.kill.processes import MAX_RETRIES, Load
from tests.store.operating import changed, retry_stuck
from webui.store import PendingMessageStore, open_store

STUCK = 40
"""After how many ms a message is released: short, so that slow workers come back late."""
PATIENCE = 600
"""How long a run may take, in seconds."""
SESSIONS = 3
LEFT = """
SELECT id, prompt_number, status, started_processing_at_epoch, completed_at_epoch, retry_count FROM pending_messages"""


@dataclass(frozen=True)
class Plan:
    """How many workers, how many kills, and how many messages at least; `late` and `fenced` as in `Load`."""

    workers: int
    kills: int
    messages: int
    seed: int
    late: float = 0.15
    fenced: bool = True


@dataclass(frozen=True)
class Report:
    """What was seen. `problems` is empty when the store kept its promises."""

    plan: Plan
    seconds: float
    calls: list[Call]
    rows: list[Row]
    killed: int
    problems: list[str]

    def count(self, *names: str, answer: bool = True) -> int:
        """How many calls of these names were answered yes (something), or no."""
        answers = [call.answer for call in self.calls if call.name in names and not call.unknown]
        return sum(bool(found) is answer for found in answers)

    @property
    def refused(self) -> int:
        """How often the store refused an acknowledgement or a failure of a stale claim."""
        return self.count("ack", "fail", answer=False)

    def __str__(self) -> str:
        ended = [row.status for row in self.rows]
        unknown = sum(call.unknown for call in self.calls)
        claims = sum(len(call.answer or ()) for call in self.calls if call.name == "claim")
        released = sum(_released(call) for call in self.calls if call.name == "release")
        return "\n  ".join(
            [
                f"{self.plan.workers} workers and a producer, {self.seconds:.1f} s, seed {self.plan.seed}",
                f"{self.killed} kills, {unknown} of them inside a call",
                f"{len(ended)} messages: {ended.count('processed')} processed, {ended.count('failed')} failed",
                f"{claims} claims, {self.count('renew')} renewed, {released} released",
                f"{self.refused} late acknowledgements and failures of stale claims refused",
                f"{len(self.problems)} violations",
                *self.problems[:20],
            ]
        )


def prove(url: str, folder: Path, plan: Plan) -> Report:
    """Run the plan on a new database at `url`; histories go into `folder`, which must be empty."""
    began = time.monotonic()
    with _store(url) as store:
        sessions = tuple(store.ensure_session(f"session {number}", "kill") for number in range(SESSIONS))
        crew = Crew(Load(url, sessions, str(folder), "", plan.seed, STUCK, plan.messages, plan.late, plan.fenced), plan)
        try:
            _drive(store, crew, folder)
        finally:
            crew.end()
        rows = [Row(*record) for record in store.database.rows(LEFT)]
        found = crew.problems + _damage(store, url)
    calls = [call for path in sorted(folder.glob("*.jsonl")) for call in read(path)]
    found += problems(calls, rows, MAX_RETRIES)
    return Report(plan, time.monotonic() - began, calls, rows, crew.killed, found)


@dataclass
class Crew:
    """A producer and workers. One that is killed is replaced by a new one; one that fails by itself is a problem."""

    load: Load
    plan: Plan
    killed: int = 0
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.plan.seed)
        self.running: dict[Load, tuple[str, subprocess.Popen[bytes]]] = {}
        self._started = 0
        self._deadline = time.monotonic() + PATIENCE
        for task in ["produce"] + ["work"] * self.plan.workers:
            self._start(task)

    def _start(self, task: str) -> None:
        self._started += 1
        load = replace(self.load, who=f"{task}-{self._started}")
        self.running[load] = task, load.start(task)

    def kill_one(self) -> None:
        """Kill one that is at work by now, whatever it is doing, and start another in its place."""
        at_work = [load for load in self.running if load.history.exists()]
        if at_work:
            task, process = self.running.pop(self.random.choice(at_work))
            process.kill()
            process.wait()
            self.killed += 1
            self._start(task)

    def look_after(self) -> None:
        """Notice who has ended, and how, and whether it takes too long."""
        for load, (_, process) in list(self.running.items()):
            if process.poll() is not None:
                del self.running[load]
                if process.returncode:
                    self.problems.append(f"{load.who} failed: {load.complaints.read_text().strip()}")
        if time.monotonic() > self._deadline:
            self.problems.append(f"it was not over after {PATIENCE} s")

    def working(self, task: str) -> bool:
        """Whether any process of this task is still running."""
        return any(task == other for other, _ in self.running.values())

    def end(self) -> None:
        """Kill whatever still runs."""
        for _, process in self.running.values():
            process.kill()
            process.wait()


def _drive(store: PendingMessageStore, crew: Crew, folder: Path) -> None:
    """Kill at random moments; then let the producer end, the queue drain, and the workers end."""
    on = partial(_go_on, store, Recorder(folder / "driver.jsonl"), crew)
    next_kill = time.monotonic()
    while crew.killed < crew.plan.kills and on():
        if time.monotonic() >= next_kill:
            crew.kill_one()
            next_kill = time.monotonic() + crew.random.uniform(0.01, 0.2)
    Path(folder, "produced").touch()
    while (crew.working("produce") or store.has_any_pending_work()) and on():
        pass
    Path(folder, "drained").touch()
    while crew.working("work") and on():
        pass


def _go_on(store: PendingMessageStore, recorder: Recorder, crew: Crew) -> bool:
    """After a moment, release what is stuck, as an operator does or as the contract does; whether all is well."""
    time.sleep(crew.random.uniform(0, 0.02))
    if crew.random.random() < 0.5:
        recorder.call("release", STUCK, lambda: store.retry_all_stuck(STUCK), int)
    else:
        cutoff = store.now() - STUCK
        recorder.call("release", cutoff, partial(retry_stuck, store, cutoff), partial(changed, store))
    crew.look_after()
    return not crew.problems


def _released(call: Call) -> int:
    return len(call.answer) if isinstance(call.answer, list) else int(call.answer)


def _damage(store: PendingMessageStore, url: str) -> list[str]:
    """What SQLite itself finds wrong with the file."""
    if not url.startswith("sqlite"):
        return []
    return [str(found) for [found] in store.database.rows("PRAGMA integrity_check") if found != "ok"]


@contextmanager
def _store(url: str) -> Iterator[PendingMessageStore]:
    store = open_store(url, max_retries=MAX_RETRIES, create=True)
    try:
        yield store
    finally:
        store.close()
