"""Teams and clubs as a batch names them: who they are, and what they are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Literal

Side = Literal["home", "away"]


def team_key(row: Mapping[str, Any], side: Side) -> str:
    """The identity of a team within its source: the site's id, else league, age group and normalised name.

    DESIGN section 4. A made key says so by its prefix: `name:homegrown/U14/south florida football academy`.
    """
    if row[f"{side}_team_id"] is not None:
        return str(row[f"{side}_team_id"])
    return f"name:{row['league'] or ''}/{row['age_group']}/{normalise(row[f'{side}_team'])}"


def normalise(name: str) -> str:
    """`name` without case, accents, punctuation and doubled spaces, so that `São João F.C.` is `sao joao fc`."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    words = re.sub(r"[^\w\s]", "", plain.casefold()).split()
    # a name of punctuation alone still has to be told from another one
    return " ".join(words) or name


def teams_of(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The teams that the rows name, each once; `rows` carry `home_team_key` and `away_team_key`."""
    teams: dict[str, dict[str, Any]] = {}
    for row in rows:
        for side in ("home", "away"):
            club = row[f"{side}_club"]
            key = row[f"{side}_team_key"]
            teams[key] = {
                "team_key": key,
                "name": row[f"{side}_team"],
                "club_id": club["id"] if club else None,
                "age_group": row["age_group"],
            }
    return list(teams.values())


def clubs_of(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The clubs that the rows name, each once."""
    clubs: dict[str, dict[str, Any]] = {}
    for row in rows:
        for club in (row["home_club"], row["away_club"]):
            if club:
                clubs[club["id"]] = {"club_id": club["id"], "name": club["name"], "logo_url": club.get("logo_url")}
    return list(clubs.values())
