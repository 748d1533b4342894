"""One row of a page as a match of the contract, or as a reject.

the page says                                   becomes
TBD, or no score                                scheduled
`1 : 3`, `0 : 0`                                completed
`1 : 1 (4 : 3)`                                 completed, with the shoot-out
a result on a day that is still to come         scheduled, without its score
`09/20/25 03:45pm`                              the date, and a kick-off at the venue's clock
`09/20/25 12:00am`, `09/20/25`                  the date, and no kick-off
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from ingest.models import Club, Match
from ingest.season import Season
from ingest.sources import Reject
from ingest.sources.modular11.pages import OddRow, Row, Side, shown

_WHEN: Final = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})(?: (\d{1,2}):(\d{2}) ?([ap])\.?m\b)?(?![\d/:])", re.ASCII | re.IGNORECASE
)
_A_TIME: Final = re.compile(r" ?\d{1,2}:\d{2}", re.ASCII)
_SCORE: Final = re.compile(r"(\d{1,4}) ?: ?(\d{1,4})(?: ?\( ?(\d{1,4}) ?: ?(\d{1,4}) ?\))?", re.ASCII)
_NO_SCORE: Final = frozenset({"", "tbd"})
_NO_VENUE: Final = frozenset({"", "tbd"})
_AGE: Final = re.compile(r"U-?(\d{1,2})", re.ASCII | re.IGNORECASE)
_CLUB: Final = re.compile(r"/academy/(\d{1,20})/", re.ASCII)

#: The names that `mlsnext` has for the same competitions.
_MATCH_TYPES: Final = {"MLS NEXT Flex": "Flex"}


class Unusable(ValueError):
    """A text that cannot be expressed in the contract: `reason` for programs, `str` for people."""

    def __init__(self, reason: str, error: str) -> None:
        super().__init__(error)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Clocks:
    """Which zone a venue's clock shows: the page does not say. By division (in lower case), else everywhere's."""

    everywhere: ZoneInfo
    by_division: Mapping[str, ZoneInfo]

    def at(self, division: str) -> ZoneInfo:
        return self.by_division.get(division.casefold(), self.everywhere)


@dataclass(frozen=True, slots=True)
class Rows:
    """Makes matches of the rows of one answer, which came from `url` and was asked for at `asked_at` (UTC)."""

    league: str | None
    season: str
    clocks: Clocks
    url: str
    asked_at: datetime

    def read(self, row: Row | OddRow) -> Match | Reject:
        if isinstance(row, OddRow):
            return Reject(row.number, "row_incomplete", row.error, self._payload(row))
        try:
            return self._express(row)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            said = f"the match cannot be used: {where}{': ' if where else ''}{first['msg']}"
            return Reject(row.number, first["type"], said, self._payload(row))
        except Unusable as error:
            return Reject(row.number, error.reason, str(error), self._payload(row))

    def _payload(self, row: Row | OddRow) -> dict[str, str]:
        return {"url": self.url, "row": row.html}

    def _express(self, row: Row) -> Match:
        """Raises Unusable and ValidationError."""
        zone = self.clocks.at(row.division)
        day, clock = when(row.when)
        if not in_season(day, self.season):
            raise Unusable("other_season", f"{day} does not lie in the season {self.season}, which was asked for")
        goals = score(row.score)
        if goals is not None and day > self.asked_at.astimezone(zone).date():
            goals = None
        result = goals or Score(None, None)
        return Match(
            match_id=row.number,
            home_team=row.home.name,
            away_team=row.away.name,
            date=day.isoformat(),
            season=self.season,
            age_group=age_group(row.age),
            match_type=_match_type(row.competition),
            status="scheduled" if goals is None else "completed",
            kickoff=None if clock is None else kickoff(day, clock, zone),
            timezone=zone.key,
            home_club=self._club(row.home),
            away_club=self._club(row.away),
            league=self.league,
            division=row.division or None,
            home_score=result.home,
            away_score=result.away,
            home_penalties=result.home_penalties,
            away_penalties=result.away_penalties,
            location=None if row.location.casefold() in _NO_VENUE else row.location,
            round=row.round or None,
            notes=None if row.gender.casefold() in ("", "male") else row.gender,
        )

    def _club(self, side: Side) -> Club | None:
        """The club, by the number in the address of its crest; None without one."""
        found = _CLUB.search(side.crest)
        if found is None:
            return None
        try:
            return Club(id=found[1], name=side.name, logo_url=urljoin(self.url, side.crest))
        except ValidationError:
            return Club(id=found[1], name=side.name)


@dataclass(frozen=True, slots=True)
class Score:
    """A result; the shoot-out only where there was one."""

    home: int | None
    away: int | None
    home_penalties: int | None = None
    away_penalties: int | None = None


def score(text: str) -> Score | None:
    """The result that a text says, 0-0 among them; None for `TBD`. Raises Unusable for any other text."""
    if text.casefold() in _NO_SCORE:
        return None
    said = _SCORE.fullmatch(text)
    if said is None:
        raise Unusable("no_such_score", f"{shown(text)} is neither a score nor TBD")
    home, away = int(said[1]), int(said[2])
    if said[3] is None or home != away or not (int(said[3]) or int(said[4])):
        # only a draw is decided by a shoot-out, and 0 and 0 were none
        return Score(home, away)
    return Score(home, away, int(said[3]), int(said[4]))


def when(text: str) -> tuple[date, time | None]:
    """The day and the kick-off at the beginning of a text, None where none is set. Raises Unusable."""
    said = _WHEN.match(text)
    if said is None or (said[4] is None and _A_TIME.match(text, said.end())):
        raise Unusable("no_such_time", f"{shown(text)} does not begin with a date like 09/20/25 03:45pm")
    month, day, year, hour, minute, half = said.groups()
    try:
        on = date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
        if hour is None:
            return on, None
        if not 1 <= int(hour) <= 12:
            raise ValueError(f"there is no hour {hour}")
        clock = time(int(hour) % 12 + (12 if half in "pP" else 0), int(minute))
    except ValueError as error:
        raise Unusable("no_such_time", f"{shown(said[0])} is no time ({error})") from None
    # midnight is where the site puts what has no kick-off
    return on, None if clock == time(0, 0) else clock


def kickoff(day: date, clock: time, zone: ZoneInfo) -> str:
    """The instant in UTC at which the venue's clock shows that time.

    A time that the clock shows twice is the first of the two; one that it leaves out is counted from before it does.
    """
    return f"{datetime.combine(day, clock, zone).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def in_season(day: date, season: str) -> bool:
    """Whether a day belongs to the season written as `2025-26`."""
    return str(Season.of(day)) == season


def age_group(text: str) -> str:
    """`U14` of `U14` and `u-14`. Raises Unusable."""
    said = _AGE.fullmatch(text)
    if said is None:
        raise Unusable("age_group_unknown", f"{shown(text)} is not an age group")
    return f"U{int(said[1])}"


def _match_type(competition: str) -> str:
    if not competition:
        raise Unusable("missing", "the row does not say its competition")
    return _MATCH_TYPES.get(competition, competition)
