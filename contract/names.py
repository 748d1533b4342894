"""The names of queues and actors: all that a producer has to know of the other side."""

from __future__ import annotations

from typing import Final

SCRAPES: Final = "scrapes"
MATCHES: Final = "matches"
RUNS: Final = "runs"
SCHEDULE: Final = "schedule"
MAINTENANCE: Final = "maintenance"

#: Every queue. Dramatiq adds `<queue>.DQ` (delayed) and `<queue>.XQ` (dead) to each.
QUEUES: Final = (SCRAPES, MATCHES, RUNS, SCHEDULE, MAINTENANCE)

STORE_MATCHES: Final = "store_matches"
STORE_STANDINGS: Final = "store_standings"
RECORD_RUN: Final = "record_run"
SCRAPE: Final = "scrape"
TICK: Final = "tick"
NOTIFY: Final = "notify"
KEEP_HOUSE: Final = "keep_house"

#: Which queue an actor listens on.
QUEUE_OF: Final = {
    STORE_MATCHES: MATCHES,
    STORE_STANDINGS: MATCHES,
    RECORD_RUN: RUNS,
    SCRAPE: SCRAPES,
    TICK: SCHEDULE,
    NOTIFY: MAINTENANCE,
    KEEP_HOUSE: MAINTENANCE,
}

#: How many messages of a queue a worker process holds at once, where the number of its threads is not to decide it.
#: A scrape runs for minutes, so that each waits for whoever is free.
_HELD: Final = {SCRAPES: 1}

#: Delayed messages wait in a worker's memory for up to ten minutes, in 0.5 MB each if they are full batches. Dramatiq
#: would hold a thousand a thread.
_DELAYED: Final = 100


def held_at_once(queue: str, wanted: int) -> int:
    """How many messages of `queue`, or of a delay queue, a worker process that wants `wanted` is to hold (prefetch)."""
    return min(wanted, _DELAYED) if queue.endswith(".DQ") else min(wanted, _HELD.get(queue, wanted))


#: Messages that a queue takes by the policies of container/rabbitmq/definitions.json; docs/queues.md works them out.
LENGTH_LIMITS: Final = {SCRAPES: 1_000, MATCHES: 20_000, RUNS: 50_000, SCHEDULE: 120, MAINTENANCE: 1_000}
