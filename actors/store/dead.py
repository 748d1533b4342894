"""Dead letters: what could not be stored, kept with its reason until a person acts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from actors.store.database import Connection, transaction
from actors.store.statements import statement


@dataclass(frozen=True, slots=True)
class DeadRow:
    """One row of a message that cannot be stored: a short stable reason, and the sentence for a person."""

    match_id: str | None
    reason: str
    error: str
    payload: Any


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A whole message that was given up."""

    message_id: UUID
    queue: str
    actor: str
    run_id: UUID | None
    source: str | None
    reason: str
    error: str
    traceback: str | None
    attempts: int
    first_failed_at: dt.datetime
    payload: Mapping[str, Any]


def bury_rows(
    connection: Connection,
    rows: Sequence[DeadRow],
    *,
    queue: str,
    actor: str,
    message_id: UUID,
    run_id: UUID,
    source: str,
) -> None:
    """Keep `rows` in the transaction of the message that they came with."""
    if not rows:
        return
    letters = [
        {
            "match_id": storable(row.match_id),
            "reason": storable(row.reason),
            "error": storable(row.error),
            "payload": storable(row.payload),
        }
        for row in rows
    ]
    connection.execute(
        statement("store/bury_rows"),
        {
            "queue": queue,
            "actor": actor,
            "message_id": message_id,
            "run_id": run_id,
            "source": source,
            "rows": Jsonb(letters),
        },
    )


def bury_message(pool: ConnectionPool[Connection], message: DeadMessage) -> None:
    """Keep a message that was given up, in a transaction of its own. Raises DatabaseAway."""
    with transaction(pool) as connection:
        connection.execute(
            statement("store/bury_message"),
            {
                "queue": message.queue,
                "actor": message.actor,
                "message_id": message.message_id,
                "run_id": message.run_id,
                "source": storable(message.source),
                "reason": message.reason,
                "error": storable(message.error),
                "traceback": storable(message.traceback),
                "attempts": message.attempts,
                "first_failed_at": message.first_failed_at,
                "payload": Jsonb(storable(message.payload)),
            },
        )


def storable(value: Any) -> Any:
    """`value` with what PostgreSQL's text and jsonb cannot hold (U+0000, lone surrogates) written as `\\u0000`."""
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return value
        return "".join(f"\\u{ord(char):04x}" if _is_refused(char) else char for char in value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def _is_refused(char: str) -> bool:
    return char == "\0" or "\ud800" <= char <= "\udfff"
