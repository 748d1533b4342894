"""Seasons, from a day and from their name."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import UnknownScope
from ingest.season import Season

DAYS = st.dates(date(2000, 8, 1), date(2099, 7, 31))


@given(DAYS)
@example(date(2027, 7, 31))
@example(date(2026, 8, 1))
@example(date(2028, 2, 29))
def test_every_day_lies_in_one_season(day: date) -> None:
    """A day lies between the first and the last day of its season, and the seasons leave no day out."""
    season = Season.of(day)
    assert season.first_day <= day <= season.last_day
    assert Season.of(season.last_day + timedelta(days=1)).first_day == season.last_day + timedelta(days=1)


@given(DAYS)
def test_a_season_is_read_as_it_is_written(day: date) -> None:
    """`str` and `parse` are each other's reverse, over the turn of the century too."""
    season = Season.of(day)
    assert Season.parse(str(season)) == season


def test_the_season_begins_on_the_first_of_august() -> None:
    """July belongs to the season that ends."""
    assert str(Season.of(date(2026, 7, 31))) == "2025-26"
    assert str(Season.of(date(2026, 8, 1))) == "2026-27"
    assert Season.parse("2026-27").years == ("26", "27")


@pytest.mark.parametrize(
    "text", ["2026", "2026-2027", "26-27", "2026/27", "2026-28", "2026-26", "٢٠٢٦-27", "", "1926-27"]
)
def test_anything_else_is_no_season(text: str) -> None:
    """A season is written one way, and its second year follows the first."""
    with pytest.raises(UnknownScope) as raised:
        Season.parse(text)
    assert "2026-27" in raised.value.hint


@pytest.mark.parametrize(
    ("written", "date_from", "date_to", "season"),
    [
        (None, None, None, "2026-27"),
        ("2024-25", None, None, "2024-25"),
        ("2024-25", date(2026, 9, 1), None, "2024-25"),
        (None, date(2026, 9, 1), None, "2026-27"),
        (None, date(2026, 3, 1), None, "2026-27"),
        (None, date(2026, 3, 1), date(2026, 3, 31), "2025-26"),
        (None, None, date(2026, 7, 31), "2025-26"),
        (None, date(2027, 8, 1), None, "2027-28"),
    ],
)
def test_dates_choose_the_season_only_from_outside_the_running_one(
    written: str | None, date_from: date | None, date_to: date | None, season: str
) -> None:
    """A name counts most, then the running season, unless the dates lie wholly outside it."""
    assert str(Season.asked(written, date_from, date_to, today=date(2026, 10, 3))) == season
