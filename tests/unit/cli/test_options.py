"""How times, seasons and runs are written on the command line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from touchline.cli import main
from touchline.options import day, moment, run_id, season_name

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("24h", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2W", NOW - timedelta(weeks=2)),
        ("2026-10-01", datetime(2026, 10, 1, tzinfo=UTC)),
        ("2026-10-01T18:00", datetime(2026, 10, 1, 18, tzinfo=UTC)),
        ("2026-10-01 18:00:30", datetime(2026, 10, 1, 18, 0, 30, tzinfo=UTC)),
        ("2026-10-01T18:00Z", datetime(2026, 10, 1, 18, tzinfo=UTC)),
        ("2026-10-01T18:00-04:00", datetime(2026, 10, 1, 22, tzinfo=UTC)),
    ],
)
def test_since_understands(text: str, expected: datetime) -> None:
    """A time is so long ago, a date, or a date and a time that is UTC unless it says otherwise."""
    assert moment(text, clock=lambda: NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "24", "h", "-3h", "2026-13-01", "2026-02-30", "999999w", "1.5h"])
def test_since_refuses_with_examples(text: str) -> None:
    """What is no time is refused by an error that shows how one is written."""
    with pytest.raises(ValueError, match=r"24h.*2026-10-01"):
        moment(text, clock=lambda: NOW)


def test_a_wrong_time_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with 2 before it reaches for any server."""
    assert main(["changes", "--since", "yesterday"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "'yesterday' is no time; write for example 24h" in captured.err


@pytest.mark.parametrize("text", ["2026-27", "2026-2027", "26-27", "2026/27"])
def test_seasons_are_understood_as_people_write_them(text: str) -> None:
    """The usual spellings of a season mean the same."""
    assert season_name(text) == "2026-27"


@pytest.mark.parametrize("text", ["2026", "2026-28", "26-25", "next"])
def test_what_is_no_season_is_refused(text: str) -> None:
    """A season spans two years that follow each other."""
    with pytest.raises(ValueError, match="2026-27"):
        season_name(text)


def test_the_last_season_of_a_century() -> None:
    """99 is followed by 00."""
    assert season_name("2099-00") == "2099-00"


def test_days_are_iso_dates() -> None:
    """A day is written as in ISO 8601, and nothing else is guessed at."""
    assert day("2026-10-01") == date(2026, 10, 1)
    with pytest.raises(ValueError, match="2026-10-01"):
        day("10/01/2026")


def test_a_run_is_named_by_the_beginning_of_its_id() -> None:
    """Hexadecimal digits and dashes, in either case; anything else cannot be the beginning of an id."""
    assert run_id("3F2A-") == "3f2a-"
    for text in ("", "%", "last", "3f2a0000-0000-4000-8000-0000000000011"):
        with pytest.raises(ValueError, match="touchline runs"):
            run_id(text)
