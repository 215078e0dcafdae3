"""What a process asked of the store and what it was told, in a file of its own that a kill cannot take back.

Each call is two lines of JSON: one before it is made, one when it is answered. A call without an answer may have
happened or not: its process was killed meanwhile.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One call by `who`. `given` and `answer` are JSON. Times are the machine's monotonic clock in ns, the same for
    all processes; `ended` is None where no answer came."""

    who: str
    name: str
    given: Any
    began: int
    answer: Any = None
    ended: int | None = None

    @property
    def unknown(self) -> bool:
        """Whether nobody knows what became of it."""
        return self.ended is None

    def __str__(self) -> str:
        return f"{self.who} {self.name} {self.given} -> {'?' if self.unknown else self.answer}"


class Recorder:
    """Writes down one process's calls. A line is one write to the system: what a process wrote outlives it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._calls = 0

    def call(self, name: str, given: Any, make: Callable[[], T], told: Callable[[T], Any]) -> T:
        """Make a call and return its answer; `told` is what is written down of the answer."""
        self._calls += 1
        number = self._calls
        self._write({"call": number, "at": time.monotonic_ns(), "name": name, "given": given})
        answer = make()
        self._write({"call": number, "at": time.monotonic_ns(), "answer": told(answer)})
        return answer

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


def read(path: Path) -> list[Call]:
    """A process's calls in order, by the file's name. A last line that a kill cut off was not written."""
    calls: dict[int, Call] = {}
    *lines, _ = path.read_bytes().split(b"\n")
    for text in lines:
        line = json.loads(text)
        if "name" in line:
            calls[line["call"]] = Call(path.stem, line["name"], line["given"], line["at"])
        else:
            asked = calls[line["call"]]
            calls[line["call"]] = Call(asked.who, asked.name, asked.given, asked.began, line["answer"], line["at"])
    return list(calls.values())
