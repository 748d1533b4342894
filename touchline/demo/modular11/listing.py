"""What the site lists: the demo league's matches as its rows have them, an age group of a tournament at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from touchline.demo.league import League
from touchline.demo.model import UNSET_VENUE, Bracket, Club, FeedName, Fixture, Score

#: Tournament → the league's feeds that it has (SOURCES.md, section 2).
TOURNAMENTS: Final[Mapping[int, tuple[FeedName, ...]]] = {12: ("homegrown", "flex"), 35: ("academy",)}

_BLANK: Final = "\N{NO-BREAK SPACE}"
#: Of so many clubs one has a crest whose address lacks the club's id, as in the real sample.
_WITHOUT_ID: Final = 7


@dataclass(frozen=True, slots=True)
class Side:
    """A team as a row shows it; `club` is None where the crest's address does not tell."""

    name: str
    club: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One match as the site shows it."""

    number: int
    day: date
    #: At the venue; midnight where no kick-off is set.
    clock: time
    venue: str
    age: str
    competition: str
    #: Empty where the match belongs to none.
    division: str
    home: Side
    away: Side
    #: `1 : 3`, with blanks that do not break, or `TBD`.
    score: str

    @property
    def when(self) -> str:
        """As the site writes it: `09/20/25 03:45pm`."""
        return f"{self.day:%m/%d/%y} {self.clock:%I:%M}{'am' if self.clock.hour < 12 else 'pm'}"


def planned(league: League, tournament: int, age: str) -> list[Fixture]:
    """The matches of one age group, in the order in which they were first planned."""
    feeds = (league.feeds[name] for name in TOURNAMENTS[tournament])
    found = (fixture for feed in feeds for fixture in feed.fixtures if _age(fixture) == age)
    return sorted(found, key=lambda fixture: (fixture.day, fixture.number))


def shown(fixtures: Iterable[Fixture], moment: datetime) -> list[Listed]:
    """Those matches as the site shows them at `moment`, by date."""
    rows = (_listed(fixture, moment) for fixture in fixtures)
    return sorted(rows, key=lambda row: (row.day, row.clock, row.number))


def ages(league: League, tournament: int) -> list[str]:
    """The age groups of a tournament, youngest first."""
    return sorted({bracket.age for bracket in _brackets(league, tournament)})


def divisions(league: League, tournament: int) -> list[str]:
    """The divisions of all age groups of a tournament, by name."""
    return sorted({bracket.name for bracket in _brackets(league, tournament)})


def _brackets(league: League, tournament: int) -> Iterator[Bracket]:
    return (bracket for name in TOURNAMENTS[tournament] for bracket in league.feeds[name].brackets)


def _age(fixture: Fixture) -> str:
    return fixture.bracket.age if fixture.bracket else fixture.home.age


def _listed(fixture: Fixture, moment: datetime) -> Listed:
    known = fixture.shown(moment)
    local = known.start.astimezone(fixture.zone)
    # what is claimed for a day to come is a habit of the other site
    score = None if fixture.claimed_at else known.score
    return Listed(
        number=fixture.number,
        day=local.date(),
        clock=time(0, 0) if known.unset else local.time().replace(tzinfo=None),
        venue=UNSET_VENUE if known.unset else fixture.venue.name,
        age=_age(fixture),
        competition=fixture.competition,
        division=fixture.bracket.name if fixture.bracket else "",
        home=_side(fixture.home.club, moment),
        away=_side(fixture.away.club, moment),
        score="TBD" if score is None else _written(score),
    )


def _side(club: Club, moment: datetime) -> Side:
    return Side(club.name_at(moment), None if club.id % _WITHOUT_ID == 0 else club.id)


def _written(score: Score) -> str:
    said = f"{score.home} : {score.away}"
    if score.home == score.away and score.home_penalties:
        said += f" ({score.home_penalties} : {score.away_penalties})"
    return said.replace(" ", _BLANK)
