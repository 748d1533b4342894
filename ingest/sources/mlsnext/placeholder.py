"""Days that postponed fixtures are parked on (SOURCES section 1, point 5), recognised by their shape.

The site has no status: whoever postpones a fixture moves it to one far day, the same for all (in 2026-27 a Tuesday in
June). Youth football is played at weekends, so a Tuesday, Wednesday or Thursday with many fixtures is such a day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Final

#: Tuesday, Wednesday, Thursday, as `date.weekday` counts.
_WEEKDAYS: Final = frozenset({1, 2, 3})

#: So many fixtures on one of these days, in one feed, are no coincidence.
MANY: Final = 20


def placeholder_days(fixtures: Iterable[tuple[date, bool]], today: date) -> frozenset[date]:
    """The placeholder days of a feed. `fixtures` are its days at the venue, each with whether it has a result.

    A day that is over and has results for most of its fixtures was a match day after all: a tournament in mid-week
    must not end as dozens of forfeits.
    """
    played: defaultdict[date, list[bool]] = defaultdict(list)
    for day, has_result in fixtures:
        if day.weekday() in _WEEKDAYS:
            played[day].append(has_result)
    return frozenset(
        day
        for day, results in played.items()
        if len(results) >= MANY and not (day < today and sum(results) > len(results) / 2)
    )
