"""What a run will read, asked of its source: which may have to ask its site.

    plan ──► the parts ──► all of them, or the one that an order is about
      └── the site does not tell: one stand-in part, which fails with the reason, so that the run is on record

What the settings or the person who asked have to mend (UnknownScope, BrowserMissing) is no run at all, and is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from ingest.errors import (
    BrowserFailed,
    NotPublished,
    PageChanged,
    SiteRefused,
    SiteUnreachable,
    TooLarge,
    UnknownScope,
)
from ingest.sources import Part, Reading, Scope, Source

if TYPE_CHECKING:
    from ingest.http import Fetcher

#: What a site may answer a source that plans.
SITE_ERRORS: Final = (SiteUnreachable, SiteRefused, NotPublished, PageChanged, TooLarge, BrowserFailed)


def plan(source: Source, scope: Scope, fetcher: Fetcher, *, only: str | None = None) -> Sequence[Part]:
    """The parts of a run, or the one that is called `only`.

    Raises UnknownScope where there are none, what the source's `plan` raises, and NotPublished where `only` is gone.
    """
    parts = source.plan(scope, fetcher)
    if not parts:
        raise UnknownScope(f"{source.name} has nothing to read in what was asked for", hint="ask for less, or for all")
    if only is None:
        return parts
    named = [part for part in parts if part.name == only]
    if not named:
        raise NotPublished(f"{only} was there when the run was planned, and is no longer", hint="run it again")
    return named


class Unplanned:
    """Stands in for a source that could not plan: its one part fails with the reason."""

    def __init__(self, source: Source, reason: Exception, *, only: str | None = None) -> None:
        self.name = source.name
        self.description = source.description
        self.leagues = source.leagues
        self.concurrency, self.interval = 1, 0.0
        self.parts = [Part(only or source.name, None, "")]
        self._reason = reason

    def plan(self, scope: Scope, fetcher: Fetcher) -> Sequence[Part]:
        return self.parts

    def fetch(self, part: Part, fetcher: Fetcher) -> NoReturn:
        raise self._reason

    def parse(self, part: Part, documents: object) -> Reading:
        raise self._reason

    @classmethod
    def make(cls, settings: object) -> NoReturn:
        raise NotImplementedError("it stands in for a source that was made")
