"""Whose turn it is to read a source, and when the source may be asked next: what holds over all workers.

    free ──take──► held ──release──► free
                   │  ▲
                   │  └── renew, each few seconds; also late, as long as nobody else took it
                   └── not renewed for LEASE seconds ──► free for whoever takes it next, and lost to who held it

A turn is a lease by the clock of the database, which alone is the same for all. Whoever holds one and is late is told
by `renew`; until somebody else takes the place, nothing is lost.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg_pool import ConnectionPool

from actors.errors import SourceBusy
from actors.store.database import Connection, transaction
from actors.store.statements import statement

#: Seconds after which the place of a holder that died, or hangs, is free.
LEASE: Final = 45.0

#: Seconds. Whoever would have to wait longer for one request does not wait at all: too many read the source for its
#: limit, or the database's clock was set back.
LONGEST_WAIT: Final = 300.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A place of a source that is held."""

    source: str
    place: int
    holder: UUID


def take(pool: ConnectionPool[Connection], source: str, run_id: UUID, *, places: int) -> Turn:
    """One of the `places` of `source`, for LEASE seconds. A run has one turn at a time, however often it was ordered.

    Raises SourceBusy, which says who holds them, DatabaseAway or DatabaseBusy.
    """
    holder = uuid4()
    wanted = {"source": source, "run_id": run_id, "holder": holder, "places": places, "lease": LEASE}
    with transaction(pool) as connection:
        connection.execute(statement("turns/lock"), {"source": source})
        row = connection.execute(
            statement("turns/take"), wanted | {"host": socket.gethostname(), "pid": os.getpid()}
        ).fetchone()
        if row is not None:
            return Turn(source, int(row[0]), holder)
        holders = connection.execute(statement("turns/holders"), {"source": source}).fetchall()
    raise SourceBusy(f"{source} is being read: {_named(holders)}", hint="it is read when their run has ended")


def renew(pool: ConnectionPool[Connection], turn: Turn) -> bool:
    """Whether the turn is held for another LEASE seconds; False where the place is somebody else's by now.

    Raises DatabaseAway or DatabaseBusy.
    """
    with transaction(pool) as connection:
        return connection.execute(statement("turns/renew"), _of(turn) | {"lease": LEASE}).fetchone() is not None


def release(pool: ConnectionPool[Connection], turn: Turn) -> None:
    """The place is free. Raises DatabaseAway or DatabaseBusy: it is free when the lease has expired."""
    with transaction(pool) as connection:
        connection.execute(statement("turns/release"), _of(turn))


def reserve(pool: ConnectionPool[Connection], source: str, *, interval: float) -> float:
    """Take the next moment at which `source` may be asked; returns the seconds from now until then.

    The moments that are taken, by whomever, are at least `interval` seconds apart. Raises SourceBusy where the next one
    is more than LONGEST_WAIT away, DatabaseAway or DatabaseBusy.
    """
    asked = {"source": source, "interval": interval, "longest": LONGEST_WAIT}
    with transaction(pool) as connection:
        row = connection.execute(statement("turns/reserve"), asked).fetchone()
    if row is None:
        raise SourceBusy(
            f"{source} gets no further request within {LONGEST_WAIT:.0f} s: those of its limit are taken",
            hint=f"raise requests_per_minute in [sources.{source}], or run it less often",
        )
    return float(row[1])


def _of(turn: Turn) -> dict[str, Any]:
    return {"source": turn.source, "place": turn.place, "holder": turn.holder}


def _named(holders: Sequence[tuple[Any, ...]]) -> str:
    """The holders for a person; there may be none left, who has just ended."""
    said = [
        f"run {str(run_id)[:8]} by {host}[{pid}] since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        for run_id, host, pid, since in holders
    ]
    return ", ".join(said) or "by a run that has just ended"
