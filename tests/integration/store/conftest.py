"""A store to put batches into, on each PostgreSQL that is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from actors.store import migrations
from actors.store.counts import Counts
from actors.store.database import Connection, open_pool, transaction
from actors.store.dead import DeadRow
from actors.store.matches import BatchOf, store_batch
from tests.fix_postgres import PostgresServer
from tests.roles import as_role, make_roles

#: TOUCHLINE_TESTS_ROLE=writer has the store work as the role of the workers, so that a missing grant shows.
ROLE = os.environ.get("TOUCHLINE_TESTS_ROLE")

DAY = "2026-10-{:02}T12:00:00Z"


def a_match(match_id: str, **fields: Any) -> dict[str, Any]:
    """A scheduled match with every field of the contract, as validation hands it to the store."""
    base: dict[str, Any] = {
        "match_id": match_id,
        "home_team": "Ashgrove",
        "away_team": "Bellwater",
        "date": "2026-10-10",
        "season": "2026-27",
        "age_group": "U14",
        "match_type": "League",
        "status": "scheduled",
        "kickoff": "2026-10-10T14:00:00Z",
        "timezone": "America/New_York",
        "home_team_id": "1",
        "away_team_id": "2",
        "league": "homegrown",
        "division": "Northeast",
        "location": "Field 1",
    }
    absent = ["home_club", "away_club", "home_score", "away_score", "home_penalties", "away_penalties"]
    absent += ["round", "notes", "url"]
    return {**base, **dict.fromkeys(absent), **fields}


@dataclass
class Store:
    """The store as a test sees it: put batches in, look at rows."""

    pool: ConnectionPool[Connection]
    #: The address of whoever may do anything to the tables.
    owner_url: str = ""
    run_id: UUID = field(default_factory=uuid4)

    def put(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        day: int = 1,
        part: str = "league-26-27",
        message_id: UUID | None = None,
        bad: Sequence[DeadRow] = (),
    ) -> Counts | None:
        batch = BatchOf(message_id or uuid4(), self.run_id, "mlsnext", part, DAY.format(day))
        return store_batch(self.pool, batch, rows, bad)

    def rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        with transaction(self.pool) as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, params).fetchall()  # type: ignore[call-overload,no-any-return]

    def arrange(self, statement: str) -> None:
        """Change rows as a test wants them, in ways that the workers' role may not."""
        with psycopg.connect(self.owner_url) as connection:
            connection.execute(statement.encode())

    def match(self, match_id: str) -> dict[str, Any]:
        (row,) = self.rows("SELECT * FROM match_list WHERE match_id = %(match_id)s", match_id=match_id)
        return row

    def changes(self) -> list[tuple[str, str, str | None, str | None]]:
        rows = self.rows("SELECT match_id, field, old, new FROM match_changes ORDER BY match_id, field, changed_at")
        return [(row["match_id"], row["field"], row["old"], row["new"]) for row in rows]


#: All rows, and not one table less: a database of its own for each of these many tests takes longer than they do, and
#: so does TRUNCATE, which makes each table and index anew (57 ms to 3).
_EMPTY = """
    DO $$
    DECLARE
        statement text;
    BEGIN
        SET LOCAL lock_timeout = '20s';
        FOR statement IN
            SELECT format('DELETE FROM %I.%I', schemaname, tablename)
            FROM pg_tables WHERE schemaname = 'touchline' AND tablename NOT IN ('alembic_version', 'league_rules')
        LOOP
            EXECUTE statement;
        END LOOP;
        PERFORM setval(pg_get_serial_sequence(format('%I.%I', table_schema, table_name), column_name), 1, false)
        FROM information_schema.columns WHERE table_schema = 'touchline' AND is_identity = 'YES';
    END $$
"""


@pytest.fixture(scope="module")
def _database(any_postgres_server: PostgresServer) -> Iterator[str]:
    with any_postgres_server.database(migrated=True) as url:
        if ROLE:
            make_roles(any_postgres_server, database=str(conninfo_to_dict(url)["dbname"]))
            migrations.upgrade(url)
        yield url


@pytest.fixture
def any_store_url(_database: str) -> str:
    """A migrated database without a row, on each server in turn; the tests of a file share it."""
    with psycopg.connect(_database) as connection:
        connection.execute(_EMPTY)
    return _database


@pytest.fixture
def store(any_store_url: str) -> Iterator[Store]:
    pool = open_pool(as_role(any_store_url, ROLE) if ROLE else any_store_url, size=8)
    try:
        yield Store(pool, any_store_url)
    finally:
        pool.close()
