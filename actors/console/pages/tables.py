"""League tables: which there are, and one of them beside what the league publishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from actors.console.database import StoreConnection
from actors.console.errors import NotThere
from actors.console.pages.matches import Words, offered
from actors.console.paths import table_path
from actors.console.rendering import render
from actors.store.comparison import Comparison, compare
from actors.store.database import Connection
from actors.store.reading import reading

router = APIRouter()

#: Tables that are named on one page; a league of three seasons has some hundreds.
MOST: Final = 400

#: Results that a team's form shows, and tables that are looked at for the latest of each.
FORM: Final = 5

#: Kind of a difference → what it is called, and its tone.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "disagreement": ("Disagreement", "bad"),
    "missing": ("On one side only", "warn"),
    "recent": ("Of the last 48 hours", "busy"),
    "level": ("Level", ""),
}


@dataclass(frozen=True, slots=True)
class Result:
    """One match of a team's form: how it ended for the team, and in words."""

    letter: Literal["W", "D", "L"]
    tone: str
    said: str
    match_id: str


@router.get("/tables")
def tables(
    request: Request,
    connection: StoreConnection,
    source: Words = "",
    league: Words = "",
    season: Words = "",
    age_group: Words = "",
    division: Words = "",
) -> Response:
    said = {"league": league, "age_group": age_group, "division": division, "season": season, "source": source}
    asked = {name: value for name, value in said.items() if value}
    lists = {f"{name}s": [asked[name]] for name in ("league", "age_group", "division") if name in asked}
    alone = {name: asked[name] for name in ("source", "season") if name in asked}
    with reading(connection, "tables", latest=not season, **alone, **lists) as found:
        rows = list(islice(found.rows, MOST + 1))
    return render(
        request,
        "tables.html",
        groups=[(_group(key), list(each)) for key, each in groupby(rows[:MOST], key=_key)],
        more=len(rows) > MOST,
        asked=asked,
        table_path=table_path,
        offered=offered(connection),
    )


@router.get("/tables/one")
def table(
    request: Request,
    connection: StoreConnection,
    source: Words,
    season: Words,
    age_group: Words,
    division: Words,
    league: Words = "",
) -> Response:
    wanted = (source, season, league, age_group, division)
    lists = {"leagues": [league], "age_groups": [age_group], "divisions": [division]}
    compared = compare(connection, source=source, season=season, **lists)
    # lists are compared without regard to case
    found = next((each for each in compared if each.key == wanted), None)
    if found is None:
        raise NotThere("there is no such table", hint="those that there are: /tables")
    return render(
        request,
        "table.html",
        table=found,
        key=found.key,
        lines=found.lines,
        figures=_figures(found),
        forms=_forms(connection, found),
        differences=[(each, *KINDS[each.kind]) for each in _worst_first(found)],
        matches=f"/matches?{urlencode({name: part for name, part in found.key._asdict().items() if part})}",
        about={team for each in found.disagreements for team in each.teams},
    )


def _key(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return row["source"], row["season"], row["league"], row["age_group"]


def _group(key: tuple[str, ...]) -> str:
    return " · ".join(part for part in (key[2], key[3], key[1]) if part)


def _worst_first(comparison: Comparison) -> list[Any]:
    return sorted(comparison.differences, key=lambda each: list(KINDS).index(each.kind))


def _figures(comparison: Comparison) -> list[tuple[str, str]]:
    """What the league publishes of this table, as the names of figures and what they are called."""
    named = (
        ("position", "Official place"),
        ("played", "played"),
        ("points", "points"),
        ("points_per_match", "a match"),
        ("won", "won"),
        ("drawn", "drawn"),
        ("lost", "lost"),
        ("goals_for", "goals for"),
        ("goals_against", "goals against"),
    )
    official = [line.official for line in comparison.lines]
    return [(name, said) for name, said in named if any(getattr(line, name) is not None for line in official)]


def _forms(connection: Connection, comparison: Comparison) -> dict[str, list[Result]]:
    """Team id → its last results that count in this table, oldest first."""
    of_matches: dict[str, set[str]] = {line.team_id: set(line.match_ids) for line in comparison.lines}
    ids = sorted(set().union(*of_matches.values()))
    with reading(connection, "results", source=comparison.key.source, match_ids=ids) as found:
        results = list(found.rows)
    return {team_id: _form(team_id, counted, results) for team_id, counted in of_matches.items()}


def _form(team_id: str, counted: set[str], results: Sequence[Mapping[str, Any]]) -> list[Result]:
    own = (row for row in results if row["match_id"] in counted)
    return [_result(team_id, row) for row in islice(own, FORM)][::-1]


def _result(team_id: str, row: Mapping[str, Any]) -> Result:
    home, away = row["home_score"], row["away_score"]
    said = f"{row['home_team']} {home}:{away} {row['away_team']}"
    ahead = home - away if row["home_team_id"] == team_id else away - home
    if ahead > 0:
        return Result("W", "good", f"won, {said}", row["match_id"])
    if ahead < 0:
        return Result("L", "bad", f"lost, {said}", row["match_id"])
    return Result("D", "", f"drawn, {said}", row["match_id"])
