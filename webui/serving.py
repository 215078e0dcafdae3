"""The standalone server: waitress on a loopback socket, ended by SIGTERM or Ctrl-C without cutting an action short."""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from types import FrameType
from typing import Any

from waitress.server import create_server
from waitress.wasyncore import ExitNow

THREADS = 8
CONNECTIONS = 1_000
"""At most so many at once: each open tab keeps one, and who comes after the last waits for one to close."""
GRACE = 2.5
"""Seconds an action in flight gets to finish: a page waits 2 s for the queue's lock at most."""


class CannotListen(Exception):
    """The address cannot be listened on; `str(error)` is a sentence that says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to `host`:`port` (0: any free port), before anything is served. Raises CannotListen."""
    ip = "127.0.0.1" if host.lower() == "localhost" else host
    listener = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere it would let two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ip, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise CannotListen(why_not(host, port, error)) from None
    return listener


def why_not(host: str, port: int, error: OSError) -> str:
    """The sentence for an error of `bind` or `listen`."""
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is taken by another program (perhaps Unstick is running already). "
            f"End that one, or choose another port: --port {port + 1 if port < 65535 else port - 1}"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may be used by the administrator only. Choose one above 1023, like --port 8377."
    return f"Cannot listen on {host}, port {port}: {error.strerror or error}. Try --host 127.0.0.1."


def url(listener: socket.socket) -> str:
    """What to type into a browser of this machine, with the name people expect."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host.replace("127.0.0.1", "localhost")
    return f"http://{shown}:{port}/"


def make_server(app: Callable[..., Any], listener: socket.socket) -> Any:
    """The server, which is not yet running."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a moment with more than THREADS requests is no news
    return create_server(
        app, sockets=[listener], threads=THREADS, ident=None, connection_limit=CONNECTIONS, asyncore_use_poll=True
    )


def serve(app: Callable[..., Any], listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serves the WSGI `app` until SIGTERM or SIGINT; then takes no new requests, gives those in flight GRACE seconds,
    and returns. `announce` is called when both work. Has to be called in the main thread."""
    server = make_server(app, listener)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        for number in before:
            signal.signal(number, _end)
        gc.freeze()  # else each full collection walks all that was imported: 30 ms in which no page is answered
        announce()
        server.run()
    except ExitNow:
        listener.close()
        server.task_dispatcher.shutdown(timeout=GRACE)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)  # the same signal once more ends it at once
    raise ExitNow


def open_browser(address: str) -> None:
    """Opens `address` in a browser window, if this machine has a screen to open one on."""
    has_screen = sys.platform in ("darwin", "win32") or any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if has_screen:
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
