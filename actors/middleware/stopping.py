"""How a worker process ends: what runs is finished within a grace, what is not goes back into its queue.

    SIGTERM ──► no message is begun any more; those that run have the grace
       │                     │ the grace is over
       │                     ▼
       │         they are interrupted, and go back ──── 5 s later ──► the process ends whatever they do (exit 1)
       │                     │
       └── a second one      ▼
           ends at once   exit 0

A message that is cut off anywhere here was not acked, so that it is delivered again, and stored once by its inbox row.
Signals that come together count as one: `dramatiq` passes each on to its processes, and a terminal, systemd (without
`KillMode=mixed`) or `kill` of the group has told them already.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from types import FrameType
from typing import Any, Final

from dramatiq import Broker, MessageProxy, Worker
from dramatiq.middleware import Middleware, Shutdown
from dramatiq.middleware.threading import raise_thread_exception

from contract.settings import load

#: Seconds from the end of the grace to that of the process.
LAST: Final = 5.0

#: Seconds within which a second signal is the same one by another way.
SAME_SIGNAL: Final = 2.0

#: The exit code of a process that could not end in order.
KILLED: Final = 1


class Stopping(Middleware):
    """Bounds the end of a worker process. Stands after Retries, so that nothing is thrown into a retry's publishing."""

    def __init__(self) -> None:
        self.logger = logging.getLogger(__name__)
        self._running: dict[int, str] = {}
        self._ended = threading.Event()

    def after_process_boot(self, broker: Broker) -> None:
        # emitted by the `dramatiq` program alone, in the main thread, after it has set its own handlers
        for number in (signal.SIGTERM, signal.SIGHUP):
            _take_as_one(number)

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._ended.clear()
        threading.Thread(target=self._end, args=(load().shutdown_grace,), name="stopping", daemon=True).start()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._ended.set()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        self._running[threading.get_ident()] = message.message_id

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        self._running.pop(threading.get_ident(), None)

    after_skip_message = after_process_message

    def _end(self, grace: float) -> None:
        if self._ended.wait(grace):
            return
        running = dict(self._running)
        self.logger.warning("The grace of %.0f s is over; %d messages go back.", grace, len(running))
        for thread in running:
            raise_thread_exception(thread, Shutdown)
        if self._ended.wait(LAST):
            return
        self.logger.error("Ending at once: %d actors do not stop. Their messages are delivered again.", len(running))
        logging.shutdown()
        os._exit(KILLED)


def _take_as_one(number: signal.Signals) -> None:
    """From now on a signal that follows another within moments is the same."""
    handler = signal.getsignal(number)
    if not callable(handler):
        return
    last = float("-inf")

    def once(received: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > SAME_SIGNAL:
            last = now
            handler(received, frame)

    signal.signal(number, once)
