"""How numbers, times and states are put for people: on pages as filters of their templates.

Times are UTC and say so. Nothing here escapes anything: the templates do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: What kind of thing a state is: its colour and sign in the stylesheet. Any other word is nothing special.
_TONES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("succeeded", "done", "ok", "completed", "replayed", "good", "well", "ready"), "good"),
    **dict.fromkeys(
        ("suspect", "interrupted", "postponed", "missed", "open", "behind", "withdrawn", "not ready"), "warn"
    ),
    **dict.fromkeys(("failed", "dead", "not ok", "away", "hangs"), "bad"),
    **dict.fromkeys(("running", "queued", "claimed", "published"), "busy"),
}

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


def iso(moment: datetime | None) -> str:
    """`2026-11-26T02:30:00Z`, for `<time datetime>`; empty for None."""
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def when(moment: datetime | None) -> str:
    """`26 Nov 2026, 02:30 UTC`, for people; a dash for None."""
    return "–" if moment is None else f"{moment.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def day(date: date | None) -> str:
    """`Thu 26 Nov 2026`; a dash for None."""
    return "–" if date is None else f"{date:%a %-d %b %Y}"


def short_day(date: date) -> str:
    """`26 Nov`."""
    return f"{date:%-d %b}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """`3 h ago`, `in 20 min`, `just now`; a dash for None."""
    if moment is None:
        return "–"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if abs(seconds) < 1:
        return "just now"
    return f"{age(seconds)} ago" if seconds > 0 else f"in {age(-seconds)}"


def age(seconds: float | None) -> str:
    """`12 s`, `3 min`, `5 h`, `4 days`: one unit, rounded down; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < _MINUTE:
        return f"{int(seconds)} s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min"
    if seconds < 2 * _DAY:
        return f"{int(seconds // _HOUR)} h"
    return f"{int(seconds // _DAY)} days"


def took(seconds: float | None) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 14 min`; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def count(number: int | None) -> str:
    """`24,628`; a dash for None."""
    return "–" if number is None else f"{number:,}"


def counted(number: int, what: str, many: str | None = None) -> str:
    """`1 match`, `24,628 matches`; `many` where the plural is not made by an s."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def tone(state: str | None) -> str:
    """The class of a badge: good, warn, bad, busy, or nothing."""
    return _TONES.get(state or "", "")


def figure(number: float | int | None) -> str:
    """A figure of a table: `12`, and what is a match's with two digits, `1.85`; a dash for None."""
    if number is None:
        return "–"
    return f"{number:.2f}" if isinstance(number, float) else f"{number}"


def score(match: Mapping[str, Any]) -> str:
    """`2:1`, with a shoot-out `1:1 (4:3)`; empty where there is no result."""
    if match["home_score"] is None:
        return ""
    shootout = "" if match["home_penalties"] is None else f" ({match['home_penalties']}:{match['away_penalties']})"
    return f"{match['home_score']}:{match['away_score']}{shootout}"


def local(match: Mapping[str, Any]) -> str:
    """The kick-off as a spectator reads it: `09:00 EDT`; UTC where the venue's time zone is not known; or empty."""
    if match["kickoff"] is None:
        return ""
    return f"{match['kickoff'].astimezone(zone(match)):%H:%M %Z}"


def zone(match: Mapping[str, Any]) -> tzinfo:
    """The venue's time zone; UTC where none is known, or one that this machine does not know."""
    try:
        return ZoneInfo(match["timezone"] or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
