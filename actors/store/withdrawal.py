"""Matches that a site no longer lists are withdrawn, and listed again when they are there again.

Who may withdraw is a run that saw everything of a part, succeeded, and of whose rows none died unknown. What it did not
see is what the part listed last and this observation did not: neither stored nor sighted as of it. Nothing is deleted:
`withdrawn_at` is the observation that did not list the match, and the history has a row. A batch of that observation or
a newer one that lists the match brings it back (`store/update_matches`). An older one does not; what it says of the
match counts all the same, if nothing newer has listed it: so that documents that were kept can be read again.

    the run succeeds ──► due ──► withdrawn ──── the run, or the part, is no good after all ──► due ──► listed again
     (settle, judge)      │          │                                                          │
                          └──────────┴─ something newer was stored of the part: left to the newer run

That it is due is written by the transaction that gives the verdict; it is carried out by one of its own right after
that, because its locks come before the run's row: the part's frontier, the matches in key order, the run's row, as in
every batch, so none of them waits for another in a circle. Whoever dies in between leaves it to the next round of any
worker's chores. Done twice it changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from psycopg_pool import ConnectionPool

from actors.store.database import Connection, transaction
from actors.store.statements import statement


def mark(connection: Connection, run_ids: Collection[UUID]) -> None:
    """Write down what has to be done about these runs, in the transaction that gave their verdicts."""
    connection.execute(statement("withdrawal/mark"), {"run_ids": list(run_ids)})


def carry_out(pool: ConnectionPool[Connection]) -> int:
    """Do whatever is due, and return how many matches were withdrawn or listed again.

    Safe when many workers do it at once. Raises DatabaseAway or DatabaseBusy; what is left then is due still.
    """
    with transaction(pool) as connection:
        due = connection.execute(statement("withdrawal/due")).fetchall()
    written = 0
    for run_id, source, part in due:
        with transaction(pool) as connection:
            written += _carry_out(connection, {"run_id": run_id, "source": source, "part": part})
    return written


def _carry_out(connection: Connection, which: dict[str, Any]) -> int:
    wanted = _wanted(connection, which)
    if wanted is None:
        return 0
    good, as_of, since, *_ = wanted
    at = {**which, "as_of": as_of, "since": since}
    newest = connection.execute(statement("withdrawal/hold_frontier"), which).fetchone()
    held = connection.execute(statement("withdrawal/hold_missing" if good else "withdrawal/hold_withdrawn"), at)
    match_ids = [match_id for (match_id,) in held]
    connection.execute(statement("withdrawal/hold_run"), which)
    # asked again, now that nobody can change it: what was locked may be the answer to an older question
    now = _wanted(connection, which)
    if now is None or now[:3] != wanted[:3]:
        return 0
    *_, unknown, confirmed = now
    overtaken = newest != (as_of,)
    if not good:
        rows = 0 if overtaken or confirmed else _write(connection, "withdrawal/return", at, match_ids)
        connection.execute(statement("withdrawal/done"), {**which, "as_of": None})
        return rows
    if overtaken or unknown:
        connection.execute(statement("withdrawal/left"), which)
        return 0
    rows = _write(connection, "withdrawal/withdraw", at, match_ids)
    connection.execute(statement("withdrawal/done"), at)
    return rows


def _wanted(connection: Connection, which: dict[str, Any]) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = connection.execute(statement("withdrawal/wanted"), which).fetchone()
    return row


def _write(connection: Connection, name: str, at: dict[str, Any], match_ids: list[str]) -> int:
    return connection.execute(statement(name), {**at, "match_ids": match_ids}).rowcount if match_ids else 0
