"""Where the pages of single things are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

#: What names a league table.
TABLE: Final = ("source", "season", "league", "age_group", "division")


def match_path(source: str, match_id: str) -> str:
    """The page of one match."""
    return f"/matches/{quote(source, safe='')}/{quote(match_id, safe='')}"


def match_of(row: Mapping[str, Any]) -> str:
    """The page of the match that `row` is of."""
    return match_path(row["source"], row["match_id"])


def table_path(row: Mapping[str, Any]) -> str:
    """The page of the table that `row` is of, or belongs to. Divisions have slashes and spaces in their names."""
    return f"/tables/one?{urlencode({name: row[name] or '' for name in TABLE})}"


def team_path(source: str, team_id: str) -> str:
    """All matches of a team."""
    return f"/matches?{urlencode({'team_id': team_id, 'source': source})}"
