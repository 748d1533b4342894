"""The tick of `touchline up`, in its main thread: what a `tick` message does elsewhere, without a message.

The schedule outlives outages of database and queue: a tick that fails is said and left out, and a later one makes up
for it (`actors.store.slots`). Settings are read anew each time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from dramatiq.errors import BrokerError

from contract import health
from contract.errors import TouchlineError
from contract.heartbeats import Heartbeat

#: Seconds between two ticks; they come at the beginning of each minute.
INTERVAL = 60.0

#: Characters of a sentence for `touchline health`.
_LONGEST: Final = 300

_logger = logging.getLogger(__name__)


class Ticker:
    """Ticks at once, and then with each full minute, where `look` is called; `clock` counts seconds since the epoch."""

    def __init__(self, tick: Callable[[], object] | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._tick = tick or tick_once
        self._clock = clock
        self._last: float | None = None
        self._idle = ""
        self._sent: float | None = None

    def look(self) -> None:
        """Tick if it is time. Raises nothing because settings, database or queue are of no use now."""
        minute = self._clock() // INTERVAL
        if minute == self._last:
            return
        self._last = minute
        try:
            self._tick()
        except (TouchlineError, BrokerError) as error:
            self._idle = str(error)
            _logger.warning("The schedule is idle; what comes due meanwhile is caught up. %s", error)
        else:
            if self._idle:
                _logger.warning("The schedule goes on.")
            self._idle = ""
            self._sent = time.monotonic()

    def describe(self) -> Mapping[str, Any]:
        """How the schedule fares, as `contract.health` judges a scheduler. It is looked at as long as it is asked."""
        since = None if self._sent is None else time.monotonic() - self._sent
        return {"tried_since": 0.0, "sent_since": since, "refused": self._idle[:_LONGEST]}


def tick_once() -> int:
    """Order what has come due; returns how many orders were published. Raises TouchlineError or BrokerError."""
    from actors.publishing import publish
    from actors.schedule import run_tick
    from actors.store.database import open_pool
    from contract.broker import make_broker
    from contract.places import broker_address, database_url
    from contract.settings import load

    settings = load()
    # made and ended here: `up` starts its workers by forking, and is to have no threads then
    pool = open_pool(database_url(settings), size=1)
    broker = make_broker(broker_address(settings), exchange=settings.rabbitmq_exchange)
    try:
        return run_tick(pool, settings, partial(publish, broker))
    finally:
        broker.close()
        pool.close()


class Told:
    """Says for `touchline health scheduler` how the ticker fares; without a thread, for `up` has none."""

    def __init__(self, ticker: Ticker, runtime_dir: Path) -> None:
        self._ticker = ticker
        self._due = 0.0
        self._heartbeat: Heartbeat | None = None
        try:
            self._heartbeat = Heartbeat(runtime_dir, "scheduler")
        except OSError as error:
            _logger.warning("Nobody hears how the schedule fares, which goes on: %s", error)

    def look(self) -> None:
        """Say it if it is time; what cannot be written now is written the next time."""
        now = time.monotonic()
        if self._heartbeat is not None and now >= self._due:
            self._due = now + health.INTERVAL
            with suppress(OSError):
                self._heartbeat.say(self._ticker.describe())

    def end(self) -> None:
        """The schedule has ended; nothing is left of it."""
        if self._heartbeat is not None:
            with suppress(OSError):
                self._heartbeat.end()
