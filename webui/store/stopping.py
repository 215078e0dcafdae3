"""When a consumer is told to stop: by an event of its caller's, or by a signal."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SLICE = 0.1
"""Nobody sleeps for longer than so many seconds without a look."""

Handler = Callable[[int, FrameType | None], object] | int | None


class Stop:
    """True once somebody said so. A signal sets a flag of our own, never the event: a signal's handler that takes a
    lock which the interrupted code holds would wait for ever, so nothing here waits on the event either."""

    def __init__(self, event: threading.Event | None = None) -> None:
        self._event = event
        self._told = False

    def __bool__(self) -> bool:
        return self._told or (self._event is not None and self._event.is_set())

    def tell(self) -> None:
        """It is time."""
        self._told = True

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the moment when it is time."""
        until = time.monotonic() + seconds
        while not self and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, SLICE))

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """While the block lasts, the first SIGTERM or SIGINT says so; a second one acts as it did before. A signal that
        was ignored still is. Threads other than the main one get no signals: there it does nothing."""
        before: dict[int, Handler] = {}

        def restore() -> None:
            while before:
                signal.signal(*before.popitem())

        def told(number: int, frame: FrameType | None) -> None:
            self.tell()
            restore()

        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                current = signal.getsignal(number)
                if current is not None and current != signal.SIG_IGN:
                    before[number] = current
                    signal.signal(number, told)
        try:
            yield
        finally:
            restore()
