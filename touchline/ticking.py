"""The tick of `touchline up`, in its main thread: what a `tick` message does elsewhere, without a message.

The schedule outlives outages of database and queue: a tick that fails is said and left out, and a later one makes up
for it (`actors.store.slots`). Settings are read anew each time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial

from dramatiq.errors import BrokerError

from contract.errors import TouchlineError

#: Seconds between two ticks; they come at the beginning of each minute.
INTERVAL = 60.0

_logger = logging.getLogger(__name__)


class Ticker:
    """Ticks at once, and then with each full minute, where `look` is called; `clock` counts seconds since the epoch."""

    def __init__(self, tick: Callable[[], object] | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._tick = tick or tick_once
        self._clock = clock
        self._last: float | None = None
        self._idle = False

    def look(self) -> None:
        """Tick if it is time. Raises nothing because settings, database or queue are of no use now."""
        minute = self._clock() // INTERVAL
        if minute == self._last:
            return
        self._last = minute
        try:
            self._tick()
        except (TouchlineError, BrokerError) as error:
            self._idle = True
            _logger.warning("The schedule is idle; what comes due meanwhile is caught up. %s", error)
        else:
            if self._idle:
                _logger.warning("The schedule goes on.")
            self._idle = False


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
