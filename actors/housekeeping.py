"""The actor that deletes what has ended and is old; a schedule sends it once a day."""

from __future__ import annotations

import logging
from typing import Any

import dramatiq

from actors.pool import pool
from actors.store.housekeeping import sweep
from contract.names import KEEP_HOUSE, MAINTENANCE
from contract.settings import load

#: Milliseconds: above what `sweep` takes for enough, below RabbitMQ's consumer time-out of 30 minutes.
TIME_LIMIT = 1_200_000

_logger = logging.getLogger(__name__)


@dramatiq.actor(actor_name=KEEP_HOUSE, queue_name=MAINTENANCE, time_limit=TIME_LIMIT)
def keep_house(**message: Any) -> None:
    """Delete what is older than `[retention]` says (actors.store.housekeeping). Whatever the message says is ignored.

    Raises DatabaseAway or DatabaseBusy; the next try goes on.
    """
    swept = sweep(pool(), load().retention)
    deleted = ", ".join(f"{rows:,} of {name}" for name, rows in swept.rows.items() if rows) or "nothing"
    _logger.info("Kept house; rows that went: %s%s", deleted, "" if swept.whole else "; the next time goes on")
