"""What a source is, and how one is found by name.

A source reads one site. It plans parts (documents that are read together), fetches each, and parses what came into
matches of the contract. It knows nothing of queues, batches or databases: `ingest.run` does the rest. A third package
adds one through the entry point group `touchline.sources`; docs/sources.md shows how.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ingest.errors import UnknownSource

if TYPE_CHECKING:
    from contract.settings import SourceSettings
    from ingest.http import Fetcher
    from ingest.models import Match, StandingsTable

#: Entry point group that a package names its sources in.
GROUP = "touchline.sources"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run is asked for. An empty tuple or None leaves that side open; `Scope()` is everything in the season."""

    leagues: tuple[str, ...] = ()
    age_groups: tuple[str, ...] = ()
    divisions: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    season: str | None = None
    date_from: date | None = None
    date_to: date | None = None

    @property
    def filtered(self) -> bool:
        """Whether matches of a part may be left out: such a run says nothing about what it did not look at."""
        return bool(self.age_groups or self.divisions or self.teams or self.date_from or self.date_to)

    def admits(self, match: Match) -> bool:
        """Whether `match` is asked for. Names compare without regard to case; a team matches by a part of its name."""
        if self.age_groups and match.age_group.casefold() not in {name.casefold() for name in self.age_groups}:
            return False
        if self.divisions and (match.division or "").casefold() not in {name.casefold() for name in self.divisions}:
            return False
        if self.teams and not any(
            name.casefold() in team.casefold() for name in self.teams for team in (match.home_team, match.away_team)
        ):
            return False
        if self.date_from or self.date_to:
            if match.date is None:
                return False
            if self.date_from and match.date < self.date_from.isoformat():
                return False
            if self.date_to and match.date > self.date_to.isoformat():
                return False
        return True


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a run that is read, published and accounted for by itself; `name` is unique in the source."""

    name: str
    league: str | None
    season: str
    #: For the source's own use: what JSON can hold (lists, not tuples), for it may be kept beside the documents.
    detail: dict[str, Any] = field(default_factory=dict)
    #: A sentence on how the part was found that whoever looks at the run should know of; no failure, and no doubt.
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that the source cannot express in the contract. It ends in the dead letters, with its reason."""

    match_id: str | None
    reason: str
    error: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Reading:
    """What one part said. `observed_at` is when the site knew it: UTC, `2026-10-03T22:30:00Z`."""

    observed_at: str
    matches: Iterable[Match | Reject]
    standings: Sequence[StandingsTable] = ()
    #: Whether this is everything that the site has in the part (before the scope's filters).
    complete: bool = True


@runtime_checkable
class Source(Protocol):
    """One site. Instances are made by `make(settings)` once a run."""

    #: The name on the command line and in every message.
    name: str
    #: One line for `touchline sources`.
    description: str
    #: The leagues that it can be asked for.
    leagues: tuple[str, ...]
    #: How many requests the site is asked at once, and the least time between the starts of two, in seconds. The
    #: settings may say otherwise.
    concurrency: int
    interval: float
    # A source may say `separate_orders = True`: its parts take long, so that a worker's run of it is divided into one
    # order a part, and whoever is killed repeats one of them.

    @classmethod
    def make(cls, settings: SourceSettings) -> Source: ...

    def plan(self, scope: Scope, fetcher: Fetcher) -> Sequence[Part]:
        """The parts of a run. Raises UnknownScope for a league or season that the site does not have.

        A source whose site says itself what there is asks it here, and raises what `fetch` may raise.
        """
        ...

    def fetch(self, part: Part, fetcher: Fetcher) -> Any | None:
        """The part's documents, or None where the site says that nothing changed since they were last remembered.

        Raises SiteUnreachable (worth another try), NotPublished, SiteRefused, TooLarge.
        """
        ...

    def parse(self, part: Part, documents: Any) -> Reading:
        """What the documents say. Raises PageChanged where they do not have the shape that the source knows."""
        ...


def names() -> list[str]:
    """The names of all installed sources, sorted."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def find(name: str) -> type[Source]:
    """The source of that name. Raises UnknownSource, which lists those there are."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            source: type[Source] = point.load()
            return source
    raise UnknownSource(f"there is no source {name!r}", hint=f"installed are: {', '.join(names()) or 'none'}")
