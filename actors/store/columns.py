"""How rows go to the server: as one JSON array a statement, with what the statement reads and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from psycopg.types.json import Jsonb
from pydantic_core import to_json

#: Fields of a row that are no columns of a match: they say who its teams and clubs are (actors.store.teams).
_OF_TEAMS: Final = frozenset({"home_team", "away_team", "home_team_id", "away_team_id", "home_club", "away_club"})


def columns_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a match, without those that are null: to jsonb_to_recordset what is absent is null."""
    return {name: value for name, value in row.items() if value is not None and name not in _OF_TEAMS}


def as_jsonb(value: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> Jsonb:
    """A parameter of type jsonb. The values have been validated: they are text, numbers, None and dicts of those."""
    return Jsonb(value if isinstance(value, Mapping) else list(value), dumps=to_json)
