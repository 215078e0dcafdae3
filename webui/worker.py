"""Asking claude-mem's worker to look at its queue again.

The worker serves only the sessions in its memory, so a message that was retried can wait until somebody asks. The call
starts agents that cost money: it is made when an operator asks for it, never otherwise.
"""

from __future__ import annotations

import json
import shlex
import socket
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Event, Timer
from typing import Any
from urllib.parse import urlsplit

from webui.loopback import is_loopback
from webui.store.sentence import counted, sentence

USUAL_URL = "http://127.0.0.1:37777"
PATH = "/api/pending-queue/process"
BODY = json.dumps({"sessionLimit": 10})
LARGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Woken:
    """What the worker answered. `pending_sessions` are all that had work when it was asked; `sentence` says it."""

    sessions_started: int
    sessions_skipped: int
    pending_sessions: int
    sentence: str


class WorkerAway(Exception):
    """The worker could not be reached, took too long, or did not answer as it should; `str(error)` says which."""


def address(worker_url: str) -> tuple[str, int]:
    """The host and port of `worker_url`. Raises ValueError, with a sentence, unless it is http on this machine."""
    with suppress(ValueError):  # half an IPv6 address; a port that is no number, or out of range
        parts = urlsplit(worker_url)
        origin_only = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in parts.netloc)
        if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname) and origin_only:
            return parts.hostname, parts.port or 80
    raise ValueError(
        f"The worker's address has to be on this machine, plain http, with nothing after the port, "
        f"like {USUAL_URL}. It was {worker_url!r}."
    )


def command(worker_url: str | None = None) -> str:
    """The command with which an operator wakes the worker by hand (by default the one at its usual address)."""
    target = (worker_url or USUAL_URL).rstrip("/") + PATH
    return f"curl -X POST -H 'Content-Type: application/json' -d '{BODY}' {shlex.quote(target)}"


def wake(worker_url: str, timeout: float = 5.0) -> Woken:
    """Asks the worker to start sessions that have pending messages, and waits at most `timeout` seconds.

    Raises WorkerAway when there is no proper answer in that time, ValueError when `worker_url` is not on this machine.
    """
    host, port = address(worker_url)
    try:
        status, text = _ask(HTTPConnection(host, port, timeout=timeout), timeout)
    except TimeoutError:
        raise WorkerAway(
            sentence(
                "The worker at {url} did not answer within {seconds} s. "
                "It may be starting sessions all the same: look at the queue before you ask again.",
                url=worker_url, seconds=f"{timeout:g}",
            )
        ) from None  # fmt: skip
    except HTTPException:
        raise WorkerAway(
            sentence("What answers at {url} does not speak HTTP: is the port the worker's?", url=worker_url)
        ) from None
    except OSError as error:
        raise WorkerAway(
            sentence(
                "No worker answers at {url} ({reason}). Start claude-mem, or check the address.",
                url=worker_url, reason=error.strerror or error,
            )
        ) from None  # fmt: skip
    return _understood(status, text, worker_url)


def _ask(connection: HTTPConnection, timeout: float) -> tuple[int, bytes]:
    """Status and body. The socket's own time-out starts anew with each byte, so a timer ends the whole conversation."""
    expired = Event()

    def hang_up() -> None:
        expired.set()
        conversation: socket.socket | None = connection.sock
        if conversation:
            with suppress(OSError):
                conversation.shutdown(socket.SHUT_RDWR)

    timer = Timer(timeout, hang_up)
    timer.start()
    try:
        connection.connect()
        connection.request("POST", PATH, BODY, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read(LARGEST_ANSWER + 1)
    finally:
        timer.cancel()
        connection.close()
        if expired.is_set():
            raise TimeoutError


def _understood(status: int, text: bytes, worker_url: str) -> Woken:
    if 300 <= status < 400:
        raise WorkerAway(
            sentence(
                "What answers at {url} sends us elsewhere ({status}), and we do not follow.",
                url=worker_url,
                status=status,
            )
        )
    if status == 404:
        raise WorkerAway(
            sentence(
                "What answers at {url} does not know this call (404): claude-mem has it from v8.1.0 to v12.3.9.",
                url=worker_url,
            )
        )
    answer = _parsed(text) if len(text) <= LARGEST_ANSWER else {}
    if status != 200 or answer.get("success") is False:
        reason = answer.get("error") or answer.get("message")
        said = str(reason)[:200] if reason else sentence("without a reason")
        raise WorkerAway(
            sentence("The worker at {url} refused ({status}): {reason}", url=worker_url, status=status, reason=said)
        )
    names = ("sessionsStarted", "sessionsSkipped", "totalPendingSessions")
    numbers = [number for name in names if type(number := answer.get(name)) is int and 0 <= number < 1_000_000]
    match numbers:
        case [started, skipped, pending]:
            return Woken(started, skipped, pending, _sentence(started, skipped, pending))
    raise WorkerAway(
        sentence("What answers at {url} is not claude-mem's worker: its answer makes no sense.", url=worker_url)
    )


def _parsed(text: bytes) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        answer = json.loads(text)
        if isinstance(answer, dict):
            return answer
    return {}


def _sentence(started: int, skipped: int, pending: int) -> str:
    if not pending:
        return sentence("The worker answered: no session has pending messages.")
    begun = counted("The worker started {number} session", "The worker started {number} sessions", started)
    if not started:
        begun = sentence("The worker started no session")
    said = sentence("{begun} and skipped {number}", begun=begun, number=skipped) if skipped else begun
    left = pending - started - skipped
    if left <= 0:
        return sentence("{said}.", said=said)
    return counted(
        "{said}. {number} more can be started: wake it again later.",
        "{said}. {number} more can be started: wake it again later.",
        left, said=said,
    )  # fmt: skip
