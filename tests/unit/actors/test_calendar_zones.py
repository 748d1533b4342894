"""The time zones of calendars, read back by others than who wrote them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from icalendar import Timezone

from actors.calendars.zones import described, zone_of

FIRST, LAST = 2026, 2027

#: Two rules, north and south; half an hour of summer; winter as the exception; none at all; not by whole hours.
RULED = (
    "America/New_York",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "America/St_Johns",
    "America/Phoenix",
    "Asia/Kathmandu",
)
#: By the moon, and by decree.
UNRULED = ("Africa/Casablanca", "Asia/Gaza")


def moments(zone: ZoneInfo) -> list[datetime]:
    """Each day's noon, and each hour around a change of the clock, of both years."""
    start = datetime(FIRST, 1, 1, 12, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(365 * (LAST - FIRST + 1) - 1)]
    changed = [day for day in days if _offset(zone, day) != _offset(zone, day + timedelta(days=1))]
    return days + [day + timedelta(hours=hour) for day in changed for hour in range(24)]


def _offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def differing(zone: ZoneInfo, read: tzinfo | None) -> list[datetime]:
    assert read is not None
    return [
        at
        for at in moments(zone)
        if at.astimezone(read).replace(tzinfo=None) != at.astimezone(zone).replace(tzinfo=None)
    ]


def text(made: Timezone) -> str:
    return made.to_ical().decode()


@pytest.mark.parametrize("name", RULED)
def test_a_reader_who_knows_no_zones_has_the_right_time(name: str) -> None:
    """Each day, and each hour around a change, by dateutil's own reading of the rules and by the zone itself."""
    zone = ZoneInfo(name)
    read = tzical(StringIO(f"BEGIN:VCALENDAR\r\n{text(described(zone, FIRST, LAST))}END:VCALENDAR\r\n")).get(name)
    assert differing(zone, read) == []


@pytest.mark.parametrize("name", [*RULED, *UNRULED])
def test_icalendar_reads_the_same_time(name: str) -> None:
    """Its own reading of the component, without looking the name up, also where there is no rule but days."""
    zone = ZoneInfo(name)
    read = Timezone.from_ical(text(described(zone, FIRST, LAST))).to_tz(lookup_tzid=False)
    assert differing(zone, read) == []


@pytest.mark.parametrize("name", ["America/New_York", "Europe/Berlin"])
def test_a_rule_is_one_that_outlook_reads(name: str) -> None:
    """One yearly day of the week for each change, and no single days."""
    said = text(described(ZoneInfo(name), FIRST, LAST))
    assert said.count("RRULE:FREQ=YEARLY;BYDAY=") == 2
    assert "RDATE" not in said


def test_a_zone_is_described_the_same_for_all_years_of_a_rule() -> None:
    """One more season leaves what an older one said in force."""
    zone = ZoneInfo("America/New_York")
    assert text(described(zone, 2026, 2027)) == text(described(zone, 2026, 2028))


@pytest.mark.parametrize("name", [None, "", "UTC", "No/Zone", "America", "../etc/passwd", "x" * 64, "/etc/localtime"])
def test_what_names_no_zone_is_none(name: str | None) -> None:
    """A name that a site made up, a folder of zones, a path: times are then said in UTC."""
    assert zone_of(name) is None
