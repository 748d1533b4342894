"""The season that the generator makes: the same every time, as large as the real one, and as odd."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import chain

import pytest

from contract.errors import ConfigurationError
from touchline.demo.league import League
from touchline.demo.model import WITHOUT_TABLE, Fixture
from touchline.demo.names import DRIFTING
from touchline.demo.results import RECORD
from touchline.demo.structure import PATHWAY

OCTOBER = datetime(2026, 10, 3, 22, 30, tzinfo=UTC)
END = datetime(2027, 6, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def whole() -> League:
    return League(scale=1.0)


def fixtures(league: League) -> list[Fixture]:
    return list(chain.from_iterable(feed.fixtures for feed in league.feeds.values()))


def digest(league: League, moment: datetime) -> str:
    snapshot = league.at(moment)
    parts = [part for key in league.keys for part in (snapshot.schedule(key), snapshot.standings(key))]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def test_same_arguments_give_the_same_bytes_in_any_process() -> None:
    """Nothing depends on the process: not its hash seed, not its clock."""
    program = (
        "from datetime import *; from tests.unit.demo.test_league import *; print(digest(League(scale=0.05), OCTOBER))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "TZ": zone}, capture_output=True, check=True
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert seen == {f"{digest(League(scale=0.05), OCTOBER)}\n".encode()}


def test_another_seed_is_another_league() -> None:
    """The seed decides about names, fixtures and results."""
    assert digest(League(seed=1, scale=0.05), OCTOBER) != digest(League(seed=2, scale=0.05), OCTOBER)


def test_at_full_scale_the_numbers_are_the_real_ones(whole: League) -> None:
    """60, 52 and 120 brackets with 7,763, 3,160 and 13,705 matches: 24,628."""
    sizes = {name: (len(feed.brackets), len(feed.fixtures)) for name, feed in whole.feeds.items()}
    assert sizes == {"homegrown": (60, 7_763), "flex": (52, 3_160), "academy": (120, 13_705)}
    assert whole.matches == 24_628


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("scale", [0.01, 0.06, 0.25])
def test_smaller_scales_are_in_proportion(scale: float, seed: int) -> None:
    """Each feed has its share of the matches, exactly, and never fewer than two brackets."""
    league = League(seed=seed, scale=scale)
    for name, matches in (("homegrown", 7_763), ("flex", 3_160), ("academy", 13_705)):
        assert len(league.feeds[name].fixtures) == round(matches * scale)
        assert len(league.feeds[name].brackets) >= 2


@pytest.mark.parametrize("scale", [0.0, 0.001, 1.5, float("nan")])
def test_a_scale_out_of_bounds_is_refused(scale: float) -> None:
    """The error names the bounds."""
    with pytest.raises(ConfigurationError) as caught:
        League(scale=scale)
    assert "0.01 to 1" in caught.value.hint


@pytest.mark.parametrize("season", ["2026", "2026-28", "2025-26", "26-27", "2026-27 "])
def test_a_season_that_the_viewer_does_not_have_is_refused(season: str) -> None:
    """The feeds exist from 2026-27 on."""
    with pytest.raises(ConfigurationError, match="no season"):
        League(season=season)


def test_numbers_of_two_seasons_do_not_meet() -> None:
    """A match number is a match's identity: no other season, and no other feed, uses it again."""
    one, other = League(scale=0.02), League(scale=0.02, season="2027-28")
    numbers = [fixture.number for league in (one, other) for fixture in fixtures(league)]
    assert len(set(numbers)) == one.matches + other.matches


def test_a_squad_plays_at_most_once_a_day(whole: League) -> None:
    """In all its leagues together, and whatever was moved; the placeholder day is no day of play."""
    for moment in (OCTOBER, END):
        days = Counter(
            (squad.id, shown.start.astimezone(fixture.zone).date())
            for fixture in fixtures(whole)
            for shown in [fixture.shown(moment)]
            for squad in (fixture.home, fixture.away)
        )
        twice = {day for (_, day), times in days.items() if times > 1}
        assert twice <= {whole.calendar.placeholder}


def test_everybody_meets_everybody_home_and_away(demo_league: League) -> None:
    """In a bracket; a few return matches are left out, so that the feed's size is exact."""
    for feed in demo_league.feeds.values():
        for bracket in feed.brackets:
            met = Counter((each.home.id, each.away.id) for each in feed.fixtures if each.bracket is bracket)
            assert max(met.values()) == 1
            pairs = len(bracket.members) * (len(bracket.members) - 1)
            assert pairs - 8 <= len(met) <= pairs


def test_matches_are_played_at_weekends_and_never_at_thanksgiving(whole: League) -> None:
    """Friday to Sunday, but for the few that were moved; nothing in the last week of November or at Christmas."""
    planned = [fixture.day for fixture in fixtures(whole)]
    assert {day.weekday() for day in planned} <= {4, 5, 6}
    assert not [day for day in planned if date(2026, 11, 24) <= day <= date(2027, 1, 7)]


def test_some_squads_sit_in_two_brackets(demo_league: League) -> None:
    """SOURCES 1.2: in a League bracket and a Pro Player Pathway one; two of them meet in both."""
    brackets = demo_league.feeds["homegrown"].brackets
    seats = Counter(squad.id for bracket in brackets for squad in bracket.members)
    twice = {squad for squad, times in seats.items() if times == 2}
    assert len(twice) >= 2
    meetings = {
        each.competition for each in demo_league.feeds["homegrown"].fixtures if {each.home.id, each.away.id} <= twice
    }
    assert meetings == {"League", PATHWAY}


def test_flex_is_played_by_homegrown_squads(demo_league: League) -> None:
    """SOURCES 1: the same squads, by their ids."""
    homegrown = {squad.id for bracket in demo_league.feeds["homegrown"].brackets for squad in bracket.members}
    flex = {squad.id for bracket in demo_league.feeds["flex"].brackets for squad in bracket.members}
    assert flex < homegrown


@pytest.mark.parametrize("name", ["homegrown", "academy"])
def test_some_matches_have_no_bracket_and_some_squads_neither(demo_league: League, name: str) -> None:
    """SOURCES 1.3."""
    feed = demo_league.feeds[name]  # type: ignore[index]
    crossing = [each for each in feed.fixtures if each.bracket is None]
    assert len(crossing) >= 2
    for each in crossing:
        assert not [bracket for bracket in feed.brackets if {each.home, each.away} <= set(bracket.members)]
    unlisted = [bracket.unlisted for bracket in feed.brackets if bracket.unlisted]
    assert unlisted
    assert all(any(squad in (each.home, each.away) for each in feed.fixtures) for squad in unlisted)


def test_matches_cross_age_groups_as_well(whole: League) -> None:
    """SOURCES 1.3: a younger squad in a match of the next age group."""
    assert any(each.home.age != each.away.age for each in whole.feeds["homegrown"].fixtures)


def test_results_appear_after_a_match_was_played(whole: League) -> None:
    """Two hours after the kick-off at the earliest; within two days, but for the late reports."""
    played = [each for each in fixtures(whole) if each.reported_at is not None]
    delays = [each.reported_at - each.shown(END).start for each in played if each.set_at and each.reported_at]
    assert min(delays) >= timedelta(hours=2)
    assert sum(delay <= timedelta(hours=48) for delay in delays) / len(delays) > 0.95


def test_nothing_in_the_future_is_completed_but_forfeits_and_one_slip(whole: League) -> None:
    """SOURCES 1.4 and 1.5: the slip is one match of the spring; forfeits stand on the placeholder day."""
    early = [each for each in fixtures(whole) if (shown := each.shown(OCTOBER)).completed and shown.start > OCTOBER]
    parked = [each for each in early if each.final is not None and each.final.parked]
    assert len(early) == len(parked) + 1
    assert {sorted(each.score[:2]) == [0, 3] for each in parked if each.score} == {True}


@pytest.mark.parametrize("name", ["homegrown", "flex", "academy"])
def test_the_placeholder_day_is_known_by_its_shape(whole: League, name: str) -> None:
    """SOURCES 1.5: a Tuesday with twenty or more fixtures in each feed, some with a score; no other weekday has."""
    feed, placeholder = whole.feeds[name], whole.calendar.placeholder  # type: ignore[index]
    assert placeholder.isoformat() == "2027-06-08"
    for moment in (OCTOBER, whole.weekends[-1].after):
        shown = [(each, each.shown(moment)) for each in feed.fixtures]
        days = Counter(each_shown.start.astimezone(each.zone).date() for each, each_shown in shown)
        assert {day for day, number in days.items() if number >= 20 and day.weekday() in (1, 2, 3)} == {placeholder}
        there = [
            each_shown for each, each_shown in shown if each_shown.start.astimezone(each.zone).date() == placeholder
        ]
        scored = sum(each_shown.score is not None for each_shown in there)
        assert 0 < scored < len(there) / 4


def test_the_default_demo_has_a_placeholder_day(demo_league: League) -> None:
    """Else `touchline demo` could not show a postponement."""
    feed, moment = demo_league.feeds["homegrown"], demo_league.weekend().before
    parked = [each for each in feed.fixtures if each.final and each.final.parked and each.final.announced <= moment]
    assert len(parked) >= 20


def test_kick_offs_that_are_not_set_stand_at_six_local(demo_league: League) -> None:
    """SOURCES 1.6: at 10:00 to 14:00 UTC, by zone and time of year; in August it is most of them."""
    august = datetime(2026, 8, 10, tzinfo=UTC)
    unset = [(each, shown) for each in fixtures(demo_league) if (shown := each.shown(august)).unset]
    assert len(unset) > demo_league.matches / 2
    assert {shown.start.astimezone(each.zone).hour for each, shown in unset} == {6}
    assert {each.day for each, _ in unset if not each.moves} == {
        shown.start.astimezone(each.zone).date() for each, shown in unset if not each.moves
    }


def test_the_venues_date_is_not_always_the_one_in_utc(demo_league: League) -> None:
    """SOURCES 1.8: an evening in New York, and one in Los Angeles, is the next day in UTC."""
    zones = {each.zone.key for each in fixtures(demo_league) if each.start.date() != each.day}
    assert {"America/New_York", "America/Los_Angeles"} <= zones
    assert len({each.zone.key for each in fixtures(demo_league)}) >= 4


def test_there_are_goalless_draws_and_one_sixteen_to_one(demo_league: League) -> None:
    """SOURCES 1.9: both are results, and both are there by the demo's weekend."""
    shown = [each.shown(demo_league.weekend().before) for each in fixtures(demo_league)]
    scores = Counter(each.score for each in shown if each.score)
    assert scores[RECORD] == 1
    assert sum(number for score, number in scores.items() if score[:2] == (0, 0)) >= 1


def test_shoot_outs_decide_draws_in_flex_alone(whole: League) -> None:
    """SOURCES 1.7: elsewhere none; in Flex 0 and 0 where there was none, and one stray on a match that was won."""
    for name, feed in whole.feeds.items():
        scores = [each.score for each in feed.fixtures if each.score and each.reported_at]
        if name != "flex":
            assert {score[2:] for score in scores} == {(None, None)}
            continue
        draws = [score for score in scores if score.home == score.away]
        assert all(score.home_penalties != score.away_penalties for score in draws)
        won = Counter(score[2:] for score in scores if score.home != score.away)
        assert won.pop((0, 0)) > 1000
        assert sum(won.values()) == 2


def test_one_clubs_name_drifts(demo_league: League) -> None:
    """SOURCES 1.10: the same club, the same squads, another name from November on."""
    clubs = {squad.club for bracket in demo_league.feeds["homegrown"].brackets for squad in bracket.members}
    drifting = [club for club in clubs if club.renamed]
    assert [(club.name_at(OCTOBER), club.name_at(END)) for club in drifting] == [DRIFTING]


def test_names_bite(demo_league: League) -> None:
    """SOURCES 1.11: accents, ampersands, apostrophes of both kinds, commas, hashes, slashes, quotes, backslashes."""
    clubs = {squad.club for feed in demo_league.feeds.values() for each in feed.brackets for squad in each.members}
    text = "".join(chain.from_iterable((club.name, *(venue.name for venue in club.venues)) for club in clubs))
    assert set("é&'’,#/\"\\") <= set(text)
    assert len({club.name for club in clubs}) == len(clubs)


def test_a_weekend_brings_results_one_postponement_and_one_move(demo_league: League) -> None:
    """Every weekend of the season: nothing else changes between Friday and Monday."""
    assert len(demo_league.weekends) >= 25
    for weekend in demo_league.weekends:
        postponed, moved = [], []
        results = 0
        for fixture in fixtures(demo_league):
            before, after = fixture.shown(weekend.before), fixture.shown(weekend.after)
            assert before.unset == after.unset
            if before.start != after.start:
                parked = after.start.astimezone(fixture.zone).date() == demo_league.calendar.placeholder
                (postponed if parked else moved).append(fixture)
                assert before.score is after.score is None
            elif before != after:
                assert (before.score, after.completed) == (None, True)
                results += 1
        assert [str(each.number) for each in postponed] == [weekend.postponed]
        assert [str(each.number) for each in moved] == [weekend.moved]
        assert results


def test_a_moved_match_gets_another_day_and_another_kick_off(demo_league: League) -> None:
    """Both change, at the venue's clock."""
    for weekend in demo_league.weekends:
        fixture = next(each for each in fixtures(demo_league) if str(each.number) == weekend.moved)
        before, after = (
            fixture.shown(moment).start.astimezone(fixture.zone) for moment in (weekend.before, weekend.after)
        )
        assert before.date() != after.date()
        assert before.time() != after.time()


def test_weekends_are_found_by_date(demo_league: League) -> None:
    """The one that a day belongs to, the next one on a weekday, the last one after the season."""
    saturday = demo_league.weekends[7].saturday
    for days in (0, 1, -1, -2):
        assert demo_league.weekend(saturday + timedelta(days=days)).saturday == saturday
    assert demo_league.weekend(END.date()) == demo_league.weekends[-1]
    assert demo_league.weekend().saturday.isoformat() == "2026-10-17"


def test_the_youngest_have_no_official_table(demo_league: League) -> None:
    """U13 and U14; there is at least one such bracket, and one with a table, in each feed that has both."""
    for name in ("homegrown", "academy"):
        ages = {bracket.age in WITHOUT_TABLE for bracket in demo_league.feeds[name].brackets}  # type: ignore[index]
        assert ages == {True, False}


def test_loading_the_demo_does_not_load_the_browser() -> None:
    """`touchline.demo.site` starts without Playwright."""
    program = "import sys, touchline.demo.site; sys.exit('playwright' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_documents_are_made_anew_for_each_moment(demo_league: League) -> None:
    """`synced_at` is the moment that was asked for."""
    document = json.loads(demo_league.at(OCTOBER).schedule(demo_league.keys[0]))
    assert document["synced_at"] == "2026-10-03T22:30:00Z"
