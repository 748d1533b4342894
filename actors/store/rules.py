"""The rules of league tables in the database: what the view `standings` goes by. `touchline migrate` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.rules import rules
from actors.store.database import Connection
from actors.store.reading import reading
from contract.tables import OwnRules, TableRules


def rows_of(known: Mapping[str, TableRules]) -> list[dict[str, Any]]:
    """The rules of each league as a row of the database."""
    return [_row(league, said) for league, said in known.items()]


def differing(connection: Connection, own: Mapping[str, OwnRules]) -> list[str]:
    """The leagues whose rules in the database are not ours with `own` over them, by name."""
    with reading(connection, "rules") as found:
        stored = {row["league"]: row for row in found.rows}
    wanted = {row["league"]: row for row in rows_of(rules(own))}
    return sorted(league for league in stored | wanted if stored.get(league) != wanted.get(league))


def _row(league: str, said: TableRules) -> dict[str, Any]:
    return {
        "league": league,
        **said.points.model_dump(),
        "match_types": [_pattern(name) for name in said.match_types],
        "forfeits": said.forfeits,
        "ranking": list(said.order),
    }


def _pattern(name: str) -> str:
    r"""`League*` as LIKE has it: `League%`; what LIKE would take for more than itself is escaped with a backslash."""
    begins = name.removesuffix("*")
    for special in ("\\", "%", "_"):
        begins = begins.replace(special, "\\" + special)
    return begins + ("%" if name.endswith("*") else "")
