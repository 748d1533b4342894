"""What the drawings on pages are made of: numbers in, coordinates out. The templates draw them as SVG.

Each comes with a sentence for those who do not see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

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
