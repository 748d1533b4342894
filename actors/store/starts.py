"""How often a message was begun and never ended: counted in the database, which a dying worker cannot make forget.

Only messages that were delivered before are counted: of the others none has killed a worker yet.
"""

from __future__ import annotations

from uuid import UUID

from psycopg_pool import ConnectionPool

from actors.store.database import Connection, transaction
from actors.store.statements import statement


def was_begun(pool: ConnectionPool[Connection], message_id: UUID) -> bool:
    """Whether the message was begun and counted before, and never ended. Raises DatabaseAway or DatabaseBusy."""
    with transaction(pool) as connection:
        return connection.execute(statement("starts/find"), {"message_id": message_id}).fetchone() is not None


def count_start(pool: ConnectionPool[Connection], message_id: UUID) -> int:
    """Count that the message is begun; returns how often it was, this time included. Raises DatabaseAway or -Busy."""
    with transaction(pool) as connection:
        row = connection.execute(statement("starts/count"), {"message_id": message_id}).fetchone()
    assert row is not None, "it was inserted or updated"
    return int(row[0])


def uncount_start(pool: ConnectionPool[Connection], message_id: UUID) -> None:
    """What was counted last was no start: the message had to wait. Raises DatabaseAway or DatabaseBusy."""
    with transaction(pool) as connection:
        connection.execute(statement("starts/uncount"), {"message_id": message_id})


def forget_starts(pool: ConnectionPool[Connection], message_id: UUID) -> None:
    """The message ended, its worker lives. Raises DatabaseAway or DatabaseBusy."""
    with transaction(pool) as connection:
        connection.execute(statement("starts/forget"), {"message_id": message_id})
