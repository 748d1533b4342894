"""What happens to a season: postponements, moves, forfeits, and the oddities that readers of the feeds stumble over.

Everything is announced on office days (Tuesday to Thursday), with one exception that the demo lives on: on each
weekend exactly one homegrown match is postponed, and exactly one of a later weekend gets another day and kick-off.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final

from touchline.demo.chance import dice
from touchline.demo.model import Feed, Fixture, Move, Score
from touchline.demo.schedule import EVENING_TIMES, Diary, at_local
from touchline.demo.season import Season, office_day
from touchline.demo.structure import Plan

#: The real league had 103 of 7,763 parked (SOURCES.md, section 1.5), and readers know the day by 20 or more.
_PARKED: Final = 0.0133
_PARKED_AT_LEAST: Final = 22
#: Below this many matches, parking so many would spoil the league; then the day cannot be recognised.
_LARGE_ENOUGH: Final = 300
#: Every eighth parked one has a result all the same: a forfeit (13 of the 103).
_FORFEITS: Final = 8

_MOVED: Final = 0.005
#: Other changes put at most so many matches of a feed on one weekday, which must not look like a placeholder.
_MIDWEEK_AT_MOST: Final = 6
_NEVER_SET: Final = 0.002


@dataclass(frozen=True, slots=True)
class Weekend:
    """One weekend of the season: the moments before and after it, and what was changed on it besides results.

    `postponed` and `moved` are match numbers. Everything else that differs between the two moments is a result.
    """

    saturday: date
    before: datetime
    after: datetime
    postponed: str
    moved: str


def happen(plan: Plan, season: Season, diary: Diary, seed: int) -> list[Weekend]:
    """Let it all happen to the plan's fixtures. The weekends that have both changes are returned, in order."""
    for name, feed in plan.feeds.items():
        random = dice(seed, f"incidents/{name}")
        untouched = [fixture for fixture in feed.fixtures if fixture.bracket is not None]
        random.shuffle(untouched)
        _park(feed, untouched, season, random)
        _move(feed, untouched, season, diary, random)
        for _ in range(max(1, round(len(feed.fixtures) * _NEVER_SET))):
            untouched.pop().set_at = None
    homegrown = plan.feeds["homegrown"]
    _claim(homegrown, season, dice(seed, "claim"))
    return _weekends(homegrown, season, diary, dice(seed, "weekends"))


def _park(feed: Feed, untouched: list[Fixture], season: Season, random: Random) -> None:
    """The postponements of late summer, and forfeits, which the site parks on the same day."""
    number = round(len(feed.fixtures) * _PARKED)
    if len(feed.fixtures) >= _LARGE_ENOUGH:
        number = max(number, _PARKED_AT_LEAST)
    for place in range(number):
        fixture = untouched.pop()
        announced = office_day(season.saturdays[random.randint(0, 3)], weeks=-random.randint(0, 3), weekday=3)
        announced = min(announced, office_day(_saturday(fixture.day), weekday=1))
        unset = place % 5 == 4
        fixture.moves.append(Move(announced, _parked_at(fixture, season), parked=True, unset=unset))
        if place % _FORFEITS == _FORFEITS - 1:
            fixture.score = random.choice((Score(3, 0), Score(0, 3)))
            fixture.claimed_at = announced


def _move(feed: Feed, untouched: list[Fixture], season: Season, diary: Diary, random: Random) -> None:
    """Moves to a weekday evening, a week or so ahead."""
    midweek: Counter[date] = Counter()
    for _ in range(round(len(feed.fixtures) * _MOVED)):
        fixture = untouched.pop()
        saturday = _saturday(fixture.day)
        for weeks in (random.randint(0, 3), 4, 5, 6, 7):
            day = saturday + timedelta(weeks=weeks, days=random.choice((-4, -3, -2)) + 7)
            if day > season.saturdays[-1]:
                continue
            if midweek[day] < _MIDWEEK_AT_MOST and diary.free(day, fixture.home, fixture.away):
                midweek[day] += 1
                diary.take(day, fixture.home, fixture.away)
                start = at_local(day, random.choice(EVENING_TIMES[2:]), fixture.zone)
                fixture.moves.append(Move(office_day(saturday, weeks=-1, weekday=2), start))
                break


def _claim(feed: Feed, season: Season, random: Random) -> None:
    """One match of the spring is marked completed, with a score, from the first weeks on."""
    spring = [fixture for fixture in feed.fixtures if not fixture.moves and fixture.day >= season.saturdays[-8]]
    fixture = random.choice([fixture for fixture in spring if fixture.bracket is not None])
    fixture.claimed_at = fixture.set_at = office_day(season.saturdays[2])


def _weekends(feed: Feed, season: Season, diary: Diary, random: Random) -> list[Weekend]:
    plain = [
        fixture
        for fixture in feed.fixtures
        if fixture.bracket and not fixture.moves and fixture.set_at and not fixture.claimed_at
    ]
    due: dict[date, list[Fixture]] = {saturday: [] for saturday in season.saturdays}
    for fixture in plain:
        if fixture.day.weekday() != 4:  # on Friday it would be too late to call it off on Saturday morning
            due[_saturday(fixture.day)].append(fixture)
    made = []
    for place, saturday in enumerate(season.saturdays[:-1]):
        postponed = random.choice(due[saturday]) if due[saturday] else None
        moved = _move_one(due, season, place, diary, random) if postponed else None
        if postponed is None or moved is None:
            continue
        called_off = datetime.combine(saturday, time(11, 40), UTC)
        postponed.moves.append(Move(called_off, _parked_at(postponed, season), parked=True))
        if random.random() < 0.5:
            _play_later(postponed, season, place, diary, random)
        before = datetime.combine(saturday - timedelta(days=1), time(16, 0), UTC)
        after = datetime.combine(saturday + timedelta(days=2), time(16, 0), UTC)
        made.append(Weekend(saturday, before, after, str(postponed.number), str(moved.number)))
    return made


def _move_one(
    due: dict[date, list[Fixture]], season: Season, place: int, diary: Diary, random: Random
) -> Fixture | None:
    """Move one match of the next weekends to another day and kick-off; None where no match can be moved."""
    announced = datetime.combine(season.saturdays[place] + timedelta(days=1), time(20, 15), UTC)
    for saturday in season.saturdays[place + 1 : place + 4]:
        candidates = [fixture for fixture in due[saturday] if fixture.set_at and fixture.set_at < announced]
        for fixture in random.sample(candidates, len(candidates)):
            other = 6 if fixture.day.weekday() == 5 else 5
            for weeks, weekday in ((0, other), (1, other), (0, 9), (1, 5), (1, 6)):
                day = saturday + timedelta(weeks=weeks, days=weekday - 5)
                if not diary.free(day, fixture.home, fixture.away):
                    continue
                diary.take(day, fixture.home, fixture.away)
                clock = fixture.start.astimezone(fixture.zone).time()
                # by two hours: one could be undone by the end of daylight saving time
                other_clock = clock.replace(hour=clock.hour + (-2 if clock.hour > 10 else 3))
                start = at_local(day, other_clock if day.weekday() > 4 else time(20, 30), fixture.zone)
                fixture.moves.append(Move(announced, start))
                due[saturday].remove(fixture)
                return fixture
    return None


def _play_later(fixture: Fixture, season: Season, place: int, diary: Diary, random: Random) -> None:
    """A postponed match finds a new date, some weeks after it was called off."""
    for week in range(place + random.randint(4, 7), len(season.saturdays)):
        for weekday in (1, 0):
            day = season.saturdays[week] + timedelta(days=weekday)
            if diary.free(day, fixture.home, fixture.away):
                diary.take(day, fixture.home, fixture.away)
                announced = office_day(season.saturdays[week], weeks=-2)
                start = at_local(day, fixture.start.astimezone(fixture.zone).time(), fixture.zone)
                fixture.moves.append(Move(announced, start))
                return


def _parked_at(fixture: Fixture, season: Season) -> datetime:
    """The placeholder day, at the kick-off's time of day, as the real site does it."""
    return at_local(season.placeholder, fixture.start.astimezone(fixture.zone).time(), fixture.zone)


def _saturday(day: date) -> date:
    """The Saturday of the week of `day` (a Sunday belongs to the one before it)."""
    return day + timedelta(days=5 - day.weekday())
