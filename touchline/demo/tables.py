"""The official tables: what the league itself computes from the results that it knows at a moment.

Order by SOURCES.md, section 1: points per match; head-to-head when exactly two squads are level; wins; goal difference
and goals for per match; the same two away, then at home; then disciplinary points and the drawing of lots, which
`Squad.lot` stands for. A crossing match counts in each squad's own table. What has not been played yet does not count,
also when it is marked completed (SOURCES.md, section 1.4); a parked forfeit lies in the future, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from touchline.demo.model import WITHOUT_TABLE, Bracket, Feed, Score, Squad
from touchline.demo.structure import FLEX


@dataclass(slots=True)
class Side:
    """Matches of one squad on one side of the pitch."""

    played: int = 0
    goals_for: int = 0
    goals_against: int = 0

    def add(self, scored: int, conceded: int) -> None:
        self.played += 1
        self.goals_for += scored
        self.goals_against += conceded

    @property
    def rates(self) -> tuple[float, float]:
        """Goal difference and goals for, per match."""
        return _per(self.goals_for - self.goals_against, self.played), _per(self.goals_for, self.played)


@dataclass(slots=True)
class Record:
    """One squad's line of a table."""

    squad: Squad
    flex: bool
    won: int = 0
    tied: int = 0
    lost: int = 0
    #: Of the draws, those won and lost on penalties (Flex).
    shootouts_won: int = 0
    shootouts_lost: int = 0
    home: Side = field(default_factory=Side)
    away: Side = field(default_factory=Side)
    #: Points taken from each opponent, for head-to-head.
    taken: dict[int, int] = field(default_factory=dict)

    @property
    def played(self) -> int:
        return self.home.played + self.away.played

    @property
    def points(self) -> int:
        """3, 1, 0; in Flex 3, 2 and 1 on penalties, 0."""
        drawn = 2 * self.shootouts_won + self.shootouts_lost if self.flex else self.tied
        return 3 * self.won + drawn

    @property
    def points_per_match(self) -> float:
        return _per(self.points, self.played)

    @property
    def goals_for(self) -> int:
        return self.home.goals_for + self.away.goals_for

    @property
    def goals_against(self) -> int:
        return self.home.goals_against + self.away.goals_against

    def add(self, score: Score, *, at_home: bool, opponent: Squad) -> None:
        scored, conceded = (score.home, score.away) if at_home else (score.away, score.home)
        (self.home if at_home else self.away).add(scored, conceded)
        before = self.points
        self.won += scored > conceded
        self.tied += scored == conceded
        self.lost += scored < conceded
        if self.flex and scored == conceded:
            won = (score.home_penalties or 0) > (score.away_penalties or 0)
            self.shootouts_won += won is at_home
            self.shootouts_lost += won is not at_home
        self.taken[opponent.id] = self.taken.get(opponent.id, 0) + self.points - before


def official(feed: Feed, moment: datetime) -> Iterator[tuple[Bracket, list[Record]]]:
    """Each bracket with its lines in the official order; alphabetical where there is no table, or no match yet."""
    lines: dict[int, dict[int, Record]] = {
        bracket.id: {squad.id: Record(squad, bracket.competition == FLEX) for squad in bracket.members}
        for bracket in feed.brackets
    }
    own: dict[int, list[dict[int, Record]]] = {}
    for bracket in feed.brackets:
        for squad in bracket.members:
            own.setdefault(squad.id, []).append(lines[bracket.id])
    for fixture in feed.fixtures:
        shown = fixture.shown(moment)
        if shown.score is None or shown.start > moment:
            continue
        for squad, opponent, at_home in ((fixture.home, fixture.away, True), (fixture.away, fixture.home, False)):
            for table_of in [lines[fixture.bracket.id]] if fixture.bracket else own[squad.id]:
                table_of[squad.id].add(shown.score, at_home=at_home, opponent=opponent)
    for bracket in feed.brackets:
        table = [lines[bracket.id][squad.id] for squad in bracket.listed]
        table.sort(key=lambda line: line.squad.club.name_at(moment).casefold())
        yield bracket, ranked(table) if published(bracket, table) else table


def published(bracket: Bracket, table: list[Record]) -> bool:
    """Whether the league publishes an order for this bracket, and not only who is in it."""
    return bracket.age not in WITHOUT_TABLE and any(line.played for line in table)


def ranked(table: list[Record]) -> list[Record]:
    order = sorted(table, key=lambda line: -line.points_per_match)
    placed: list[Record] = []
    for _, group in groupby(order, key=lambda line: line.points_per_match):
        level = list(group)
        if len(level) == 2:
            one, other = level
            between = one.taken.get(other.squad.id, 0) - other.taken.get(one.squad.id, 0)
            if between:
                placed += [one, other] if between > 0 else [other, one]
                continue
        placed += sorted(level, key=_rank)
    return placed


def _rank(line: Record) -> tuple[float, ...]:
    difference = _per(line.goals_for - line.goals_against, line.played)
    scored = _per(line.goals_for, line.played)
    rates = (difference, scored, *line.away.rates, *line.home.rates)
    return (-line.won, *(-rate for rate in rates), line.squad.lot)


def _per(total: int, matches: int) -> float:
    return total / matches if matches else 0.0
