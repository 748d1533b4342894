"""Made-up brackets: results as a test says them, and the table that the store makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row

from actors.store.matches import BatchOf
from actors.store.official import store_tables
from tests.integration.store.conftest import DAY, Store, a_match

#: Home, away, their goals, and those of a shoot-out where there was one.
Result = tuple[str, str, int, int] | tuple[str, str, int, int, int, int]

_TEAMS = """
    INSERT INTO touchline.teams (source, team_key, name, age_group)
    SELECT DISTINCT 'mlsnext', team, team, 'U14'
    FROM jsonb_to_recordset(%s) AS i (home_team text, away_team text),
         LATERAL (VALUES (home_team), (away_team)) AS side (team)
"""
_MATCHES = """
    INSERT INTO touchline.matches (
        source, match_id, season, league, match_type, division, age_group, home_team_key, away_team_key,
        home_score, away_score, home_penalties, away_penalties, status, observed_at)
    SELECT 'mlsnext', match_id, season, league, match_type, division, age_group, home_team_id, away_team_id,
           home_score, away_score, home_penalties, away_penalties, status, now()
    FROM jsonb_to_recordset(%s) AS i (
        match_id text, season text, league text, match_type text, division text, age_group text, home_team_id text,
        away_team_id text, home_score int, away_score int, home_penalties int, away_penalties int, status text)
"""


def matches_of(results: Iterable[Result], *, first: int = 1, **fields: Any) -> list[dict[str, Any]]:
    """Played matches of the division Northeast (`fields` say otherwise); a team's name is its id."""
    rows = []
    for number, (home, away, goals, against, *shootout) in enumerate(results, first):
        penalties = dict(zip(("home_penalties", "away_penalties"), shootout, strict=False))
        teams = {"home_team": home, "home_team_id": home, "away_team": away, "away_team_id": away}
        played = {"status": "completed", "home_score": goals, "away_score": against}
        day = {"date": "2026-09-05", "kickoff": "2026-09-05T14:00:00Z"}
        rows.append(a_match(str(number), **{**teams, **played, **day, **penalties, **fields}))
    return rows


def publish(
    store: Store,
    *tables: tuple[str, Sequence[str | Mapping[str, Any]]],
    day: int = 1,
    league: str = "homegrown",
    age_group: str = "U14",
) -> None:
    """Official tables: a division each, and its teams in the official order, with figures where they are mappings."""
    made = []
    for division, teams in tables:
        rows = []
        for position, team in enumerate(teams, 1):
            said = {"team": team} if isinstance(team, str) else dict(team)
            rows.append({"position": position, "team_id": said["team"], "club_id": None, "values": {}, **said})
        made.append({"division": division, "age_group": age_group, "rows": rows})
    batch = BatchOf(uuid4(), store.run_id, "mlsnext", "league-26-27", DAY.format(day))
    store_tables(store.pool, batch, "2026-27", league, made)


def table(store: Store, division: str = "Northeast") -> list[dict[str, Any]]:
    return store.rows(
        "SELECT * FROM public.standings WHERE division = %(division)s ORDER BY age_group, position", division=division
    )


def order(store: Store, division: str = "Northeast") -> list[str]:
    return [row["team"] for row in table(store, division)]


def order_by(url: str, results: Iterable[Result], rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table that these results make by `rules` (columns of league_rules), in a transaction that leaves nothing."""
    rows = matches_of(results)
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute("DELETE FROM touchline.league_rules WHERE league = 'homegrown'")
        names = ", ".join(rules)
        places = ", ".join(f"%({name})s" for name in rules)
        connection.execute(
            f"INSERT INTO touchline.league_rules (league, {names}) VALUES ('homegrown', {places})".encode(), dict(rules)
        )
        connection.execute(_TEAMS, (json.dumps(rows),))
        connection.execute(_MATCHES, (json.dumps(rows),))
        found = connection.execute("SELECT * FROM public.standings ORDER BY position").fetchall()
        connection.rollback()
    return found
