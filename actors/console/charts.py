"""What the drawings on pages are made of: numbers in, coordinates out. The templates draw them as SVG.

Each comes with a sentence for those who do not see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from actors.words import counted, took

#: What becomes of a match that a run found, in the order of the bar.
FATES: Final = ("inserted", "updated", "unchanged", "stale", "dead")

#: Units that a bar of fates is long, and what a fate has of it at least, that it can be seen.
LENGTH: Final = 1000
_LEAST: Final = 12


@dataclass(frozen=True, slots=True)
class Part:
    """One fate of a bar: from `x` on, `width` long."""

    fate: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What became of a run's matches."""

    parts: tuple[Part, ...]
    total: int
    sentence: str
    width: int = LENGTH


def fates(run: Mapping[str, Any]) -> Bar:
    """The bar of a row of the view `runs`. A fate of few among many is drawn wider than it is."""
    counts = {fate: int(run[fate] or 0) for fate in FATES}
    total = sum(counts.values())
    there = sum(1 for number in counts.values() if number)
    shared = LENGTH - there * _LEAST
    parts, x = [], 0.0
    for fate, number in counts.items():
        width = _LEAST + shared * number / total if number else 0.0
        parts.append(Part(fate, number, round(x, 2), round(width, 2)))
        x += width
    sentence = ", ".join(f"{number:,} {fate}" for fate, number in counts.items() if number) or "no matches"
    return Bar(tuple(parts), total, sentence)


#: Units that a chart of columns is wide and high; it is stretched to the room that there is.
WIDE: Final = 600
HIGH: Final = 100
_GAP: Final = 0.25

#: Columns for which there is room at least: a few stand at the right, and are no walls.
_FEWEST: Final = 20


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where it is drawn, of which class, and what it says."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Columns:
    """A chart of columns. `most` is what the highest one stands for."""

    columns: tuple[Column, ...]
    most: float
    sentence: str
    width: int = WIDE
    height: int = HIGH


def columns(values: Sequence[tuple[float, str, str]], sentence: str) -> Columns:
    """A column for each value, its class, and what it says. One that is not nought is to be seen, however small."""
    most = max((value for value, _, _ in values), default=0.0)
    step = WIDE / max(_FEWEST, len(values))
    first = WIDE - step * len(values)
    made = []
    for place, (value, kind, said) in enumerate(values):
        height = max(2.0, HIGH * value / most) if value else 0.0
        x = first + step * (place + _GAP / 2)
        made.append(
            Column(round(x, 2), round(HIGH - height, 2), round(step * (1 - _GAP), 2), round(height, 2), kind, said)
        )
    return Columns(tuple(made), most, sentence)


def daily(days: Sequence[Mapping[str, Any]], field: str, what: str, kind: str = "") -> Columns:
    """A column a day of the rows of reading/days.sql. `what` is what is counted, such as `matches stored`."""
    values = [(float(row[field]), kind, f"{row['day']:%-d %b}: {row[field]:,}") for row in days]
    total = sum(row[field] for row in days)
    best = max(days, key=lambda row: row[field], default=None)
    most = f", most on {best['day']:%-d %B}: {best[field]:,}" if best is not None and best[field] else ""
    return columns(values, f"{total:,} {what} in {len(days)} days{most}")


def durations(runs: Sequence[Mapping[str, Any]]) -> Columns:
    """A column for each run of the rows of `runs` that has ended, oldest first: how long it took."""
    ended = [run for run in reversed(runs) if run["duration_seconds"] is not None]
    values = [
        (
            max(0.0, run["duration_seconds"]),
            "" if run["state"] == "succeeded" else "bad" if run["state"] == "failed" else "odd",
            f"{run['source']}, {run['started_at']:%-d %b %H:%M} UTC: {took(run['duration_seconds'])}, {run['state']}",
        )
        for run in ended
    ]
    if not ended:
        return columns([], "no run has ended yet")
    middle = sorted(value for value, _, _ in values)[len(values) // 2]
    longest = max(value for value, _, _ in values)
    return columns(
        values, f"The last {counted(len(ended), 'run')}: half took up to {took(middle)}, all {took(longest)}"
    )
