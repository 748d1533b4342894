"""The keys of the feeds: which league and season each is of, and which is read (SOURCES section 1).

What the official page loads is the truth, a template of its shape in 2026-27 the fallback. The calendar says which
season is on (`ingest.season`); the page says which one it shows, by the years in its keys. Where these differ:

    asked for             the page's keys say            read is
    nothing, or dates     the calendar's season          that key
      of this season      no years                       that key, as the calendar's season
                          the next season (July)         that key, as the next season: the page is the truth
                          the last season (August)       that key, as the last season, until the page has the new one
                          several of these               the calendar's, else the newest
                          none of these, or no key       the template with the calendar's years
    a season by name,     that season                    that key
      or dates of         no years                       that key if the calendar agrees, else the template
      another one         anything else                  the template with the years of that season

A league whose key the page does not load by itself (where Flex is loaded is not known) is read by the template, with
the years of the page's own league. Two keys of one league and season that are both not the template's are told apart by
nobody: neither is believed. A key without years is the same in each season: it is read as the calendar's only if most
of what it lists lies in that (`feeds.check_season`). Whatever is not as the template says is said in the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ingest.season import Season

#: League → its key in 2026-27, with the years left open.
TEMPLATES: Final = {
    "homegrown": "mls-next-league-{}-{}",
    "flex": "mls-next-flex-{}-{}",
    "academy": "mls-next-2-academy-division-{}-{}",
}

#: Official page → the leagues whose feeds its viewer loads, its own first.
PAGES: Final = {
    "/mlsnext/standings/homegrown_division/": ("homegrown", "flex"),
    "/mlsnext/standings/academy_division/": ("academy",),
}

#: A key becomes a piece of an address, and the name of a part: nothing else gets there from a page.
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_FEED: Final = re.compile(r"/data/(?:schedule|standings)/([^/]+)\.json")
_YEARS: Final = re.compile(r"(?<![0-9])(?:20)?([0-9]{2})-(?:20)?([0-9]{2})(?![0-9])")
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Choice:
    """The key that is read for a league, as which season, and what there is to know of that (or nothing)."""

    key: str
    season: Season
    notice: str = ""
    #: Whether the page loads it; else it is the template's.
    loaded: bool = False


def key_in(address: str, viewer: str) -> str | None:
    """The key of the feed at `address`, if that is one of the viewer's at `viewer`, and no other host's."""
    asked, base = _split(address), _split(viewer)
    if asked is None or base is None or _origin(asked) != _origin(base):
        return None
    below = base.path.rstrip("/")
    feed = _FEED.fullmatch(asked.path[len(below) :]) if asked.path.startswith(below) else None
    return feed[1] if feed and is_key(feed[1]) else None


def is_key(text: str) -> bool:
    """Whether `text` has the shape of a key: lower-case ASCII letters, digits and hyphens, 80 at most."""
    return _KEY.fullmatch(text) is not None


def host_of_feed(address: str) -> str | None:
    """The origin (`https://host`) of what looks like a feed, whosever it is."""
    asked = _split(address)
    if asked is None or asked.scheme not in _PORTS or not asked.hostname or not _FEED.search(asked.path):
        return None
    return origin_of(address)


def origin_of(address: str) -> str:
    """Scheme, host and port of an address that has them, without user and password."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def season_of(key: str) -> Season | None:
    """The season whose two years `key` holds (`26-27`, `2026-27`); None where it holds none."""
    found = [int(first) for first, second in _YEARS.findall(key) if (int(first) + 1) % 100 == int(second)]
    return Season(2000 + found[-1]) if found else None


def template(league: str, season: Season) -> str:
    """What the key of `league` is where nothing better is known."""
    return TEMPLATES[league].format(*season.years)


def choose(
    leagues: Sequence[str], loaded: Sequence[str], asked: Season | None, calendar: Season
) -> Mapping[str, Choice]:
    """What is read for `leagues`, which are one page's, its own first; `loaded` are the keys that it loads, in order.

    `asked` is the season that was asked for, None for the one that is on; `calendar` is the one that is by the date.
    """
    own, *others = leagues
    chosen = {own: _found(own, loaded, asked, calendar) or _not_found(own, loaded, asked, calendar)}
    # whatever else belongs to the page has rolled over with it
    season = chosen[own].season
    for league in others:
        chosen[league] = _found(league, loaded, asked, calendar) or Choice(template(league, season), season)
    return chosen


def covered(leagues: Iterable[str], loaded: Sequence[str]) -> bool:
    """Whether there is a key for each of `leagues`, which are one page's."""
    return all(_of_league(league, loaded) for league in leagues)


def _found(league: str, loaded: Sequence[str], asked: Season | None, calendar: Season) -> Choice | None:
    candidates = _of_league(league, loaded)
    # the page is the truth about the season that is on, and shows no other
    seasons = [asked] if asked else [calendar, Season(calendar.year + 1), Season(calendar.year - 1)]
    for season in seasons:
        dated = [key for key in candidates if season_of(key) == season]
        undated = [key for key in candidates if season_of(key) is None and season == calendar]
        if found := dated or undated:
            return _pick(league, found, season, expected=seasons[0])
    return None


def _not_found(league: str, loaded: Sequence[str], asked: Season | None, calendar: Season) -> Choice:
    season = asked or calendar
    said = template(league, season)
    if asked or not loaded:
        return Choice(said, season)
    return Choice(
        said, season, f"the official page loads {_listed(loaded)}, which is not {league} of {season}: {said} is read"
    )


def _pick(league: str, candidates: Sequence[str], season: Season, *, expected: Season) -> Choice:
    said = template(league, season)
    if said in candidates:
        shows = f"the official page shows season {season} of {league}"
        return Choice(said, season, "" if season == expected else shows, loaded=True)
    if len(candidates) > 1:
        doubt = f"the official page loads {_listed(candidates)}, each of which may be {league}: {said} is read"
        return Choice(said, season, doubt)
    [key] = candidates
    return Choice(key, season, f"the official page loads {key} for {league}, not {said}", loaded=True)


def _of_league(league: str, loaded: Sequence[str]) -> list[str]:
    """Those of `loaded`, a page's, that may be the league's: by its word in them, else by the page."""
    named = {key: next((word for word in ("flex", "academy") if word in key.split("-")), None) for key in loaded}
    mine = [key for key, word in named.items() if word == league]
    if mine or league == "flex":
        return mine
    return [key for key, word in named.items() if word is None]


def _listed(keys: Sequence[str]) -> str:
    return " and ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        port = address.port
    except ValueError:
        return address.scheme, None, -1
    return address.scheme, address.hostname, port or _PORTS.get(address.scheme)
