"""How pages put numbers and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from actors import words

NOW = datetime(2026, 10, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "just now"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (7200, "2 h ago"),
        (2 * 86_400, "2 days ago"),
        (-90, "in 1 min"),
    ],
)
def test_ages_have_one_unit(seconds: float, said: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.44, "0.4 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (8040, "2 h 14 min"), (None, "–")]
)
def test_durations(seconds: float | None, said: str) -> None:
    assert words.took(seconds) == said


def test_times_are_utc_and_what_is_not_there_is_a_dash() -> None:
    there = datetime(2026, 10, 3, 19, 30, tzinfo=timezone(timedelta(hours=-4)))
    assert (words.when(there), words.iso(there)) == ("3 Oct 2026, 23:30 UTC", "2026-10-03T23:30:00Z")
    assert (words.when(None), words.iso(None), words.day(None), words.ago(None), words.age(None)) == (
        "–",
        "",
        "–",
        "–",
        "–",
    )


def test_counts() -> None:
    assert (words.count(24628), words.count(None)) == ("24,628", "–")
    assert words.counted(1, "match", "matches") == "1 match"
    assert words.counted(1200, "match", "matches") == "1,200 matches"


def test_a_state_that_is_not_known_is_nothing_special() -> None:
    assert [words.tone(state) for state in ("succeeded", "suspect", "failed", "running", "x", None)] == [
        "good",
        "warn",
        "bad",
        "busy",
        "",
        "",
    ]
