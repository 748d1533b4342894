"""Calendars in the shapes that programs write them, by hand: what is said of each is what its export is known for."""

from __future__ import annotations

from typing import Final

#: UTC throughout, the zone only in X-WR-TIMEZONE; lines folded after 75 octets; CRLF.
GOOGLE: Final = """\
BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:PUBLISH
X-WR-CALNAME:Spielplan U14 ⚽
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VEVENT
DTSTART:20261010T223000Z
DTEND:20261011T000000Z
DTSTAMP:20261005T090000Z
UID:3k2l1m0n@google.com
CREATED:20260801T070000Z
DESCRIPTION:<b>Treffpunkt</b> 45 Minuten vorher\\, bitte pünktlich\\; Trikots
  bringt Müller mit
LAST-MODIFIED:20261004T101500Z
LOCATION:Sportpark Süd\\, Platz 3 (Kunstrasen)\\, Am Alten Bahnhof 12\\, 12345
  Musterstadt
SEQUENCE:2
STATUS:CONFIRMED
SUMMARY:SV Grün-Weiß Äschen ⚽ vs. 1. FC Köln-Süd\\, Zweite Mannschaft der U1
 4
TRANSP:OPAQUE
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261107
DTEND;VALUE=DATE:20261108
DTSTAMP:20261005T090000Z
UID:4z5y6x@google.com
SEQUENCE:0
STATUS:TENTATIVE
SUMMARY:1. FC Köln-Süd vs SV Grün-Weiß Äschen
END:VEVENT
END:VCALENDAR
"""

#: Windows' names of zones, which VTIMEZONE defines from 1601 on; UIDs of 112 characters; a default alarm.
OUTLOOK: Final = """\
BEGIN:VCALENDAR
PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN
VERSION:2.0
METHOD:PUBLISH
X-MS-OLK-FORCEINSPECTOROPEN:TRUE
BEGIN:VTIMEZONE
TZID:Eastern Standard Time
BEGIN:STANDARD
DTSTART:16011104T020000
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010311T020000
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
CLASS:PUBLIC
CREATED:20260901T120000Z
DTEND;TZID="Eastern Standard Time":20261003T113000
DTSTAMP:20260901T120000Z
DTSTART;TZID="Eastern Standard Time":20261003T100000
LAST-MODIFIED:20261003T180000Z
LOCATION:Mercer County Park - Field # 4
PRIORITY:5
SEQUENCE:1
SUMMARY;LANGUAGE=en-us:Ash United 2-1 Elm Rovers
TRANSP:OPAQUE
UID:040000008200E00074C5B7101A82E0080000000010D3B0C5E1A0DA010000000000000000
 100000001234567890ABCDEF1234567890ABCDEF
X-ALT-DESC;FMTTYPE=text/html:<html><body>Bring both kits</body></html>
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
BEGIN:VALARM
TRIGGER:-PT15M
ACTION:DISPLAY
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
END:VCALENDAR
"""

#: A team's own export: floating or UTC times, the result behind the names, cancelled matches marked twice.
TEAM_APP: Final = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Team App//Schedule//EN
X-PUBLISHED-TTL:PT1H
BEGIN:VEVENT
UID:game-771-1@teamapp.example
DTSTAMP:20260915T010203Z
DTSTART:20260912T140000
DTEND:20260912T153000
SUMMARY:Ash 0:0 Elm
STATUS:CONFIRMED
URL:https://teamapp.example/games/771
END:VEVENT
BEGIN:VEVENT
UID:game-772-1@teamapp.example
DTSTAMP:20260915T010203Z
DTSTART:20260919T140000
SUMMARY:Cup: Elm 1:1 (3:4) Ash
END:VEVENT
BEGIN:VEVENT
UID:game-773-1@teamapp.example
DTSTAMP:20260915T010203Z
DTSTART:20260926T140000Z
SUMMARY:[CANCELED] Ash vs Oak
STATUS:CANCELLED
END:VEVENT
BEGIN:VEVENT
UID:game-774-1@teamapp.example
DTSTAMP:20260915T010203Z
DTSTART:20261017T000000
SUMMARY:Postponed - Oak v Ash
END:VEVENT
BEGIN:VEVENT
UID:practice-9@teamapp.example
DTSTAMP:20260915T010203Z
DTSTART:20260901T170000
RRULE:FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20261201T000000Z
SUMMARY:Practice - Field 2
END:VEVENT
END:VCALENDAR
"""


def crlf(text: str) -> bytes:
    """As it crosses the wire."""
    return text.replace("\n", "\r\n").encode()


def calendar(*events: str) -> bytes:
    """A calendar of these events: the lines of each, without its first and last."""
    inside = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return crlf(f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//tests//EN\n{inside}END:VCALENDAR\n")


def event(uid: object = 1, summary: str = "Ash vs Elm", start: str = ":20260905T150000Z", *more: str) -> str:
    """The lines of one event; `start` has the parameters of DTSTART, too."""
    return "\n".join([f"UID:{uid}", f"DTSTART{start}", f"SUMMARY:{summary}", *more])
