"""What a match looks like in a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from actors.calendars import made_of
from actors.errors import NoSuchTeam
from tests.unit.actors.calendar_rows import a_row, document, event, parsed

PLAYED = {"status": "completed", "home_score": 1, "away_score": 3}
GONE = {"withdrawn_at": datetime(2026, 10, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("fields", "title", "status", "busy"),
    [
        ({}, "IFA – NEFC", "CONFIRMED", True),
        ({"kickoff": None}, "IFA – NEFC", "CONFIRMED", False),
        (PLAYED, "IFA 1:3 NEFC", "CONFIRMED", True),
        ({**PLAYED, "home_score": 0, "away_score": 0}, "IFA 0:0 NEFC", "CONFIRMED", True),
        (
            {**PLAYED, "home_score": 1, "away_score": 1, "home_penalties": 4, "away_penalties": 3},
            "IFA 1:1 (4:3) NEFC",
            "CONFIRMED",
            True,
        ),
        ({"status": "postponed"}, "Postponed: IFA – NEFC", "TENTATIVE", False),
        ({"status": "cancelled"}, "Cancelled: IFA – NEFC", "CANCELLED", False),
        ({"status": "forfeit", "home_score": 3, "away_score": 0}, "Forfeit: IFA 3:0 NEFC", "CONFIRMED", False),
        ({"status": "forfeit"}, "Forfeit: IFA – NEFC", "CONFIRMED", False),
        (GONE, "Withdrawn: IFA – NEFC", "CANCELLED", False),
        ({**PLAYED, **GONE}, "Withdrawn: IFA 1:3 NEFC", "CANCELLED", False),
    ],
)
def test_the_title_says_how_it_stands(fields: dict[str, Any], title: str, status: str, busy: bool) -> None:
    """Result, shoot-out, postponed, cancelled, forfeited, withdrawn; only what is played at a known time takes time."""
    shown = event(**fields)
    assert (str(shown["SUMMARY"]), str(shown["STATUS"])) == (title, status)
    assert str(shown["TRANSP"]) == ("OPAQUE" if busy else "TRANSPARENT")


def test_a_kick_off_is_told_at_the_venue() -> None:
    """In the venue's own zone, which the calendar describes."""
    shown = event()
    assert shown.to_ical().count(b"DTSTART;TZID=America/New_York:20261010T100000\r\n") == 1
    assert shown["DTEND"].dt - shown["DTSTART"].dt == timedelta(minutes=90)
    assert [str(zone["TZID"]) for zone in parsed(document(a_row())).walk("VTIMEZONE")] == ["America/New_York"]


@pytest.mark.parametrize(
    ("kickoff", "local"),
    [
        # the day before, and the day on which, clocks are turned back; and forward
        ("2026-10-31T14:00Z", "20261031T100000"),
        ("2026-11-01T14:00Z", "20261101T090000"),
        ("2027-03-13T14:00Z", "20270313T090000"),
        ("2027-03-14T14:00Z", "20270314T100000"),
        # ten in the evening of the day before
        ("2026-11-01T02:00Z", "20261031T220000"),
    ],
)
def test_a_kick_off_keeps_its_moment_when_clocks_change(kickoff: str, local: str) -> None:
    """Read back, it is the same moment; written, it is what the clock at the venue shows."""
    moment = datetime.fromisoformat(kickoff)
    shown = event(kickoff=moment)
    assert f"DTSTART;TZID=America/New_York:{local}\r\n".encode() in shown.to_ical()
    assert shown["DTSTART"].dt == moment


@pytest.mark.parametrize("timezone", [None, "No/Zone", "America", "UTC", 'x"\r\nX-EVIL:1'])
def test_where_the_zone_is_not_known_the_time_is_utc(timezone: str | None) -> None:
    """The moment is right all the same, and nothing of an unknown name reaches the calendar."""
    content = document(a_row(timezone=timezone))
    assert b"DTSTART:20261010T140000Z\r\n" in content
    assert b"TZID" not in content
    assert b"EVIL" not in content


def test_without_a_kick_off_it_is_a_day() -> None:
    """The whole day at the venue, and a sentence that says why."""
    shown = event(kickoff=None)
    assert (shown["DTSTART"].dt, shown["DTEND"].dt) == (date(2026, 10, 10), date(2026, 10, 11))
    assert "The kick-off is not set yet." in shown["DESCRIPTION"]


def test_a_match_whose_day_was_never_known_is_no_event() -> None:
    """It is counted; the others are there."""
    made = made_of([a_row(), a_row(match_id="26031", status="postponed", date=None, kickoff=None)], "mlsnext", "1")
    assert (made.matches, made.dateless) == (1, 1)
    assert made.to_ical() == document(a_row())


@pytest.mark.parametrize(("age", "minutes"), [("U9", 75), ("U13", 90), ("U14", 90), ("U15", 105), ("U17", 120)])
def test_the_young_play_shorter(age: str, minutes: int) -> None:
    """How long the event lasts follows from the age group."""
    shown = event(age_group=age)
    assert shown["DTEND"].dt - shown["DTSTART"].dt == timedelta(minutes=minutes)


def test_the_description_says_what_else_is_known() -> None:
    """Competition, division, season, round, number, notes, and when any of it changed last, as clocks there show."""
    shown = event(round="7", notes="Bring\r\nwater", url="https://example.org/m/26030?a=1;b=2,3")
    assert str(shown["DESCRIPTION"]).split("\n") == [
        "League · U14 · Northeast",
        "homegrown · 2026-27",
        "Round: 7",
        "Match 26030",
        "Bring water",
        "Updated 2026-09-02 04:00 EDT",
    ]
    assert str(shown["LOCATION"]) == "NEFC Park - Field 2"
    assert str(shown["URL"]) == "https://example.org/m/26030?a=1;b=2,3"
    assert list(map(str, shown["CATEGORIES"].cats)) == ["League", "U14"]


def test_the_revision_is_told() -> None:
    """SEQUENCE and LAST-MODIFIED are the match's; there is no time in it that is not."""
    shown = event(revision=4, revised_at=datetime(2026, 10, 2, 8, 30, 1, 999999, tzinfo=UTC))
    assert shown["SEQUENCE"] == 4
    assert shown["LAST-MODIFIED"].dt == shown["DTSTAMP"].dt == datetime(2026, 10, 2, 8, 30, 1, tzinfo=UTC)
    assert shown["CREATED"].dt == datetime(2026, 9, 1, 8, tzinfo=UTC)


def test_the_calendar_is_called_by_team_and_age() -> None:
    """Clubs give all their teams one name; one that says the age itself is left as it is."""
    assert made_of([a_row()], "mlsnext", "1").name == "IFA U14"
    assert made_of([a_row()], "mlsnext", "2").name == "NEFC U14"
    assert made_of([a_row(home_team="IFA u14 Black")], "mlsnext", "1").name == "IFA u14 Black"
    older = a_row(season="2025-26", age_group="U13", home_team="IFA Juniors")
    assert made_of([older, a_row(match_id="3")], "mlsnext", "1").name == "IFA U14"


def test_readers_are_told_how_often_to_ask() -> None:
    """By RFC 7986, and by the name that was there before it."""
    calendar = parsed(document(a_row()))
    assert calendar["REFRESH-INTERVAL"].to_ical() == calendar["X-PUBLISHED-TTL"].to_ical() == b"PT1H"
    assert str(calendar["NAME"]) == str(calendar["X-WR-CALNAME"]) == "IFA U14"


def test_a_team_without_a_match_has_no_calendar() -> None:
    """The error says where ids are to be found."""
    with pytest.raises(NoSuchTeam, match="no match of a team '7' of mlsnext") as error:
        made_of([], "mlsnext", "7")
    assert "touchline teams" in error.value.hint
