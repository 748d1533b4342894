"""Runs sources in a worker, and sends what they left on disk: where the storing side calls the reading side."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

import dramatiq

from actors import turns
from actors.dividing import divide
from actors.models import parse_order
from actors.pool import pool
from actors.store import orders, slots
from contract.errors import ConfigurationError
from contract.names import SCRAPE, SCRAPES
from contract.settings import load

#: Milliseconds: 25 minutes. A season takes seconds by HTTP and minutes by browser; RabbitMQ's consumer time-out, after
#: which it gives the order to somebody else, is 30 minutes unless a server says otherwise.
TIME_LIMIT = 1_500_000

#: Seconds for which a flush begins to send messages; the next one goes on.
FLUSH_FOR = 5.0

_logger = logging.getLogger(__name__)


@dramatiq.actor(actor_name=SCRAPE, queue_name=SCRAPES, time_limit=TIME_LIMIT)
def scrape(**message: Any) -> None:
    """Run a source as ordered (scrape.schema.json) and publish what it reads, as `touchline scrape` does.

    Where the source wants that, a run is divided into one order a part (`actors.dividing`). The order of a slot or of a
    part that is done already does nothing (`actors.store.slots`, `orders`). Raises ConfigurationError where the
    reading side is not installed or the order names what no source has (dead at once), SiteUnreachable while the site
    is away (tried again), SourceBusy while others read it (comes again soon), DatabaseAway where turn or slot cannot be
    written down (the run is made again: without harm).
    """
    order = parse_order(message)
    try:
        from ingest.order import carry_out, divided
        from ingest.order import divide as plan
    except ImportError as error:
        raise ConfigurationError(
            f"this worker cannot read sites: {error}",
            hint="pip install 'touchline[ingest]', or leave out queue scrapes",
        ) from None
    run_id = UUID(order.run_id)
    limits = load().source(order.source)
    with turns.taken(order.source, order.run_id, places=limits.runs, longest=TIME_LIMIT / 1000):
        pace = turns.pace(order.source, limits.requests_per_minute)
        # not before: an order that waits for its turn has not begun, and a copy finds out whether it is done
        said = order.model_dump()
        if order.part is not None:
            _part(run_id, order.part, lambda: carry_out(said, pace=pace).summary)
        elif not slots.begin(pool(), run_id):
            _logger.info("Run %s is done already; this order of it came twice.", run_id)
        elif divided(order.source):
            divide(order, lambda: plan(said, pace=pace))
        else:
            slots.end(pool(), run_id, carry_out(said, pace=pace).summary)


def _part(run_id: UUID, part: str, read: Callable[[], str]) -> None:
    if orders.begin(pool(), run_id, part):
        orders.end(pool(), run_id, part, read())
    else:
        _logger.info("Part %s of run %s is done already; this order of it came twice.", part, run_id)


def flush_spool() -> int:
    """Send what runs of this home have left on disk for the configured broker; returns how many messages were sent.

    Ends after about five seconds, with the rest for the next call, and at once where nothing waits, where another
    process is at it, or where the reading side is not installed. Raises TouchlineError where the broker does not take
    a message or the disk is unreadable: what was not sent is still there.
    """
    try:
        from ingest.order import flush_spool as flush
    except ImportError:
        return 0
    flushed = flush(load(), seconds=FLUSH_FOR)
    if flushed.set_aside:
        _logger.warning(
            "Set aside %d files of the spool that could not be read: touchline spool list", flushed.set_aside
        )
    if flushed.sent:
        _logger.info("Sent %d messages that had waited on disk", flushed.sent)
    return flushed.sent
