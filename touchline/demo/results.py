"""How the matches end, and when the site hears of it."""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from touchline.demo.chance import dice
from touchline.demo.model import Feed, Fixture, Score
from touchline.demo.season import Season, office_day
from touchline.demo.structure import FLEX, Plan

#: Goals a side expects against an equal one; playing at home is worth a little more.
_GOALS: Final = 1.7
_AT_HOME: Final = 0.12
_MOST: Final = 9

_PLAYED: Final = timedelta(hours=2)
#: Reports are due within 24 hours; one in sixty is late, and comes on an office day.
_REPORT: Final = timedelta(hours=18)
_LATE: Final = 60

#: Real, and larger than what a filter for typing errors would let pass (SOURCES.md, section 1.9).
RECORD: Final = Score(16, 1)


def play(plan: Plan, season: Season, seed: int) -> None:
    """Give every match that is ever played its score, and the moment of its report."""
    tables = {tenth: _cumulated(tenth / 10) for tenth in range(1, 81)}
    for name, feed in plan.feeds.items():
        random = dice(seed, f"results/{name}")
        for fixture in feed.fixtures:
            if fixture.score is not None or (fixture.final is not None and fixture.final.parked):
                continue
            ahead = fixture.home.strength - fixture.away.strength + _AT_HOME
            home = _drawn(tables, _GOALS * math.exp(ahead), random)
            away = _drawn(tables, _GOALS * math.exp(-ahead), random)
            fixture.score = _decided(home, away, random) if fixture.competition == FLEX else Score(home, away)
            fixture.reported_at = _reported(fixture, random)
    _set_record(plan.feeds["homegrown"], season)
    _leave_strays(plan.feeds["flex"])


def _cumulated(expected: float) -> list[float]:
    """The Poisson distribution's cumulated chances of 0, 1, 2 … goals, without the last."""
    chances = [math.exp(-expected) * expected**goals / math.factorial(goals) for goals in range(_MOST)]
    return list(accumulate(chances))


def _drawn(tables: dict[int, list[float]], expected: float, random: Random) -> int:
    return bisect_right(tables[min(80, max(1, round(expected * 10)))], random.random())


def _decided(home: int, away: int, random: Random) -> Score:
    """Flex: a draw is decided on penalties, and the feed writes 0 and 0 where there was no shoot-out."""
    if home != away:
        return Score(home, away, 0, 0)
    loser = random.choice((2, 3, 3, 4, 4, 5))
    winner = loser + (2 if loser == 2 else 1)
    return Score(home, away, winner, loser) if random.random() < 0.5 else Score(home, away, loser, winner)


def _reported(fixture: Fixture, random: Random) -> datetime:
    start = fixture.final.start if fixture.final else fixture.start
    if random.randrange(_LATE) == 0:
        day = start.date()
        return office_day(day + timedelta(days=5 - day.weekday()), weeks=1)
    return start + _PLAYED + _REPORT * random.random() ** 2


def _set_record(feed: Feed, season: Season) -> None:
    """The first match of the third weekend ends 16-1."""
    for fixture in feed.fixtures:
        if fixture.day >= season.saturdays[2] and fixture.bracket and fixture.reported_at and not fixture.moves:
            fixture.score = RECORD
            return


def _leave_strays(feed: Feed) -> None:
    """Two slips of the pen: a shoot-out noted for a match that was won, and none where others have 0 and 0."""
    won = [fixture for fixture in feed.fixtures if fixture.score and fixture.score.home != fixture.score.away]
    for fixture, penalties in zip(won[:2], ((4, 2), (None, None)), strict=False):
        assert fixture.score is not None
        fixture.score = Score(fixture.score.home, fixture.score.away, *penalties)
