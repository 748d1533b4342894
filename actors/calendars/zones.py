"""Time zones for a calendar: what a name stands for, and the VTIMEZONE that tells readers who do not know the name.

icalendar could make one, of single days (RDATE); Outlook reads nothing but yearly rules and ignores the others
(MS-STANOICAL 2.2.47), so that its summer would be an hour off. Ours is made of rules wherever the zone keeps to some.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard
from icalendar.prop import vRecur

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

#: Years that a clock has to be changed by one rule for it to be one: the first and the last Sunday of five are told
#: apart by any six of them.
_YEARS: Final = 12


@dataclass(frozen=True, slots=True)
class _Change:
    """When a clock is changed: `at`, by the clock as it was before."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str


def zone_of(name: str | None) -> ZoneInfo | None:
    """The zone of that IANA name; None for UTC, and for what is no name of a zone."""
    if not name or name in ("UTC", "Etc/UTC"):
        return None
    try:
        return ZoneInfo(name)
    # OSError: the name of a folder of zones, such as "America"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=64)
def described(zone: ZoneInfo, first: int, last: int) -> Timezone:
    """The VTIMEZONE of `zone`, right for all times of the years from `first` to `last`."""
    # a year earlier: what it was when the first year began follows from the year before
    years = range(first - 1, max(last, first + _YEARS) + 1)
    groups: dict[tuple[timedelta, timedelta, str], list[datetime]] = defaultdict(list)
    for change in _changes(zone, years):
        groups[change.before, change.after, change.name].append(change.at)
    rules = {kind: _rule(onsets, years) for kind, onsets in groups.items()}
    made = Timezone()
    made.add("TZID", zone.key)
    if not rules or None in rules.values():
        start = datetime(years[0], 1, 1, tzinfo=zone)
        offset = start.utcoffset() or timedelta()
        _add(made, [start.replace(tzinfo=None)], offset, offset, start.tzname() or "")
        rules = dict.fromkeys(rules)
    for kind, rule in rules.items():
        onsets = groups[kind][:1] if rule else [at for at in groups[kind] if at.year <= last]
        if onsets:
            _add(made, onsets, *kind, rule)
    return made


def _add(
    zone: Timezone,
    onsets: Sequence[datetime],
    before: timedelta,
    after: timedelta,
    name: str,
    rule: vRecur | None = None,
) -> None:
    # by its offset: there are zones whose law calls winter the exception (Europe/Dublin)
    observance = TimezoneDaylight() if after > before else TimezoneStandard()
    observance.add("DTSTART", onsets[0])
    observance.add("TZOFFSETFROM", before)
    observance.add("TZOFFSETTO", after)
    observance.add("TZNAME", name)
    if rule is not None:
        observance.add("RRULE", rule)
    elif onsets[1:]:
        observance.add("RDATE", list(onsets[1:]))
    zone.add_component(observance)


def _changes(zone: ZoneInfo, years: range) -> Iterator[_Change]:
    """Each change of the clock in these years, found by halving the days in which there is one."""
    moment = datetime(years[0], 1, 1, tzinfo=UTC)
    end = datetime(years[-1] + 1, 1, 1, tzinfo=UTC)
    while moment < end:
        before, after = moment, moment + _DAY
        if _clock(zone, before) != _clock(zone, after):
            while after - before > _SECOND:
                middle = before + (after - before) // 2
                middle -= timedelta(microseconds=middle.microsecond)
                if _clock(zone, middle) == _clock(zone, before):
                    before = middle
                else:
                    after = middle
            old, _ = _clock(zone, before)
            new, name = _clock(zone, after)
            yield _Change(after.replace(tzinfo=None) + old, old, new, name)
        moment += _DAY


def _clock(zone: ZoneInfo, moment: datetime) -> tuple[timedelta, str]:
    local = moment.astimezone(zone)
    return local.utcoffset() or timedelta(), local.tzname() or ""


def _rule(onsets: Sequence[datetime], years: range) -> vRecur | None:
    """The yearly rule that gives all of `onsets`, one in each of `years`; None where there is none."""
    if [at.year for at in onsets] != list(years):
        return None
    if len({(at.month, at.weekday(), at.time()) for at in onsets}) > 1:
        return None
    weeks = {(at.day - 1) // _WEEK + 1 for at in onsets}
    if all((at + timedelta(days=_WEEK)).month != at.month for at in onsets):
        week = -1
    elif len(weeks) == 1:
        week = weeks.pop()
    else:
        return None
    return vRecur(FREQ="YEARLY", BYMONTH=onsets[0].month, BYDAY=f"{week}{_DAYS[onsets[0].weekday()]}")
