"""The account of a run: what it found, what became of it, and whether it is finished.

Messages of a run arrive in any order and more than once. Each is counted in its own transaction together with what it
stored; each of these ends with `settle`. The run's row is the lock: of two messages that both could be the last, the
second sees what the first did.

                 all parts ended, and every message that they named is in the inbox
    running ──────────────────────────────────────────────────────────────────────► succeeded, failed, suspect, or
      ▲   │                                                                          interrupted (somebody stopped it)
      │   │                                             what would succeed is examined first (actors.store.health)
      │   ├── no sign of life for 90 s, and not all parts ended ──► interrupted  ┐
      │   └── all ended, messages missing, nothing for 15 minutes ► suspect      ┘ judged
      └────────────── anything is heard of a judged run after all ───────────────┘

What arrived and what did not is the inbox's to say (stored or dead, a message has one row there). A part's last word
names the messages that it sent, so that `found = inserted + updated + unchanged + stale + dead` holds exactly for each
run that is finished, also where a part was read more than once: rows that only an earlier reading sent are `extra`, and
count as found. Of a judged run the two sides differ by the matches that its error calls missing. A run that was divided
into orders (`actors.store.orders`) is silent while they wait for their turn, and is not missed for that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from actors import metrics
from actors.store.counts import Counts
from actors.store.database import Connection, transaction
from actors.store.health import examine
from actors.store.news import tell_of_run, tell_of_runs
from actors.store.payloads import storable
from actors.store.statements import statement
from actors.store.withdrawal import carry_out, mark

#: Seconds without a sign of life after which a run is interrupted. The producer says one at least every 20.
SILENCE: Final = 90.0

#: Seconds without any message after which what did not arrive is missing: longer than any delay of a retry (600).
ARRIVAL: Final = 900.0

#: Seconds for which the orders that a run was divided into may wait for their turn without the run being missed.
WAITING: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Judged:
    """A run that was given up: `interrupted` or `suspect`, and why, in a sentence with the numbers."""

    run_id: UUID
    source: str
    state: str
    error: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run has come to, where something about that is new; `changed`: its state is."""

    source: str
    state: str
    changed: bool


def count_batch(connection: Connection, run_id: UUID, source: str, counts: Counts) -> Verdict | None:
    """Add what became of a batch to its run. As all of these, returns the run's verdict where that is new."""
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
    return settle(connection, run_id)


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
) -> Verdict | None:
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
    return settle(connection, run_id)


def end_part(
    connection: Connection,
    run_id: UUID,
    source: str,
    part: str,
    *,
    at: str,
    found: int,
    batches: int,
    messages: Mapping[str, int] | None = None,
    failed: bool = False,
    interrupted: bool = False,
    complete: bool = False,
    not_modified: bool = False,
    observed_at: str | None = None,
    kind: str | None = None,
    error: str | None = None,
) -> Verdict | None:
    """A part finished, or failed after `found` rows, which `messages` carried: ids, and how many rows each.

    The empty name stands for the run as a whole.
    """
    connection.execute(statement("runs/touch"), {"run_id": run_id, "source": source})
    connection.execute(
        statement("runs/end_part"),
        {
            "run_id": run_id,
            "part": part,
            "at": at,
            "failed": failed,
            "interrupted": interrupted,
            "found": found,
            "batches": batches,
            "messages": None if messages is None else Jsonb(dict(messages)),
            "complete": complete,
            "not_modified": not_modified,
            "observed_at": observed_at,
            "kind": kind,
            "error": storable(error),
        },
    )
    return settle(connection, run_id)


def alive(connection: Connection, run_id: UUID) -> None:
    """A run had nothing else to say, and goes on."""
    connection.execute(statement("runs/alive"), {"run_id": run_id})


def heard(connection: Connection, run_id: UUID) -> Verdict | None:
    """Something of the run was stored that its verdict may hang on though it is no match: its official tables."""
    if connection.execute(statement("runs/heard"), {"run_id": run_id}).fetchone() is None:
        return None
    return settle(connection, run_id)


def conclude(pool: ConnectionPool[Connection], verdict: Verdict | None) -> None:
    """What follows once `verdict` is committed: if the run ended by it there may be matches to withdraw.

    Raises DatabaseAway or DatabaseBusy; what is left then is done by the next round of any worker's chores.
    """
    count(verdict)
    if verdict is not None and verdict.state != "running":
        carry_out(pool)


def count(verdict: Verdict | None) -> None:
    """Let it be seen in the metrics, once it is committed, that a run has ended."""
    if verdict is not None and verdict.changed and verdict.state != "running":
        metrics.count_run(verdict.source, verdict.state)


def judge(
    pool: ConnectionPool[Connection],
    *,
    storing_for: float,
    silence: float = SILENCE,
    arrival: float = ARRIVAL,
    only: Collection[UUID] | None = None,
) -> list[Judged]:
    """Give up the runs that nothing was heard of for too long; returns those that were given up now.

    Times in seconds; `only` these runs, where they are given. `storing_for`: how long the caller has had database and
    queue without a break. What is waiting in the queue since an outage must have had its chance to be heard first, so
    nothing is judged before that is `silence`, and nothing is called missing before it is `arrival`. Safe when many
    workers do it at once. Raises DatabaseAway.
    """
    if storing_for < silence:
        return []
    named = None if only is None else list(only)
    bounds = {"silence": silence, "arrival": arrival, "stored_for": storing_for, "waiting": WAITING, "only": named}
    with transaction(pool) as connection:
        judged = [Judged(*row) for row in connection.execute(statement("runs/judge"), bounds)]
        run_ids = [run.run_id for run in judged]
        mark(connection, run_ids)
        tell_of_runs(connection, run_ids)
    for run in judged:
        metrics.count_run(run.source, run.state)
    return judged


def settle(connection: Connection, run_id: UUID) -> Verdict | None:
    """Finish the run if it is; returns its verdict where that is new. The caller's transaction holds the run's row.

    Whoever has committed it calls `conclude`.
    """
    verdict = connection.execute(statement("runs/verdict"), {"run_id": run_id}).fetchone()
    if verdict is None:
        return None
    state, error, extra = verdict
    if state == "succeeded":
        state, error = examine(connection, run_id, error)
    said = {"run_id": run_id, "state": state, "error": error, "extra": extra}
    row = connection.execute(statement("runs/settle"), said).fetchone()
    mark(connection, [run_id])
    if row is None:
        return None
    tell_of_run(connection, run_id)
    return Verdict(*row)


def progress(connection: Connection, run_id: UUID | str) -> dict[str, Any] | None:
    """Where a run stands (state, found, inserted, updated, unchanged, stale, dead, error), or None if unknown yet.

    `connection` gives dict rows, as `connect` does.
    """
    row: dict[str, Any] | None = connection.execute(statement("runs/progress"), {"run_id": run_id}).fetchone()
    connection.rollback()
    return row
