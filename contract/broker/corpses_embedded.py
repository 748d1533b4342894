"""Empties the embedded queue of dead messages, see `contract.broker.drain`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg

from contract.broker.corpses import Burials, Corpse
from contract.broker.statements import statement


def bury_all(connection: psycopg.Connection[Any], queues: Iterable[str], burials: Burials, limit: int) -> None:
    """Take up to `limit` corpses, each in a transaction of its own."""
    left: list[str] = []
    wanted = {"queues": list(queues), "left": left}
    for _ in range(limit):
        # its row stays locked while it is buried, so that another worker takes the next one
        with connection.transaction():
            row = connection.execute(statement("take_dead"), wanted).fetchone()
            if row is None:
                break
            message_id, queue, body, died_at, deliveries = row
            corpse = Corpse.of(queue, body.encode(), reason="rejected", died_at=died_at, deliveries=deliveries)
            if burials.buried(corpse):
                connection.execute(statement("settle_dead"), {"message_id": message_id})
            else:
                left.append(message_id)
