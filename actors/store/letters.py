"""What people do about dead letters: they hold one while it is sent again, or drop some; either is written down."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from actors.store.database import Connection
from actors.store.payloads import storable
from actors.store.statements import statement


@dataclass(frozen=True, slots=True)
class Letter:
    """An open letter. `payload` is what came, exactly; `replays` is how often it was sent again."""

    id: int
    kind: str
    queue: str
    actor: str
    source: str | None
    match_id: str | None
    run_id: UUID | None
    part: str | None
    observed_at: dt.datetime | None
    carrier: UUID
    replays: int
    payload: Any


@contextmanager
def held(connection: Connection, dead_id: int) -> Iterator[Letter | None]:
    """The letter, in a transaction during which nobody else sends or drops it.

    None where it is not open, or somebody else holds it. Whoever sends it calls `record_replay` before the end of the
    block, and lets an error out of it: then the letter is as it was.
    """
    with connection.transaction():
        with connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(statement("dead/hold"), {"dead_id": dead_id}).fetchone()
        if row is None:
            yield None
            return
        body = row.pop("body")
        payload = row.pop("payload")
        yield Letter(id=row.pop("dead_id"), payload=payload if body is None else json.loads(body), **row)


def record_replay(connection: Connection, letter: Letter, by: str) -> None:
    """`letter`, which is held, was sent again."""
    connection.execute(statement("dead/record_replay"), {"dead_id": letter.id, "by": storable(by)})


def drop(connection: Connection, ids: Sequence[int], *, by: str, why: str) -> set[int]:
    """Drop those of the letters that are open, all at once; returns which they were. They stay in the table."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        wanted = {"ids": list(ids), "by": storable(by), "why": storable(why)}
        return {row["dead_id"] for row in cursor.execute(statement("dead/drop"), wanted)}


def standing(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """How each of the letters stands: its state and the newest act on it. One that does not exist is missing."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        return {row["id"]: row for row in cursor.execute(statement("dead/standing"), {"ids": list(ids)})}
