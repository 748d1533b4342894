"""Which table a match counts for (SOURCES section 1, points 1 to 3), and the official tables as published.

The schedule's own `division` is the same everywhere, so the standings decide: squads are joined to brackets by their
ids, never by a name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from ingest.models import StandingsRow, StandingsTable
from ingest.sources import Reject
from ingest.sources.mlsnext import feeds
from ingest.sources.mlsnext.rejects import reject, reject_invalid

_AGE: Final = re.compile(r"\bU[- ]?(\d{1,2})\b", re.IGNORECASE | re.ASCII)
_QUALIFIER: Final = re.compile(r"\(([^()]*)\)\s*$")

#: Published key → field of the contract. Everything else stays among the row's `values`.
_COUNTS: Final = {
    "matches_played": "played",
    "won": "won",
    "tie": "drawn",
    "loss": "lost",
    "points": "points",
}
_POINTS_PER_MATCH: Final = "points_per_match_penalty_shootout"


@dataclass(frozen=True, slots=True)
class Bracket:
    """A group of squads. `age_group` is None where its name is none that the contract knows."""

    id: str
    name: str
    age_group: str | None
    competitions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Brackets:
    """The brackets that each squad stands in."""

    by_squad: Mapping[str, tuple[Bracket, ...]]

    def of(self, home: str, away: str, competition: str) -> Bracket | None:
        """The bracket that a match of squads `home` and `away` counts for; None where there is no telling.

        It is the one that both stand in. A squad that stands in none belongs with its opponent's. Where there are
        two, the competition's name tells which.
        """
        homes, aways = self.by_squad.get(home, ()), self.by_squad.get(away, ())
        candidates = [bracket for bracket in homes if bracket in aways] if homes and aways else [*homes, *aways]
        if len(candidates) > 1:
            candidates = _of_competition(candidates, competition)
        return candidates[0] if len(candidates) == 1 else None

    def age_groups(self, squad: str) -> set[str]:
        """The age groups of the brackets that a squad stands in."""
        return {bracket.age_group for bracket in self.by_squad.get(squad, ()) if bracket.age_group}


@dataclass(frozen=True, slots=True)
class Official:
    """A standings document: who stands where, the tables, and the lines that could not be used."""

    brackets: Brackets
    tables: list[StandingsTable]
    rejects: list[Reject]


def age_group_in(name: str | None) -> str | None:
    """The age group that a squad's or bracket's name holds: `U14 AD` is `U14`."""
    found = _AGE.search(name or "")
    return f"U{int(found[1])}" if found else None


def read(documents: Iterable[Any]) -> Official:
    """Brackets and tables of a standings document; `documents` are its brackets as they came."""
    by_squad: defaultdict[str, list[Bracket]] = defaultdict(list)
    tables: list[StandingsTable] = []
    rejects: list[Reject] = []
    for raw in documents:
        try:
            published = feeds.Bracket.model_validate(raw)
        except ValidationError as error:
            rejects.append(reject_invalid(raw, error, what="a bracket of the standings"))
            continue
        bracket = Bracket(
            str(published.id),
            published.name,
            age_group_in(published.age_group.name if published.age_group else None),
            frozenset(_names(published.competitions or ())),
        )
        rows: list[StandingsRow] = []
        for raw_row in published.standings:
            try:
                row = feeds.Row.model_validate(raw_row)
                squads = by_squad[str(row.team.squad_id)]
                if bracket not in squads:
                    squads.append(bracket)
                rows.append(_row(row))
            except ValidationError as error:
                where = {"bracket": published.name, "row": raw_row}
                rejects.append(reject_invalid(where, error, what="a row of the standings"))
        tables += _table(bracket, rows, raw, rejects)
    return Official(Brackets({squad: tuple(found) for squad, found in by_squad.items()}), tables, rejects)


def _table(bracket: Bracket, rows: list[StandingsRow], raw: Any, rejects: list[Reject]) -> list[StandingsTable]:
    if bracket.age_group is None:
        rejects.append(reject(raw, "age_group_unknown", f"bracket {bracket.name!r} does not say its age group"))
        return []
    try:
        return [StandingsTable(division=bracket.name, age_group=bracket.age_group, rows=tuple(rows))]
    except ValidationError as error:
        rejects.append(reject_invalid(raw, error, what="a bracket of the standings"))
        return []


def _row(row: feeds.Row) -> StandingsRow:
    values = {key: text for key, value in (row.tiebreaker_values or {}).items() if (text := _text(value)) is not None}
    fields: dict[str, Any] = {}
    for key, field in _COUNTS.items():
        if (number := _number(values.get(key))) is not None and number.is_integer():
            fields[field] = int(number)
            del values[key]
    if (number := _number(values.get(_POINTS_PER_MATCH))) is not None:
        fields["points_per_match"] = number
        del values[_POINTS_PER_MATCH]
    club = row.team.organisation_id
    return StandingsRow(
        position=row.position,
        team_id=str(row.team.squad_id),
        team=row.team.name,
        club_id=None if club is None else str(club),
        values=values,
        **fields,
    )


def _text(value: Any) -> str | None:
    """A published value, `{"value": "3.0", "description": …}`, as its text."""
    if isinstance(value, dict):
        value = value.get("value")
    return None if value is None else str(value)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    # what is out of all bounds is no number for us, but stays among the values
    return number if number is not None and abs(number) <= 1000 else None


def _of_competition(candidates: list[Bracket], competition: str) -> list[Bracket]:
    """Those that belong to the competition: by their own list, else by what stands in parentheses."""
    listed = [bracket for bracket in candidates if competition in bracket.competitions]
    return listed or [bracket for bracket in candidates if _qualifier(bracket.name) == _qualifier(competition)]


def _qualifier(name: str) -> str | None:
    """`Pro Player Pathway` of `Southeast (Pro Player Pathway)` and of `League (Pro Player Pathway)`."""
    found = _QUALIFIER.search(name)
    return found[1].strip().casefold() if found else None


def _names(competitions: Iterable[Any]) -> Iterable[str]:
    for competition in competitions:
        name = competition.get("name") if isinstance(competition, dict) else competition
        if isinstance(name, str):
            yield name
