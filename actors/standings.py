"""The actor that stores the official league tables."""

from __future__ import annotations

from typing import Any

import dramatiq

from actors.messages import current_message_id
from actors.models import parse_standings
from actors.pool import pool
from actors.store.matches import BatchOf
from actors.store.official import store_tables
from contract.names import MATCHES, STORE_STANDINGS


@dramatiq.actor(actor_name=STORE_STANDINGS, queue_name=MATCHES)
def store_standings(**message: Any) -> None:
    """Store tables as published (standings.schema.json). Raises as `store_matches` does."""
    standings = parse_standings(message)
    batch = BatchOf(current_message_id(), standings.run_id, standings.source, standings.part, standings.observed_at)
    tables = [table.model_dump() for table in standings.tables]
    store_tables(pool(), batch, standings.season, standings.league, tables)
