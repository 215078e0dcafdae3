"""The load: what workers and producers do until they are killed or told to stop.

`python -m tests.store.kill.processes TASK JSON`, with the fields of `Load` as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.store.kill.history import Recorder, read
from webui.store import Message, PendingMessageStore, claims, open_store, statements

ROOT = Path(__file__).parents[3]
MAX_RETRIES = 3
POISONED = 40
"""Every so many messages there is one that no worker can handle."""


@dataclass(frozen=True)
class Load:
    """What a process is told. `stuck` is after how many ms the driver releases a message, `least` how many messages
    a producer makes at least, `late` the share of claims that may take longer than `stuck`. With `fenced` off the
    store's check of claims is taken out."""

    url: str
    sessions: tuple[int, ...]
    folder: str
    who: str
    seed: int
    stuck: int
    least: int = 0
    late: float = 0.15
    fenced: bool = True

    @property
    def history(self) -> Path:
        """Where the process writes down its calls."""
        return Path(self.folder, f"{self.who}.jsonl")

    @property
    def complaints(self) -> Path:
        """Where its standard error goes."""
        return Path(self.folder, f"{self.who}.stderr")

    def told_to(self, stop: str) -> bool:
        """Whether the driver said so: `produced` ends producers, `drained` workers."""
        return Path(self.folder, stop).exists()

    def start(self, task: str) -> subprocess.Popen[bytes]:
        """Run it in a process of its own."""
        command = [sys.executable, "-W", "error", "-m", "tests.store.kill.processes", task, json.dumps(asdict(self))]
        with self.complaints.open("wb") as complaints:
            return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=complaints)


def produce(load: Load) -> None:
    """Enqueue numbered messages, from the number after the last that a killed producer tried."""
    store, recorder, random = _begin(load)
    tried = [call.given for path in Path(load.folder).glob("produce-*.jsonl") for call in read(path)]
    number = max(tried, default=0)
    while number < load.least or not load.told_to("produced"):
        number += 1
        session = random.choice(load.sessions)
        message = {"type": "observation", "tool_input": "x" * random.randrange(2_000), "prompt_number": number}
        recorder.call("enqueue", number, lambda: store.enqueue(session, str(session), message), lambda id: id)  # noqa: B023
        time.sleep(random.uniform(0, 0.004))
    store.close()


def work(load: Load) -> None:
    """Claim, take a while or too long, renew now and then, and acknowledge or fail, always with the claim."""
    store, recorder, random = _begin(load)
    if not load.fenced:
        statements.STANDS = ""
    while not load.told_to("drained"):
        claimed = _claim(store, recorder, random.choice([*load.sessions, None]), random.randint(1, 4))
        if not claimed:
            time.sleep(random.uniform(0.001, 0.004))
        for claim in claimed:
            _handle(store, recorder, claim, random, load)
    store.close()


def _claim(store: PendingMessageStore, recorder: Recorder, session: int | None, limit: int) -> list[Message]:
    def make() -> list[Message]:
        if session is None:
            return claims.claim_messages(store, limit=limit)
        claimed = store.claim_next_message(session)
        return [claimed] if claimed else []

    return recorder.call("claim", session, make, lambda claimed: [_fence(claim) for claim in claimed])


def _handle(store: PendingMessageStore, recorder: Recorder, claim: Message, random: Random, load: Load) -> None:
    kind, stuck = random.random(), load.stuck / 1000
    time.sleep(stuck * random.uniform(0.5, 2) if kind < load.late else random.uniform(0, 0.002))
    if kind < load.late / 2:
        renewed = recorder.call("renew", _fence(claim), lambda: claims.renew_claim(store, claim), _renewed)
        if renewed is None:
            return
        claim = renewed
        time.sleep(stuck * random.uniform(0, 2))
    if claim.prompt_number and claim.prompt_number % POISONED and kind < 0.95:
        recorder.call("ack", _fence(claim), lambda: store.mark_processed(claim.id, claim=claim), bool)
    else:
        error = random.choice([None, "it could not be handled"])
        recorder.call("fail", _fence(claim), lambda: store.mark_failed(claim.id, claim=claim, error=error), bool)


def _fence(claim: Message) -> list[Any]:
    """What a claim is known by."""
    return [claim.id, claim.started_processing_at_epoch, claim.retry_count]


def _renewed(claim: Message | None) -> list[Any] | None:
    return None if claim is None else _fence(claim)


def _begin(load: Load) -> tuple[PendingMessageStore, Recorder, Random]:
    return open_store(load.url, max_retries=MAX_RETRIES), Recorder(load.history), Random(f"{load.seed} {load.who}")


if __name__ == "__main__":
    {"work": work, "produce": produce}[sys.argv[1]](Load(**json.loads(sys.argv[2])))
