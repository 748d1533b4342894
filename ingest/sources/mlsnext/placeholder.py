"""Days that postponed fixtures are parked on (SOURCES section 1, point 5), recognised by their shape.

The site has no status: whoever postpones a fixture moves it to one far day, the same for all (in 2026-27 a Tuesday in
June). Youth football is played at weekends, so a Tuesday, Wednesday or Thursday with many fixtures is such a day.

What was recognised once is remembered for the season: half a feed has too few fixtures there to show the shape, and so
has a whole one once most of them have found their new date. The rest would look as if they were moved to that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ingest.remembered import Remembered

#: Tuesday, Wednesday, Thursday, as `date.weekday` counts.
_WEEKDAYS: Final = frozenset({1, 2, 3})

#: So many fixtures on one of these days, in one feed, are no coincidence.
MANY: Final = 20

#: Longer than a season; the next one's parts have other names.
_SEASON: Final = timedelta(days=500)


class Recognised:
    """The placeholder days of one part, remembered from one reading to the next where there is a notebook."""

    def __init__(self, notebook: Remembered | None = None, part: str = "") -> None:
        self._notebook = notebook
        self._key = f"placeholder:{part}"

    def among(self, fixtures: Iterable[tuple[date, bool]], today: date) -> frozenset[date]:
        """As `placeholder_days`, with those that earlier readings recognised; a new one is remembered."""
        known = self._known()
        found = placeholder_days(fixtures, today, known)
        if self._notebook is not None and found - known:
            self._notebook.put(self._key, [day.isoformat() for day in sorted(found | known)])
        return found

    def _known(self) -> frozenset[date]:
        said = self._notebook.get(self._key, younger_than=_SEASON) if self._notebook is not None else None
        try:
            return frozenset(map(date.fromisoformat, said or ()))
        except (TypeError, ValueError):
            # what somebody else wrote there costs recognising them once more
            return frozenset()


def placeholder_days(
    fixtures: Iterable[tuple[date, bool]], today: date, known: frozenset[date] = frozenset()
) -> frozenset[date]:
    """The placeholder days of a feed. `fixtures` are its days at the venue, each with whether it has a result.

    A day that is `known` is one with however few. A day that is over and has results for most of its fixtures was a
    match day after all: a tournament in mid-week must not end as dozens of forfeits.
    """
    played: defaultdict[date, list[bool]] = defaultdict(list)
    for day, has_result in fixtures:
        if day.weekday() in _WEEKDAYS:
            played[day].append(has_result)
    return frozenset(
        day
        for day, results in played.items()
        if (len(results) >= MANY or day in known) and not (day < today and sum(results) > len(results) / 2)
    )
