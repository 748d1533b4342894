"""Stores the official league tables as they were published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from actors.store.database import Connection, transaction
from actors.store.frontier import pass_frontier
from actors.store.inbox import claim
from actors.store.matches import BatchOf
from actors.store.runs import conclude, heard
from actors.store.statements import statement
from actors.store.teams import normalise


def store_tables(
    pool: ConnectionPool[Connection], batch: BatchOf, season: str, league: str, tables: Sequence[Mapping[str, Any]]
) -> int | None:
    """Store the tables of one message; returns how many changed, None where the message was stored before.

    A table as of an older observation than the part's newest is not stored. The run is held against its tables, so that
    the last of them may change its verdict. Raises DatabaseAway.
    """
    with transaction(pool) as connection:
        if not claim(connection, batch.message_id):
            return None
        late = pass_frontier(connection, source=batch.source, part=batch.part, observed_at=batch.observed_at)
        changed = 0 if late else _store(connection, batch, season, league, tables)
        verdict = heard(connection, batch.run_id)
    conclude(pool, verdict)
    return changed


def _store(
    connection: Connection, batch: BatchOf, season: str, league: str, tables: Sequence[Mapping[str, Any]]
) -> int:
    where = {"source": batch.source, "season": season, "league": league, "observed_at": batch.observed_at}
    # the last word on a table counts, should one message name it twice
    latest = {(table["division"], table["age_group"]): table for table in tables}
    digests = [
        {"division": division, "age_group": age_group, "digest": _digest(table["rows"])}
        for (division, age_group), table in latest.items()
    ]
    said = {**where, "part": batch.part, "tables": Jsonb(digests)}
    changed = connection.execute(statement("official/upsert_tables"), said).fetchall()
    if not changed:
        return 0
    named = [{"division": division, "age_group": age_group} for division, age_group in changed]
    connection.execute(statement("official/clear_rows"), {**where, "tables": Jsonb(named)})
    rows = [row for key in changed for row in _rows(latest[key], league)]
    connection.execute(statement("official/insert_rows"), {**where, "rows": Jsonb(rows)})
    return len(changed)


def _rows(table: Mapping[str, Any], league: str) -> list[dict[str, Any]]:
    return [
        {
            "division": table["division"],
            "age_group": table["age_group"],
            "team_key": row["team_id"] or f"name:{league}/{table['age_group']}/{normalise(row['team'])}",
            "team": row["team"],
            "place": row["position"],
            "kept": {
                name: value
                for name, value in row.items()
                if name not in ("team", "team_id", "position") and value is not None
            },
        }
        for row in table["rows"]
    ]


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    text = json.dumps(rows, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
