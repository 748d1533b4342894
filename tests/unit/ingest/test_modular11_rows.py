"""What the texts of a row mean, and the two pages of the real sample, match by match."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.models import Match
from ingest.sources import Reading, Reject
from ingest.sources.modular11 import Modular11, Options
from ingest.sources.modular11.rows import Score, Unusable, kickoff, score, when
from tests.unit.ingest.modular11 import answer, fragment, part, row

FEEDS = Path(__file__).parents[3].parent / "shared" / "feeds"
SAMPLE = [FEEDS / f"modular11.get_matches.page-{number}.html" for number in (1, 2)]
NEW_YORK = ZoneInfo("America/New_York")

goals = st.integers(0, 30)


def parse(*rows: str, **options: Any) -> list[Match | Reject]:
    source = Modular11(options=Options(**options))
    return list(source.parse(part(), [answer(fragment(*rows))]).matches)


def one(**said: Any) -> Match:
    (match,) = parse(row(**said))
    assert isinstance(match, Match), match
    return match


def refused(**said: Any) -> Reject:
    (reject,) = parse(row(**said))
    assert isinstance(reject, Reject), reject
    return reject


# The real sample.


@pytest.fixture(scope="module")
def sample() -> Reading:
    if not all(path.is_file() for path in SAMPLE):
        pytest.skip("the sample feeds are not beside this checkout")
    return Modular11().parse(part("U13"), [answer(path.read_bytes()) for path in SAMPLE])


def test_the_real_pages_are_40_matches_and_a_whole_list(sample: Reading) -> None:
    """Two copies of each row, 40 matches; the list is whole, because its pages are 1 and 2 of 2."""
    matches = list(sample.matches)
    assert all(isinstance(match, Match) for match in matches)
    assert len({match.match_id for match in matches}) == len(matches) == 40
    assert sample.complete
    assert sample.observed_at == "2025-11-25T12:00:00Z"


def club(number: int, name: str) -> dict[str, str]:
    return {"id": str(number), "name": name, "logo_url": f"https://img.example/academy/{number}/c.png"}


COMMON = {
    "date": "2025-09-06",
    "season": "2025-26",
    "age_group": "U13",
    "match_type": "League",
    "status": "completed",
    "timezone": "America/New_York",
    "league": "homegrown",
}


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(
            {
                "match_id": "100568",
                "home_team": "Northern Virginia Alliance",
                "away_team": "Bethesda SC",
                "kickoff": "2025-09-06T12:30:00Z",
                "home_club": club(1407, "Northern Virginia Alliance"),
                "away_club": club(91, "Bethesda SC"),
                "division": "Mid-Atlantic",
                "home_score": 2,
                "away_score": 1,
                "location": "Philip A. Bolen Memorial Regional Park - Field 21",
            },
            id="a morning, and names that are cut",
        ),
        pytest.param(
            {
                "match_id": "108925",
                "home_team": "SoCal Reds FC",
                "away_team": "Los Angeles Soccer Club",
                "kickoff": "2025-09-06T13:00:00Z",
                "home_club": club(566, "SoCal Reds FC"),
                "away_club": club(582, "Los Angeles Soccer Club"),
                "division": "Southwest",
                "home_score": 0,
                "away_score": 5,
                "location": "Orange County Great Park - OC Great Park Soccer Field #12",
            },
            id="a venue with blanks to spare",
        ),
        pytest.param(
            {
                "match_id": "99689",
                "home_team": "Hoover-Vestavia Soccer",
                "away_team": "Southern Soccer Academy",
                "kickoff": "2025-09-06T15:00:00Z",
                "home_club": club(462, "Hoover-Vestavia Soccer"),
                "division": "Southeast",
                "home_score": 2,
                "away_score": 8,
                "location": "Liberty Park Soccer Complex - Field 11",
            },
            id="a crest without the club's id",
        ),
        pytest.param(
            {
                "match_id": "106008",
                "home_team": "Capital City SC",
                "away_team": "Dallas Hornets",
                "kickoff": "2025-09-06T16:00:00Z",
                "home_club": club(857, "Capital City SC"),
                "away_club": club(866, "Dallas Hornets"),
                "division": "Frontier",
                "home_score": 1,
                "away_score": 1,
                "location": "1849 Park - Field #2",
            },
            id="noon, a draw, and a venue that begins with a number",
        ),
        pytest.param(
            {
                "match_id": "106570",
                "home_team": "Vardar Soccer Club",
                "away_team": "Cincinnati United Soccer Club",
                "kickoff": "2025-09-06T22:30:00Z",
                "home_club": club(43, "Vardar Soccer Club"),
                "away_club": club(369, "Cincinnati United Soccer Club"),
                "division": "Mid-America",
                "home_score": 0,
                "away_score": 0,
                "location": "Oakland University Dome - Field 1",
            },
            id="an evening, and 0-0",
        ),
    ],
)
def test_a_real_match_field_by_field(sample: Reading, expected: dict[str, Any]) -> None:
    """Everything that the page says of it, and nothing else."""
    (match,) = [each for each in sample.matches if each.match_id == expected["match_id"]]
    assert isinstance(match, Match)
    assert match.wire() == COMMON | expected


# Scores.


def test_a_shoot_out_is_kept_with_its_draw() -> None:
    """`1 : 1 (4 : 3)`, with blanks that do not break."""
    match = one(score="1&nbsp;:&nbsp;1&nbsp;(4&nbsp;:&nbsp;3)")
    assert (match.status, match.home_score, match.away_score) == ("completed", 1, 1)
    assert (match.home_penalties, match.away_penalties) == (4, 3)


@pytest.mark.parametrize("text", ["TBD", "tbd", "&nbsp;TBD&nbsp;", ""])
def test_without_a_score_a_match_is_scheduled(text: str) -> None:
    """Whatever its date is: that it was played and its score is pending is no status."""
    match = one(score=text)
    assert (match.status, match.home_score, match.away_score) == ("scheduled", None, None)


def test_a_result_of_a_day_to_come_is_none() -> None:
    """It cannot have been played."""
    match = one(when="11/26/25 09:00am", score="0 : 0")
    assert (match.status, match.home_score) == ("scheduled", None)
    # 07:00 in New York, on the day itself
    assert one(when="11/25/25 11:00pm", score="0 : 0").status == "completed"


@given(goals, goals)
def test_every_result_is_read(home: int, away: int) -> None:
    """0-0 among them."""
    assert score(f"{home} : {away}") == Score(home, away)
    assert score(f"{home}:{away}") == Score(home, away)


@given(goals, goals, goals, goals)
def test_only_a_draw_has_a_shoot_out(home: int, away: int, ours: int, theirs: int) -> None:
    """0 and 0 were none."""
    said = score(f"{home} : {away} ({ours} : {theirs})")
    shot = home == away and (ours or theirs)
    assert said == (Score(home, away, ours, theirs) if shot else Score(home, away))


@given(st.text(max_size=12))
def test_any_other_text_is_no_score(text: str) -> None:
    """It is refused, never guessed at."""
    squeezed = " ".join(text.split())
    assume(not re.fullmatch(r"[\d :()]*|tbd", squeezed, re.IGNORECASE))
    with pytest.raises(Unusable) as caught:
        score(squeezed)
    assert caught.value.reason == "no_such_score"


def test_a_score_that_is_none_is_a_reject() -> None:
    """With the row as it came, and the match's number."""
    reject = refused(score="Postponed")
    assert (reject.match_id, reject.reason) == ("100436", "no_such_score")
    assert "'Postponed'" in reject.error
    assert 'js-match-group="Northeast"' in reject.payload["row"]


# Dates.


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001 - a clock on a wall
def test_every_time_is_read_as_the_site_writes_it(moment: datetime) -> None:
    """All but midnight, which says that there is none."""
    half = "am" if moment.hour < 12 else "pm"
    day, clock = when(f"{moment:%m/%d/%y %I:%M}{half} NEFC Park")
    assert day == moment.date()
    assert clock == (None if (moment.hour, moment.minute) == (0, 0) else moment.time().replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09/20/25 12:00am", (date(2025, 9, 20), None)),
        ("09/20/25", (date(2025, 9, 20), None)),
        ("9/5/2025 9:05 AM 1849 Park", (date(2025, 9, 5), time(9, 5))),
        ("09/20/25 1849 Park", (date(2025, 9, 20), None)),
        ("09/20/25 12:30am", (date(2025, 9, 20), time(0, 30))),
        ("09/20/25 12:05pm", (date(2025, 9, 20), time(12, 5))),
    ],
)
def test_a_time_that_is_not_set_is_none(text: str, expected: tuple[date, time | None]) -> None:
    """A venue that begins with a number is no time."""
    assert when(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "TBD", "02/30/25 09:00am", "13/01/25", "09/20/25 13:00pm", "09/20/25 15:45", "09/20/25 00:15am", "2025-09-20"],
)
def test_what_is_no_time_is_a_reject(text: str) -> None:
    """No date is guessed, and no kick-off left out because it was not understood."""
    with pytest.raises(Unusable) as caught:
        when(text)
    assert caught.value.reason == "no_such_time"


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["America/New_York", "America/Phoenix"]),
)
def test_the_venues_clock_shows_the_kickoff(moment: datetime, zone: str) -> None:
    """All but the hour that it leaves out in spring."""
    clock = moment.time().replace(second=0, microsecond=0)
    back = datetime.fromisoformat(kickoff(moment.date(), clock, ZoneInfo(zone))).astimezone(ZoneInfo(zone))
    missing = zone == "America/New_York" and clock.hour == 2 and back.hour == 3
    assert missing or (back.date(), back.time()) == (moment.date(), clock)


def test_the_hours_that_a_clock_shows_twice_or_not_at_all() -> None:
    """The first of the two; and the one that is left out as if the clock had not been changed yet."""
    assert kickoff(date(2025, 11, 2), time(1, 30), NEW_YORK) == "2025-11-02T05:30:00Z"
    assert kickoff(date(2026, 3, 8), time(2, 30), NEW_YORK) == "2026-03-08T07:30:00Z"


def test_a_division_may_play_by_another_clock() -> None:
    """The page names no zone; who knows it says so in the settings."""
    zones = {"timezone": "America/Chicago", "timezones": {"southwest": "America/Los_Angeles"}}
    east, west = parse(row(1), row(2, division="Southwest"), **zones)
    assert isinstance(east, Match)
    assert isinstance(west, Match)
    assert (east.kickoff, east.timezone) == ("2025-09-20T20:45:00Z", "America/Chicago")
    assert (west.kickoff, west.timezone) == ("2025-09-20T22:45:00Z", "America/Los_Angeles")


# Names and what belongs to them.


def test_the_whole_name_counts_and_not_the_cut_one() -> None:
    """Two teams whose first ten letters are the same are two."""
    match = one(home="San Diego Force FC", away="San Diego Surf & Co.")
    assert (match.home_team, match.away_team) == ("San Diego Force FC", "San Diego Surf & Co.")


def test_a_row_without_the_whole_name_is_a_reject() -> None:
    """A cut name would be another team."""
    (reject,) = parse(row().replace('<p data-title="IFA">', "<p>"))
    assert isinstance(reject, Reject)
    assert (reject.match_id, reject.reason) == ("100436", "row_incomplete")
    assert reject.error == "the home team's full name is missing"


def test_what_is_not_there_is_left_out() -> None:
    """A venue TBD, no division, a crest from elsewhere."""
    match = one(
        venue="TBD", division="", home_crest="/media/academy/12/x.png", away_crest="https://img.example/none.png"
    )
    assert (match.location, match.division, match.away_club) == (None, None, None)
    assert match.home_club is not None
    assert (match.home_club.id, match.home_club.logo_url) == ("12", "https://www.modular11.com/media/academy/12/x.png")


def test_a_row_without_crests_is_a_match_without_clubs() -> None:
    """With one crest alone nobody knows whose it is."""
    whole = row()
    (match,) = parse(whole.replace('class="club-photo"', 'class="photo"', 1))
    assert isinstance(match, Match)
    assert (match.home_club, match.away_club) == (None, None)


def test_what_the_attributes_leave_out_the_column_says() -> None:
    """Where it says both; one text alone may be the one or the other."""
    bare = row().replace('js-match-bracket="League" js-match-group="Northeast"', "")
    (match,) = parse(bare)
    assert isinstance(match, Match)
    assert (match.match_type, match.division) == ("League", "Northeast")
    (reject,) = parse(bare.replace("League<br>Northeast", "Northeast"))
    assert isinstance(reject, Reject)
    assert reject.error == "the row does not say its competition"


def test_competitions_have_the_names_that_the_other_source_has() -> None:
    """Flex on both sites is Flex."""
    assert one(competition="MLS NEXT Flex").match_type == "Flex"
    assert one(competition="EA National").match_type == "EA National"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"age": "Open"}, "age_group_unknown"),
        ({"competition": ""}, "missing"),
        ({"when": "09/20/24 03:45pm"}, "other_season"),
        ({"number": "none"}, "row_incomplete"),
    ],
)
def test_what_the_contract_cannot_say_is_a_reject(said: dict[str, str], reason: str) -> None:
    """And stops no other row."""
    rows = parse(row(**said), row(2), row(3))
    assert [type(each) for each in rows] == [Reject, Match, Match]
    assert isinstance(rows[0], Reject)
    assert rows[0].reason == reason
