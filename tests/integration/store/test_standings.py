"""League tables by the rules of the league: what counts, what it is worth, and what decides between level teams."""

from __future__ import annotations

import pytest

from tests.integration.store.brackets import Result, matches_of, order, publish, table
from tests.integration.store.conftest import Store, a_match

#: What decides, results that leave Ash and Birch level in all that stands before it, and the one that is first by it:
#: each time the team that the alphabet, or a rule further down, would put second.
DECIDED: list[tuple[str, list[Result], str]] = [
    # 3 points of one match are more than 4 of two
    ("points per match", [("Birch", "Cedar", 1, 0), ("Ash", "Cedar", 1, 0), ("Ash", "Dogwood", 0, 0)], "Birch"),
    # one match won and one lost each; Ash has the better goal difference, and lost to Birch
    (
        "head to head",
        [("Birch", "Ash", 1, 0), ("Ash", "Dogwood", 9, 0), ("Cedar", "Birch", 1, 0)],
        "Birch",
    ),
    # 1 point a match: three draws, or a win and two defeats with six goals against
    (
        "wins",
        [
            *[("Ash", other, 0, 0) for other in ("Cedar", "Dogwood", "Elm")],
            ("Birch", "Cedar", 1, 0),
            ("Birch", "Dogwood", 0, 3),
            ("Birch", "Elm", 0, 3),
        ],
        "Birch",
    ),
    ("goal difference per match", [("Birch", "Cedar", 2, 0), ("Ash", "Dogwood", 5, 4)], "Birch"),
    ("goals for per match", [("Birch", "Cedar", 3, 1), ("Ash", "Dogwood", 2, 0)], "Birch"),
    # 4:1 in two matches each, of which Birch scored more away
    (
        "away goal difference per away match",
        [("Birch", "Cedar", 1, 0), ("Dogwood", "Birch", 1, 3), ("Ash", "Cedar", 3, 1), ("Dogwood", "Ash", 0, 1)],
        "Birch",
    ),
    # 4:2 in two matches each, away by one goal each
    (
        "away goals for per away match",
        [("Birch", "Cedar", 1, 0), ("Dogwood", "Birch", 2, 3), ("Ash", "Cedar", 3, 2), ("Dogwood", "Ash", 0, 1)],
        "Birch",
    ),
    # 6:0 in three matches each, 1:0 in each away match: Birch has one home match for the rest, and Ash two
    (
        "home goal difference per home match",
        [
            *[("Cedar", "Birch", 0, 1), ("Dogwood", "Birch", 0, 1), ("Birch", "Elm", 4, 0)],
            *[("Cedar", "Ash", 0, 1), ("Ash", "Dogwood", 3, 0), ("Ash", "Elm", 2, 0)],
        ],
        "Birch",
    ),
    # 8:5 in three matches each, 1:0 in each away match, by one goal in each home match
    (
        "home goals for per home match",
        [
            *[("Cedar", "Birch", 0, 1), ("Dogwood", "Birch", 0, 1), ("Birch", "Elm", 6, 5)],
            *[("Cedar", "Ash", 0, 1), ("Ash", "Dogwood", 4, 3), ("Ash", "Elm", 3, 2)],
        ],
        "Birch",
    ),
    ("the name", [("Birch", "Cedar", 1, 0), ("Ash", "Dogwood", 1, 0)], "Ash"),
]


@pytest.mark.parametrize(("results", "first"), [case[1:] for case in DECIDED], ids=[case[0] for case in DECIDED])
def test_each_tie_breaker_decides_in_its_turn(store: Store, results: list[Result], first: str) -> None:
    store.put(matches_of(results))
    assert next(team for team in order(store) if team in ("Ash", "Birch")) == first


def test_the_official_position_decides_before_the_name(store: Store) -> None:
    """It stands in for what is not published: disciplinary points, and the drawing of lots."""
    store.put(matches_of([("Birch", "Cedar", 1, 0), ("Ash", "Dogwood", 1, 0)]))
    publish(store, ("Northeast", ["Dogwood", "Birch", "Cedar", "Ash"]))
    assert order(store) == ["Birch", "Ash", "Dogwood", "Cedar"]


def test_head_to_head_counts_only_where_exactly_two_are_level(store: Store) -> None:
    """Ash beat Birch, Birch beat Cedar, Cedar beat Ash: of three the goal difference decides, against Ash."""
    store.put(matches_of([("Ash", "Birch", 1, 0), ("Birch", "Cedar", 5, 0), ("Cedar", "Ash", 1, 0)]))
    assert order(store) == ["Birch", "Ash", "Cedar"]


def test_head_to_head_is_of_all_matches_between_the_two(store: Store) -> None:
    """One win each leaves them level there, however high; the goal difference of all matches is next."""
    results: list[Result] = [("Ash", "Birch", 1, 0), ("Birch", "Ash", 3, 0)]
    store.put(matches_of(results))
    assert order(store) == ["Birch", "Ash"]
    store.put(matches_of([("Ash", "Birch", 0, 0)], first=3))
    assert order(store) == ["Birch", "Ash"]


def test_a_team_that_has_not_played_stands_before_one_that_lost(store: Store) -> None:
    """Both have 0 points a match; the goal difference of nothing is 0."""
    publish(store, ("Northeast", ["Cedar", "Birch", "Ash"]))
    store.put(matches_of([("Ash", "Birch", 0, 1)]))
    assert [(row["team"], row["points_per_match"]) for row in table(store)] == [
        ("Birch", 3),
        ("Cedar", None),
        ("Ash", 0),
    ]


def test_positions_are_alphabetical_while_nothing_was_played(store: Store) -> None:
    """Whatever the order of matches or ids."""
    store.put([a_match("1", home_team="Zelkova"), a_match("2", home_team="Mulberry", home_team_id="3")])
    assert order(store) == ["Bellwater", "Mulberry", "Zelkova"]


def test_shoot_outs_of_flex(store: Store) -> None:
    """3 for a win; after a draw 2 and 1, or 1 each where nobody tells how it was decided."""
    results: list[Result] = [("Ash", "Birch", 1, 1, 4, 3), ("Ash", "Cedar", 2, 0), ("Birch", "Cedar", 0, 0)]
    store.put(matches_of(results, league="flex", match_type="Flex"))
    rows = {row["team"]: (row["points"], row["won"], row["drawn"], row["lost"]) for row in table(store)}
    assert rows == {"Ash": (5, 1, 1, 0), "Birch": (2, 0, 2, 0), "Cedar": (1, 0, 1, 1)}


def test_a_shoot_out_is_a_draw_where_the_league_knows_none(store: Store) -> None:
    """Homegrown gives 3, 1 and 0."""
    store.put(matches_of([("Ash", "Birch", 1, 1, 4, 3)]))
    assert [row["points"] for row in table(store)] == [1, 1]


def test_only_league_matches_count_in_homegrown(store: Store) -> None:
    """Whatever else is played in the division; those of the Pro Player Pathway are League matches."""
    store.put(
        [
            *matches_of([("Ash", "Birch", 1, 0)]),
            *matches_of([("Ash", "Birch", 1, 0)], first=2, match_type="League (Pro Player Pathway)"),
            *matches_of([("Birch", "Ash", 9, 0)], first=3, match_type="Flex"),
            *matches_of([("Birch", "Ash", 9, 0)], first=4, match_type="Friendly"),
        ]
    )
    assert [(row["team"], row["played"], row["points"]) for row in table(store)] == [("Ash", 2, 6), ("Birch", 2, 0)]


def test_a_league_that_nobody_wrote_rules_for_has_the_default_ones(store: Store) -> None:
    """League and Flex matches, and shoot-outs as in Flex."""
    results: list[Result] = [("Ash", "Birch", 1, 1, 4, 3)]
    store.put(matches_of(results, league="elite-academy"))
    store.put(matches_of(results, first=2, league="elite-academy", match_type="Flex"))
    store.put(matches_of(results, first=3, league=None, division="None"))
    assert [row["points"] for row in table(store)] == [4, 2]
    assert [row["points"] for row in table(store, "None")] == [2, 1]


def test_forfeits_count_only_where_the_rules_say_so(store: Store) -> None:
    """As on the site, none does by our rules; one without a score never does."""
    store.put(matches_of([("Ash", "Birch", 1, 0)]))
    store.put(matches_of([("Birch", "Ash", 3, 0)], first=2, status="forfeit"))
    store.put([a_match("3", home_team_id="Ash", away_team_id="Birch", status="forfeit")])
    assert [row["played"] for row in table(store)] == [1, 1]
    store.arrange("UPDATE touchline.league_rules SET forfeits = true WHERE league = 'homegrown'")
    try:
        assert [row["played"] for row in table(store)] == [2, 2]
    finally:
        store.arrange("UPDATE touchline.league_rules SET forfeits = false WHERE league = 'homegrown'")


@pytest.mark.parametrize("where", [None, "South", "Elsewhere"])
def test_a_match_between_brackets_counts_in_each_team_s_own_table(store: Store, where: str | None) -> None:
    """Under whichever division it is listed; and in no other team's."""
    publish(store, ("Northeast", ["Ash", "Birch"]), ("South", ["Cedar", "Dogwood"]))
    store.put(matches_of([("Ash", "Cedar", 2, 1)], division=where))
    north = [(row["team"], row["played"], row["points"]) for row in table(store)]
    south = [(row["team"], row["played"], row["points"]) for row in table(store, "South")]
    assert north == [("Ash", 1, 3), ("Birch", 0, 0)]
    assert south == [("Dogwood", 0, 0), ("Cedar", 1, 0)]


def test_a_team_of_two_brackets_has_each_match_in_one(store: Store) -> None:
    """Its matches count in the bracket that they are played in."""
    publish(store, ("Northeast", ["Ash", "Birch"]), ("Pathway", ["Ash", "Cedar"]))
    store.put(matches_of([("Ash", "Birch", 2, 1)]))
    store.put(matches_of([("Cedar", "Ash", 1, 0)], first=2, division="Pathway"))
    assert [(row["team"], row["points"]) for row in table(store)] == [("Ash", 3), ("Birch", 0)]
    assert [(row["team"], row["points"]) for row in table(store, "Pathway")] == [("Cedar", 3), ("Ash", 0)]


def test_a_withdrawn_match_does_not_count(store: Store) -> None:
    store.put(matches_of([("Ash", "Birch", 2, 1), ("Ash", "Birch", 2, 1)]))
    store.arrange("UPDATE touchline.matches SET withdrawn_at = now() WHERE match_id = '2'")
    assert [row["played"] for row in table(store)] == [1, 1]
