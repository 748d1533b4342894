"""The actor that runs a source in a worker: the one place where the storing side calls the reading side."""

from __future__ import annotations

from typing import Any

import dramatiq

from actors.models import parse_order
from contract.errors import ConfigurationError
from contract.names import SCRAPE, SCRAPES

#: Milliseconds. A season by browser takes a while; a hung site does not hold a worker for longer than this.
TIME_LIMIT = 3_600_000


@dramatiq.actor(actor_name=SCRAPE, queue_name=SCRAPES, time_limit=TIME_LIMIT)
def scrape(**message: Any) -> None:
    """Run a source as ordered (scrape.schema.json) and publish what it reads, as `touchline scrape` does.

    Raises ConfigurationError where the reading side is not installed or the order names what no source has (dead at
    once), SiteUnreachable while the site is away (tried again).
    """
    order = parse_order(message)
    try:
        from ingest.order import carry_out
    except ImportError as error:
        raise ConfigurationError(
            f"this worker cannot read sites: {error}",
            hint="pip install 'touchline[ingest]', or leave out queue scrapes",
        ) from None
    carry_out(order.model_dump())
