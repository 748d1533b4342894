"""From brackets to fixtures: rounds at weekends, at most one match a squad and day, kick-offs at the venue's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, count
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from touchline.demo.chance import dice
from touchline.demo.model import Bracket, Feed, Fixture, Squad
from touchline.demo.season import Season, office_day, round_robin
from touchline.demo.structure import LEAGUE, PATHWAY, Plan

#: The match numbers of 2026-27 begin here; a season has 24,628, and numbers are never used again.
_FIRST_NUMBER: Final = 26_001
_NUMBERS_A_SEASON: Final = 50_000

_WEEKEND_TIMES: Final = tuple(
    time(*divmod(minutes, 60)) for minutes in (540, 600, 660, 690, 720, 780, 840, 870, 900, 930, 960, 1020, 1110, 1170)
)
#: After a day of school or work. 19:30 in New York is the next day in UTC (SOURCES.md, section 1.8).
EVENING_TIMES: Final = (time(18, 0), time(18, 30), time(19, 0), time(19, 30), time(20, 0))


class Diary:
    """Who plays on which day already. A day that was ever taken stays taken, also when the match moves away."""

    def __init__(self) -> None:
        self._taken: set[tuple[int, date]] = set()

    def free(self, day: date, *squads: Squad) -> bool:
        return not any((squad.id, day) in self._taken for squad in squads)

    def take(self, day: date, *squads: Squad) -> None:
        self._taken.update((squad.id, day) for squad in squads)


def fill(plan: Plan, season: Season, diary: Diary, seed: int) -> None:
    """Give each feed of `plan` its fixtures, exactly as many as planned, numbered in the order of their dates."""
    numbers = count(_FIRST_NUMBER + _NUMBERS_A_SEASON * (season.year - 2026))
    for name, feed in plan.feeds.items():
        random = dice(seed, f"schedule/{name}")
        made = _rounds(feed, plan.matches[name] - plan.crossing[name], season, diary, random)
        made += _crossings(feed, plan.crossing[name], season, diary, random)
        made.sort(key=lambda fixture: (fixture.day, fixture.home.id))
        for fixture in made:
            fixture.number = next(numbers)
        feed.fixtures = made


def at_local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A kick-off in UTC from what the venue's clock shows."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _rounds(feed: Feed, matches: int, season: Season, diary: Diary, random: Random) -> list[Fixture]:
    drawn = [
        (bracket, round_robin(random.sample(bracket.members, len(bracket.members)), bracket.legs))
        for bracket in feed.brackets
    ]
    _leave_out(drawn, sum(len(pairs) for _, rounds in drawn for pairs in rounds) - matches, random)
    made = []
    for bracket, rounds in drawn:
        weeks = len(season.saturdays)
        # brackets rest on different weekends, so that none is without a match
        shift = random.randrange(weeks)
        for turn, pairs in enumerate(rounds):
            week = (turn * weeks + shift) // len(rounds)
            for home, away in pairs:
                day = _free_day(season, week, home, away, diary, random)
                made.append(_fixture(bracket, bracket.competition, home, away, day, season, random))
    return made


def _leave_out(drawn: list[tuple[Bracket, list[list[tuple[Squad, Squad]]]]], surplus: int, random: Random) -> None:
    """What is too much falls out of the last rounds, one match a bracket in turn: some do not play a return match."""
    order = random.sample(range(len(drawn)), len(drawn))
    for turn in range(surplus):
        rounds = drawn[order[turn % len(order)]][1]
        last = next(pairs for pairs in reversed(rounds) if pairs)
        last.pop(random.randrange(len(last)))


def _crossings(feed: Feed, number: int, season: Season, diary: Diary, random: Random) -> list[Fixture]:
    """Matches of squads that share no bracket: the same age in another division, or the next age group."""
    seats: dict[int, list[Bracket]] = {}
    for bracket in feed.brackets:
        for squad in bracket.listed:
            seats.setdefault(squad.id, []).append(bracket)
    single = [(squad, bracket) for bracket in feed.brackets for squad in bracket.listed if len(seats[squad.id]) == 1]
    made: list[Fixture] = []
    while len(made) < number:
        (home, own), (away, other) = random.sample(single, 2)
        older, younger = max(own.age, other.age), min(own.age, other.age)
        if own is other or home.club is away.club or int(older[1:]) - int(younger[1:]) > 1:
            continue
        week = random.randrange(2, len(season.saturdays))
        day = _free_day(season, week, home, away, diary, random)
        competition = PATHWAY if own.competition == other.competition == PATHWAY else LEAGUE
        made.append(_fixture(None, competition, home, away, day, season, random))
    return made


def _free_day(season: Season, week: int, home: Squad, away: Squad, diary: Diary, random: Random) -> date:
    """Saturday or Sunday of that week, else Friday, else the nearest weekend on which both squads are free."""
    first, second = (5, 6) if random.random() < 0.7 else (6, 5)
    for near in chain((week,), sorted(range(len(season.saturdays)), key=lambda other: abs(other - week))):
        for weekday in (first, second, 4):
            day = season.saturdays[near] + timedelta(days=weekday - 5)
            if diary.free(day, home, away):
                diary.take(day, home, away)
                return day
    raise AssertionError(f"{home.label} of {home.club.name} has no free weekend left in {season.name}")


def _fixture(
    bracket: Bracket | None, competition: str, home: Squad, away: Squad, day: date, season: Season, random: Random
) -> Fixture:
    clock = random.choice(EVENING_TIMES if day.weekday() == 4 else _WEEKEND_TIMES)
    start = at_local(day, clock, home.club.zone)
    saturday = day + timedelta(days=5 - day.weekday())
    # Kick-offs are set some weeks ahead, a third of them before the season, on a Wednesday.
    weeks = 60 if random.random() < 0.35 else random.randint(2, 16)
    set_at = office_day(max(saturday - timedelta(weeks=weeks), season.saturdays[0] - timedelta(weeks=6)))
    return Fixture(0, bracket, competition, home, away, random.choice(home.club.venues), day, start, set_at)
