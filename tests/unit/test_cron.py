"""Cron lines mean what Debian's cron means by them, whenever somebody begins to look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import cron

NEW_YORK = "America/New_York"

#: Half an hour of daylight saving, none at all, one that changes at midnight, a quarter of an hour off, the other half
#: of the year, and one that gave it up.
ZONES = (NEW_YORK, "UTC", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "Europe/Dublin", "Asia/Kolkata")


def _field(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    several = st.lists(number, min_size=1, max_size=3, unique=True).map(lambda them: ",".join(map(str, sorted(them))))
    span = st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}")
    step = st.integers(1, max(2, most // 2)).map(lambda step: f"*/{step}")
    return st.one_of(st.just("*"), several, span, step)


#: Lines of all kinds; those of a single minute in a month or two are the ones that daylight saving meets least often.
LINES = st.tuples(_field(0, 59), _field(0, 23), _field(1, 28), _field(1, 12), _field(0, 7)).map(" ".join)


def _by_cronsim(line: str, zone: str, after: datetime, until: datetime) -> list[datetime]:
    """What cronsim says when it is asked once and goes on from there."""
    simulated = CronSim(line, after.astimezone(ZoneInfo(zone)))
    return list(takewhile(lambda due: due <= until, (moment.astimezone(UTC) for moment in simulated)))


@settings(max_examples=60)
@given(LINES, st.sampled_from(ZONES), st.integers(0, 9), st.data())
def test_looking_again_and_again_finds_what_cronsim_finds_at_once(
    line: str, zone: str, year: int, data: st.DataObject
) -> None:
    """Whoever looks from where the last look ended, a minute or a month later, has each moment once: none twice."""
    begin = datetime(2026 + year, 1, 1, 0, 0, tzinfo=UTC)
    until = begin + timedelta(days=366 if line.split()[0].isdigit() else 40)
    looks = data.draw(st.lists(st.datetimes(begin.replace(tzinfo=None), until.replace(tzinfo=None)), max_size=20))
    edges = [begin, *sorted(look.replace(tzinfo=UTC) for look in looks), until]
    found = [due for since, to in pairwise(edges) for due in cron.between(line, zone, since, to)]
    assert found == _by_cronsim(line, zone, begin, until)


@pytest.mark.parametrize("line", ["30 1 * * *", "15,45 1-3 * * *", "*/20 * * * *", "0 2 * * *", "30 2 * * sun"])
@pytest.mark.parametrize("day", [datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)])
def test_each_minute_of_a_night_that_clocks_change_is_a_good_one_to_look(line: str, day: datetime) -> None:
    """A tick a minute through both nights, the doubled hour included, finds what one look finds."""
    minutes = [day + timedelta(minutes=minute) for minute in range(3 * 60, 11 * 60)]
    found = [due for since, to in pairwise(minutes) for due in cron.between(line, NEW_YORK, since, to)]
    assert found == _by_cronsim(line, NEW_YORK, minutes[0], minutes[-1])


def test_a_slot_on_weekends_fires_on_sundays_too() -> None:
    """104 Saturdays and Sundays of 2026, twice each: periodiq fires half of them."""
    begin = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=1)
    assert (
        len(list(cron.between("0 6,18 * * sat,sun", "UTC", begin, datetime(2026, 12, 31, 23, 59, tzinfo=UTC)))) == 208
    )


@pytest.mark.parametrize(
    ("line", "day", "due"),
    [
        ("30 2 * * *", (3, 8), ["03:00 EDT"]),  # there is no half past two: at the end of the gap
        ("30 1 * * *", (3, 8), ["01:30 EST"]),
        ("30 1 * * *", (11, 1), ["01:30 EDT"]),  # half past one is there twice: the first
        ("30 2 * * *", (11, 1), ["02:30 EST"]),
        ("30 * * * *", (11, 1), ["00:30 EDT", "01:30 EDT", "01:30 EST", "02:30 EST"]),
    ],
)
def test_daylight_saving_skips_and_doubles_nothing(line: str, day: tuple[int, int], due: list[str]) -> None:
    """A fixed hour is due once in the night that clocks change; a line of each hour follows real time."""
    zone = ZoneInfo(NEW_YORK)
    midnight = datetime(2026, *day, tzinfo=zone)
    begin, until = midnight.astimezone(UTC) - timedelta(seconds=1), (midnight + timedelta(hours=3)).astimezone(UTC)
    found = cron.between(line, NEW_YORK, begin, until)
    assert [f"{moment.astimezone(zone):%H:%M %Z}" for moment in found] == due


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("* * * *", "4 fields and needs five"),
        ("0 0 0 * * *", "6 fields and needs five"),
        ("@daily", "1 fields and needs five"),
        ("61 * * * *", "bad minute"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 * * soonday", "bad day-of-week"),
    ],
)
def test_a_line_that_is_none_is_refused(line: str, why: str) -> None:
    """The reason names the field at fault."""
    with pytest.raises(ValueError, match=why):
        cron.check(line)
