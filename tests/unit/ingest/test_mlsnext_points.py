"""SOURCES section 1, the eleven points under "What bites": a class each, named after its point."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.models import Match
from ingest.remembered import Remembered
from ingest.sources import Part, Reject
from ingest.sources.mlsnext import MLSNext
from ingest.sources.mlsnext.placeholder import MANY, Recognised, placeholder_days
from tests.unit.ingest.feed import NORTHEAST, PART, bracket, documents, event, match, parked, reject, rows, unplayed

FLEX = Part("mls-next-flex-26-27", "flex", "2026-27")
AMERICAN = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles"]


class Test01DivisionComesFromTheStandings:
    def test_the_bracket_of_the_squads_is_the_division(self) -> None:
        """Division and age group are the bracket's that both squad ids stand in; the event's own say nothing."""
        found = match(
            event(division={"id": 2, "name": "MLS Next"}, home_squad_name="U99", away_squad_name=None),
            brackets=[bracket(9, "Florida", "U15", 3, 4), NORTHEAST],
        )
        assert (found.division, found.age_group) == ("Northeast", "U14")

    def test_names_are_not_looked_at(self) -> None:
        """A club whose name is that of another bracket's team stays where its squad id stands."""
        other = bracket(9, "Florida", "U14", 3, 4)
        other["standings"][0]["team"]["name"] = "Ash FC"
        assert match(event(), brackets=[other, NORTHEAST]).division == "Northeast"


class Test02ASquadInTwoBrackets:
    BRACKETS = (
        bracket(1, "Frontier", "U17", 1, 2, 3),
        bracket(2, "Southeast (Pro Player Pathway)", "U17", 1, 2, 4),
    )

    def test_the_bracket_that_both_share(self) -> None:
        """FC Dallas U17 stands in two: each opponent says which one the match counts for."""
        for opponent, division in ((3, "Frontier"), (4, "Southeast (Pro Player Pathway)")):
            assert match(event(away_squad_id=opponent), brackets=self.BRACKETS).division == division

    @pytest.mark.parametrize(
        ("competition", "division"),
        [("League", "Frontier"), ("League (Pro Player Pathway)", "Southeast (Pro Player Pathway)")],
    )
    def test_the_competition_says_which_of_two_that_are_shared(self, competition: str, division: str) -> None:
        """Where both squads stand in both, the competition's name decides."""
        found = match(event(competition={"id": 1, "name": competition}), brackets=self.BRACKETS)
        assert (found.division, found.match_type) == (division, competition)

    def test_the_brackets_own_competitions_count_most(self) -> None:
        """A bracket that lists its competitions is believed before its name is."""
        brackets = (
            bracket(1, "Red", "U17", 1, 2, competitions=[{"id": 1, "name": "League"}]),
            bracket(2, "Blue", "U17", 1, 2, competitions=["Cup"]),
        )
        assert match(event(), brackets=brackets).division == "Red"
        assert match(event(competition={"id": 2, "name": "Cup"}), brackets=brackets).division == "Blue"

    def test_no_guess_where_nothing_says_which(self) -> None:
        """Two shared brackets that nothing tells apart leave the division open, and the age group known."""
        found = match(event(), brackets=[bracket(1, "Red", "U17", 1, 2), bracket(2, "Blue", "U17", 1, 2)])
        assert (found.division, found.age_group) == (None, "U17")


class Test03NoMatchVanishes:
    @pytest.mark.parametrize("squads", [(1, 77), (77, 1)])
    def test_a_squad_without_a_bracket_belongs_with_its_opponent(self, squads: tuple[int, int]) -> None:
        """The bracket of the one that has one, at home or away."""
        found = match(event(home_squad_id=squads[0], away_squad_id=squads[1]))
        assert (found.division, found.age_group) == ("Northeast", "U14")

    def test_a_match_without_any_bracket_is_kept(self) -> None:
        """Division null, and the age group from the squad's name."""
        found = match(event(home_squad_name="U16 AD"), brackets=[])
        assert (found.division, found.age_group) == (None, "U16")

    def test_a_match_across_brackets_is_kept(self) -> None:
        """Two brackets and none of them shared: no division."""
        brackets = [bracket(1, "Northeast", "U14", 1), bracket(2, "Florida", "U14", 2)]
        found = match(event(home_squad_name=None, away_squad_name=None), brackets=brackets)
        assert (found.division, found.age_group) == (None, "U14")

    def test_a_match_across_age_groups_is_kept(self) -> None:
        """The shared bracket's age group; without one that of the home squad's name."""
        names = {"home_squad_name": "U16", "away_squad_name": "U17"}
        assert match(event(**names), brackets=[bracket(1, "Florida", "U17", 1, 2)]).age_group == "U17"
        apart = [bracket(1, "Florida", "U16", 1), bracket(2, "Florida", "U17", 2)]
        assert match(event(**names), brackets=apart).age_group == "U16"
        assert match(event(**names | {"home_squad_name": "Seniors"}), brackets=apart).age_group == "U16"

    def test_a_match_whose_age_group_nobody_says_is_a_reject(self) -> None:
        """It cannot be said in the contract, and it is not dropped."""
        found = reject(event(home_squad_name="First", away_squad_name=None), brackets=[])
        assert (found.match_id, found.reason) == ("26030", "age_group_unknown")


class Test04NoStatusField:
    def test_played_is_completed_with_two_scores(self) -> None:
        """Only both together are a result."""
        assert match(event()).status == "completed"
        for found in (match(unplayed(completed=True)), match(event(completed=False))):
            assert (found.status, found.home_score, found.away_score) == ("scheduled", None, None)

    @pytest.mark.parametrize(
        ("start", "status"),
        [
            ("2026-10-03T22:30:00Z", "completed"),
            ("2026-10-03T22:30:01Z", "scheduled"),
            ("2026-11-01T15:00:00Z", "scheduled"),
        ],
    )
    def test_what_begins_after_the_sync_cannot_have_been_played(self, start: str, status: str) -> None:
        """Completed in the future is scheduled, without its score."""
        found = match(event(start_time=start))
        assert found.status == status
        assert (found.home_score is not None) == (status == "completed")

    def test_without_a_sync_time_the_request_counts(self) -> None:
        """A feed that does not say when it was made is as old as our question."""
        assert match(event(start_time="2026-10-03T22:59:00Z"), synced_at=None).status == "completed"
        assert match(event(start_time="2026-10-03T23:01:00Z"), synced_at=None).status == "scheduled"


class Test05Postponed:
    def test_an_unscored_fixture_on_the_placeholder_day_is_postponed(self) -> None:
        """Its date is unknown; the placeholder becomes neither date nor kick-off."""
        found = match(*parked(MANY))
        assert (found.status, found.date, found.kickoff, found.home_score) == ("postponed", None, None, None)

    def test_a_scored_fixture_there_is_a_forfeit(self) -> None:
        """With its scores and without a date, though the day is long after the sync."""
        found = match(*parked(MANY - 1), event(start_time="2027-06-08T20:00:00Z", home_score=3, away_score=0))
        assert (found.status, found.date, found.kickoff) == ("forfeit", None, None)
        assert (found.home_score, found.away_score) == (3, 0)

    def test_fewer_fixtures_are_a_day_like_any_other(self) -> None:
        """Nineteen are matches on a Tuesday: a reschedule."""
        found = match(*parked(MANY - 1))
        assert (found.status, found.date, found.kickoff) == ("scheduled", "2027-06-08", "2027-06-08T20:00:00Z")

    def test_the_same_game_key_returns_with_its_new_date(self) -> None:
        """Once it leaves the placeholder it is the same match on a real day."""
        before = match(*parked(MANY - 1), unplayed(7, start_time="2027-06-08T20:00:00Z"))
        after = match(*parked(MANY - 1), unplayed(7, start_time="2027-04-10T17:00:00Z"))
        assert before.match_id == after.match_id
        assert (before.date, after.date, after.status) == (None, "2027-04-10", "scheduled")

    def test_the_day_is_the_one_at_the_venue(self) -> None:
        """Tuesday evening in New York is Wednesday in UTC, and belongs to Tuesday's fixtures."""
        evening = [event | {"start_time": "2027-06-09T00:30:00Z"} for event in parked(1, first=1)]
        assert match(*parked(MANY - 1), *evening).status == "postponed"

    def test_copies_of_an_event_do_not_make_a_placeholder(self) -> None:
        """A feed that lists ten fixtures twice has ten."""
        assert all(isinstance(row, Match) and row.status == "scheduled" for row in rows(*parked(10), *parked(10)))

    @given(
        st.dates(date(2026, 8, 1), date(2027, 7, 31)),
        st.integers(0, 40),
        st.integers(0, 40),
        st.integers(-400, 400),
    )
    @example(date(2027, 6, 8), 90, 13, -200)
    @example(date(2027, 6, 8), 90, 13, 30)
    @example(date(2027, 6, 8), 13, 90, 1)
    @example(date(2027, 6, 8), 13, 90, 0)
    @example(date(2027, 6, 8), 50, 50, 30)
    @example(date(2027, 6, 8), 10, 10, 30)
    def test_a_placeholder_is_known_by_its_shape(self, day: date, unscored: int, scored: int, passed: int) -> None:
        """Tuesday to Thursday and twenty fixtures or more; not a day that is over and was mostly played."""
        fixtures = [(day, False)] * unscored + [(day, True)] * scored
        found = placeholder_days(fixtures, day + timedelta(days=passed))
        midweek = day.strftime("%a") in ("Tue", "Wed", "Thu")
        was_played = passed > 0 and scored > unscored
        assert found == ({day} if midweek and unscored + scored >= 20 and not was_played else set())


class Test05OnceRecognised:
    """A placeholder day is one for the season, in the notebook of whoever reads."""

    @pytest.fixture
    def notebook(self, tmp_path: Path) -> Remembered:
        return Remembered(tmp_path, "mlsnext")

    def read(self, notebook: Remembered | None, *events: Any, part: Part = PART) -> list[Match]:
        found = replace(documents(events), recognised=Recognised(notebook, part.name))
        return [row for row in MLSNext().parse(part, found).matches if isinstance(row, Match)]

    def test_half_a_feed_moves_no_match_to_it(self, notebook: Remembered) -> None:
        """Ten of thirty: postponed still. Without a notebook they are matches on a Tuesday, as they look."""
        self.read(notebook, *parked(30))
        half = self.read(notebook, *parked(10))
        assert {(row.status, row.date) for row in half} == {("postponed", None)}
        assert {row.status for row in self.read(None, *parked(10))} == {"scheduled"}

    def test_nothing_is_known_at_first(self, notebook: Remembered) -> None:
        """The first reading goes by the shape alone, and learns nothing from too few."""
        for _ in range(2):
            assert {row.date for row in self.read(notebook, *parked(MANY - 1))} == {"2027-06-08"}

    def test_the_last_that_waits_for_its_date_stays_postponed(self, notebook: Remembered) -> None:
        """When the others have found theirs, in a whole feed."""
        self.read(notebook, *parked(MANY))
        assert [row.status for row in self.read(notebook, *parked(1))] == ["postponed"]

    def test_another_league_has_its_own(self, notebook: Remembered) -> None:
        self.read(notebook, *parked(MANY))
        assert [row.status for row in self.read(notebook, *parked(1), part=FLEX)] == ["scheduled"]

    def test_more_than_one_is_remembered(self, notebook: Remembered) -> None:
        """A site may begin to use another day."""
        wednesday = [each | {"start_time": "2027-06-16T20:00:00Z"} for each in parked(MANY, first=60_000)]
        self.read(notebook, *parked(MANY))
        self.read(notebook, *wednesday)
        found = self.read(notebook, *parked(1), *wednesday[:1])
        assert [row.status for row in found] == ["postponed", "postponed"]

    def test_a_day_that_was_played_is_a_match_day_after_all(self, notebook: Remembered) -> None:
        """Remembered or not: a tournament in mid-week ends with its results."""
        day = "2026-09-30T20:00:00Z"
        self.read(notebook, *[unplayed(number, start_time=day) for number in range(MANY)], part=PART)
        found = self.read(notebook, *[event(number, start_time=day) for number in range(5)])
        assert {(row.status, row.date) for row in found} == {("completed", "2026-09-30")}

    @pytest.mark.parametrize("rubbish", ["2027-06-08", 5, [5], ["soon"], {"day": 1}])
    def test_rubbish_in_the_notebook_is_nothing(self, notebook: Remembered, rubbish: Any) -> None:
        notebook.put(f"placeholder:{PART.name}", rubbish)
        assert [row.status for row in self.read(notebook, *parked(1))] == ["scheduled"]


class Test06KickOffNotSet:
    @pytest.mark.parametrize(
        ("start", "zone"),
        [
            ("2026-10-10T10:00:00Z", "America/New_York"),
            ("2027-01-09T11:00:00Z", "America/New_York"),
            ("2026-10-10T11:00:00Z", "America/Chicago"),
            ("2026-10-10T13:00:00Z", "America/Los_Angeles"),
        ],
    )
    @pytest.mark.parametrize("venue", [{"id": 6697, "name": "TBD"}, {"id": 1, "name": " tbd "}, None])
    def test_no_venue_and_six_in_the_morning(self, start: str, zone: str, venue: object) -> None:
        """The date stays, there is no kick-off, and TBD is no place; in summer time and in winter."""
        found = match(unplayed(start_time=start, local_timezone=zone, event_location=venue))
        assert (found.date, found.kickoff, found.location) == (start[:10], None, None)

    def test_each_alone_means_nothing(self) -> None:
        """A venue that is open with a real time, and a real venue at six, are taken by their word."""
        venue = {"id": 6697, "name": "TBD"}
        assert match(unplayed(event_location=venue)).kickoff == "2026-09-05T13:00:00Z"
        assert match(unplayed(start_time="2026-10-10T10:00:00Z")).kickoff == "2026-10-10T10:00:00Z"


class Test07ShootOuts:
    @pytest.mark.parametrize(
        ("score", "shoot_out", "kept"),
        [((1, 1), (4, 3), (4, 3)), ((0, 0), (0, 2), (0, 2)), ((1, 1), (0, 0), None), ((2, 1), (4, 3), None),
         ((2, 1), (4, None), None),
         ((1, 1), (None, None), None), ((1, 1), (0, None), None)],
    )  # fmt: skip
    def test_they_count_after_a_draw_alone(
        self, score: tuple[int, int], shoot_out: tuple[int | None, int | None], kept: tuple[int, int] | None
    ) -> None:
        """0/0 is none, and after a match that was decided there was none."""
        found = match(
            event(
                home_score=score[0],
                away_score=score[1],
                home_penalty_shootout_score=shoot_out[0],
                away_penalty_shootout_score=shoot_out[1],
                competition={"id": 2, "name": "MLS NEXT Flex"},
            ),
            part=FLEX,
        )
        assert (found.home_penalties, found.away_penalties) == (kept or (None, None))
        assert (found.match_type, found.league) == ("Flex", "flex")

    def test_one_without_the_other_is_a_reject(self) -> None:
        """Half a shoot-out is not the site's word on anything."""
        found = reject(event(home_score=1, away_score=1, home_penalty_shootout_score=3))
        assert found.reason == "one_penalty_score_without_the_other"


class Test08TheDateAtTheVenue:
    def test_late_in_new_york_is_the_day_before(self) -> None:
        """2027-02-11T00:30Z in New York is a match on 10 February."""
        found = match(unplayed(start_time="2027-02-11T00:30:00Z"))
        assert (found.date, found.kickoff, found.timezone) == ("2027-02-10", "2027-02-11T00:30:00Z", "America/New_York")

    @given(
        st.datetimes(datetime(2026, 8, 1), datetime(2027, 7, 31)),  # noqa: DTZ001 - the clock on the wall
        st.sampled_from([*AMERICAN, "America/Toronto", "Pacific/Honolulu", "Pacific/Kiritimati", "UTC"]),
    )
    @example(datetime(2026, 11, 1, 1, 30), "America/New_York")  # noqa: DTZ001 - twice that night
    @example(datetime(2027, 3, 14, 2, 30), "America/Chicago")  # noqa: DTZ001 - never that night
    def test_everywhere_and_all_year(self, wall: datetime, zone: str) -> None:
        """Whatever the clock on the wall showed at kick-off is the match's date, in every zone and over each change
        of clocks; the kick-off stays the same instant."""
        start = wall.replace(microsecond=0, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        found = match(unplayed(start_time=start.strftime("%Y-%m-%dT%H:%M:%SZ"), local_timezone=zone))
        assert found.date == start.astimezone(ZoneInfo(zone)).date().isoformat()
        assert found.kickoff is not None
        assert datetime.fromisoformat(found.kickoff) == start

    def test_an_offset_is_the_same_instant(self) -> None:
        """A start with an offset instead of Z is written in UTC."""
        assert match(unplayed(start_time="2026-09-05T09:00:00-04:00")).kickoff == "2026-09-05T13:00:00Z"


class Test09RealResults:
    @pytest.mark.parametrize("score", [(0, 0), (16, 1), (0, 3)])
    def test_nil_nil_and_sixteen_one_are_results(self, score: tuple[int, int]) -> None:
        """0 is a number of goals and not the absence of one."""
        found = match(event(home_score=score[0], away_score=score[1]))
        assert (found.status, found.home_score, found.away_score) == ("completed", *score)


class Test10IdentityIsTheSquad:
    def test_a_club_that_changes_its_name_stays_the_same_team(self) -> None:
        """San Francisco Glens became San Francisco Glens SC: another label, the same ids."""
        old = match(event(home_organisation={"id": 5, "name": "San Francisco Glens", "logo_full_path": None}))
        new = match(event(home_organisation={"id": 5, "name": "San Francisco Glens SC", "logo_full_path": None}))
        assert (old.home_team, new.home_team) == ("San Francisco Glens", "San Francisco Glens SC")
        assert old.home_team_id == new.home_team_id == "1"
        assert old.home_club
        assert new.home_club
        assert (old.home_club.id, new.home_club.id, new.home_club.name) == ("5", "5", "San Francisco Glens SC")


class Test11VenuesAreFreeText:
    @pytest.mark.parametrize(
        "venue",
        [
            "Loggers Run Park - Field # 1",
            'Stade "Émile", nº 3 / côté nord',
            "O'Hare; DROP TABLE",
            "運動場 ⚽",
            "a" * 300,
        ],
    )
    def test_they_pass_as_they_are(self, venue: str) -> None:
        """Commas, #, slashes, accents and quotes are part of the name."""
        assert match(event(event_location={"id": 1, "name": venue})).location == venue

    def test_a_venue_that_no_database_holds_is_a_reject(self) -> None:
        """A NUL in it makes the event unusable, and visible."""
        found = reject(event(event_location={"id": 1, "name": "Field\x00 1"}))
        assert isinstance(found, Reject)
        assert (found.match_id, found.reason) == ("26030", "string_pattern_mismatch")
        assert "location" in found.error


def test_the_local_six_is_the_clocks_six() -> None:
    """The rule of point 6 is about 06:00 to the minute."""
    local = datetime.combine(date(2026, 10, 10), time(6, 1), ZoneInfo("America/New_York")).astimezone(UTC)
    found = match(unplayed(start_time=local.strftime("%Y-%m-%dT%H:%M:%SZ"), event_location=None))
    assert found.kickoff == "2026-10-10T10:01:00Z"
