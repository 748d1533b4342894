"""Tables of made-up results by made-up rules, against a small model that knows no SQL."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.tables import TieBreaker
from tests.integration.store.brackets import Result, order_by

NAMES = tuple(name for name in get_args(TieBreaker) if name != "official_position")
TEAMS = ("Ash", "Birch", "Cedar", "Dogwood", "Elm")


@st.composite
def results(draw: st.DrawFn) -> list[Result]:
    """Few teams, few goals: what is level often is what is interesting."""
    played: list[Result] = []
    for _ in range(draw(st.integers(1, 12))):
        home, away = draw(st.permutations(TEAMS))[:2]
        goals, against = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        shootout = draw(st.sampled_from([None, (4, 3), (2, 4)])) if goals == against else None
        played.append((home, away, goals, against, *shootout) if shootout else (home, away, goals, against))
    return played


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    first = draw(st.sampled_from([name for name in NAMES if name != "head_to_head"]))
    rest = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=6))
    worth = st.integers(-1, 4)
    points = {name: draw(worth) for name in ("win", "draw", "loss", "shootout_win", "shootout_loss")}
    ranking = [first, *(name for name in rest if name != first)]
    return {**points, "match_types": ["League%"], "forfeits": False, "ranking": ranking}


class Model:
    """What each team has, as exact fractions."""

    def __init__(self, played: list[Result], rules: dict[str, Any]) -> None:
        self.rules = rules
        self.teams = sorted({team for result in played for team in result[:2]})
        #: Team → at home, opponent, goals for, goals against, points; of each of its matches.
        self.lines: dict[str, list[tuple[bool, str, int, int, int]]] = {team: [] for team in self.teams}
        for home, away, goals, against, *shootout in played:
            self._add(home, away, goals, against, shootout, at_home=True)
            self._add(away, home, against, goals, shootout[::-1], at_home=False)

    def _add(self, team: str, other: str, gf: int, ga: int, shootout: list[int], *, at_home: bool) -> None:
        if gf != ga:
            name = "win" if gf > ga else "loss"
        elif shootout:
            name = "shootout_win" if shootout[0] > shootout[1] else "shootout_loss"
        else:
            name = "draw"
        self.lines[team].append((at_home, other, gf, ga, self.rules[name]))

    def value(self, team: str, name: str) -> Fraction:
        place, _, rest = name.partition("_")
        lines = self.lines[team]
        if place in ("home", "away"):
            lines = [line for line in lines if line[0] is (place == "home")]
            name = rest
        total = name.removesuffix("_per_match")
        totals = {
            "points": sum(line[4] for line in lines),
            "wins": sum(line[2] > line[3] for line in lines),
            "goal_difference": sum(line[2] - line[3] for line in lines),
            "goals_for": sum(line[2] for line in lines),
        }
        assert name in {total, f"{total}_per_match"}
        if name == total:
            return Fraction(totals[total])
        return Fraction(totals[total], len(lines)) if lines else Fraction(0)

    def order(self) -> list[str]:
        ranking = self.rules["ranking"]
        cut = ranking.index("head_to_head") if "head_to_head" in ranking else len(ranking)
        before = {team: [self.value(team, name) for name in ranking[:cut]] for team in self.teams}

        def duel(team: str) -> int:
            level = [other for other in self.teams if before[other] == before[team] and other != team]
            return sum(line[4] for line in self.lines[team] if [line[1]] == level) if cut < len(ranking) else 0

        def key(team: str) -> tuple[Any, ...]:
            after = [-self.value(team, name) for name in ranking[cut + 1 :]]
            return ([-value for value in before[team]], -duel(team), after, team)

        return sorted(self.teams, key=key)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(played=results(), rules=rules())
def test_the_view_equals_the_model(any_store_url: str, played: list[Result], rules: dict[str, Any]) -> None:
    """The order of the teams, their points and goals."""
    model = Model(played, rules)
    found = order_by(any_store_url, played, rules)
    assert [row["team"] for row in found] == model.order()
    for row in found:
        lines = model.lines[row["team"]]
        assert (row["played"], row["points"]) == (len(lines), sum(line[4] for line in lines))
        goals = (sum(line[2] for line in lines), sum(line[3] for line in lines))
        assert (row["goals_for"], row["goals_against"]) == goals
