"""Finds league tables that really disagree with the official ones, without anybody asking, and tells of each once.

After each whole reading of a source its tables of the latest seasons are compared, beside the storing and never in it:
what goes wrong here holds nobody up, and is tried again.

    agrees ── a disagreement is found ──► `table.disagrees` ──► disagrees
       ▲                                                            │ other sentences: remembered, not told again
       └────────── `table.agrees` ◄── none is found any more ───────┘ not compared any more: forgotten, not told
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from actors.store.comparison import Comparison, compare
from actors.store.database import Connection, transaction
from actors.store.news import recorded
from actors.store.statements import statement


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A table that disagrees since now: `title` names it, `sentence` says all there is to say."""

    source: str
    title: str
    sentence: str


def compare_due(pool: ConnectionPool[Connection]) -> list[Disagreement]:
    """Compare what is due; returns the tables that disagree and did not before.

    Safe when many do it at once: one does. Raises DatabaseAway or DatabaseBusy.
    """
    found: list[Disagreement] = []
    with transaction(pool) as connection:
        row = connection.execute(statement("tables/one_at_a_time")).fetchone()
        if row is None or not row[0]:
            return []
        for source, run_id in connection.execute(statement("tables/due")).fetchall():
            found += _compare(connection, source, run_id)
    if found:
        recorded.set()
    return found


def _compare(connection: Connection, source: str, run_id: UUID) -> list[Disagreement]:
    held, disagreeing = [], []
    for comparison in compare(connection, source=source):
        if comparison.published:
            held.append(_key(comparison))
        if comparison.disagreements:
            sentence = " ".join(difference.sentence for difference in comparison.disagreements)
            which = {**_key(comparison), "sentence": sentence, "differences": len(comparison.disagreements)}
            disagreeing.append(which)
    named: dict[str, Any] = {"source": source, "run_id": run_id, "disagreeing": Jsonb(disagreeing)}
    new = connection.execute(statement("tables/disagree"), named).fetchall()
    if connection.execute(statement("tables/agree"), {**named, "compared": Jsonb(held)}).rowcount:
        recorded.set()
    connection.execute(statement("tables/compared"), {"source": source, "run_id": run_id, "tables": len(held)})
    return [
        Disagreement(source, f"{league} {age_group} {division} {season}".strip(), sentence)
        for season, league, division, age_group, sentence in new
    ]


def _key(comparison: Comparison) -> dict[str, Any]:
    key = comparison.key
    return {"season": key.season, "league": key.league, "division": key.division, "age_group": key.age_group}
