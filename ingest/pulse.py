"""Says that a run goes on while it has nothing else to say: a site that is slow for minutes must not look like a death.

The other side takes a run that it has not heard of for a while (`run_silence` in the settings) for dead. So a thread of
its own, with a connection of its own, sends `alive` whenever nothing was confirmed for an interval:

    quiet ──the first confirmed message of the run──► beating ──the run ends, however it ends──► over

A sign of life is worth something now or never: one that cannot be sent is dropped, is never spooled, and never holds up
the run. A run with nothing new never leaves `quiet`, and has neither thread nor connection here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import dramatiq
import structlog

from contract.errors import ConfigurationError
from contract.names import RECORD_RUN
from ingest.batches import message_to
from ingest.publisher import AWAY

log = structlog.get_logger()

#: Seconds without any other message after which a run says that it is alive.
INTERVAL: Final = 20.0

#: So many signs of life may be lost before the other side misses the run.
_SPARE: Final = 4

#: Seconds for the thread to leave in order when the run ends. One that hangs is left to the end of the process.
_LEAVING: Final = 0.5


def interval_for(silence: float) -> float:
    """The interval where a run is missed after `silence` seconds."""
    return min(INTERVAL, silence / (_SPARE + 0.5))


class Pulse:
    """The signs of life of one run, from its first message to the end of the block.

    `make_broker` makes the connection, in the thread that uses it (None: there are no signs of life); `alive` gives a
    message's arguments and its id.
    """

    def __init__(
        self,
        make_broker: Callable[[], dramatiq.Broker] | None,
        alive: Callable[[], tuple[dict[str, Any], str]],
        *,
        interval: float = INTERVAL,
    ) -> None:
        self._make_broker = make_broker
        self._alive = alive
        self._interval = interval
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._heard_at = 0.0

    def heard(self) -> None:
        """The broker has confirmed a message of the run."""
        self._heard_at = time.monotonic()
        if self._thread is None and self._make_broker is not None and not self._over.is_set():
            self._thread = threading.Thread(target=self._beat, args=(self._make_broker,), name="pulse", daemon=True)
            self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(_LEAVING)

    def _beat(self, make_broker: Callable[[], dramatiq.Broker]) -> None:
        broker: dramatiq.Broker | None = None
        try:
            while not self._over.wait(max(0.0, self._heard_at + self._interval - time.monotonic())):
                if time.monotonic() < self._heard_at + self._interval:
                    continue  # the run has said something itself meanwhile
                # also where it cannot be sent: the next one is due an interval later
                self._heard_at = time.monotonic()
                try:
                    broker = broker or make_broker()
                    broker.enqueue(message_to(RECORD_RUN, *self._alive()))
                except (*AWAY, ConfigurationError) as away:
                    log.debug("sign_of_life_dropped", reason=str(away))
        finally:
            if broker is not None:
                with suppress(*AWAY):
                    broker.close()
