"""Deletes what has ended and is old: never a match, a change, or a dead letter.

What goes, and what of it stays:

| rows                  | older than    | but not                                                                    |
|-----------------------|---------------|----------------------------------------------------------------------------|
| inbox                 | `inbox_days`  | dead messages, and those that a run may still have to be asked for         |
| sightings             | `inbox_days`  | those of the newest observation of a part                                  |
| starts                | 7 days        |                                                                            |
| runs and their parts  | `runs_days`   | those that run, have an open dead letter, or are the last good of a scope  |
| news, troubles, slots | `runs_days`   | news that is on its way, slots that are not over                           |
| orders of parts       | `runs_days`   |                                                                            |
| jobs                  | `runs_days`   | those whose slot is there                                                  |

The inbox is evidence: a run is finished when all of its messages are there, and asks again whenever a message of it is
stored. So the *horizon* is raised first, and finished runs from before it forget what their messages were called: from
then on their sums speak for them, as they do for a part that never named its messages. A part that reports after that,
of a run from before the horizon, names none either (`runs/end_part`); and a late message from before it leaves each
match that is stored alone (`store/seen_later`): nobody can say any more whether that was seen since.

Each batch is a transaction of its own, so that nobody waits for long. Whoever ends in the middle has done what it has
done; of several at once each takes other rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from psycopg_pool import ConnectionPool

from actors.store.database import Connection, transaction
from actors.store.statements import statement
from contract.bounds import Retention

#: Rows that are deleted in one transaction: about 0.2 s for the inbox, on two cores that others use as well.
BATCH: Final = 5_000

#: Seconds after which no other batch is begun; the next time goes on.
ENOUGH: Final = 900.0

#: In this order: what the inbox forgets no run may ask for.
_BY_INBOX_DAYS: Final = ("forget_messages", "inbox", "sightings", "starts")
_BY_RUNS_DAYS: Final = ("runs", "news", "troubles", "slots", "orders", "jobs")


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows went, by what they were; `whole`: nothing is left for the next time."""

    rows: Mapping[str, int]
    whole: bool


def sweep(
    pool: ConnectionPool[Connection],
    retention: Retention,
    *,
    batch: int = BATCH,
    enough: float = ENOUGH,
    clock: Callable[[], float] = time.monotonic,
) -> Swept:
    """Delete what is older than `retention` says, `batch` rows at a time. Safe to repeat, and to run many at once.

    Raises DatabaseAway or DatabaseBusy: what was deleted until then is.
    """
    until = clock() + enough
    with transaction(pool) as connection:
        connection.execute(statement("housekeeping/raise_horizon"), {"days": retention.inbox_days})
    rows = {}
    for days, names in ((retention.inbox_days, _BY_INBOX_DAYS), (retention.runs_days, _BY_RUNS_DAYS)):
        for name in names:
            rows[name] = 0
            while True:
                if clock() >= until:
                    return Swept(rows, whole=False)
                deleted = _delete(pool, name, {"days": days, "limit": batch})
                rows[name] += deleted
                if deleted < batch:
                    break
    return Swept(rows, whole=True)


def _delete(pool: ConnectionPool[Connection], name: str, bounds: Mapping[str, Any]) -> int:
    with transaction(pool) as connection:
        return connection.execute(statement(f"housekeeping/{name}"), bounds).rowcount
