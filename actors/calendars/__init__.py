"""A team's matches as an iCalendar document (RFC 5545, 7986) that phones subscribe to.

    store ──reading/calendar.sql──► rows ──events.py──► events ──► one document, an ETag

The document depends on the team's matches alone, so the same matches are the same bytes: no time of the reading, no
version of ours. An event is known by its UID, and its SEQUENCE counts how often its match changed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import icalendar
from icalendar import vDuration

from actors.calendars.events import Row, event_of
from actors.calendars.teams import Team, find
from actors.calendars.texts import line
from actors.calendars.zones import described, zone_of
from actors.errors import NoSuchTeam
from actors.store.database import Connection
from actors.store.reading import reading

__all__ = ["CONTENT_TYPE", "REFRESH", "Calendar", "Team", "calendar_of", "find", "made_of"]

#: How often a reader may well ask: kick-offs are moved hours ahead, results come in within a day.
REFRESH: Final = timedelta(hours=1)

#: Matches in one calendar: more than any team plays in decades, and a second's work.
MOST: Final = 5000

_PRODUCT: Final = "-//Touchline//Calendar//EN"

#: The type of the document, for whoever serves it.
CONTENT_TYPE: Final = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The calendar of one team. `dateless` are matches that are not in it, because no day was ever known of them."""

    name: str
    matches: int
    dateless: int
    _document: bytes

    def to_ical(self) -> bytes:
        """The document, CRLF and all."""
        return self._document

    @property
    def etag(self) -> str:
        """A strong validator (RFC 9110, 8.8.3), quotes and all: the same bytes have the same one."""
        return f'"{hashlib.sha256(self._document).hexdigest()[:32]}"'


def calendar_of(connection: Connection, source: str, team_id: str, *, season: str | None = None) -> Calendar:
    """The calendar of the team, of all seasons that are stored or of one; of `MOST` matches, the latest.

    Raises NoSuchTeam where the team has no match.
    """
    with reading(connection, "calendar", source=source, team_id=team_id, season=season, limit=MOST) as found:
        rows = list(found.rows)
    return made_of(rows, source, team_id)


def made_of(rows: Sequence[Row], source: str, team_id: str) -> Calendar:
    """The calendar of these matches of the team. Raises NoSuchTeam where there are none."""
    if not rows:
        raise NoSuchTeam(
            f"no match of a team {team_id!r} of {source} is stored", hint="`touchline teams` shows the teams' ids"
        )
    title = _title(rows, team_id)
    document = icalendar.Calendar()
    document.add("PRODID", _PRODUCT)
    document.add("VERSION", "2.0")
    document.add("CALSCALE", "GREGORIAN")
    # RFC 7986 has the first of each pair, and most of today's readers the second
    document.add("NAME", title)
    document.add("X-WR-CALNAME", title)
    document.add("REFRESH-INTERVAL", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    document.add("X-PUBLISHED-TTL", vDuration(REFRESH))
    events = [event for row in rows if (event := event_of(row)) is not None]
    first, last = _years(rows)
    for key in sorted({row["timezone"] for row in rows if row["timezone"] and row["kickoff"]}):
        if (zone := zone_of(key)) is not None:
            document.add_component(described(zone, first, last))
    for event in events:
        document.add_component(event)
    return Calendar(title, len(events), len(rows) - len(events), document.to_ical())


def _title(rows: Sequence[Row], team_id: str) -> str:
    """`Athletum FC Academy U14`: clubs give all their teams one name."""
    latest = max(row["season"] for row in rows)
    own = [row for row in rows if row["season"] == latest]
    side = "home" if own[0]["home_team_id"] == team_id else "away"
    team = line(own[0][f"{side}_team"]) or "?"
    age = Counter(row["age_group"] for row in own).most_common(1)[0][0]
    return team if age.lower() in team.lower().split() else f"{team} {age}"


def _years(rows: Sequence[Row]) -> tuple[int, int]:
    """The years that its time zones have to be right for. Those of whole seasons: a match that moves changes none."""
    years = {int(row["season"][:4]) + more for row in rows for more in (0, 1)}
    years |= {row[key].year for row in rows for key in ("date", "kickoff") if row[key] is not None}
    return min(years), max(years)
