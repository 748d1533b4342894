"""Divides a run into one order a part, where its source wants that: see `actors.store.orders` for the states."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

import dramatiq

from actors.models import ScrapeOrder
from actors.pool import pool
from actors.publishing import publish
from actors.store import orders, slots
from actors.store.slots import Order
from contract import CONTRACT_VERSION
from contract.names import SCRAPE, SCRAPES

_logger = logging.getLogger(__name__)


def divide(order: ScrapeOrder, plan: Callable[[], tuple[Sequence[str], str]]) -> None:
    """Order each part of the run that is not done yet. The first time `plan` says what they are, and that it started.

    Where it names none the run is over, for the reason that it gives. Raises what `plan` raises, DatabaseAway or
    DatabaseBusy, and what a broker raises that is away: the order is carried out again.
    """
    run_id = UUID(order.run_id)
    waiting = orders.left(pool(), run_id)
    if waiting is None:
        parts, summary = plan()
        if not parts:
            slots.end(pool(), run_id, summary)
            return
        orders.write_down(pool(), run_id, parts)
        waiting = orders.left(pool(), run_id) or []
    send = partial(publish, dramatiq.get_broker())
    for piece in waiting:
        send(piece.message_id, Order(SCRAPES, SCRAPE, _kwargs(order, piece.part)))
    _logger.info("Run %s of %s is divided into %d orders.", run_id, order.source, len(waiting))


def _kwargs(order: ScrapeOrder, part: str) -> dict[str, object]:
    """The order of a part: the wide one, and its name. It speaks this worker's version of the contract."""
    return {**order.model_dump(), "contract": CONTRACT_VERSION, "part": part}
