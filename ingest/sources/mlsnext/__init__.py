"""MLS NEXT: the feeds behind the league's viewer page (SOURCES section 1), season 2026-27 onwards.

One part is one league's pair of documents: the schedule has the matches, the standings say which table each counts
for. So either both are as they were last read, or both are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

import structlog
from pydantic import BaseModel, ConfigDict

from contract.addresses import redact
from contract.errors import ConfigurationError
from ingest.answers import Answer, NotModified
from ingest.errors import NotPublished, UnknownScope
from ingest.season import Season
from ingest.sources import Part, Reading, Scope
from ingest.sources.mlsnext import brackets, feeds
from ingest.sources.mlsnext.brackets import age_group_in
from ingest.sources.mlsnext.discovery import Discovery, Loaded
from ingest.sources.mlsnext.fixtures import Fixtures
from ingest.sources.mlsnext.keys import PAGES, TEMPLATES, Choice, choose, season_of, template
from ingest.sources.mlsnext.placeholder import Recognised
from ingest.sources.options import options_of

if TYPE_CHECKING:
    from contract.settings import SourceSettings
    from ingest.http import Fetcher

log = structlog.get_logger()

#: The public pages, which hold the viewer in an iframe.
PAGE: Final = "https://www.mlssoccer.com"
#: The viewer, which loads the feeds.
VIEWER: Final = "https://mls-assist.theintelligenceplatform.com"


class _Options(BaseModel):
    """What `[sources.mlsnext]` has of its own."""

    model_config = ConfigDict(extra="forbid")

    #: Where the feeds are read from, should the league's viewer move before this program knows.
    viewer: str | None = None


@dataclass(frozen=True, slots=True)
class Documents:
    """What `fetch` brings of one part."""

    schedule: Answer
    standings: Answer
    #: The placeholder days of the part, those of earlier readings among them.
    recognised: Recognised = field(default_factory=Recognised)


class MLSNext:
    """The source `mlsnext`."""

    name = "mlsnext"
    description = "MLS NEXT: homegrown, flex and academy divisions, U13 to U19, from the feeds of the league's viewer"
    leagues: tuple[str, ...] = tuple(TEMPLATES)
    #: Six files from a CDN, two at a time (DESIGN section 2).
    concurrency = 2
    interval = 0.0

    def __init__(self, *, page: str = PAGE, viewer: str = VIEWER, today: Callable[[], date] | None = None) -> None:
        """`today` decides about the season that is meant where a scope names none."""
        self.page = page.rstrip("/")
        self.viewer = viewer.rstrip("/")
        self._today = today or (lambda: datetime.now(UTC).date())
        self.discovery = Discovery(self.page, self.viewer)

    @classmethod
    def make(cls, settings: SourceSettings) -> Self:
        """The source as configured: `url` stands for the page's host and the viewer's alike."""
        own = options_of(settings, cls.name, _Options)
        for name, address in (("url", settings.url), ("viewer", own.viewer)):
            parts = urlsplit(address or VIEWER)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                variable = "TOUCHLINE_MLSNEXT_URL (sources.mlsnext.url)" if name == "url" else "sources.mlsnext.viewer"
                raise ConfigurationError(
                    f"{variable} is not an http(s) address: {redact(address or '')}",
                    hint="write it like https://mirror.example.org",
                )
        return cls(page=settings.url or PAGE, viewer=own.viewer or settings.url or VIEWER)

    def plan(self, scope: Scope, fetcher: Fetcher) -> Sequence[Part]:
        """One part a league and season, named after the key of its feeds (`keys`, `discovery`)."""
        today = self._today()
        season, calendar = Season.asked(scope.season, scope.date_from, scope.date_to, today), Season.of(today)
        wanted = {league.casefold() for league in scope.leagues}
        if unknown := sorted(wanted - set(self.leagues)):
            raise UnknownScope(
                f"{self.name} has no league {unknown[0]!r}", hint=f"leagues are: {', '.join(self.leagues)}"
            )
        for age_group in scope.age_groups:
            if age_group_in(age_group) != age_group.upper():
                raise UnknownScope(f"{age_group!r} is not an age group", hint="write it as U14")
        asked = season if scope.season or season != calendar else None
        parts: dict[str, Part] = {}
        for path, leagues in PAGES.items():
            if wanted and wanted.isdisjoint(leagues):
                continue
            loaded = self.discovery.loaded(path, fetcher)
            # what it loaded last says nothing of a change of seasons since
            keys = [key for key in loaded.keys if loaded.today or season_of(key) in (None, season)]
            for league, choice in choose(leagues, keys, asked, calendar).items():
                if not wanted or league in wanted:
                    part = self._part(league, choice, path, loaded, parts)
                    parts[part.name] = part
        return list(parts.values())

    def _part(self, league: str, choice: Choice, path: str, loaded: Loaded, others: Mapping[str, Part]) -> Part:
        key, season, notice = choice.key, choice.season, choice.notice
        if key in {_key(other) for other in others.values()}:
            key = template(league, season)
            notice = f"the official pages load {choice.key} for more than one league: {key} is read for {league}"
        elif loaded.trouble:
            notice = f"{loaded.trouble}: {'what it loaded last' if loaded.keys else 'what the template says'} is read"
        detail = {"page": path} if choice.loaded else {}
        if season_of(key) is None:
            # next season it is another part: what that no longer lists is not withdrawn from this one
            return Part(f"{key} {season}", league, str(season), {**detail, "key": key}, notice)
        return Part(key, league, str(season), detail, notice)

    def fetch(self, part: Part, fetcher: Fetcher) -> Documents | None:
        """Both documents, or None where neither has changed."""
        addresses = [f"{self.viewer}/data/{kind}/{_key(part)}.json" for kind in ("schedule", "standings")]
        answers = [fetcher.get(address, part=part.name) for address in addresses]
        if all(isinstance(answer, NotModified) for answer in answers):
            return None
        schedule, standings = (
            # matches are made of both: one that has not changed is needed all the same
            fetcher.get(address, part=part.name, conditional=False) if isinstance(answer, NotModified) else answer
            for address, answer in zip(addresses, answers, strict=True)
        )
        try:
            feeds.check_published(schedule)
            feeds.check_published(standings)
        except NotPublished:
            if "page" in part.detail:
                self.discovery.forget(part.detail["page"], fetcher)
            raise
        return Documents(schedule, standings, Recognised(fetcher.remembered, part.name))

    def parse(self, part: Part, documents: Documents) -> Reading:
        """Every event of the schedule as a match or a reject, and the official tables."""
        schedule = feeds.schedule(documents.schedule)
        if "key" in part.detail:
            feeds.check_season(documents.schedule, schedule.events, Season.parse(part.season))
        official = brackets.read(feeds.brackets(documents.standings))
        asked_at = documents.schedule.asked_at
        if schedule.synced_at is None:
            log.warning("no_sync_time", source=self.name, part=part.name, taken="the time of the request")
        as_of = schedule.synced_at or asked_at
        fixtures = Fixtures(part.league, part.season, official.brackets, as_of, documents.recognised)
        return Reading(
            # a site whose clock is ahead must not make everything that it says later look old
            observed_at=f"{min(as_of, asked_at):%Y-%m-%dT%H:%M:%SZ}",
            matches=chain(official.rejects, fixtures.read(schedule.events)),
            standings=official.tables,
        )


def _key(part: Part) -> str:
    """The key of its feeds, which is its name where that says the season."""
    return str(part.detail.get("key", part.name))
