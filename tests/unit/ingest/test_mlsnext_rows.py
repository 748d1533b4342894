"""Events and table lines one by one: what is said of each, and that none vanishes or stops another."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.messages import reject_row
from ingest.models import Match
from ingest.sources import Reject
from tests.unit.ingest.feed import NORTHEAST, bracket, event, match, reading, reject, row, rows, unplayed


def test_an_event_is_told_whole() -> None:
    """Every field of the contract that the feed knows arrives, under its own name."""
    assert match(event(round_number=3)).wire() == {
        "match_id": "26030",
        "home_team": "Ash FC",
        "away_team": "Elm FC",
        "date": "2026-09-05",
        "season": "2026-27",
        "age_group": "U14",
        "match_type": "League",
        "status": "completed",
        "kickoff": "2026-09-05T13:00:00Z",
        "timezone": "America/New_York",
        "home_team_id": "1",
        "away_team_id": "2",
        "home_club": {"id": "11", "name": "Ash FC", "logo_url": "https://crests.example/11.png"},
        "away_club": {"id": "12", "name": "Elm FC", "logo_url": "https://crests.example/12.png"},
        "league": "homegrown",
        "division": "Northeast",
        "home_score": 2,
        "away_score": 1,
        "location": "Loggers Run Park - Field # 1",
        "round": "3",
    }


def test_ids_may_be_quoted() -> None:
    """A site that writes its numbers as strings means the same teams."""
    found = match(event(game_key=26030, home_squad_id="1", away_squad_id=" 2 "))
    assert (found.match_id, found.home_team_id, found.away_team_id, found.division) == ("26030", "1", "2", "Northeast")


def test_a_crest_without_an_address_costs_only_the_crest() -> None:
    """A logo that is no web address is left out; the club and the match stay."""
    for logo in ("", "crest.png", "javascript:alert(1)", None):
        club = match(event(home_organisation={"id": 11, "name": "Ash FC", "logo_full_path": logo})).home_club
        assert club
        assert (club.id, club.logo_url) == ("11", None)


def test_a_club_without_an_id_is_no_club() -> None:
    """The team keeps its name, and no club is invented for it."""
    found = match(event(home_organisation={"name": "Ash FC"}))
    assert (found.home_team, found.home_club) == ("Ash FC", None)


def without(name: str) -> dict[str, Any]:
    changed = event()
    del changed[name]
    return changed


class TestRejects:
    @pytest.mark.parametrize(
        ("bad", "match_id", "reason", "says"),
        [
            (without("game_key"), None, "missing", "game_key"),
            (event(game_key=None), None, "missing", "game_key"),
            (event(game_key="  "), None, "missing", "game_key"),
            (without("home_squad_id"), "26030", "missing", "the event has no home_squad_id"),
            (event(away_squad_id=None), "26030", "missing", "the event has no away_squad_id"),
            (event(away_squad_id=True), "26030", "int_type", "away_squad_id"),
            (event(home_organisation=None), "26030", "missing", "the event has no home_organisation"),
            (event(home_organisation={"id": 1, "name": " "}), "26030", "missing", "home_organisation.name"),
            (event(home_organisation={"id": 1, "name": "A\x00B"}), "26030", "string_pattern_mismatch", "pattern"),
            (event(home_organisation={"id": 1, "name": "A\ud800B"}), "26030", "string_unicode", "organisation.name"),
            (event(home_organisation={"id": 1, "name": "A" * 301}), "26030", "string_too_long", "name"),
            (event(competition=None), "26030", "missing", "competition"),
            (event(completed=None), "26030", "missing", "completed"),
            (event(start_time="2026-02-30T13:00:00Z"), "26030", "no_such_time", "'2026-02-30T13:00:00Z' is not a time"),
            (event(start_time="2026-09-05T13:00:00"), "26030", "no_such_time", "no time zone"),
            (event(start_time="soon"), "26030", "no_such_time", "'soon'"),
            (event(start_time="0001-01-01T00:00:00Z"), "26030", "no_such_time", "0001"),
            (event(start_time="1492-10-12T00:00:00Z"), "26030", "string_pattern_mismatch", "date"),
            (event(start_time=None), "26030", "missing", "start_time"),
            (event(local_timezone="America/Nowhere"), "26030", "no_such_timezone", "'America/Nowhere'"),
            (event(local_timezone="../../etc/passwd"), "26030", "no_such_timezone", "not a time zone"),
            (event(local_timezone="America"), "26030", "no_such_timezone", "not a time zone"),
            (event(home_score=None), "26030", "one_score_without_the_other", "one score"),
            (unplayed(away_score=1), "26030", "one_score_without_the_other", "one score"),
            (event(home_score=-1), "26030", "greater_than_equal", "home_score"),
            (event(home_score=201), "26030", "less_than_equal", "home_score"),
            (event(home_score="2"), "26030", "int_type", "home_score"),
            (event(home_score=2.5), "26030", "int_type", "home_score"),
            (event(round_number="r" * 101), "26030", "string_too_long", "round"),
            (event(game_key="x" * 101), None, "string_too_long", "match_id"),
            ("no event", None, "model_type", "the event"),
            (None, None, "model_type", "the event"),
            ([1, 2], None, "model_type", "the event"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_said_is_a_reject(self, bad: Any, match_id: str | None, reason: str, says: str) -> None:
        """With its id where that is known, a stable reason, a sentence and the event; its neighbours are matches."""
        found = rows(event(1), bad, event(2))
        assert [type(row) for row in found] == [Match, Reject, Match]
        (rejected,) = [row for row in found if isinstance(row, Reject)]
        assert (rejected.match_id, rejected.reason) == (match_id, reason)
        assert says in rejected.error
        # json and back has made it another object
        assert rejected.payload == bad

    @pytest.mark.parametrize("venue", ["a\x00", "a\ud800", "v" * 400_000])
    def test_every_reject_can_travel(self, venue: str) -> None:
        """What the run makes of it is a row of the contract, whatever was in the event."""
        assert reject_row(reject(event(event_location={"id": 1, "name": venue})))["match_id"] == "26030"

    @settings(max_examples=300)
    @given(st.data())
    def test_whatever_stands_in_an_event(self, data: st.DataObject) -> None:
        """Any JSON value at any place of an event gives one row, a match or a reject that can travel, and no
        exception; the event beside it is a match as ever."""
        broken = copy.deepcopy(event(5))
        for _ in range(data.draw(st.integers(1, 3))):
            objects = [broken, *(value for value in broken.values() if value and isinstance(value, dict))]
            inside = data.draw(st.sampled_from(objects))
            inside[data.draw(st.sampled_from(sorted(inside)))] = data.draw(JSON)
        found = rows(broken, event(987_654_321))
        assert len(found) == 2
        assert isinstance(found[1], Match)
        if isinstance(found[0], Reject):
            reject_row(found[0])
        else:
            found[0].wire()


TELLING = ["U14", "2026-09-05T13:00:00Z", "9999-12-31T23:59:59Z", "America/Los_Angeles", "\x00", "", "0"]
TEXTS = st.text() | st.characters(categories=["Cs"]) | st.sampled_from(TELLING)
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=5
)


class TestDuplicates:
    def test_an_exact_copy_is_one_match(self) -> None:
        """A feed that lists an event twice has it once, and nobody need hear of it."""
        assert [type(row) for row in rows(event(), event(), event(1))] == [Match, Match]

    @pytest.mark.parametrize("ids", [(2, 1), (1, 2)])
    def test_of_two_that_differ_the_newer_is_taken(self, ids: tuple[int, int]) -> None:
        """The higher id is the site's later word; the other is a reject that says so, wherever they stand."""
        events = [event(id=number, home_score=number) for number in ids]
        (found,) = [row for row in rows(*events, event(1)) if isinstance(row, Match) and row.match_id == "26030"]
        assert found.home_score == 2
        rejected = reject(*events, event(1))
        assert (rejected.match_id, rejected.reason) == ("26030", "duplicate")
        assert "event 2 was taken" in rejected.error
        assert rejected.payload["home_score"] == 1

    def test_without_ids_the_last_is_taken(self) -> None:
        """Of equals the later one in the feed; every other one is a reject."""
        found = rows(*(event(id=None, home_score=score) for score in (1, 2, 3)))
        assert [row.home_score for row in found if isinstance(row, Match)] == [3]
        assert len([row for row in found if isinstance(row, Reject)]) == 2

    def test_one_key_written_in_two_ways_is_one_key(self) -> None:
        """A number and its digits are the same match."""
        found = rows(event(game_key=26030, id=1), event(game_key="26030", id=2))
        assert [type(row) for row in found] == [Reject, Match]

    def test_events_without_a_key_are_no_duplicates(self) -> None:
        """Each of them is a reject of its own."""
        assert [row.reason for row in rows(event(game_key=None), event(game_key=None)) if isinstance(row, Reject)] == [
            "missing",
            "missing",
        ]


class TestTables:
    def test_a_table_is_told_as_published(self) -> None:
        """Counts that are numbers have fields of their own; everything else stays a published value."""
        figures = {
            "points": "7.0",
            "points_per_match_penalty_shootout": "2.33",
            "matches_played": "3",
            "won": "2",
            "loss": "0",
            "tie": "1",
            "goal_differential_per_match": "1.67",
            "won_penalty_shootout": "1",
        }
        table = bracket(60, "Northeast", "U15", standings=[row(1, 1, **figures), row(2, 2)])
        (found,) = reading(event(), brackets=[table]).standings
        assert (found.division, found.age_group) == ("Northeast", "U15")
        assert found.rows[0].wire() == {
            "position": 1,
            "team_id": "1",
            "team": "Team 1",
            "club_id": "11",
            "played": 3,
            "won": 2,
            "drawn": 1,
            "lost": 0,
            "points": 7,
            "points_per_match": 2.33,
            "values": {"goal_differential_per_match": "1.67", "won_penalty_shootout": "1"},
        }
        assert found.rows[1].wire() == {
            "position": 2, "team_id": "2", "team": "Team 2", "club_id": "12", "values": {},
        }  # fmt: skip

    @pytest.mark.parametrize("value", ["", "-", "2.5", "nan", "inf", "1e400", "99999"])
    def test_what_is_no_number_stays_a_value(self, value: str) -> None:
        """A count that does not parse is absent from its field and kept among the values."""
        (found,) = reading(brackets=[bracket(60, "N", "U15", standings=[row(1, 1, won=value)])]).standings
        assert found.rows[0].won is None
        assert found.rows[0].values == {"won": value}

    def test_tables_without_figures_are_tables(self) -> None:
        """U13 and U14 publish positions and nothing else."""
        (found,) = reading(brackets=[bracket(60, "Florida", "U13", 1, 2, 3)]).standings
        assert [(row.position, row.team_id, row.values) for row in found.rows] == [
            (1, "1", {}),
            (2, "2", {}),
            (3, "3", {}),
        ]

    def test_a_line_that_cannot_be_used_is_a_reject(self) -> None:
        """It is counted and seen, the rest of the table stands, and its squad keeps its bracket."""
        lines = [row(1, 1), row(0, 2), {"position": 3, "team": None}, "junk"]
        found = reading(event(), brackets=[bracket(60, "Northeast", "U14", standings=lines)])
        everything = list(found.matches)
        rejects = [row for row in everything if isinstance(row, Reject)]
        assert [(row.match_id, row.reason) for row in rejects] == [
            (None, "greater_than_equal"),
            (None, "missing"),
            (None, "model_type"),
        ]
        assert "a row of the standings" in rejects[1].error
        assert [row.team_id for row in found.standings[0].rows] == ["1"]
        assert [row.division for row in everything if isinstance(row, Match)] == ["Northeast"]

    @pytest.mark.parametrize(
        ("bad", "reason"),
        [({"name": None}, "missing"), ({"age_group": {"id": 1, "name": "Open"}}, "age_group_unknown"),
         ({"name": "x" * 101}, "string_too_long"), ({"age_group": None}, "age_group_unknown")],
    )  # fmt: skip
    def test_a_bracket_that_cannot_be_used_is_a_reject(self, bad: dict[str, Any], reason: str) -> None:
        """It takes no other table with it."""
        found = reading(brackets=[NORTHEAST | bad, bracket(61, "Florida", "U14", 3)])
        assert [(row.reason) for row in found.matches if isinstance(row, Reject)] == [reason]
        assert [table.division for table in found.standings] == ["Florida"]

    def test_a_division_too_long_for_the_contract_makes_its_matches_rejects(self) -> None:
        """They are counted, rather than stored in no division."""
        found = rows(event(), brackets=[NORTHEAST | {"name": "x" * 101}])
        assert [type(row) for row in found] == [Reject, Reject]
