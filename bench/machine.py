"""The machine that the figures belong to."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median


def describe(folder: Path) -> str:
    """The processor, the versions, and how long the folder's file system takes to write 4 KB through to the disk."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()};"
        f" {platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version};"
        f" 4 KB written and synced in {_sync_time(folder):.2f} ms (median)"
    )


def versions(*distributions: str) -> str:
    """The versions of what was measured."""
    return ", ".join(f"{name} {version(name)}" for name in distributions)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _sync_time(folder: Path, times: int = 200) -> float:
    path, laps = folder / "sync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            begin = time.perf_counter()
            file.write(b"\0" * 4096)
            os.fsync(file.fileno())
            laps.append((time.perf_counter() - begin) * 1000)
    path.unlink()
    return median(laps)
