from __future__ import annotations

import errno
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.project import commands
from webui import serving

SLOW = """
import sys
from webui import serving

def app(environ, start_response):
    print("begun", flush=True)
    sys.stdin.readline()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"finished"]

listener = serving.listen("127.0.0.1", 0)
serving.serve(app, listener, lambda: print(serving.url(listener), flush=True))
"""


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[commands.Running]:
    """A server whose one page takes as long as nobody writes a line into its stdin."""
    with commands.serving(tmp_path, sys.executable, "-c", SLOW) as running:
        yield running


def request(running: commands.Running) -> HTTPConnection:
    """A request that the server is working on."""
    client = HTTPConnection("127.0.0.1", running.port, timeout=60)
    client.request("POST", "/")
    assert running.process.stdout
    assert running.process.stdout.readline() == "begun\n"
    return client


def wait_until_closed(port: int) -> None:
    with suppress(ConnectionRefusedError, ConnectionResetError):
        while True:
            socket.create_connection(("127.0.0.1", port)).close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_is_finished(slow: commands.Running, number: signal.Signals) -> None:
    client = request(slow)
    slow.process.send_signal(number)
    wait_until_closed(slow.port)
    assert slow.process.stdin
    slow.process.stdin.write("\n")
    slow.process.stdin.flush()
    assert client.getresponse().read() == b"finished"
    assert slow.process.wait(60) == 0
    client.close()


def test_a_request_that_never_ends_does_not_keep_it(slow: commands.Running) -> None:
    client = request(slow)
    slow.process.terminate()
    assert slow.process.wait(60) == 0
    assert serving.GRACE < 3
    client.close()


def test_clients_that_only_stay_connected_do_not_keep_it(slow: commands.Running) -> None:
    with socket.create_connection(("127.0.0.1", slow.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        slow.process.terminate()
        assert slow.process.wait(60) == 0


def test_a_taken_port_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(serving.CannotListen, match=f"Port {port} is taken by another program .* another port: "):
            serving.listen("127.0.0.1", port)


def test_any_free_port() -> None:
    with serving.listen("localhost", 0) as listener:
        assert serving.url(listener) == f"http://localhost:{listener.getsockname()[1]}/"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EACCES, "Port 80 may be used by the administrator only. Choose one above 1023, like --port 8377."),
        (errno.EADDRNOTAVAIL, "Cannot listen on ::1, port 80: no such address. Try --host 127.0.0.1."),
    ],
)
def test_other_reasons(number: int, sentence: str) -> None:
    assert serving.why_not("::1", 80, OSError(number, "no such address")) == sentence
