"""What a cron line means: the moments at which it is due, in a time zone, by `cronsim`.

Debian's cron rules daylight saving: of a line with fixed hours, a moment in the skipped hour is due once, at the end
of that hour, and one in the doubled hour is due once, the first time. Lines that fire in each hour follow real time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

#: minute, hour, day of the month, month, day of the week. A sixth would be seconds, and the clock ticks once a minute.
_FIELDS = 5


def check(line: str) -> None:
    """Raise ValueError, for a person, where `line` is no cron line or is never due."""
    if len(line.split()) != _FIELDS:
        raise ValueError(
            f"{line!r} has {len(line.split())} fields and needs five: minute, hour, day of the month, month, weekday"
        )
    try:
        next(CronSim(line, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f"{line!r} is no cron line: {str(error).lower()}") from None
    except StopIteration:
        raise ValueError(f"{line!r} is never due: no such day exists") from None


def check_timezone(name: str) -> None:
    """Raise ValueError where there is no such time zone."""
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; write it like America/New_York or UTC")


def moments(line: str, timezone: str, after: datetime) -> Iterator[datetime]:
    """When `line` is due later than `after`, one after the other, in UTC, for as long as anybody asks."""
    for moment in CronSim(line, after.astimezone(ZoneInfo(timezone))):
        due = moment.astimezone(UTC)
        # begun within the doubled hour, its first half is due once more by the wall
        if due > after:
            yield due


def between(line: str, timezone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """When `line` is due later than `after` and no later than `until`, in UTC."""
    for due in moments(line, timezone, after):
        if due > until:
            return
        yield due
