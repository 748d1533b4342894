"""The orders that a wider one was divided into, one a part of its run: what became of each.

                                                    ┌────────────── not done when it was lost: published again ──┐
    wide order ──planned──► `started` said ──► written down ──► published ──► waiting ──► running ──► done
         ▲                        │              (one transaction)                ▲           │
         └────────── died ────────┘                                              └─replayed── dead

- Dead before they are written down: the wide order is delivered again, plans again, and says again that the run
  started: nothing was read until then.
- Dead after it: it finds them, asks the site nothing, and publishes those that are not done, under the same ids.
- An order that comes twice waits for its turn while the first is at it (`actors.store.turns`), and then finds it done.
- A worker that dies in one of them repeats that part, from the order that the broker delivers again; the others are
  done, or wait.
- The slot that ordered the run is over with the last of them: in the transaction that ends that order.

A run some of whose orders still wait is silent without being dead (`runs/judge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from actors.store.database import Connection, transaction
from actors.store.statements import statement


@dataclass(frozen=True, slots=True)
class PartOrder:
    """The order of one part of a run: its part, and the id of its message."""

    part: str
    message_id: UUID


def write_down(pool: ConnectionPool[Connection], run_id: UUID, parts: Sequence[str]) -> None:
    """From now on the run is what these orders make of it. Raises DatabaseAway or DatabaseBusy."""
    orders = [{"part": part, "message_id": str(uuid5(run_id, f"order/{part}"))} for part in parts]
    with transaction(pool) as connection:
        connection.execute(statement("orders/write_down"), {"run_id": run_id, "orders": Jsonb(orders)})


def left(pool: ConnectionPool[Connection], run_id: UUID) -> list[PartOrder] | None:
    """The orders of the run that are still to be carried out; None where it has none written down.

    Raises DatabaseAway or DatabaseBusy.
    """
    with transaction(pool) as connection:
        rows = connection.execute(statement("orders/left"), {"run_id": run_id}).fetchall()
    return [PartOrder(part, message_id) for part, message_id, is_open in rows if is_open] if rows else None


def begin(pool: ConnectionPool[Connection], run_id: UUID, part: str) -> bool:
    """The order of a part is carried out now; False where it was before. One that nobody wrote down always is.

    Raises DatabaseAway or DatabaseBusy.
    """
    with transaction(pool) as connection:
        row = connection.execute(statement("orders/begin"), {"run_id": run_id, "part": part}).fetchone()
    return row is None or row[0] != "done"


def end(pool: ConnectionPool[Connection], run_id: UUID, part: str, outcome: str) -> None:
    """The order of a part was carried out; `outcome` says in a few words what it found. Its slot is over with the last.

    Raises DatabaseAway or DatabaseBusy.
    """
    with transaction(pool) as connection:
        connection.execute(statement("orders/hold"), {"run_id": run_id})
        connection.execute(statement("orders/end"), {"run_id": run_id, "part": part, "outcome": outcome})
        connection.execute(statement("orders/settle"), {"run_id": run_id})
