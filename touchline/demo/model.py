"""What a season is made of: clubs, squads, brackets, and fixtures that know what was known of them when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

FeedName = Literal["homegrown", "flex", "academy"]

#: A fixture without a kick-off stands at this local time, with this venue (SOURCES.md, section 1.6).
UNSET_TIME: Final = time(6, 0)
UNSET_VENUE: Final = "TBD"
UNSET_VENUE_ID: Final = 6697

AGES: Final = ("U13", "U14", "U15", "U16", "U17", "U19")
#: These age groups have no official table, only Quality of Play.
WITHOUT_TABLE: Final = frozenset({"U13", "U14"})


@dataclass(slots=True, eq=False)
class Venue:
    id: int
    name: str


@dataclass(slots=True, eq=False)
class Club:
    """An organisation of the feeds. Its name is a label and may drift; its id is what it is."""

    id: int
    name: str
    crest: str
    zone: ZoneInfo
    venues: tuple[Venue, ...]
    strength: float
    renamed: tuple[datetime, str] | None = None

    def name_at(self, moment: datetime) -> str:
        return self.renamed[1] if self.renamed and self.renamed[0] <= moment else self.name


@dataclass(slots=True, eq=False)
class Squad:
    """A team: one club's side of one age group."""

    id: int
    club: Club
    age: str
    #: As the feed writes it: `U14`, or `U14 AD` in Academy.
    label: str
    strength: float
    #: Decides the order of squads that are level on everything: disciplinary points and the drawing of lots.
    lot: int


@dataclass(slots=True, eq=False)
class Bracket:
    """A division of one age group. `unlisted` plays its schedule, and is missing from the standings."""

    id: int
    name: str
    age: str
    competition: str
    members: list[Squad]
    legs: int = 2
    unlisted: Squad | None = None

    @property
    def listed(self) -> list[Squad]:
        return [squad for squad in self.members if squad is not self.unlisted]


class Score(NamedTuple):
    home: int
    away: int
    #: Of the shoot-out. The feeds write 0 and 0, or null and null, where there was none.
    home_penalties: int | None = None
    away_penalties: int | None = None


class Move(NamedTuple):
    """From `announced` on the fixture stands at `start`; without a kick-off where `unset` (then at 06:00 local)."""

    announced: datetime
    start: datetime
    parked: bool = False
    unset: bool = False


class Shown(NamedTuple):
    """What the site publishes of a fixture at one moment."""

    start: datetime
    unset: bool
    completed: bool
    score: Score | None


@dataclass(slots=True, eq=False)
class Fixture:
    """One match, with its whole story; `shown` tells it up to a moment."""

    #: The public match number, `game_key` of the feeds: it stays when the match moves.
    number: int
    #: None where the two squads share no bracket.
    bracket: Bracket | None
    competition: str
    home: Squad
    away: Squad
    venue: Venue
    day: date
    start: datetime
    #: When its kick-off and venue were set; None: never, it is played all the same.
    set_at: datetime | None
    moves: list[Move] = field(default_factory=list)
    score: Score | None = None
    reported_at: datetime | None = None
    #: Marked completed, with a score, from here on, though it lies in the future (SOURCES.md, section 1.4).
    claimed_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        return self.home.club.zone

    @property
    def final(self) -> Move | None:
        """The last change of its date, if there was one."""
        return self.moves[-1] if self.moves else None

    def shown(self, moment: datetime) -> Shown:
        start, unset = self.start, self.set_at is None or moment < self.set_at
        for move in self.moves:
            if move.announced <= moment:
                start, unset = move.start, move.unset
        if unset:
            start = self._unset_start(start)
        known = (self.reported_at is not None and self.reported_at <= moment) or (
            self.claimed_at is not None and self.claimed_at <= moment
        )
        return Shown(start, unset, known, self.score if known else None)

    def _unset_start(self, start: datetime) -> datetime:
        day = start.astimezone(self.zone).date()
        return datetime.combine(day, UNSET_TIME, self.zone).astimezone(UTC)


@dataclass(slots=True, eq=False)
class Feed:
    """One of the three leagues, as the site cuts them: a schedule document and a standings document under one key."""

    name: FeedName
    key: str
    title: str
    brackets: list[Bracket]
    fixtures: list[Fixture] = field(default_factory=list)
    #: Other feeds' titles and keys that the schedule document names.
    linked: tuple[tuple[str, str], ...] = ()
