"""What is measured, and what it must come to: DESIGN section 7."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Budget:
    """A row of the table. `bound` says which side of `budget` and `goal` is good."""

    name: str
    title: str
    unit: str
    #: None where the design wants a way of doing it, and no number.
    budget: float | None
    goal: float
    bound: Literal["at least", "at most"]

    def holds(self, value: float, limit: float | None) -> bool:
        if limit is None:
            return True
        return value >= limit if self.bound == "at least" else value <= limit


@dataclass(slots=True)
class Measured:
    """What one row came to: a value a round, with what it was made of."""

    budget: Budget
    values: list[float] = field(default_factory=list)
    #: By name: `ours` and `yardstick` in their own units, or whatever else explains the value; one a round.
    parts: dict[str, list[float]] = field(default_factory=dict)

    def add(self, value: float, **parts: float) -> None:
        self.values.append(value)
        for name, part in parts.items():
            self.parts.setdefault(name, []).append(part)

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """From the lowest round to the highest, as a part of the median."""
        return (max(self.values) - min(self.values)) / self.value if self.value else 0.0

    @property
    def ok(self) -> bool:
        return self.budget.holds(self.value, self.budget.budget)

    @property
    def reached(self) -> bool:
        """Whether the goal is reached, too."""
        return self.budget.holds(self.value, self.budget.goal)

    def as_row(self) -> dict[str, Any]:
        return {
            "name": self.budget.name,
            "title": self.budget.title,
            "value": self.value,
            "unit": self.budget.unit,
            "spread": self.spread,
            "budget": self.budget.budget,
            "goal": self.budget.goal,
            "bound": self.budget.bound,
            "ok": self.ok,
            "reached": self.reached,
            "rounds": self.values,
            "parts": {name: statistics.median(parts) for name, parts in self.parts.items()},
        }


BUDGETS: Sequence[Budget] = (
    Budget("store-new", "25,000 new matches, queue to Postgres", "× bare upsert", 0.3, 0.5, "at least"),
    Budget("celery", "the same against one match a message by Celery", "× Celery", 15, 25, "at least"),
    Budget("refresh", "a refresh in which 0.5 % changed, all rows sent", "× bare upsert", 0.5, 0.8, "at least"),
    Budget("rows-written", "rows written by that refresh", "a changed row", 1.0, 1.0, "at most"),
    Budget(
        "nothing-new",
        "a refresh with nothing new, by conditional requests alone; the command's start included",
        "s",
        None,
        0.3,
        "at most",
    ),
    Budget("season", "24,628 matches from the feeds to committed rows", "× json.loads + bare", 5, 3, "at most"),
    Budget("latency-p50", "publish to commit, idle system, median", "ms", 8, 4, "at most"),
    Budget("latency-p99", "publish to commit, idle system, 99th percentile", "ms", 40, 15, "at most"),
    Budget("memory-worker", "a store worker's memory at its highest", "MB", 110, 80, "at most"),
    Budget("memory-feed", "a feed of 12.7 MB read, the process at its highest", "MB", 300, 150, "at most"),
    Budget("growth", "the rate with 1,000,000 matches stored", "× rate with 10,000", 0.7, 0.9, "at least"),
)


def budget(name: str) -> Budget:
    return next(budget for budget in BUDGETS if budget.name == name)
