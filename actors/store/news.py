"""What people are to hear of: written in the transaction of what happened, handed to the queue after it, told once.

Of runs it is their *scope* that has a state: what was asked for (`params` without `full`), at a source. Only a change
of it is news, however many runs, tries of one run, deliveries and verdicts there were in between:

             ┌───────────── a run ends well ──► `source.recovered` ──────────────┐
             ▼                                                                   │
           well ── a run is suspect, failed, or given up as interrupted ──► in trouble ──┐
                   ──► `run.suspect`, `run.failed`, `run.interrupted`            ▲       │ told again if the state is
                                                                                 └───────┘ another, or after a day

- A run that runs again (its order was tried again, somebody heard of it after all) says nothing yet: its scope stays in
  trouble until it ends, and if it ends as before nothing was new.
- A run that somebody stopped is neither: whoever did that knows.
- The newest run speaks for its scope: one that began before the one in trouble can neither worsen nor end it. A run
  that was itself in trouble may always end that.

A piece of news goes its way once:

    recorded ──published──► in the queue ──`notify`──► delivered
        └── nobody is to be told, or a day has passed: stays recorded

It is published before that is written down, and delivered before that is: who dies in between does it again. The
message has the id of the news, and `notify` holds its row while it sends, so that a second copy finds it delivered.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg_pool import ConnectionPool

from actors.store.database import Connection, transaction
from actors.store.statements import statement
from contract.names import NOTIFY

#: Seconds after which what lasts is told again, and after which what was never told is no news any more.
AGAIN: Final = 86_400.0

#: Pieces of news that are published in one transaction.
_AT_ONCE: Final = 100

#: Set when this process has recorded something; cleared by whoever publishes. It only saves waiting for the next round.
recorded = threading.Event()


@dataclass(frozen=True, slots=True)
class News:
    """A piece of news; `payload` is what is sent as `data`."""

    id: UUID
    kind: str
    payload: dict[str, Any]
    at: dt.datetime


def tell_of_run(connection: Connection, run_id: UUID) -> None:
    """Record what is new about the run's scope, if anything is, in the transaction that changed the run's state.

    To be called last in it: it locks the scope's row.
    """
    named = {"run_id": run_id, "news_id": uuid4(), "again": AGAIN}
    if any(connection.execute(statement(f"news/{what}"), named).rowcount for what in ("trouble", "recovery")):
        recorded.set()


def tell_of_runs(connection: Connection, run_ids: Collection[UUID]) -> None:
    """As `tell_of_run`, of several runs whose state changed in one transaction."""
    if run_ids:
        for (run_id,) in connection.execute(statement("news/in_order"), {"run_ids": list(run_ids)}).fetchall():
            tell_of_run(connection, run_id)


def tell_of_letters(pool: ConnectionPool[Connection]) -> int:
    """Record news of the dead letters that nobody was told of, one for a burst; returns how many pieces.

    Safe when many do it at once. Raises DatabaseAway or DatabaseBusy.
    """
    with transaction(pool) as connection:
        row = connection.execute(statement("news/one_at_a_time")).fetchone()
        if row is None or not row[0]:
            return 0
        return connection.execute(statement("news/dead_letters"), {"notify": NOTIFY, "again": AGAIN}).rowcount


def publish(pool: ConnectionPool[Connection], send: Callable[[UUID], None]) -> int:
    """Call `send` with each piece of news that was not handed over yet; returns how many there were.

    What is older than a day is left out. Raises DatabaseAway or DatabaseBusy, or what `send` raises: then all of these
    are sent again, which is harmless.
    """
    with transaction(pool) as connection:
        rows = connection.execute(statement("news/waiting"), {"fresh": AGAIN, "limit": _AT_ONCE}).fetchall()
        for (news_id,) in rows:
            send(news_id)
            connection.execute(statement("news/published"), {"news_id": news_id})
    return len(rows)


@contextmanager
def held(pool: ConnectionPool[Connection], news_id: UUID) -> Iterator[News | None]:
    """The piece of news, which counts as delivered at the end of the block; nobody else delivers it during that.

    None where it is delivered already, or unknown. An error out of the block leaves it undelivered. Raises
    DatabaseAway, and DatabaseBusy where somebody else holds it.
    """
    with transaction(pool) as connection:
        row = connection.execute(statement("news/hold"), {"news_id": news_id}).fetchone()
        if row is None or row[4] is not None:
            yield None
            return
        yield News(*row[:4])
        connection.execute(statement("news/delivered"), {"news_id": news_id})
