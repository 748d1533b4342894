"""Any league's public iCalendar feed, read as `touchline.toml` says (docs/sources.md, section `ics`).

One part is one feed in one season: of a calendar that has several, a part is the matches of its own. The address may
be known to few, so the feed's name stands where a person reads of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Self

from ingest.answers import Answer, NotModified
from ingest.errors import NotPublished, UnknownScope
from ingest.season import Season
from ingest.sources import Part, Reading, Scope
from ingest.sources.ics.calendars import cut
from ingest.sources.ics.feeds import Feed, feeds_of
from ingest.sources.ics.matches import rows, strangers

if TYPE_CHECKING:
    from contract.settings import SourceSettings
    from ingest.http import Fetcher


class ICalendar:
    """The source `ics`."""

    name = "ics"
    description = "Public iCalendar feeds of any league: those that touchline.toml names in [sources.ics.feeds.NAME]"
    leagues: tuple[str, ...] = ()
    concurrency = 1
    interval = 1.0

    def __init__(self, feeds: Mapping[str, Feed], *, today: Callable[[], date] | None = None) -> None:
        """`today` decides about the season that is meant where a scope names none."""
        self.leagues = tuple(feeds)
        self._feeds = feeds
        self._today = today or (lambda: datetime.now(UTC).date())

    @classmethod
    def make(cls, settings: SourceSettings) -> Self:
        """The source as configured. Raises NotConfigured and ConfigurationError."""
        return cls(feeds_of(settings, cls.name))

    def plan(self, scope: Scope, fetcher: Fetcher) -> Sequence[Part]:
        """One part a feed."""
        season = Season.asked(scope.season, scope.date_from, scope.date_to, self._today())
        wanted = {league.casefold() for league in scope.leagues}
        if unknown := sorted(wanted - {league.casefold() for league in self.leagues}):
            raise UnknownScope(f"{self.name} has no feed {unknown[0]!r}", hint=f"feeds are: {', '.join(self.leagues)}")
        named = [league for league in self.leagues if not wanted or league.casefold() in wanted]
        return [Part(f"{league}-{season}", league, str(season)) for league in named]

    def fetch(self, part: Part, fetcher: Fetcher) -> Answer | None:
        """The calendar, or None where it has not changed."""
        answer = fetcher.get(self._feeds[part.league or ""].url, part=part.name)
        return None if isinstance(answer, NotModified) else answer

    def parse(self, part: Part, documents: Answer) -> Reading:
        """The season's events as matches and rejects. Raises NotPublished where the calendar has none of it."""
        feed = self._feeds[part.league or ""]
        texts = cut(documents)
        found = list(rows(texts, feed, part, documents.asked_at))
        if not found:
            strange = next(strangers(texts, feed), None)
            unlike = f"; no pattern in its summary fits {strange[:100]!r}" if strange is not None else ""
            raise NotPublished(
                f"the calendar {part.league} lists no match of {part.season}, among {len(texts):,} events{unlike}",
                hint=f"check --season, and sources.{self.name}.feeds.{part.league}.summary",
            )
        return Reading(f"{documents.asked_at:%Y-%m-%dT%H:%M:%SZ}", found, complete=feed.complete)
