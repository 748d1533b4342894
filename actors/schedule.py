"""The clock: one tick a minute decides which slots of which schedules have come due, and publishes their orders.

A tick may be late, missing or doubled: everything is decided by what the database knows (`actors.store.slots`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from uuid import UUID

import dramatiq
from psycopg_pool import ConnectionPool

from actors.pool import pool
from actors.publishing import publish
from actors.scheduler import EachMinute, Tick
from actors.store import slots
from actors.store.database import Connection
from actors.store.slots import Order, Slot
from contract import CONTRACT_VERSION
from contract.errors import ConfigurationError, TouchlineError
from contract.names import KEEP_HOUSE, MAINTENANCE, SCHEDULE, SCRAPE, SCRAPES, TICK
from contract.schedules import HOUSEKEEPING, Schedule
from contract.settings import Settings, load

_logger = logging.getLogger(__name__)

#: When old rows are pruned: at night in Europe and America.
_HOUSEKEEPING: Final = Schedule(cron="17 4 * * *", source=HOUSEKEEPING)

Publish = Callable[[UUID, Order], None]


@dramatiq.actor(actor_name=TICK, queue_name=SCHEDULE, actor_class=Tick, periodic=EachMinute())
def tick(**_: Any) -> None:
    """Order the runs that have come due. Settings are read anew each time; while they are wrong nothing comes due.

    Raises DatabaseAway, or what the broker raises that is away: what is claimed is published by a later tick.
    """
    try:
        settings = load()
    except ConfigurationError as error:
        _logger.error("Idle: the settings are wrong; what comes due meanwhile is caught up. %s", error)
        return
    run_tick(pool(), settings, partial(publish, dramatiq.get_broker()))


def run_tick(pool: ConnectionPool[Connection], settings: Settings, publish: Publish) -> int:
    """Decide about every slot that has come due, and publish what has to be; returns how many orders were published.

    One schedule that cannot be decided about holds up no other. Raises TouchlineError.
    """
    failure: TouchlineError | None = None
    for name, schedule in schedules(settings).items():
        try:
            decisions = slots.claim_due(pool, name, schedule, partial(order_of, name, schedule))
        except TouchlineError as error:
            failure = failure or error
            continue
        for decision in decisions:
            if decision.state != "claimed":
                slot = decision.slot
                _logger.warning("Slot %s of %s is %s: %s", slot.due_at, name, decision.state, decision.why)
    if failure is not None:
        raise failure
    return slots.publish_claimed(pool, publish)


def schedules(settings: Settings) -> dict[str, Schedule]:
    """What is written down, and the one that keeps house."""
    return {**settings.schedules, HOUSEKEEPING: _HOUSEKEEPING}


def order_of(name: str, schedule: Schedule, slot: Slot) -> Order:
    """What is published for `slot`: a scrape order like any other, or that somebody keep house."""
    run_id = str(slot.run_id)
    if name == HOUSEKEEPING:
        return Order(MAINTENANCE, KEEP_HOUSE, {"run_id": run_id})
    kwargs = {
        "contract": CONTRACT_VERSION,
        "run_id": run_id,
        "source": schedule.source,
        "scope": schedule.scope,
        "full": schedule.full,
        "trigger": "schedule",
        "scheduled_for": f"{slot.due_at:%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    # drawn from the slot's id: published again, it is the same order with the same delay
    delay = slot.run_id.int % (schedule.jitter * 1000 + 1)
    return Order(SCRAPES, SCRAPE, kwargs, delay)
