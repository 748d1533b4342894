"""What happens to a message besides its actor: the middleware of a worker, in order.

The life of a message, who is authoritative in each state, and for how long that may be out of date:

    spooled ──flush──► queued ◄─────────────────────┐
                         │ delivered                │ due                 (a copy in <queue>.DQ, confirmed before
                         ▼                          │                      the original is acked)
                       running ──── failed ──────► delayed
                       │  │  │
                       │  │  └── given up ────────► dead ──replay──► queued
                       │  └── worker died, stopped, cut off ──► queued
                       └── stored ──► acked

| state   | authoritative                            | out of date for at most                               |
|---------|------------------------------------------|-------------------------------------------------------|
| spooled | the file below TOUCHLINE_HOME            | the next run or flush; 10 s with a worker on the spot |
| queued  | the broker, confirmed on its disk        | -                                                     |
| running | the broker: it is unacked                | a dead worker's is free at once, or in 28 s if        |
|         |                                          | embedded; on a line cut silently in 40 s (heartbeats) |
| delayed | the broker; no delay is above 10 minutes | -                                                     |
| stored  | the inbox row, committed with the data   | acked moments later; delivered again it is harmless   |
| dead    | the inbox row and the dead letter        | what the broker gave up lies in <queue>.XQ for 10 s   |

A message is acked only once it is stored, its retry is confirmed, or its dead letter is committed; until one of these
is so it is a delivery to give back, whatever else fails (`retries`). Order matters: hooks run first to last before an
actor and last to first after it, so that the time limit is lifted before a retry is published.
"""

from __future__ import annotations

from dramatiq.middleware import CurrentMessage, Middleware, TimeLimit

from actors.middleware.boot import Boot
from actors.middleware.chores import Chores
from actors.middleware.dead_letters import DeadLetters
from actors.middleware.gate import Gate
from actors.middleware.health import Health
from actors.middleware.logs import Logs
from actors.middleware.metrics import Metrics
from actors.middleware.parent import Parent
from actors.middleware.retries import Retries
from actors.middleware.starts import Starts
from actors.middleware.stopping import Stopping
from actors.scheduler import Periodic

#: Milliseconds that an actor may take unless it says otherwise. A batch takes 20; this is for a hung connection.
TIME_LIMIT = 120_000


def stack() -> list[Middleware]:
    """The middleware of a worker."""
    gate = Gate()
    return [
        Parent(),
        Logs(),
        Health(gate, TIME_LIMIT),
        Boot(),
        gate,
        Chores(gate),
        DeadLetters(gate),
        CurrentMessage(),
        Retries(),
        Starts(gate),
        Metrics(),
        Stopping(),
        TimeLimit(time_limit=TIME_LIMIT),
        Periodic(),
    ]
