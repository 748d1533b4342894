"""The account of a run: what it found, what became of it, and whether it is finished.

Messages of a run arrive in any order and more than once. Each is counted in its own transaction together with what it
stored; each of these ends with `settle`, which finishes the run when all parts have ended and every match is accounted
for. The run's row is the lock: of two messages that both could be the last, the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from actors.store.counts import Counts
from actors.store.database import Connection
from actors.store.dead import storable
from actors.store.statements import statement


def count_batch(connection: Connection, run_id: UUID, source: str, counts: Counts) -> None:
    """Add what became of a batch to its run."""
    connection.execute(
        statement("runs/count_batch"),
        {
            "run_id": run_id,
            "source": source,
            "inserted": counts.inserted,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "stale": counts.stale,
            "dead": counts.dead,
        },
    )
    settle(connection, run_id)


def start(
    connection: Connection,
    run_id: UUID,
    source: str,
    *,
    at: str,
    params: Mapping[str, Any],
    trigger: str,
    scheduled_for: str | None,
    parts: list[str],
) -> None:
    """Open the run's account. A run that is started again is open again, and so are its failed parts."""
    connection.execute(statement("runs/touch"), {"run_id": run_id, "source": source})
    connection.execute(statement("runs/reopen_parts"), {"run_id": run_id, "at": at})
    connection.execute(
        statement("runs/start"),
        {
            "run_id": run_id,
            "source": source,
            "at": at,
            "params": Jsonb(storable(params)),
            "trigger": trigger,
            "scheduled_for": scheduled_for,
            "parts": parts,
        },
    )
    settle(connection, run_id)


def end_part(
    connection: Connection,
    run_id: UUID,
    source: str,
    part: str,
    *,
    at: str,
    found: int,
    batches: int,
    failed: bool = False,
    complete: bool = False,
    not_modified: bool = False,
    observed_at: str | None = None,
    kind: str | None = None,
    error: str | None = None,
) -> None:
    """A part finished, or failed after `found` rows. The empty name stands for the run as a whole."""
    connection.execute(statement("runs/touch"), {"run_id": run_id, "source": source})
    connection.execute(
        statement("runs/end_part"),
        {
            "run_id": run_id,
            "part": part,
            "at": at,
            "failed": failed,
            "found": found,
            "batches": batches,
            "complete": complete,
            "not_modified": not_modified,
            "observed_at": observed_at,
            "kind": kind,
            "error": storable(error),
        },
    )
    settle(connection, run_id)


def settle(connection: Connection, run_id: UUID) -> str | None:
    """Finish the run if it is; returns its state then. The caller's transaction holds the run's row."""
    row = connection.execute(statement("runs/settle"), {"run_id": run_id}).fetchone()
    return None if row is None else str(row[0])


def progress(connection: Connection, run_id: UUID | str) -> dict[str, Any] | None:
    """Where a run stands (state, found, inserted, updated, unchanged, stale, dead, error), or None if unknown yet.

    `connection` gives dict rows, as `connect` does.
    """
    row: dict[str, Any] | None = connection.execute(statement("runs/progress"), {"run_id": run_id}).fetchone()
    connection.rollback()
    return row
