"""Which team is meant: by its id, or by a part of its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from actors.store.database import Connection
from actors.store.reading import reading

#: Teams that are named to whoever meant one of several.
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Team:
    """A team that has matches. `season` is its latest, and `age_group` what it mostly plays in there.

    `league` and `division` may be several, with commas between them, or None.
    """

    source: str
    team_id: str
    team: str
    season: str
    age_group: str
    league: str | None
    division: str | None
    matches: int


def find(
    connection: Connection,
    team: str,
    *,
    source: str | None = None,
    season: str | None = None,
    leagues: Iterable[str] = (),
    age_groups: Iterable[str] = (),
) -> Sequence[Team]:
    """The teams that `team` may mean: those of that id, else of exactly that name, else with that in their name.

    Without regard to case, `MOST` at most, and only teams with a match that fits.
    """
    with reading(
        connection,
        "calendar_teams",
        team=team,
        source=source,
        season=season,
        leagues=list(leagues) or None,
        age_groups=list(age_groups) or None,
        limit=MOST,
    ) as found:
        rows = list(found.rows)
    nearest = rows[0]["nearness"] if rows else None
    teams = [Team(**{name: row[name] for name in Team.__slots__}) for row in rows if row["nearness"] == nearest]
    # a club's teams have one name, and whoever looks for one of them knows how old it is
    return sorted(teams, key=lambda team: (team.team.lower(), len(team.age_group), team.age_group, team.league or ""))
