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

#: Which queue an actor listens on.
QUEUE_OF: Final = {
    STORE_MATCHES: MATCHES,
    STORE_STANDINGS: MATCHES,
    RECORD_RUN: RUNS,
    SCRAPE: SCRAPES,
}
