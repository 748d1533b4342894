"""Rows as `reading/calendar.sql` gives them, and documents as a reader takes them."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime
from typing import Any

from icalendar import Calendar as Parsed
from icalendar import Event

from actors.calendars import made_of


def a_row(**fields: Any) -> dict[str, Any]:
    """A match of team 1 that is still to be played."""
    return {
        "source": "mlsnext",
        "match_id": "26030",
        "season": "2026-27",
        "league": "homegrown",
        "match_type": "League",
        "division": "Northeast",
        "age_group": "U14",
        "date": date(2026, 10, 10),
        "kickoff": datetime(2026, 10, 10, 14, tzinfo=UTC),
        "timezone": "America/New_York",
        "home_team": "IFA",
        "away_team": "NEFC",
        "home_team_id": "1",
        "away_team_id": "2",
        "home_score": None,
        "away_score": None,
        "home_penalties": None,
        "away_penalties": None,
        "status": "scheduled",
        "location": "NEFC Park - Field 2",
        "round": None,
        "notes": None,
        "url": None,
        "withdrawn_at": None,
        "first_seen_at": datetime(2026, 9, 1, 8, tzinfo=UTC),
        "revised_at": datetime(2026, 9, 2, 8, tzinfo=UTC),
        "revision": 1,
    } | fields


def document(*rows: dict[str, Any]) -> bytes:
    return made_of(rows, "mlsnext", "1").to_ical()


def parsed(content: bytes) -> Parsed:
    """The document as icalendar reads it: any warning, and anything that it had to overlook, is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calendar = Parsed.from_ical(content)
    assert [error for component in calendar.walk() for error in component.errors] == []
    return calendar


def event(**fields: Any) -> Event:
    """The one event of a calendar with this match."""
    (only,) = parsed(document(a_row(**fields))).walk("VEVENT")
    assert isinstance(only, Event)
    return only
