"""What the site answers: pages that begin sessions, and lists of matches for those that have one.

    /schedule?year=21, /league-schedule/<name>     a schedule page; begins a session (cookie)
    /public_schedule/league/get_matches            a page of a list, for a session and an XMLHttpRequest
    /login                                         where requests without a session are sent
    /media/…                                       the pages' script, crests, and what restless pages ask for

Paths of others are none of its business: `answer` says None.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Final
from urllib.parse import parse_qs, urlsplit

from touchline.demo.league import League
from touchline.demo.modular11 import listing, markup
from touchline.demo.modular11.listing import Listed
from touchline.demo.modular11.trouble import Trouble

#: Rows a page.
PAGE: Final = 25

LIST: Final = "/public_schedule/league/get_matches"
_PAGES: Final = {
    "/schedule": 12,
    "/league-schedule/mls-next-homegrown-division": 12,
    "/league-schedule/mls-next-academy-division": 35,
}
#: Where the schedule is that another page has in a frame.
_FRAMED: Final = "/league-schedule/mls-next-homegrown-division"

_AGE_IDS: Final = {"U13": 21, "U14": 22, "U15": 33, "U16": 14, "U17": 15, "U19": 26}
_FIRST_GROUP: Final = 41
#: What ids are larger by in a season in which they were renumbered.
_RENUMBERED: Final = 700

_COOKIE: Final = "PHPSESSID"
_LIFE: Final = 8
#: Where troubles begin: early enough that something was read, and late enough that something is missing.
_TROUBLED: Final = 5

_HTML: Final = "text/html; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the site."""

    status: int
    body: bytes = b""
    kind: str = _HTML
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Listing:
    """One age group's matches: those that are listed, and those that may be added while somebody reads."""

    rows: list[Listed]
    spare: list[Listed]
    #: Troubles that have happened already.
    happened: set[Trouble] = field(default_factory=set)
    asked: Counter[int] = field(default_factory=Counter)


class Schedules:
    """The site's answers as of one moment. Threads may ask it together."""

    def __init__(
        self, league: League, moment: datetime, *, ages: tuple[str, ...] = (), most: int | None = None
    ) -> None:
        """`ages`: only these are offered; `most`: so many matches of each are listed."""
        self.league = league
        self.trouble: Trouble | None = None
        self._ages = ages
        self._most = most
        self._lock = threading.Lock()
        self._moment = moment
        self._numbers = count(1)
        self._sessions: Counter[str] = Counter()
        self._listings: dict[tuple[int, str], _Listing] = {}

    def show(self, moment: datetime) -> None:
        """From now on the site shows what is known at `moment`."""
        with self._lock:
            self._moment = moment
            self._listings.clear()

    def trouble_with(self, trouble: Trouble | None) -> None:
        """From now on this is wrong with the site, and everything else as it was at first."""
        with self._lock:
            self.trouble = trouble
            self._sessions.clear()
            self._listings.clear()

    def rows(self, tournament: int, age: str) -> list[Listed]:
        """The matches of an age group that are listed now."""
        with self._lock:
            return list(self._listing(tournament, age).rows)

    def answer(
        self, path: str, query: str, *, origin: str, cookies: str = "", requested_with: str = ""
    ) -> Reply | None:
        """The answer for a path, None where it is not of this site. `origin` is what the client calls the site."""
        if path == LIST:
            with self._lock:
                return self._list(parse_qs(query, keep_blank_values=True), origin, cookies, requested_with)
        if path.rstrip("/") in _PAGES:
            with self._lock:
                return self._page(path.rstrip("/"), origin)
        if path == "/login":
            return _html(markup.login())
        if path == "/media/schedule.js":
            return Reply(200, markup.script(), "text/javascript; charset=utf-8")
        if path.startswith("/media/"):
            return Reply(204)
        return None

    def reply(self, asked: BaseHTTPRequestHandler) -> Reply | None:
        """The answer to the request that a server is at, None where it is not of this site."""
        parts = urlsplit(asked.path)
        return self.answer(
            parts.path,
            parts.query,
            origin=f"http://{asked.headers.get('Host', '')}",
            cookies=asked.headers.get("Cookie", ""),
            requested_with=asked.headers.get("X-Requested-With", ""),
        )

    def _page(self, path: str, origin: str) -> Reply:
        if self.trouble is Trouble.FRAMED and path == "/schedule":
            return _html(markup.embedding(origin + _FRAMED))
        tournament = _PAGES[path]
        text = markup.schedule(
            tournament,
            self._age_ids(tournament),
            self._group_ids(tournament),
            season=self.league.season,
            consent=self.trouble is Trouble.CONSENT,
            restless=self.trouble is Trouble.RESTLESS,
        )
        if self.trouble is Trouble.RENAMED_SELECTS:
            text = text.replace("js-age", "data-age").replace("js-groups", "data-groups")
        session = f"s{next(self._numbers)}"
        self._sessions[session] = _LIFE
        return _html(text, {"Set-Cookie": f"{_COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax"})

    def _list(self, asked: Mapping[str, list[str]], origin: str, cookies: str, requested_with: str) -> Reply:
        if (refusal := self._refused(cookies, requested_with)) is not None:
            return refusal
        if self.trouble is Trouble.DOWN:
            return Reply(503, b"Service Unavailable", "text/plain")
        if (mistake := _mistake(asked)) is not None:
            return _html(markup.red(mistake))
        tournament = int(asked["tournament"][0])
        chosen = self._chosen(asked, tournament)
        rows = self._rows(asked, tournament, chosen)
        page = max(1, int(asked.get("open_page", ["1"])[0] or 1))
        reply = self._troubled(rows, page, chosen, tournament, origin)
        # what happens while a page is read is there for the next
        if len(chosen) == 1:
            self._happen(self._listing(tournament, chosen[0]), page)
        return reply

    def _refused(self, cookies: str, requested_with: str) -> Reply | None:
        """What those get who have no session, or are no page."""
        morsel = SimpleCookie(cookies).get(_COOKIE)
        session = morsel.value if morsel is not None else ""
        if not self._sessions[session] or requested_with != "XMLHttpRequest":
            if self.trouble is Trouble.EXPIRED:
                return Reply(401, b"Unauthorized", "text/plain")
            return Reply(302, headers={"Location": "/login"})
        if self.trouble in (Trouble.EXPIRED, Trouble.EXPIRED_REDIRECT):
            self._sessions[session] -= 1
        return None

    def _chosen(self, asked: Mapping[str, list[str]], tournament: int) -> list[str]:
        ids = {str(number): age for age, number in self._age_ids(tournament).items()}
        if self.trouble is Trouble.UNFILTERED or asked.get("age") == ["0"]:
            return list(ids.values())
        return [ids[number] for number in [*asked.get("age", []), *asked.get("age[]", [])] if number in ids]

    def _rows(self, asked: Mapping[str, list[str]], tournament: int, chosen: list[str]) -> list[Listed]:
        if self.trouble is Trouble.NOTHING:
            return []
        numbers = {number for name in ("groups", "groups[]") for number in asked.get(name, []) if number}
        groups = {name for name, number in self._group_ids(tournament).items() if str(number) in numbers}
        first, last = (date.fromisoformat(asked[name][0][:10]) for name in ("start_date", "end_date"))
        return [
            row
            for age in chosen
            for row in self._listing(tournament, age).rows
            if first <= row.day <= last
            and (not numbers or row.division in groups)
            and (asked["status"][0] != "pending" or row.score == "TBD")
        ]

    def _troubled(self, rows: list[Listed], page: int, chosen: list[str], tournament: int, origin: str) -> Reply:
        if not rows:
            return _html(markup.NOTHING)
        trouble, total = self.trouble, -(-len(rows) // PAGE)
        page = min(page, total)
        asked = 0
        if len(chosen) == 1:
            listed = self._listing(tournament, chosen[0])
            listed.asked[page] += 1
            asked = listed.asked[page]
        if page == _TROUBLED and (trouble is Trouble.RED or (trouble is Trouble.RED_ONCE and asked == 1)):
            return _html(markup.red("Something is wrong with this page."))
        if page == _TROUBLED and trouble is Trouble.BURST and asked <= 2:
            return Reply(503, b"Service Unavailable", "text/plain")
        if page >= _TROUBLED and trouble in _INSTEAD:
            return _html(_INSTEAD[trouble])
        called = page
        if trouble in (Trouble.STUCK, Trouble.COPIES):
            page = 1
            called = page if trouble is Trouble.STUCK else called
        those = rows[(page - 1) * PAGE : page * PAGE]
        if trouble is Trouble.SHORT and page == _TROUBLED:
            those = those[:-5]
        if trouble is Trouble.NO_TOTAL:
            end = ""
        elif trouble is Trouble.WRONG_TOTAL:
            end = markup.footer(min(called, 3), 3, linked=total)
        else:
            end = markup.footer(called, total, labels=trouble is Trouble.LABELS)
        text = markup.fragment(those, origin, end)
        if trouble is Trouble.RENAMED:
            text = text.replace("table-content-row", "match-line").replace("container-row", "match")
        return _html(text)

    def _happen(self, listed: _Listing, page: int) -> None:
        """What a reader is not told of."""
        trouble = self.trouble
        if trouble is None or trouble in listed.happened:
            return
        if page == _TROUBLED and trouble in (Trouble.GROWS, Trouble.GROWS_ON):
            added, listed.spare = listed.spare[:PAGE], listed.spare[PAGE:]
            listed.rows = sorted([*listed.rows, *added], key=lambda row: (row.day, row.clock, row.number))
        elif page == 3 and trouble in (Trouble.MOVES, Trouble.MOVES_ON):
            listed.rows.insert(8 * PAGE + 5, listed.rows.pop(PAGE + 5))
        else:
            return
        if trouble in (Trouble.GROWS, Trouble.MOVES):
            listed.happened.add(trouble)

    def _listing(self, tournament: int, age: str) -> _Listing:
        found = self._listings.get((tournament, age))
        if found is None:
            fixtures = listing.planned(self.league, tournament, age)
            most = len(fixtures) if self._most is None else self._most
            found = self._listings[tournament, age] = _Listing(
                listing.shown(fixtures[:most], self._moment), listing.shown(fixtures[most:], self._moment)
            )
        return found

    def _age_ids(self, tournament: int) -> dict[str, int]:
        more = _RENUMBERED if self.trouble is Trouble.RENUMBERED else 0
        ages = [age for age in listing.ages(self.league, tournament) if not self._ages or age in self._ages]
        return {age: _AGE_IDS[age] + more for age in ages}

    def _group_ids(self, tournament: int) -> dict[str, int]:
        more = _RENUMBERED if self.trouble is Trouble.RENUMBERED else 0
        names = listing.divisions(self.league, tournament)
        return {name: number + more for number, name in enumerate(names, _FIRST_GROUP)}


#: What stands where a list should be, from one page on.
_INSTEAD: Final = {
    Trouble.BLANK: "",
    Trouble.LOGIN: markup.login(),
    Trouble.SHELL: markup.shell(),
}


def _mistake(asked: Mapping[str, list[str]]) -> str | None:
    """What is wrong with a question."""
    for name in ("tournament", "match_type", "start_date", "end_date"):
        if not asked.get(name, [""])[0]:
            return f"The {name} field is required."
    if asked.get("status", [""])[0] not in ("all", "scheduled", "pending"):
        return "The selected status is invalid."
    if not asked["tournament"][0].isdecimal() or int(asked["tournament"][0]) not in listing.TOURNAMENTS:
        return "The selected tournament is invalid."
    return None


def _html(text: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(200, text.encode(), _HTML, headers or {})


def send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """Send `reply` as the answer to the request that `handler` is at."""
    handler.send_response(reply.status)
    if reply.status != 204:
        handler.send_header("Content-Type", reply.kind)
        handler.send_header("Content-Length", str(len(reply.body)))
    handler.send_header("Cache-Control", "no-cache")
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(reply.body)
    handler.wfile.flush()
