"""The official order of a table, rule by rule (SOURCES.md, section 1)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from touchline.demo.model import Club, Score, Squad
from touchline.demo.tables import Record, ranked


class Table:
    """Squads A, B, C … and what they played; `lot` grows with the letter."""

    def __init__(self, names: str, *, flex: bool = False) -> None:
        zone = ZoneInfo("America/New_York")
        self.squads = {
            name: Squad(number, Club(number, name, "", zone, (), 0.0), "U17", "U17", 0.0, number)
            for number, name in enumerate(names)
        }
        self.lines = {name: Record(squad, flex) for name, squad in self.squads.items()}

    def played(self, home: str, away: str, *score: int) -> Table:
        result = Score(*score)
        self.lines[home].add(result, at_home=True, opponent=self.squads[away])
        self.lines[away].add(result, at_home=False, opponent=self.squads[home])
        return self

    @property
    def order(self) -> str:
        return "".join(line.squad.club.name for line in ranked(list(self.lines.values())))


def test_points_per_match_come_first() -> None:
    """Fewer points from fewer matches may lead."""
    table = Table("ABC").played("A", "C", 1, 0).played("A", "C", 1, 1).played("B", "C", 1, 0)
    assert table.order == "BAC"


def test_two_that_are_level_are_parted_by_their_own_matches() -> None:
    """Head-to-head goes before a much better goal difference."""
    table = Table("ABCD").played("B", "A", 1, 0).played("A", "C", 9, 0).played("D", "B", 1, 0)
    assert [table.lines[name].points_per_match for name in "AB"] == [1.5, 1.5]
    assert table.order == "DBAC"


def test_three_that_are_level_are_not_parted_by_their_own_matches() -> None:
    """Then goal difference decides, after as many wins."""
    table = Table("ABC").played("A", "B", 1, 0).played("B", "C", 5, 0).played("C", "A", 2, 0)
    assert table.order == "BAC"


def test_wins_go_before_goals() -> None:
    """One win and two defeats are three draws, but for the win."""
    table = Table("ABCDE").played("A", "C", 0, 0).played("A", "D", 0, 0).played("A", "E", 0, 0)
    table.played("C", "B", 9, 0).played("D", "B", 9, 0).played("B", "E", 1, 0)
    order = table.order
    assert table.lines["A"].points_per_match == table.lines["B"].points_per_match
    assert order.index("B") < order.index("A")


def test_goals_away_go_before_goals_at_home() -> None:
    """A and B are level in points, wins and goals; B scored its goals away."""
    table = Table("ABC").played("A", "C", 3, 0).played("C", "A", 1, 0).played("B", "C", 0, 1).played("C", "B", 0, 3)
    assert table.order == "CBA"


def test_last_comes_the_lot() -> None:
    """Level on everything: neither the alphabet nor the order of entry."""
    table = Table("AB").played("A", "B", 1, 1).played("B", "A", 1, 1)
    table.squads["A"].lot, table.squads["B"].lot = 2, 1
    assert table.order == "BA"


def test_flex_gives_two_points_and_one_on_penalties() -> None:
    """3 for a win, 2 and 1 after a draw, none for a defeat."""
    table = Table("AB", flex=True).played("A", "B", 1, 1, 4, 5).played("A", "B", 2, 0, 0, 0)
    assert [table.lines[name].points for name in "AB"] == [4, 2]
    assert [(line.shootouts_won, line.shootouts_lost) for line in table.lines.values()] == [(0, 1), (1, 0)]
