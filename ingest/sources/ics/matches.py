"""One event of a calendar as a match of the contract, as its feed's options say; docs/sources.md has the table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from ingest.models import Match
from ingest.season import Season
from ingest.sources import Part, Reject
from ingest.sources.ics.calendars import Event, Unusable, read, zone_of
from ingest.sources.ics.feeds import Feed

_NUMBERS: Final = ("home_score", "away_score", "home_penalties", "away_penalties")
#: Of an id, and of a venue, in the contract.
_LONGEST_ID: Final = 100
_LONGEST_LABEL: Final = 300


def rows(texts: list[str], feed: Feed, part: Part, now: datetime) -> Iterator[Match | Reject]:
    """The events with these texts that are of the part's season, as matches and rejects, as of `now`.

    Of events with one UID the newest revision counts; where none is newer, the last, and the others are rejects.
    """
    taken: dict[str, tuple[Event, str]] = {}
    for text in texts:
        try:
            event = read(text)
        except Unusable as error:
            yield Reject(None, error.reason, str(error), text)
            continue
        match_id = _match_id(event, part)
        other, other_text = taken.get(match_id, (event, text))
        if event.sequence >= other.sequence:
            taken[match_id] = event, text
        if event.sequence == other.sequence and text != other_text:
            yield Reject(
                match_id, "duplicate", "the UID stands in the calendar twice; the last one was taken", other_text
            )
    for match_id, (event, text) in taken.items():
        try:
            if (match := _match(match_id, event, feed, part, now)) is not None:
                yield match
        except Unusable as error:
            yield Reject(match_id, error.reason, str(error), text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            yield Reject(match_id, first["type"], f"the match cannot be used: {where} {first['msg']}".strip(), text)


def strangers(texts: list[str], feed: Feed) -> Iterator[str]:
    """The summaries that no pattern fits."""
    for text in texts:
        try:
            summary = read(text).summary
        except Unusable:
            continue
        if feed.fit(summary) is None:
            yield summary


def _match(match_id: str, event: Event, feed: Feed, part: Part, now: datetime) -> Match | None:
    """The event as a match; None for one of another season, or one to skip. Raises Unusable and ValidationError."""
    said = feed.fit(event.summary)
    if said is not None and event.recurring:
        raise Unusable("recurring", "the event repeats itself, and a match is played once")
    zone = zone_of(event.start) or feed.timezone
    day, kickoff = _begins(event.start, ZoneInfo(zone))
    if str(Season.of(day)) != part.season:
        return None
    if said is None:
        if feed.others == "skip":
            return None
        raise Unusable(
            "no_match",
            f"no pattern in sources.ics.feeds.{part.league}.summary fits {event.summary[:100]!r}; "
            'others = "skip" leaves out what is no match',
        )
    status = _status(event, said)
    numbers = {name: _number(said[name]) for name in _NUMBERS if name in said}
    begun = (kickoff or datetime.combine(day, time(), ZoneInfo(zone))) <= now
    if status == "scheduled" and numbers and begun:
        status = "completed"
    return Match(
        match_id=match_id,
        home_team=said.get("home", ""),
        away_team=said.get("away", ""),
        date=day.isoformat(),
        season=part.season,
        age_group=_age_group(said.get("age_group")) or feed.age_group or "",
        match_type=feed.match_type,
        status=status,
        kickoff=f"{kickoff:%Y-%m-%dT%H:%M:%SZ}" if kickoff else None,
        timezone=zone,
        league=part.league,
        division=said.get("division") or feed.division,
        location=event.location[:_LONGEST_LABEL] if event.location else None,
        round=said.get("round"),
        url=event.url if event.url and event.url.startswith(("http://", "https://")) else None,
        # what was not played, or not yet, has no result, whatever stands there
        **(numbers if status == "completed" else {}),
    )


def _status(event: Event, said: Mapping[str, str]) -> str:
    """Without regard to its result."""
    if event.status == "CANCELLED" or "cancelled" in said:
        return "cancelled"
    return "postponed" if "postponed" in said else "scheduled"


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Unusable("no_number", f"{text!r} is no number of goals") from None


def _match_id(event: Event, part: Part) -> str:
    """The UID, with the feed's name before it: there are calendars that count theirs from 1."""
    uid = event.uid if event.occurrence is None else f"{event.uid}/{event.occurrence}"
    match_id = f"{part.league}:{uid}"
    # Outlook's have 112 characters
    return (
        match_id if len(match_id) <= _LONGEST_ID else f"{part.league}:{hashlib.sha256(uid.encode()).hexdigest()[:32]}"
    )


def _begins(start: date, zone: ZoneInfo) -> tuple[date, datetime | None]:
    """The day at the venue, and when it begins in UTC: a day alone, and midnight, say that no time is set."""
    if not isinstance(start, datetime):
        return start, None
    try:
        local = start.replace(tzinfo=zone) if start.tzinfo is None else start.astimezone(zone)
        return local.date(), None if local.time() == time() else local.astimezone(UTC)
    except OverflowError:
        raise Unusable("no_such_time", f"{start} is no time of a match") from None


def _age_group(text: str | None) -> str | None:
    """`U14` of whatever says so: `U14`, `u-14`, `14`."""
    digits = "".join(filter(str.isdecimal, text or ""))
    return f"U{int(digits)}" if digits else None
