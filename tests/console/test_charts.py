"""What is drawn: numbers become coordinates, and a sentence for those who do not see them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors.console.charts import FATES, HIGH, LENGTH, WIDE, columns, daily, durations, fates

COUNTS = st.lists(st.integers(0, 1_000_000), min_size=5, max_size=5)


@given(COUNTS)
def test_a_bar_is_full_in_order_and_shows_every_fate_that_there_is(counts: list[int]) -> None:
    bar = fates(dict(zip(FATES, counts, strict=True)))
    assert [part.count for part in bar.parts] == counts
    x = 0.0
    for part in bar.parts:
        assert abs(part.x - x) < 0.1
        assert (part.width > 5) == (part.count > 0)
        x += part.width
    assert abs(x - (LENGTH if sum(counts) else 0)) < 0.1
    assert bar.total == sum(counts)


def test_a_bar_says_its_numbers() -> None:
    assert fates({"inserted": 0, "updated": 45, "unchanged": 1433, "stale": 0, "dead": 1}).sentence == (
        "45 updated, 1,433 unchanged, 1 dead"
    )
    assert fates(dict.fromkeys(FATES, 0)).sentence == "no matches"


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_columns_stay_inside_and_what_is_not_nought_is_seen(values: list[float]) -> None:
    chart = columns([(value, "", "") for value in values], "")
    for column, value in zip(chart.columns, values, strict=True):
        assert 0 <= column.x <= column.x + column.width <= WIDE + 0.1
        assert abs(column.y + column.height - HIGH) < 0.1
        assert (column.height >= 2) == (value > 0)


def test_days_and_durations_are_told_in_a_sentence() -> None:
    days = [{"day": date(2026, 10, 9), "inserted": 3}, {"day": date(2026, 10, 10), "inserted": 1_200}]
    assert daily(days, "inserted", "matches stored").sentence == (
        "1,203 matches stored in 2 days, most on 10 October: 1,200"
    )
    run: dict[str, Any] = {"source": "ics", "started_at": datetime(2026, 10, 9, tzinfo=UTC), "state": "succeeded"}
    runs = [{**run, "duration_seconds": seconds} for seconds in (None, 2.0, 100.0, 1.0)]
    assert durations(runs).sentence == "The last 3 runs: half took up to 2.0 s, all 1 min 40 s"
    assert [round(column.height) for column in durations(runs).columns] == [2, 100, 2]
    assert durations([]).sentence == "no run has ended yet"
