"""Who a team is, where the site gives no id."""

from __future__ import annotations

import pytest

from actors.store.teams import normalise, team_key


@pytest.mark.parametrize(
    ("one", "other"),
    [("São João F.C.", "sao joao fc"), ("  IMG   Academy ", "IMG Academy"), ("O'Higgins", "OHiggins"), ("ÅIK", "aik")],
)
def test_spellings_of_one_name_are_one_team(one: str, other: str) -> None:
    """Case, accents, punctuation and spaces do not tell teams apart."""
    assert normalise(one) == normalise(other)


def test_a_name_of_punctuation_alone_is_still_a_name() -> None:
    """Nothing becomes the empty key, or all such teams would be one."""
    assert normalise("…") != normalise("!")


def test_the_sites_id_comes_first() -> None:
    """A team with an id is that id, whatever it is called."""
    row = {"home_team_id": "5747", "home_team": "Anything", "league": "homegrown", "age_group": "U14"}
    assert team_key(row, "home") == "5747"


def test_age_groups_of_one_club_are_different_teams() -> None:
    """19 matches once went to the wrong team by name alone (SOURCES section 3.6)."""
    row = {"home_team_id": None, "home_team": "IMG", "league": "homegrown", "age_group": "U14"}
    assert team_key(row, "home") != team_key({**row, "age_group": "U15"}, "home")
    assert team_key(row, "home") != team_key({**row, "league": "flex"}, "home")
