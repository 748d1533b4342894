"""The actor that deletes what has ended and is old; a schedule sends it once a day."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import dramatiq

from actors.errors import ContractViolation
from actors.pool import pool
from actors.store import slots
from actors.store.housekeeping import sweep
from contract.names import KEEP_HOUSE, MAINTENANCE
from contract.settings import load

#: Milliseconds: above what `sweep` takes for enough, below RabbitMQ's consumer time-out of 30 minutes.
TIME_LIMIT = 1_200_000

_logger = logging.getLogger(__name__)


@dramatiq.actor(actor_name=KEEP_HOUSE, queue_name=MAINTENANCE, time_limit=TIME_LIMIT)
def keep_house(**message: Any) -> None:
    """Delete what is older than `[retention]` says (actors.store.housekeeping); `run_id` is that of its slot, if any.

    Raises DatabaseAway or DatabaseBusy; the next try goes on. Raises ContractViolation for an id that is none.
    """
    run_id = _run_id(message)
    if run_id is not None and not slots.begin(pool(), run_id):
        return
    swept = sweep(pool(), load().retention)
    deleted = ", ".join(f"{rows:,} of {name}" for name, rows in swept.rows.items() if rows) or "nothing"
    said = f"rows that went: {deleted}{'' if swept.whole else '; the next time goes on'}"
    _logger.info("Kept house; %s", said)
    if run_id is not None:
        slots.end(pool(), run_id, said)


def _run_id(message: Mapping[str, Any]) -> UUID | None:
    if "run_id" not in message:
        return None
    try:
        return UUID(str(message["run_id"]))
    except ValueError:
        raise ContractViolation("run_id is no UUID") from None
