"""An iCalendar document (RFC 5545), cut into its events so that what is wrong with one is no other's trouble.

Only the properties that a match is made of are given to the parser: neither an alarm nor a conference call can break
an event that says who plays. VTIMEZONE is not read. Its rules are a stranger's program (a rule may repeat each second
since 1601), and the names that calendars use are IANA's or Windows', which icalendar knows; for times under any other
name the feed's own zone is taken.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from contract.addresses import redact
from ingest.answers import Answer
from ingest.errors import PageChanged, TooLarge

#: No league has so many matches; each takes a fraction of a millisecond.
MOST_EVENTS: Final = 50_000
#: Characters of one event, unfolded. With its picture inside an event may be long; with this it is no match.
_LONGEST: Final = 1_000_000

#: All that is used.
_WANTED: Final = frozenset(
    ("UID", "SUMMARY", "DTSTART", "STATUS", "SEQUENCE", "LOCATION", "URL", "RRULE", "RDATE", "RECURRENCE-ID")
)
_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_BEGIN: Final = re.compile(r"^BEGIN:VEVENT[ \t]*$", re.IGNORECASE | re.MULTILINE)
_END: Final = re.compile(r"^END:VEVENT[ \t]*$", re.IGNORECASE | re.MULTILINE)
_LAST: Final = re.compile(r"^END:VCALENDAR[ \t]*$", re.IGNORECASE | re.MULTILINE)
_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_UTC: Final = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu"})


class Unusable(ValueError):
    """An event that is no match of the contract: `reason` for programs, `str` for people."""

    def __init__(self, reason: str, error: str) -> None:
        super().__init__(error)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Event:
    """What an event says, as text where it is text. `start` is a day, or a time that may lack its zone."""

    uid: str
    summary: str
    start: date
    sequence: int
    #: Which one it is of those that repeat under one UID.
    occurrence: str | None
    recurring: bool
    status: str
    location: str | None
    url: str | None


def cut(answer: Answer) -> list[str]:
    """The text of each event. Raises PageChanged where this is no calendar, or not all of one, and TooLarge."""
    # a fold may stand inside a character
    body = _FOLD.sub(b"", answer.body)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip()
    where = redact(answer.url)
    if not text[:15].upper().startswith("BEGIN:VCALENDAR"):
        page = text[:1] == "<" or "html" in answer.content_type.lower()
        raise PageChanged(
            f"{where} answers with {'a page' if page else 'something'} that is no calendar",
            hint="is this the address of the iCalendar feed, and can it be read without a login? "
            "A calendar's text begins with BEGIN:VCALENDAR",
        )
    if len(_BEGIN.findall(text)) > MOST_EVENTS:
        raise TooLarge(f"{where} has more than {MOST_EVENTS:,} events, which no league has")
    _, *pieces = _BEGIN.split(text)
    if not _LAST.search(pieces[-1] if pieces else text):
        raise PageChanged(
            f"{where} ends in the middle of the calendar: END:VCALENDAR is missing",
            hint="the site was caught while it wrote it, or cuts it short; the next run reads it again",
        )
    return [_END.split(piece, maxsplit=1)[0].strip("\n") for piece in pieces]


def read(text: str) -> Event:
    """The event whose text this is. Raises Unusable."""
    from icalendar.error import GloballyUniqueTZIDGuessed

    if len(text) > _LONGEST:
        raise Unusable("too_large", f"the event is {len(text):,} characters long")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GloballyUniqueTZIDGuessed)
            return _read(text)
    except Unusable:
        raise
    except Exception as error:
        # whatever the parser trips over is this event's trouble
        raise Unusable("broken_event", f"the event cannot be read: {type(error).__name__}: {error}") from error


def _read(text: str) -> Event:
    from icalendar import Event as Component

    component = Component.from_ical("\n".join(["BEGIN:VEVENT", *_own(text), "END:VEVENT"]))
    if component.errors:
        name, error = component.errors[0]
        raise Unusable("broken_event", f"the event cannot be read: {name or 'a line'}: {error}")
    said = {name: value[0] if isinstance(value, list) else value for name, value in component.items()}
    uid = _text(said, "UID")
    if uid is None:
        raise Unusable("no_uid", "the event has no UID, so that it could not be found again")
    start = getattr(said.get("DTSTART"), "dt", None)
    if not isinstance(start, date):
        raise Unusable("no_start", "the event has no day on which it begins")
    occurrence = said.get("RECURRENCE-ID")
    return Event(
        uid=uid,
        summary=_text(said, "SUMMARY") or "",
        start=start,
        sequence=int(said.get("SEQUENCE", 0)),
        occurrence=None if occurrence is None else occurrence.to_ical().decode(),
        recurring="RRULE" in said or "RDATE" in said,
        status=(_text(said, "STATUS") or "").upper(),
        location=_text(said, "LOCATION"),
        url=_text(said, "URL"),
    )


def zone_of(start: date) -> str | None:
    """The name of the zone that a time is in, where it says one: UTC is how a time is sent, not where it is played."""
    key = getattr(start.tzinfo, "key", None) if isinstance(start, datetime) else None
    return None if key is None or key in _UTC else str(key)


def _own(text: str) -> Iterator[str]:
    """The lines that are wanted, and the event's own: not those of an alarm within it."""
    depth = 0
    for line in text.split("\n"):
        found = _NAME.match(line)
        name = found.group().upper() if found else ""
        if name == "BEGIN":
            depth += 1
        elif name == "END":
            depth -= 1
        elif depth == 0 and name in _WANTED:
            yield line


def _text(said: dict[str, Any], name: str) -> str | None:
    return " ".join(str(said.get(name, "")).split()) or None
