"""Our tables beside the official ones: what the league's delay explains, what nothing decides, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from actors.store.comparison import Comparison, compare
from actors.store.corrections import correct
from actors.store.database import connect
from tests.integration.store.brackets import Result, matches_of, publish
from tests.integration.store.conftest import Store, a_match

#: The official tables of day 1 are of noon on 1 October; this is the evening before.
LATELY = {"date": "2026-09-30", "kickoff": "2026-09-30T22:00:00Z"}
#: And this is two days and an hour before.
EARLIER = {"date": "2026-09-29", "kickoff": "2026-09-29T11:00:00Z"}

#: Two matches, long ago: Ash won both.
PLAYED: list[Result] = [("Ash", "Birch", 1, 0), ("Cedar", "Ash", 1, 2)]


def line(team: str, won: int = 0, drawn: int = 0, lost: int = 0, **said: Any) -> dict[str, Any]:
    """An official line with figures."""
    played, points = won + drawn + lost, 3 * won + drawn
    rate = round(points / played, 2) if played else None
    figures = {"played": played, "won": won, "drawn": drawn, "lost": lost, "points": points, "points_per_match": rate}
    return {"team": team, **figures, **said}


#: The official table of these two matches.
EQUAL = [line("Ash", won=2), line("Birch", lost=1), line("Cedar", lost=1)]


def compared(url: str, **filters: Any) -> Comparison:
    with connect(url) as connection:
        [comparison] = compare(connection, **filters)
    return comparison


def told(url: str) -> list[tuple[str, str]]:
    return [(difference.kind, difference.sentence) for difference in compared(url).differences]


def of(comparison: Comparison, kinds: Iterable[str] = ("recent", "missing", "disagreement")) -> list[str]:
    return [difference.kind for difference in comparison.differences if difference.kind in kinds]


@pytest.fixture
def equal(store: Store, any_store_url: str) -> str:
    """A store in which both tables are equal but for two teams that both lost 1:0 or 2:1."""
    store.put(matches_of(PLAYED))
    publish(store, ("Northeast", [line("Ash", won=2), line("Cedar", lost=1), line("Birch", lost=1)]))
    return any_store_url


def test_equal_tables_differ_in_nothing(equal: str) -> None:
    comparison = compared(equal)
    assert (comparison.published, list(comparison.differences)) == (True, [])
    assert [(each.team, each.ours.position, each.official.position) for each in comparison.lines] == [
        ("Ash", 1, 1),
        ("Cedar", 2, 2),
        ("Birch", 3, 3),
    ]
    assert comparison.key == ("mlsnext", "2026-27", "homegrown", "U14", "Northeast")
    assert f"{comparison.as_of:%Y-%m-%d %H:%M}" == "2026-10-01 12:00"


def test_a_match_of_the_last_48_hours_explains_what_it_would(equal: str, store: Store) -> None:
    """Both lines without it are the official ones; it is named, and what follows for the positions is no more."""
    store.put(matches_of([("Birch", "Cedar", 4, 0)], first=3, **LATELY))
    comparison = compared(equal)
    assert of(comparison) == ["recent", "recent", "recent"]
    birch, cedar, positions = (difference.sentence for difference in comparison.differences)
    assert birch.startswith(
        "Birch: the official table does not count 2026-09-30 Birch 4:0 Cedar (3) yet: of the last 48 hours"
    )
    assert cedar.startswith("Cedar: the official table does not count ")
    assert positions == ("Positions follow from that: Birch (3 officially, 2 here), Cedar (2 officially, 3 here).")
    assert comparison.disagreements == []


def test_recent_matches_do_not_hide_an_order_that_is_not_the_official_table_s_own(equal: str, store: Store) -> None:
    """Where positions cannot be held against ours, they are held against the points a match beside them."""
    store.put(matches_of([("Birch", "Cedar", 4, 0)], first=3, **LATELY))
    publish(store, ("Northeast", [line("Birch", lost=1), line("Ash", won=2), line("Cedar", lost=1)]))
    assert [difference.sentence for difference in compared(equal).disagreements] == [
        "The official order is not that of its own points a match: "
        "Ash (2 officially, 1 here), Birch (1 officially, 2 here)."
    ]


def test_a_match_before_that_explains_nothing(equal: str, store: Store) -> None:
    """Reports are verified within 48 hours: who has not counted it by then disagrees."""
    store.put(matches_of([("Birch", "Cedar", 4, 0)], first=3, **EARLIER))
    comparison = compared(equal)
    assert of(comparison) == ["disagreement", "disagreement"]
    assert comparison.disagreements[0].sentence == (
        "Birch: officially 1 played, 0 won, 0 points, 0.00 points a match; "
        "by the stored results 2 played, 1 won, 3 points, 1.50 points a match. "
        "These count: 2026-09-05 Ash 1:0 Birch (1); 2026-09-29 Birch 4:0 Cedar (3)."
    )
    assert comparison.disagreements[0].teams == ("Birch",)


def test_a_result_that_a_person_corrected_is_said_to_be_one(equal: str, store: Store) -> None:
    """Whoever reads of the disagreement sees where it may come from."""
    correct(store.pool, "mlsnext", "1", {"home_score": 0, "away_score": 1}, why="the referee's report", by="ann")
    (sentence, *_) = [difference.sentence for difference in compared(equal).disagreements]
    assert "2026-09-05 Ash 0:1 Birch (1, corrected by a person)" in sentence


def test_a_recent_match_explains_no_other_figure(equal: str, store: Store) -> None:
    """The official line is neither with it nor without it."""
    store.put(matches_of([("Ash", "Elm", 4, 0)], first=3, **LATELY))
    publish(store, ("Northeast", [line("Ash", won=1, drawn=1), *EQUAL[1:], line("Elm")]))
    assert ("Ash",) in [difference.teams for difference in compared(equal).disagreements]


def test_of_two_recent_matches_one_may_be_counted(equal: str, store: Store) -> None:
    store.put(matches_of([("Ash", "Birch", 4, 0), ("Ash", "Birch", 0, 0)], first=3, **LATELY))
    publish(store, ("Northeast", [line("Ash", won=3), line("Cedar", lost=1), line("Birch", lost=2)]))
    ash = next(each for each in compared(equal).differences if each.teams == ("Ash",))
    assert ash.kind == "recent"
    assert "does not count 2026-09-30 Ash 0:0 Birch (4) yet" in ash.sentence


def test_a_result_that_changed_lately_may_still_be_the_old_one_there(store: Store, any_store_url: str) -> None:
    """However long ago the match was; after two days it may not."""
    store.put(matches_of([("Ash", "Birch", 1, 0)]))
    store.put(matches_of([("Ash", "Birch", 1, 1)]), day=3)
    official = [line("Ash", won=1), line("Birch", lost=1)]
    publish(store, ("Northeast", official), day=4)
    assert told(any_store_url)[0] == (
        "recent",
        "Birch: the official table still has 2026-09-05 Ash 1:1 Birch (1) as 1:0: of the last 48 hours, "
        "in which reports are handed in and verified.",
    )
    publish(store, ("Northeast", official), day=6)
    assert {kind for kind, _ in told(any_store_url)} == {"disagreement"}


def test_a_match_that_was_just_played_may_be_counted_there_first(equal: str, store: Store) -> None:
    """Its result is not stored here yet."""
    row = a_match("3", home_team="Ash", home_team_id="Ash", away_team="Birch", away_team_id="Birch", **LATELY)
    store.put([row])
    publish(store, ("Northeast", [line("Ash", won=3), line("Cedar", lost=1), line("Birch", lost=2)]))
    comparison = compared(equal)
    assert of(comparison) == ["recent", "recent"]
    assert comparison.differences[0].sentence == (
        "Ash: the official table counts 1 match more; of the last 48 hours no result is stored yet of "
        "2026-09-30 Ash against Birch (3)."
    )
    publish(store, ("Northeast", [line("Ash", won=4), line("Cedar", lost=1), line("Birch", lost=3)]))
    assert of(compared(equal)) == ["disagreement", "disagreement"]


def test_a_team_that_stands_on_one_side_only_is_named(store: Store, any_store_url: str) -> None:
    """One that plays and is not listed, and one that is listed with matches of which none is stored."""
    store.put(matches_of([("Ash", "Birch", 1, 0)]))
    publish(store, ("Northeast", [line("Ash", won=1), line("Cedar", drawn=3)]))
    assert told(any_store_url) == [
        (
            "missing",
            "Birch plays here (1 match), and the official table does not list it; "
            "its opponents' lines count these matches.",
        ),
        (
            "missing",
            "Cedar stands in the official table with 3 played, 3 drawn, 3 points, 1.00 points a match; "
            "no match of it is stored.",
        ),
    ]
    assert compared(any_store_url).unlisted == [("Birch", "Birch", 1)]


def test_two_teams_the_other_way_round_are_a_disagreement(equal: str, store: Store) -> None:
    """It is said which rule decides, and by what."""
    publish(store, ("Northeast", EQUAL))
    assert told(equal) == [
        (
            "disagreement",
            "Officially Birch stands before Cedar (2 and 3); by the rules Cedar does: goals for per match 1 to 0.",
        )
    ]


def test_head_to_head_is_said_to_decide_where_it_does(store: Store, any_store_url: str) -> None:
    store.put(matches_of([("Birch", "Ash", 1, 0), ("Ash", "Dogwood", 9, 0), ("Cedar", "Birch", 1, 0)]))
    lines = [line("Cedar", won=1), line("Ash", won=1, lost=1), line("Birch", won=1, lost=1), line("Dogwood", lost=1)]
    publish(store, ("Northeast", lines))
    [(kind, sentence)] = told(any_store_url)
    assert kind == "disagreement"
    assert sentence.endswith("by the rules Birch does: head to head 3 to 0.")


def test_teams_that_nothing_published_tells_apart_are_level(store: Store, any_store_url: str) -> None:
    """The official order stands in for lots and disciplinary points, and that is said; it is no disagreement."""
    store.put(matches_of([("Ash", "Cedar", 1, 0), ("Birch", "Dogwood", 1, 0)]))
    losers = [line("Cedar", lost=1), line("Dogwood", lost=1)]
    publish(store, ("Northeast", [line("Birch", won=1), line("Ash", won=1), *losers]))
    comparison = compared(any_store_url)
    assert [(each.kind, each.teams) for each in comparison.differences] == [
        ("level", ("Birch", "Ash")),
        ("level", ("Cedar", "Dogwood")),
    ]
    assert comparison.differences[0].sentence == (
        "Birch and Ash are level in all that the rules compare; disciplinary points or lots, which are not published, "
        "decide. The official order stands."
    )


def test_level_teams_that_stand_the_other_way_round_are_level_all_the_same(store: Store, any_store_url: str) -> None:
    """By rules that do not take the official position for a tie-breaker."""
    store.put(matches_of([("Ash", "Cedar", 1, 0), ("Birch", "Dogwood", 1, 0)]))
    publish(store, ("Northeast", [line("Birch", won=1), line("Ash", won=1)]))
    ours = "ranking = array_remove(ranking, 'official_position')"
    store.arrange(f"UPDATE touchline.league_rules SET {ours} WHERE league = 'homegrown'")
    try:
        level = [each for each in compared(any_store_url).differences if each.kind == "level"]
        assert compared(any_store_url).disagreements == []
    finally:
        theirs = "ranking = ranking || 'official_position'::text"
        store.arrange(f"UPDATE touchline.league_rules SET {theirs} WHERE league = 'homegrown'")
    assert [each.sentence.endswith("Officially Birch stands before Ash (1 and 2).") for each in level] == [True]


def test_points_with_shoot_outs_are_compared_where_both_are_published(store: Store, any_store_url: str) -> None:
    """Flex publishes points as without shoot-outs, too."""
    store.put(matches_of([("Ash", "Birch", 1, 1, 4, 3)], league="flex", match_type="Flex"))
    won, lost = {"points_penalty_shootout": "2"}, {"points_penalty_shootout": "1"}
    lines = [line("Ash", drawn=1, points_per_match=2.0, values=won), line("Birch", drawn=1, values=lost)]
    publish(store, ("Northeast", lines), league="flex")
    assert told(any_store_url) == []


def test_goals_are_compared_as_far_as_they_are_published(equal: str, store: Store) -> None:
    """Per match, rounded to two digits as the site does, and the sentence says which."""
    values = {"goal_differential_per_match": "1.00", "goals_for_per_match": "1.5"}
    rest = [line("Cedar", lost=1), line("Birch", lost=1)]
    publish(store, ("Northeast", [line("Ash", won=2, values=values), *rest]))
    assert told(equal) == []
    publish(store, ("Northeast", [line("Ash", won=2, values={**values, "goals_for_per_match": "2.5"}), *rest]), day=2)
    [(kind, sentence)] = told(equal)
    assert (kind, sentence.split(". These")[0]) == (
        "disagreement",
        "Ash: officially 2.50 goals for a match; by the stored results 1.50 goals for a match",
    )


def test_a_table_that_nobody_publishes_is_compared_with_nothing(store: Store, any_store_url: str) -> None:
    """The site names the teams of U13 and U14, in an order that means nothing."""
    store.put(matches_of(PLAYED))
    assert compared(any_store_url).as_of is None
    publish(store, ("Northeast", ["Birch", "Cedar", "Ash"]))
    comparison = compared(any_store_url)
    assert (comparison.published, list(comparison.differences)) == (False, [])
    assert [each.team for each in comparison.lines] == ["Ash", "Cedar", "Birch"]


def test_only_the_tables_that_are_asked_for_are_compared(equal: str, store: Store) -> None:
    publish(store, ("South", [line("Elm")]))
    with connect(equal) as connection:
        found = [comparison.key.division for comparison in compare(connection, divisions=["south"])]
        both = [comparison.key.division for comparison in compare(connection)]
    assert (found, both) == (["South"], ["Northeast", "South"])
