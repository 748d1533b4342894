"""One match as an event of a calendar (RFC 5545). docs/calendars.md says what is shown when.

Nothing here asks the clock: an event says the same until its match says something else. So DTSTAMP, which without a
METHOD is the time of the last revision (3.8.7.2), is LAST-MODIFIED.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from icalendar import Event

from actors.calendars.texts import address, line, name
from actors.calendars.zones import zone_of

Row = Mapping[str, Any]

#: Up to which age a match takes how many minutes, break and some stoppage included; who is older plays two hours.
_MINUTES: Final = ((12, 75), (14, 90), (16, 105))
_LONGEST_MINUTES: Final = 120

#: What stands before the teams, where it is not just a match to be played or a result.
_WORDS: Final = {"postponed": "Postponed", "cancelled": "Cancelled", "forfeit": "Forfeit"}
_WITHDRAWN: Final = "Withdrawn"


def event_of(row: Row) -> Event | None:
    """The event of a row of `reading/calendar.sql`; None for a match that no day was ever known of."""
    if row["date"] is None:
        return None
    event = Event()
    event.add("UID", uid_of(row["source"], row["match_id"]))
    event.add("SEQUENCE", row["revision"])
    event.add("CREATED", _whole(row["first_seen_at"]))
    event.add("LAST-MODIFIED", _whole(row["revised_at"]))
    event.add("DTSTAMP", _whole(row["revised_at"]))
    for name_, value in zip(("DTSTART", "DTEND"), _times(row), strict=True):
        event.add(name_, value)
    event.add("SUMMARY", title_of(row))
    event.add("STATUS", _status(row))
    # a day on which the time is not set, or nothing is played, keeps nobody from other things
    event.add("TRANSP", "OPAQUE" if _is_played(row) and row["kickoff"] else "TRANSPARENT")
    event.add("DESCRIPTION", "\n".join(_description(row)))
    if place := line(row["location"]):
        event.add("LOCATION", place)
    if url := address(row["url"]):
        event.add("URL", url)
    event.add("CATEGORIES", [text for key in ("match_type", "age_group") if (text := line(row[key]))])
    return event


def uid_of(source: str, match_id: str) -> str:
    """`26030@mlsnext.touchline`: the match's identity, in characters that nothing has to escape."""
    return f"{quote(match_id, safe='')}@{quote(source, safe='')}.touchline"


def title_of(row: Row) -> str:
    """`IFA – NEFC`, with a result `IFA 1:3 NEFC`, after a shoot-out `IFA 1:1 (4:3) NEFC`; `Postponed: IFA – NEFC`."""
    between = "–"
    if row["home_score"] is not None:
        between = f"{row['home_score']}:{row['away_score']}"
        if row["home_penalties"] is not None:
            between += f" ({row['home_penalties']}:{row['away_penalties']})"
    word = _WITHDRAWN if row["withdrawn_at"] else _WORDS.get(row["status"])
    return f"{f'{word}: ' if word else ''}{name(row['home_team'])} {between} {name(row['away_team'])}"


def _status(row: Row) -> str:
    if row["withdrawn_at"] or row["status"] == "cancelled":
        return "CANCELLED"
    return "TENTATIVE" if row["status"] == "postponed" else "CONFIRMED"


def _is_played(row: Row) -> bool:
    return row["status"] in ("scheduled", "completed") and not row["withdrawn_at"]


def _times(row: Row) -> tuple[date, date]:
    """When it begins and ends: times at the venue, else in UTC; days where the kick-off is not set."""
    if row["kickoff"] is None:
        return row["date"], row["date"] + timedelta(days=1)
    start = _whole(row["kickoff"])
    zone = zone_of(row["timezone"]) or UTC
    return start.astimezone(zone), (start + _lasts(row["age_group"])).astimezone(zone)


def _lasts(age_group: str) -> timedelta:
    digits = "".join(filter(str.isdecimal, age_group))
    age = int(digits) if digits else None
    minutes = (minutes for oldest, minutes in _MINUTES if age is not None and age <= oldest)
    return timedelta(minutes=next(minutes, _LONGEST_MINUTES))


def _description(row: Row) -> Iterator[str]:
    yield " · ".join(text for key in ("match_type", "age_group", "division") if (text := line(row[key])))
    yield " · ".join(text for key in ("league", "season") if (text := line(row[key])))
    if round_ := line(row["round"]):
        yield f"Round: {round_}"
    yield f"Match {line(row['match_id'])}"
    if row["withdrawn_at"]:
        yield "The league does not list this match any more."
    elif row["status"] == "postponed":
        yield "Postponed: this is when it was to be played. A new date is not known yet."
    elif row["kickoff"] is None and row["status"] == "scheduled":
        yield "The kick-off is not set yet."
    if notes := line(row["notes"]):
        yield notes
    revised = row["revised_at"].astimezone(zone_of(row["timezone"]) or UTC)
    yield f"Updated {revised:%Y-%m-%d %H:%M %Z}"


def _whole(moment: datetime) -> datetime:
    """In UTC, without the fractions of a second that iCalendar has no way to write."""
    return moment.astimezone(UTC).replace(microsecond=0)
