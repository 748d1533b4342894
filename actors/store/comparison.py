"""Our league tables beside the official ones, row by row, and why they differ (actors.store.explaining says that)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from actors.store.database import Connection
from actors.store.explaining import Difference, Figures, Kind, Line, Tables, explain, figures_of
from actors.store.reading import Row, reading
from actors.store.tables import named_tables

__all__ = ["Comparison", "Difference", "Figures", "Kind", "Line", "TableKey", "compare"]


class TableKey(NamedTuple):
    """Which table; the league is empty where its source has none."""

    source: str
    season: str
    league: str
    age_group: str
    division: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One table. `lines` stand in our order; `official` of a line is empty where nothing is published of it."""

    key: TableKey
    lines: Sequence[Line]
    #: The moment that the official table is of, by the site's own clock; None where there is none.
    as_of: dt.datetime | None
    #: Whether the league publishes figures: of U13 and U14 it names the teams only.
    published: bool
    differences: Sequence[Difference]
    #: Teams that play in the division and stand in neither table, because the official one does not list them.
    unlisted: Sequence[tuple[str, str, int]] = ()

    @property
    def disagreements(self) -> list[Difference]:
        """The differences that nothing explains."""
        return [difference for difference in self.differences if difference.kind == "disagreement"]


def compare(connection: Connection, **filters: Any) -> Iterator[Comparison]:
    """The tables that fit `filters` (see `reading/tables.sql`), one after another, each beside its official one.

    Without a season those of the latest that each league has matches of. `connection` is read from all the while.
    """
    lists = named_tables(connection, **filters)
    ours = _by_table(_all(connection, "table_rows", **lists))
    official = _by_table(_all(connection, "published_rows", **lists))
    unlisted = _by_table(_all(connection, "unlisted_teams", **lists))
    rules = {row["league"]: row for row in _all(connection, "rules")}
    for key, rows in ours.items():
        yield _compared(connection, key, rows, official.get(key, []), unlisted.get(key, []), rules)


def _compared(
    connection: Connection,
    key: TableKey,
    rows: Sequence[Row],
    official: Sequence[Row],
    unlisted: Sequence[Row],
    rules: Mapping[str, Row],
) -> Comparison:
    published = {row["team_id"]: _published(row) for row in official}
    has_figures = any(line.played is not None or line.points is not None for line in published.values())
    lines = [_line(row, published.get(row["team_id"], Figures())) for row in rows]
    as_of = official[0]["observed_at"] if official else None
    others = [(row["team_id"], row["team"], row["matches"]) for row in unlisted]
    differences: list[Difference] = []
    if has_figures and as_of is not None:

        def matches_of(team: str, since: dt.datetime) -> list[Row]:
            which = {"source": key.source, "season": key.season, "league": key.league}
            return _all(connection, "team_matches", **which, team=team, since=since)

        points = rules.get(key.league, rules["default"])
        worth = {name: points[name] for name in ("win", "draw", "loss", "shootout_win", "shootout_loss")}
        differences = list(explain(Tables(lines, as_of, rows[0]["ranking"], worth, matches_of, others)))
    return Comparison(key, lines, as_of, has_figures, differences, others)


def _line(row: Row, official: Figures) -> Line:
    names = ("played", "won", "drawn", "lost", "goals_for", "goals_against", "points", "position")
    ours = figures_of(*(row[name] for name in names))
    return Line(row["team"], row["team_id"], ours, official, row["worth"], row["head_to_head"], row["match_ids"] or ())


def _published(row: Row) -> Figures:
    """A line as published. Points with what was won on penalties, where both are: ours are those."""
    said = row["values"]
    more = said.get("values") or {}
    points = _number(more.get("points_penalty_shootout"), said.get("points"))
    return Figures(
        position=row["position"],
        played=said.get("played"),
        won=said.get("won"),
        drawn=said.get("drawn"),
        lost=said.get("lost"),
        points=None if points is None else round(points),
        points_per_match=_number(said.get("points_per_match")),
        goals_for=_whole(more.get("goals_for")),
        goals_against=_whole(more.get("goals_against")),
        goal_difference_per_match=_number(more.get("goal_differential_per_match")),
        goals_for_per_match=_number(more.get("goals_for_per_match")),
    )


def _number(*said: Any) -> float | None:
    """The first of these that is a number."""
    for value in said:
        try:
            return float(value)
        except (TypeError, ValueError):
            continue
    return None


def _whole(said: Any) -> int | None:
    number = _number(said)
    return None if number is None or not number.is_integer() else int(number)


def _by_table(rows: Sequence[Row]) -> dict[TableKey, list[Row]]:
    tables: dict[TableKey, list[Row]] = defaultdict(list)
    for row in rows:
        where = (row["source"], row["season"], row["league"] or "", row["age_group"], row["division"])
        tables[TableKey(*where)].append(row)
    return tables


def _all(connection: Connection, query: str, **parameters: Any) -> list[Row]:
    with reading(connection, query, **parameters) as found:
        return list(found.rows)
