"""What happens to a message besides its actor: the middleware of a worker, in order.

The life of a message, and who is authoritative in each state:

    queued ──delivered──► running ──stored──► acked                  (the inbox row, committed with the data)
      ▲                     │
      │                     ├─ transient error ─► delayed ─► queued    (a copy in <queue>.DQ, confirmed before the ack)
      │                     ├─ unknown error ───► delayed, 8 times; then dead
      │                     └─ permanent error ─► dead                 (<queue>.XQ, and a row of dead_letters)
      └── worker died: delivered again; the inbox makes a second storing harmless

A message is acked only after its actor returned or its retry was confirmed; where neither is so it is nacked, and then
lies in `<queue>.XQ`, whatever else fails. Order matters: hooks run first to last before an actor and last to first
after it, so that the time limit is lifted before a retry is published.
"""

from __future__ import annotations

from dramatiq.middleware import CurrentMessage, Middleware, ShutdownNotifications, TimeLimit

from actors.middleware.boot import Boot
from actors.middleware.dead_letters import DeadLetters
from actors.middleware.retries import Retries

#: Milliseconds that an actor may take unless it says otherwise. A batch takes 20; this is for a hung connection.
TIME_LIMIT = 120_000


def stack() -> list[Middleware]:
    """The middleware of a worker."""
    return [
        Boot(),
        DeadLetters(),
        ShutdownNotifications(),
        CurrentMessage(),
        Retries(),
        TimeLimit(time_limit=TIME_LIMIT),
    ]
