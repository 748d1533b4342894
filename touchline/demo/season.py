"""When a season is played: its weekends, its placeholder day, and who meets whom in which round."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from contract.errors import ConfigurationError

T = TypeVar("T")

#: The viewer feeds exist from this season on (SOURCES.md, section 1).
FIRST_YEAR = 2026

SATURDAY, THURSDAY, TUESDAY = 5, 3, 1


@dataclass(frozen=True, slots=True)
class Season:
    """One season's calendar: September to mid-May at weekends, without Thanksgiving and the winter break."""

    name: str
    #: The Saturdays of all weekends on which rounds are played.
    saturdays: tuple[date, ...]
    #: Where postponed fixtures are parked: a Tuesday in June (2027-06-08 for 2026-27, as the real league chose).
    placeholder: date

    @classmethod
    def named(cls, name: str) -> Season:
        """The season `2026-27`. Raises ConfigurationError for anything that is no season of the viewer's."""
        shape = re.fullmatch(r"(\d{4})-(\d{2})", name)
        if shape is None or (int(shape[1]) + 1) % 100 != int(shape[2]) or int(shape[1]) < FIRST_YEAR:
            raise ConfigurationError(
                f"the demo league has no season {name!r}",
                hint=f"try {FIRST_YEAR}-{FIRST_YEAR + 1 - 2000}, or a later one",
            )
        year = int(shape[1])
        thanksgiving = _on_or_after(date(year, 11, 22), THURSDAY)
        autumn = _saturdays(date(year, 9, 1), thanksgiving - timedelta(days=1))
        spring = _saturdays(date(year + 1, 1, 8), date(year + 1, 5, 17))
        return cls(name, (*autumn, *spring), _on_or_after(date(year + 1, 6, 8), TUESDAY))

    @property
    def year(self) -> int:
        """The year in which it starts."""
        return int(self.name[:4])

    @property
    def short(self) -> str:
        """As in the feeds' keys: `26-27`."""
        return f"{self.year % 100:02d}-{(self.year + 1) % 100:02d}"


def office_day(saturday: date, *, weeks: int = 0, weekday: int = 2) -> datetime:
    """When the league's office publishes changes: never between Friday and Monday.

    That keeps a weekend free of everything but results and the two changes that `incidents` makes on it.
    """
    monday = saturday - timedelta(days=5) + timedelta(weeks=weeks)
    return datetime.combine(monday + timedelta(days=weekday), time(16, 0), UTC)


def round_robin(members: Sequence[T], legs: int) -> list[list[tuple[T, T]]]:
    """Rounds in which everybody meets everybody `legs` times, home and away in turn (the circle method)."""
    circle: list[T | None] = list(members)
    if len(circle) % 2:
        circle.append(None)  # whoever meets nobody rests
    size = len(circle)
    first: list[list[tuple[T, T]]] = []
    for turn in range(size - 1):
        pairs = []
        for place in range(size // 2):
            one, other = circle[place], circle[size - 1 - place]
            if one is not None and other is not None:
                pairs.append((one, other) if (turn + place) % 2 else (other, one))
        first.append(pairs)
        circle.insert(1, circle.pop())
    mirrored = [[(away, home) for home, away in pairs] for pairs in first]
    return [list(pairs) for leg in range(legs) for pairs in (mirrored if leg % 2 else first)]


def _on_or_after(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _saturdays(start: date, end: date) -> list[date]:
    first = _on_or_after(start, SATURDAY)
    return [first + timedelta(weeks=week) for week in range((end - first).days // 7 + 1)]
