"""The actor that stores batches of matches."""

from __future__ import annotations

import logging
from typing import Any

import dramatiq

from actors.messages import current_message_id
from actors.models import parse_batch
from actors.pool import pool
from actors.store.dead import DeadRow
from actors.store.matches import BatchOf, store_batch
from contract.names import MATCHES, STORE_MATCHES

_logger = logging.getLogger(__name__)


@dramatiq.actor(actor_name=STORE_MATCHES, queue_name=MATCHES)
def store_matches(**message: Any) -> None:
    """Store a batch (batch.schema.json): the good rows in the tables, the bad ones among the dead letters.

    Raises ContractViolation or UnknownContractVersion for a message that is not a batch (dead at once), DatabaseAway
    while the database is away (tried again).
    """
    envelope, rows, bad = parse_batch(message)
    batch = BatchOf(current_message_id(), envelope.run_id, envelope.source, envelope.part, envelope.observed_at)
    dead = [DeadRow(row.match_id, row.reason, row.error, row.row) for row in bad]
    counts = store_batch(pool(), batch, rows, dead)
    if counts is None:
        _logger.info("Batch %s of run %s was stored before", batch.message_id, batch.run_id)
