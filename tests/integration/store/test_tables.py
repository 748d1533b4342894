"""Which league tables there are, however the matches came and went, and that the one asked for is found."""

from __future__ import annotations

from typing import Any

from actors.store.database import connect, transaction
from actors.store.reading import reading
from actors.store.tables import league_tables
from tests.integration.store.conftest import Store, a_match


def tables(url: str, **filters: Any) -> set[tuple[str, ...]]:
    """Season, league, age group and division of each table that has rows."""
    with connect(url) as connection, league_tables(connection, **filters) as found:
        return {(row["season"], row["league"], row["age_group"], row["division"]) for row in found.rows}


def test_each_division_that_is_played_in_has_a_table(store: Store, any_store_url: str) -> None:
    store.put([a_match("1"), a_match("2", division="South"), a_match("3", division=None)])
    assert tables(any_store_url) == {
        ("2026-27", "homegrown", "U14", "Northeast"),
        ("2026-27", "homegrown", "U14", "South"),
    }


def test_one_that_a_match_moves_to_is_found_and_one_that_all_have_left_is_gone(
    store: Store, any_store_url: str
) -> None:
    store.put([a_match("1")])
    store.put([a_match("1", division="South")], day=2)
    assert tables(any_store_url) == {("2026-27", "homegrown", "U14", "South")}


def test_the_latest_season_is_one_that_is_played_and_each_league_has_its_own(store: Store, any_store_url: str) -> None:
    """A season that was misread once, and is no more, does not hide the one that is."""
    store.put([a_match("1"), a_match("2", season="2062-63"), a_match("3", season="2024-25", league="flex")])
    store.put([a_match("2")], day=2)
    assert tables(any_store_url) == {
        ("2026-27", "homegrown", "U14", "Northeast"),
        ("2024-25", "flex", "U14", "Northeast"),
    }


def test_one_whose_matches_were_withdrawn_is_none(store: Store, any_store_url: str) -> None:
    store.put([a_match("1"), a_match("2", division="South")])
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.matches SET withdrawn_at = now() WHERE match_id = '2'")
    assert tables(any_store_url) == {("2026-27", "homegrown", "U14", "Northeast")}


def test_letters_may_be_of_another_case_and_the_rest_is_exact(store: Store, any_store_url: str) -> None:
    rows = [a_match("1"), a_match("2", division="North"), a_match("3", age_group="U15"), a_match("4", league="flex")]
    store.put(rows)
    found = tables(any_store_url, leagues=["HOMEGROWN"], age_groups=["u14"], divisions=["northEAST"])
    assert found == {("2026-27", "homegrown", "U14", "Northeast")}


def test_tables_that_are_asked_for_together_bring_none_that_was_not(store: Store, any_store_url: str) -> None:
    """Two leagues with a division each: the lists name four pairs, and two are tables."""
    store.put([a_match("1", division="North"), a_match("2", league="flex", division="South"), a_match("3")])
    store.put([a_match("4", league="flex", division="North", season="2024-25")])
    assert tables(any_store_url, divisions=["north", "south"]) == {
        ("2026-27", "homegrown", "U14", "North"),
        ("2026-27", "flex", "U14", "South"),
    }


def test_a_source_without_leagues_has_tables(store: Store, any_store_url: str) -> None:
    store.put([a_match("1", league=None)])
    (found,) = tables(any_store_url)
    assert found == ("2026-27", None, "U14", "Northeast")


def test_a_team_is_asked_for_by_part_of_its_name_or_by_its_id(store: Store, any_store_url: str) -> None:
    """Of matches and of changes; an id that is another team's at another source finds no match of that one."""
    store.put([a_match("1"), a_match("2", home_team="Cedar", home_team_id="3", away_team="Dunmore", away_team_id="4")])
    store.put([a_match("1", location="Field 2")], day=2)
    with transaction(store.pool) as connection:
        connection.execute(
            "INSERT INTO touchline.teams (source, team_key, name, age_group, first_run_id)"
            " SELECT 'elsewhere', '3', 'Ashgrove', 'U14', first_run_id FROM touchline.teams LIMIT 1"
        )
    for query, asked, expected in (
        ("matches", ["ashGRO"], ["1"]),
        ("matches", ["4"], ["2"]),
        ("matches", ["nobody"], []),
        ("changes", ["Bellwater"], ["1"]),
        ("changes", ["4"], []),
    ):
        with connect(any_store_url) as connection, reading(connection, query, teams=asked) as found:
            assert [row["match_id"] for row in found.rows] == expected, (query, asked)
