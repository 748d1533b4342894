"""The inbox: which messages were stored. It makes a second delivery harmless."""

from __future__ import annotations

from uuid import UUID

from actors.store.database import Connection
from actors.store.statements import statement


def claim(connection: Connection, message_id: UUID) -> bool:
    """Write the message into the inbox, in the transaction that stores it. False where it was there: change nothing.

    Of two deliveries at once the second waits here until the first has committed or failed.
    """
    return connection.execute(statement("store/claim_message"), {"message_id": message_id}).fetchone() is not None
