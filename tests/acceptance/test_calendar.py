"""Calendars of the real sample: two days of two brackets, from a site into calendars."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from icalendar import Calendar as Parsed
from icalendar import Event

from actors.calendars import Calendar, calendar_of
from actors.store.database import connect
from tests.acceptance.conftest import Place, SampleSite, clean_environment, needs_feeds, with_site

pytestmark = [needs_feeds, pytest.mark.slow]

SEASON = ("scrape", "mlsnext", "--season", "2026-27", "--wait")
CHANGED = {"27686", "27718", "28279", "27712"}


@pytest.fixture
def place(home: Path, store_url: str, sample: SampleSite) -> Place:
    """One database that is the store and the queue: the command stores by itself."""
    env = clean_environment(TOUCHLINE_HOME=str(home), DATABASE_URL=store_url)
    return with_site(Place(home, env), sample.site)


def calendars(url: str) -> dict[str, Calendar]:
    """Of every team that there is."""
    with connect(url) as connection:
        teams = connection.execute("SELECT team_key FROM touchline.teams").fetchall()
        return {row["team_key"]: calendar_of(connection, "mlsnext", row["team_key"]) for row in teams}


def events(made: Mapping[str, Calendar]) -> dict[tuple[str, str], Event]:
    """Team and UID → event, as a reader finds it."""
    return {
        (team, str(event["UID"])): event
        for team, calendar in made.items()
        for event in Parsed.from_ical(calendar.to_ical()).walk("VEVENT")
    }


def test_the_second_day_changes_four_matches_events(place: Place, sample: SampleSite, store_url: str) -> None:
    """Those of four matches, in both teams' calendars, each by one revision; all else is the same to the byte."""
    sample.show("2026-10-03")
    assert place.touchline(*SEASON).code == 0
    first = calendars(store_url)
    before = events(first)
    assert len(before) == 640, "320 matches, each in two calendars"
    assert {event["SEQUENCE"] for event in before.values()} == {0}

    sample.show("2026-10-05")
    assert place.touchline(*SEASON).code == 0
    second = calendars(store_url)
    after = events(second)
    assert after.keys() == before.keys(), "no UID is new, and none is gone"
    differ = {key for key in before if before[key].to_ical() != after[key].to_ical()}
    assert sorted(uid for _, uid in differ) == sorted(2 * [f"{number}@mlsnext.touchline" for number in CHANGED])
    assert {after[key]["SEQUENCE"] for key in differ} == {1}

    teams = {team for team, _ in differ}
    for team, calendar in second.items():
        same = calendar.to_ical() == first[team].to_ical()
        assert same == (team not in teams)
        assert (calendar.etag == first[team].etag) == same

    titles = {uid: str(after[team, uid]["SUMMARY"]) for team, uid in differ}
    assert " 0:0 " in titles["27686@mlsnext.touchline"]
    assert " 2:1 " in titles["27718@mlsnext.touchline"]
    assert " 8:0 " in titles["28279@mlsnext.touchline"]
    moved = next(after[key] for key in differ if key[1] == "27712@mlsnext.touchline")
    assert f"{moved['DTSTART'].dt:%Y-%m-%d %H:%M %Z}" == "2027-06-08 16:00 EDT"

    assert place.touchline(*SEASON, "--full").code == 0
    assert {team: made.to_ical() for team, made in calendars(store_url).items()} == {
        team: made.to_ical() for team, made in second.items()
    }, "a refresh with nothing new changes nothing"
