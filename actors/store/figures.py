"""What the store says of itself in numbers, for Prometheus (docs/metrics.md): one short query each, in `sql/metrics`.

All are asked in one read-only transaction of a connection of its own. One that fails fails alone: the others are asked
all the same, and nothing that was known before stands in for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from actors.store.database import Connection, connect, translate
from actors.store.statements import statement
from contract.errors import TouchlineError

#: Seconds for one query, and rows of its answer: sources and schedules are a handful.
TIMEOUT: Final = 3.0
ROWS: Final = 200

#: Seconds after the kick-off without a score, and days after which none is expected any more (behind.sql).
LATE: Final = 48 * 3600.0
FORGOTTEN: Final = 30

QUERIES: Final = ("runs", "dead_letters", "slots", "since_good", "behind", "notices")

Row = dict[str, Any]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """The rows of one query, None where it failed, and the seconds it took."""

    query: str
    rows: list[Row] | None
    seconds: float


def figures(url: str, *, clock: Callable[[], float] = time.perf_counter) -> list[Figures]:
    """Ask every query. Raises DatabaseAway or ConfigurationError where the database does not let us in."""
    with connect(url) as connection:
        try:
            with connection.transaction():
                connection.execute("SET TRANSACTION READ ONLY")
                connection.execute(
                    "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
                    (f"{TIMEOUT:.0f}s", f"{TIMEOUT:.0f}s"),
                )
                return list(_ask_all(connection, url, clock))
        except psycopg.Error as error:
            raise translate(error, url) from None


def _ask_all(connection: Connection, url: str, clock: Callable[[], float]) -> Iterator[Figures]:
    asked = {"late": LATE, "days": FORGOTTEN, "limit": ROWS}
    for query in QUERIES:
        begun = clock()
        rows: list[Row] | None = None
        try:
            with connection.transaction():
                rows = connection.execute(statement(f"metrics/{query}"), asked).fetchall()
        except psycopg.Error as error:
            if connection.closed:
                raise
            said: TouchlineError = translate(error, url)
            _logger.warning("The metrics of %s cannot be told: %s", query, said)
        yield Figures(query, rows, clock() - begun)
