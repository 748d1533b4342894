"""Ctrl-C and SIGTERM for a command that runs until it is told to stop, and tells others."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType

#: Seconds within which several signals are one: a wrapper may pass on a Ctrl-C that the terminal sends to all.
SAME_SIGNAL = 0.5


class StopSignals:
    """Ctrl-C, SIGTERM and SIGHUP for a command that waits: the first asks it to stop, a later one to do so at once.

    A context manager, for the main thread. SIGHUP stays ignored where it is (nohup).
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: float | None = None
        self.asked = self.at_once = False

    def __enter__(self) -> StopSignals:
        # a pipe, not a threading.Event: that one's lock may be held by the very thread the signal interrupts
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        self._before = {number: signal.signal(number, self._heard) for number in numbers}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            # it is ending, as was asked: one more must not make another exit code of it
            signal.signal(number, signal.SIG_IGN if self.asked else handler)
        os.close(self._reading)
        os.close(self._writing)

    def wait(self, seconds: float) -> None:
        """Until the next signal, at most so long."""
        if select.select([self._reading], [], [], seconds)[0]:
            os.read(self._reading, 512)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        now = self._clock()
        if self._first is None:
            self._first = now
        self.asked = True
        self.at_once = self.at_once or now - self._first > SAME_SIGNAL
        with suppress(BlockingIOError):
            os.write(self._writing, b"!")
