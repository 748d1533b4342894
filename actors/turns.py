"""A run's turn at its source, held for as long as the run goes on, and its pace among all workers.

    taken ──► (run) ──► given back            the thread of `_Keeper` renews the lease meanwhile
                │
                ├── the database is away: renewed as soon as it is back; nobody can take the place until then
                ├── it came back, and somebody was quicker: lost. The run goes on to its end, which harms nothing
                └── the process dies, or the run hangs beyond its limit: free when the lease has expired

Everything but the taking happens in that thread, so that a time limit or a stop, thrown into the run's, never strikes
in the middle of it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from psycopg_pool import ConnectionPool

from actors.errors import DatabaseAway, DatabaseBusy
from actors.pool import pool
from actors.store import turns
from actors.store.database import Connection
from actors.store.turns import LEASE, Turn
from contract.errors import TransientError

#: Seconds between two renewals: three may be late before a place is another's.
RENEWED: Final = 10.0

#: Seconds until a renewal that failed is tried again.
_AGAIN: Final = 1.0

#: Seconds that a run waits at its end for its turn to be given back.
_LEAVING: Final = 2.0

#: Seconds for which a run that could not reserve a request goes by its own interval before it asks again.
_ALONE: Final = 30.0

_logger = logging.getLogger(__name__)

#: Asked before each request to a source: how many seconds it has to wait.
Pace = Callable[[], float]


@contextmanager
def taken(source: str, run_id: str, *, places: int, longest: float) -> Iterator[None]:
    """One of the `places` of `source` is the run's until the end of the block, which takes `longest` seconds at most.

    Raises SourceBusy where none is free, DatabaseAway or DatabaseBusy.
    """
    keeper = _Keeper(pool(), source, UUID(run_id), longest)
    try:
        keeper.take(places)
        yield
    finally:
        keeper.give_back()


def pace(source: str, requests_per_minute: float | None) -> Pace | None:
    """What a run asks before each request to `source`: how many seconds it has to wait. None where there is no limit.

    It answers 0 where the database does not: there the run's own interval holds. It raises SourceBusy where the wait
    would be too long.
    """
    return None if requests_per_minute is None else _Pace(pool(), source, 60.0 / requests_per_minute)


class _Keeper:
    """Holds a turn: renews it in a thread of its own, and gives it back there."""

    def __init__(self, pool: ConnectionPool[Connection], source: str, run_id: UUID, longest: float) -> None:
        self._pool = pool
        self._source = source
        self._run_id = run_id
        #: A run that hangs where no exception reaches it must not hold its place for ever.
        self._until = time.monotonic() + longest + LEASE
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, places: int) -> None:
        turn = turns.take(self._pool, self._source, self._run_id, places=places)
        self._thread = threading.Thread(target=self._keep, args=(turn,), name="turn", daemon=True)
        self._thread.start()

    def give_back(self) -> None:
        """At once, or in the background where the database takes longer."""
        self._over.set()
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join(_LEAVING)

    def _keep(self, turn: Turn) -> None:
        late = False
        while not self._over.wait(_AGAIN if late else RENEWED):
            if time.monotonic() > self._until:
                _logger.error("Run %s of %s hangs; its turn is over in %.0f s.", self._run_id, self._source, LEASE)
                return
            try:
                held = turns.renew(self._pool, turn)
            except TransientError as error:
                if not late:
                    _logger.warning("The turn at %s is renewed when the database is back: %s", self._source, error)
                late = True
                continue
            late = False
            if not held:
                _logger.warning(
                    "Run %s has lost its turn at %s to another that reads it now, too; it goes on to its end.",
                    self._run_id,
                    self._source,
                )
                return
        self._release(turn)

    def _release(self, turn: Turn) -> None:
        try:
            turns.release(self._pool, turn)
        except TransientError as error:
            _logger.info("The turn at %s cannot be given back; it is over in %.0f s: %s", self._source, LEASE, error)


class _Pace:
    """Reserves a run's requests among those of all workers; several threads may ask it."""

    def __init__(self, pool: ConnectionPool[Connection], source: str, interval: float) -> None:
        self._pool = pool
        self._source = source
        self._interval = interval
        #: time.monotonic of when the database is asked again.
        self._asked_again = float("-inf")

    def __call__(self) -> float:
        if time.monotonic() < self._asked_again:
            return 0.0
        try:
            return turns.reserve(self._pool, self._source, interval=self._interval)
        except (DatabaseAway, DatabaseBusy) as error:
            self._asked_again = time.monotonic() + _ALONE
            _logger.warning("For %.0f s %s is asked at this run's own pace: %s", _ALONE, self._source, error)
            return 0.0
