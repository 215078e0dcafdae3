"""Many open tabs on one server: what they cost while nothing changes and while a worker works, and how long somebody
else's page takes meanwhile."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import sqlite3
import time
from collections.abc import Callable, Coroutine
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing import Queue, get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from threading import Thread
from typing import Any

from bench.goals import Goal
from bench.pages_files import make
from webui import create_app
from webui.serving import listen, make_server

EVERY = 2.0
"""Seconds between two looks of a tab, as its script has it, and as much more or less as `JITTER`."""
JITTER = 0.1
PAUSE = 0.1
"""Seconds between two whole pages of somebody else."""
CORE, LATE = 0.15, 100
"""The goals: the part of a core while nothing changes, and what a page takes at the 99th percentile, in ms."""
VERSION = re.compile(rb'data-v="([^"]+)"')


@dataclass(frozen=True)
class Tabs:
    """What was found, in words, and its goals."""

    text: str
    goals: list[Goal]


@dataclass
class _Seen:
    looks: int = 0
    changed: int = 0
    pages: list[float] = field(default_factory=list)

    @property
    def late(self) -> float:
        """The 99th percentile of a page, in ms."""
        return sorted(self.pages)[int(len(self.pages) * 0.99)] if self.pages else 0.0


def open_tabs(folder: Path, rows: int, tabs: int, seconds: float, say: Callable[[str], None]) -> Tabs:
    """Open so many tabs on the queue page of a file with so many rows, for so many seconds each time."""
    file = make(folder / "tabs.db", rows, tuned=True)
    context = get_context("spawn")
    told: Queue[float] = context.Queue()
    ask, stop = context.Event(), context.Event()
    with closing(listen("127.0.0.1", 0)) as listener:
        server = context.Process(target=_serve, args=(str(file.path), listener, ask, stop, told))
        server.start()
    port = told.get()

    def cpu() -> float:
        ask.set()
        return told.get()

    def watched(pages: bool, change: Callable[[], Coroutine[Any, Any, None]] | None = None) -> tuple[_Seen, float]:
        return asyncio.run(_watch(int(port), tabs, seconds, cpu, pages, change))

    say(f"Pages: {tabs} tabs, nothing changes")
    quiet, idle = watched(False)
    say(f"Pages: {tabs} tabs, nothing changes, and somebody opens pages")
    asked, _ = watched(True)
    say(f"Pages: {tabs} tabs beside a worker")
    busy, working = watched(True, lambda: _work(file.path))
    stop.set()
    ask.set()
    server.join()
    text = (
        f"{tabs} tabs on the queue page of a tuned file of {rows:,} rows, each looking every {EVERY:.0f} s. While"
        f" nothing changed: {quiet.looks:,} looks in {seconds:.0f} s took {idle:.1%} of a core ({quiet.changed:,} were"
        f" told of ages that moved on); somebody else's whole page then took {asked.late:.0f} ms at the 99th percentile"
        f" of {len(asked.pages):,}. Beside a worker with two commits a second: {busy.looks:,} looks, {busy.changed:,}"
        f" of them with a change, took {working:.0%} of a core, with a page of somebody else's every {PAUSE:.1f} s,"
        f" which took {busy.late:.0f} ms at the 99th percentile of {len(busy.pages):,}."
    )
    goals = [
        Goal(f"{tabs} tabs while nothing changes: {CORE:.0%} of a core", 0 < idle <= CORE, f"{idle:.1%}"),
        Goal(
            f"{tabs} tabs: a page in {LATE} ms (99th percentile)",
            bool(asked.pages) and asked.late <= LATE,
            f"{asked.late:.0f} ms; {busy.late:.0f} ms beside a worker",
        ),
    ]
    return Tabs(text, goals)


def _serve(path: str, listener: socket.socket, ask: Event, stop: Event, told: Queue[float]) -> None:
    """Serve until told to stop, and say, when asked, how much processor time that took."""
    server = make_server(create_app({"DATABASE": path}), listener)
    Thread(target=server.run, daemon=True).start()
    told.put(listener.getsockname()[1])
    while ask.wait() and not stop.is_set():
        ask.clear()
        told.put(time.process_time())


async def _watch(
    port: int, tabs: int, seconds: float, cpu: Callable[[], float], pages: bool,
    change: Callable[[], Coroutine[Any, Any, None]] | None,
) -> tuple[_Seen, float]:  # fmt: skip
    """What was seen, and which part of a core it took."""
    seen = _Seen()
    opened = [await _Tab.open(port) for _ in range(tabs)]
    jobs = [asyncio.create_task(tab.stay(seen)) for tab in opened]
    if pages:
        jobs.append(asyncio.create_task(_visit(port, seen)))
    if change:
        jobs.append(asyncio.create_task(change()))
    await asyncio.sleep(EVERY)  # until all have looked once
    before, begin = cpu(), time.perf_counter()
    seen.looks = seen.changed = 0
    seen.pages.clear()
    await asyncio.sleep(seconds)
    used = (cpu() - before) / (time.perf_counter() - begin)
    for job in jobs:
        job.cancel()
    for ended in await asyncio.gather(*jobs, return_exceptions=True):
        if not isinstance(ended, asyncio.CancelledError):
            raise ended if isinstance(ended, BaseException) else RuntimeError("a tab closed by itself")
    for tab in opened:
        tab.close()
    return seen, used


class _Tab:
    """The version that a page shows, and its connection, which is kept as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._version = ""
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @classmethod
    async def open(cls, port: int) -> _Tab:
        """A tab with the queue page."""
        tab = cls(port)
        await tab.get("/")
        return tab

    async def stay(self, seen: _Seen) -> None:
        """Look again and again, the first time at any moment."""
        await asyncio.sleep(random.uniform(0, EVERY))
        while True:
            status = await self.get(f"/?v={self._version}")
            seen.changed += status != 204
            seen.looks += 1
            await asyncio.sleep(EVERY * random.uniform(1 - JITTER, 1 + JITTER))

    async def get(self, path: str) -> int:
        """Ask for a page, or with a version for what has changed; returns the status."""
        partial = "HX-Request: true\r\nHX-Request-Type: partial\r\n" if "v=" in path else ""
        self._connection = self._connection or await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._connection
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:{self._port}\r\n{partial}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        if b"Connection: close" in head:
            self.close()
        if found := VERSION.search(body):
            self._version = found[1].decode()
        status = int(head.split(None, 2)[1])
        if status not in (200, 204):
            raise RuntimeError(f"{path} was answered {status}")
        return status

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection[1].close()
        self._connection = None


async def _visit(port: int, seen: _Seen) -> None:
    tab = await _Tab.open(port)
    while True:
        begin = time.perf_counter()
        await tab.get("/")
        seen.pages.append((time.perf_counter() - begin) * 1000)
        await asyncio.sleep(PAUSE)


async def _work(path: Path) -> None:
    """Two commits a second."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        while True:
            with suppress(sqlite3.OperationalError):
                connection.execute("UPDATE pending_messages SET prompt_number = prompt_number + 1 WHERE id = 5")
            await asyncio.sleep(0.5)
