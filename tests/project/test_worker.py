from __future__ import annotations

import json
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from webui.worker import Woken, WorkerAway, address, command, wake

GOOD = {"success": True, "totalPendingSessions": 6, "sessionsStarted": 3, "sessionsSkipped": 1}


@dataclass
class Worker:
    url: str
    asked: list[tuple[str, str | None, bytes]] = field(default_factory=list)


@contextmanager
def answering(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[Worker]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            worker.asked.append((self.path, self.headers["Content-Type"], asked))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # it may have heard enough
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    worker = Worker(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield worker
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusal(url: str, timeout: float = 5.0) -> str:
    with pytest.raises(WorkerAway) as caught:
        wake(url, timeout)
    return str(caught.value)


def test_it_asks_for_ten_sessions_and_says_what_was_started() -> None:
    with answering(200, json.dumps(GOOD).encode()) as worker:
        woken = wake(worker.url)
    assert worker.asked == [("/api/pending-queue/process", "application/json", b'{"sessionLimit": 10}')]
    assert woken == Woken(
        3, 1, 6, "The worker started 3 sessions and skipped 1. 2 more can be started: wake it again later."
    )


@pytest.mark.parametrize(
    ("started", "skipped", "pending", "sentence"),
    [
        (0, 0, 0, "The worker answered: no session has pending messages."),
        (1, 0, 1, "The worker started 1 session."),
        (0, 2, 2, "The worker started no session and skipped 2."),
    ],
)
def test_the_sentence(started: int, skipped: int, pending: int, sentence: str) -> None:
    answer = {**GOOD, "sessionsStarted": started, "sessionsSkipped": skipped, "totalPendingSessions": pending}
    with answering(200, json.dumps(answer).encode()) as worker:
        assert wake(worker.url + "/").sentence == sentence


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b'{"error": "database is locked"}'), (200, b'{"success": false, "message": "database is locked"}')],
)
def test_a_refusal_is_told_in_the_workers_own_words(status: int, body: bytes) -> None:
    with answering(status, body) as worker:
        assert refusal(worker.url) == f"The worker at {worker.url} refused ({status}): database is locked"


def test_a_refusal_without_words() -> None:
    with answering(503, b"<html>") as worker:
        assert refusal(worker.url).endswith("refused (503): without a reason")


def test_another_release_of_claude_mem() -> None:
    with answering(404, b"Cannot POST") as worker:
        assert "claude-mem has it from v8.1.0 to v12.3.9" in refusal(worker.url)


def test_a_redirect_is_not_followed() -> None:
    with (
        answering(200, json.dumps(GOOD).encode()) as elsewhere,
        answering(307, b"", {"Location": elsewhere.url + "/api/pending-queue/process"}) as worker,
    ):
        assert "sends us elsewhere (307)" in refusal(worker.url)
    assert not elsewhere.asked


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"success": true}',
        b'{"success": true, "sessionsStarted": "3", "sessionsSkipped": 0, "totalPendingSessions": 3}',
        b"[" * 60_000,
        b" " * 70_000 + json.dumps(GOOD).encode(),
    ],
    ids=["empty", "text", "bytes", "list", "object", "no numbers", "texts", "too deep", "too large"],
)
def test_nonsense(body: bytes) -> None:
    with answering(200, body) as worker:
        assert refusal(worker.url).endswith("is not claude-mem's worker: its answer makes no sense.")


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert refusal(url).startswith(f"No worker answers at {url} (Connection refused).")


def test_no_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert refusal(url, 0.1).startswith(f"The worker at {url} did not answer within 0.1 s.")


def test_an_answer_that_never_ends() -> None:
    enough = Event()

    def dribble() -> None:
        conversation, _ = server.accept()
        with conversation, suppress(OSError):
            conversation.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not enough.wait(0.01):
                conversation.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=dribble)
        thread.start()
        assert "did not answer within 0.3 s" in refusal(f"http://127.0.0.1:{server.getsockname()[1]}", 0.3)
        enough.set()
        thread.join()


def test_something_else_on_that_port() -> None:
    def greet() -> None:
        conversation, _ = server.accept()
        with conversation:
            conversation.recv(65536)
            conversation.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=greet)
        thread.start()
        assert "does not speak HTTP" in refusal(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()


def test_a_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with answering(200, json.dumps(GOOD).encode()) as worker:
        assert wake(worker.url).sessions_started == 3


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://127.0.0.1:37777", ("127.0.0.1", 37777)),
        ("http://localhost:37701/", ("localhost", 37701)),
        ("http://[::1]:8000", ("::1", 8000)),
        ("http://127.9.9.9", ("127.9.9.9", 80)),
    ],
)
def test_addresses_of_this_machine(url: str, found: tuple[str, int]) -> None:
    assert address(url) == found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:37777",
        "https://127.0.0.1:37777",
        "http://192.168.0.7:37777",
        "http://localhost.example.com",
        "http://0.0.0.0:37777",
        "http://me@127.0.0.1:37777",
        "http://127.0.0.1:37777/api",
        "http://127.0.0.1:37777/?a=b",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://[::1",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="has to be on this machine"):
        address(url)
    with pytest.raises(ValueError, match="has to be on this machine"):
        wake(url)


def test_the_command_to_copy() -> None:
    assert shlex.split(command()) == [
        "curl", "-X", "POST", "-H", "Content-Type: application/json", "-d", '{"sessionLimit": 10}',
        "http://127.0.0.1:37777/api/pending-queue/process",
    ]  # fmt: skip
    assert shlex.split(command("http://localhost:37701/"))[-1] == "http://localhost:37701/api/pending-queue/process"
