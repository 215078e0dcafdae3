"""Running the real command, as a person does: in a folder and a home of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.project.places import ROOT

UNSTICK = (sys.executable, "-m", "webui")


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without settings of ours and without a screen, and with `home` as home and temporary folder."""
    hidden = ("UNSTICK_", "XDG_", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**kept, "HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(ROOT), **(more or {})}


def run(home: Path, *arguments: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [*UNSTICK, *arguments], cwd=home, env=environment(home, more), capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


@dataclass
class Running:
    """A command that serves: its process, and where it said it is."""

    process: subprocess.Popen[str]
    host: str
    port: int


@contextmanager
def serving(home: Path, *command: str, more: Mapping[str, str] | None = None) -> Iterator[Running]:
    """The command, until the block ends, from the moment on when it has said its address."""
    with subprocess.Popen(
        command, cwd=home, env=environment(home, more), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            yield Running(process, *_address(process))
        finally:
            process.kill()


def _address(process: subprocess.Popen[str]) -> tuple[str, int]:
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if match := re.search(r"http://(\S+):(\d+)/", line):
            return match[1], int(match[2])
    raise AssertionError(f"It ended before it said an address:\n{said}")
