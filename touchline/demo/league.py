"""The demo league: a whole season from a seed, and what its site would publish at any moment of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Final

from touchline.demo import feeds
from touchline.demo.incidents import Weekend, happen
from touchline.demo.model import Feed, FeedName
from touchline.demo.results import play
from touchline.demo.schedule import Diary, fill
from touchline.demo.season import Season
from touchline.demo.structure import plan

#: About 1,500 matches: what `touchline demo` shows.
DEFAULT_SCALE: Final = 0.06
DEFAULT_SEASON: Final = "2026-27"
DEFAULT_SEED: Final = 7

#: Mid-October: the tables mean something, and most is still to come.
_DEFAULT_WEEKEND: Final = 6


class League:
    """One season of three leagues: homegrown, flex and academy.

    The same arguments give the same season, byte for byte. At scale 1.0 it has the real one's 24,628 matches.
    Raises ConfigurationError for a season or a scale that cannot be made.
    """

    def __init__(self, *, seed: int = DEFAULT_SEED, scale: float = DEFAULT_SCALE, season: str = DEFAULT_SEASON) -> None:
        self.seed = seed
        self.scale = scale
        self.calendar = Season.named(season)
        made = plan(seed, scale, self.calendar)
        diary = Diary()
        fill(made, self.calendar, diary, seed)
        self._weekends = happen(made, self.calendar, diary, seed)
        play(made, self.calendar, seed)
        self.feeds: Mapping[FeedName, Feed] = made.feeds

    @property
    def season(self) -> str:
        return self.calendar.name

    @property
    def matches(self) -> int:
        """How many matches the three feeds list together; it is the same at every moment."""
        return sum(len(feed.fixtures) for feed in self.feeds.values())

    @property
    def keys(self) -> tuple[str, ...]:
        """The feeds' keys: homegrown, flex, academy."""
        return tuple(feed.key for feed in self.feeds.values())

    @property
    def weekends(self) -> tuple[Weekend, ...]:
        """All weekends on which one match is postponed and one moved (at small scales some have none)."""
        return tuple(self._weekends)

    def weekend(self, on: date | None = None) -> Weekend:
        """The weekend of `on` or the next one, else the last; without `on` one of mid-October."""
        wanted = on or self.calendar.saturdays[_DEFAULT_WEEKEND]
        later = (weekend for weekend in self._weekends if (wanted - weekend.saturday).days <= 1)
        return next(later, self._weekends[-1])

    def renamed(self, keys: Mapping[FeedName, str]) -> League:
        """The same league under other keys, as after the site has changed their shape."""
        other = copy(self)
        other.feeds = {name: replace(feed, key=keys.get(name, feed.key)) for name, feed in self.feeds.items()}
        for feed in other.feeds.values():
            titles = [title for title, _ in feed.linked]
            feed.linked = tuple((each.title, each.key) for each in other.feeds.values() if each.title in titles)
        return other

    def at(self, moment: datetime) -> Snapshot:
        """What the site would publish at `moment` (aware)."""
        return Snapshot(self, moment)


@dataclass(frozen=True)
class Snapshot:
    """The site's documents as of one moment, each made when it is asked for."""

    league: League
    moment: datetime

    @cached_property
    def _feeds(self) -> dict[str, Feed]:
        return {feed.key: feed for feed in self.league.feeds.values()}

    def schedule(self, key: str, keep: Callable[[int], bool] | None = None) -> bytes:
        """The schedule document under this key, with `keep` of those match numbers only.

        Raises KeyError for a key that is not published.
        """
        return feeds.schedule(self._feeds[key], self.moment, keep)

    def standings(self, key: str) -> bytes:
        """The standings document under this key. Raises KeyError for a key that is not published."""
        return feeds.standings(self._feeds[key], self.moment)
