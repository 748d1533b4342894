"""The inbox: the one fate of each message. It makes a second delivery harmless, and a dead message storable.

Its row is the lock: of those who would store a message or bury it at the same time, each waits for the one before it.
What was stored never dies; what is dead may be stored yet (it was replayed, or another copy of it made it).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from psycopg_pool import ConnectionPool

from actors.store.database import Connection, transaction
from actors.store.dead import settle_act
from actors.store.statements import statement


@dataclass(frozen=True, slots=True)
class Claim:
    """This delivery is the one that stores its message. Always true.

    `revived`: rows of the message that its run counts as dead until now; see `actors.store.dead.uncount`.
    """

    revived: int = 0


def claim(connection: Connection, message_id: UUID, observed_at: str | None = None) -> Claim | None:
    """Write the message into the inbox, in the transaction that stores it. None where it was stored: change nothing.

    `observed_at` is of a batch, and kept with its id. The letter that the message carries, if any, is settled. Of two
    deliveries at once the second waits here until the first has committed or failed.
    """
    wanted = {"message_id": message_id, "observed_at": observed_at}
    fresh = connection.execute(statement("store/claim_message"), wanted).fetchone()
    if fresh is not None:
        return Claim() if fresh[0] is None else _settle(connection, message_id)
    # Statements of their own: each sees what was committed while the one before it waited.
    if connection.execute(statement("store/revive_message"), wanted).fetchone() is None:
        return None
    return _settle(connection, message_id)


def carried_out(pool: ConnectionPool[Connection], message_id: UUID) -> None:
    """A replayed message's actor returned: its letter is settled, also where the actor itself stores nothing.

    In a transaction of its own; without effect where the message was stored. Raises DatabaseAway or DatabaseBusy.
    """
    with transaction(pool) as connection:
        claim(connection, message_id)


def _settle(connection: Connection, message_id: UUID) -> Claim:
    letter = connection.execute(statement("dead/settle"), {"message_id": message_id}).fetchone()
    if letter is None:
        return Claim()
    dead_id, rows = letter
    settle_act(connection, dead_id, "stored")
    return Claim(rows)
