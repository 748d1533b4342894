"""Reads a kept run again: today's source over the documents that the site gave then. Nothing is asked for.

    kept run ──► its parts, as planned then ──► fetch, from the documents ──► parse ──► published as a run of its own

The new run says whose documents it read (`reparse` in its parameters). Its observations have the time at which the site
said so, and the store puts them where they belong: before whatever was seen since. No part of it is complete, so that
nothing is withdrawn by it. `plan` is not asked, because it may depend on the day, or on the site.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from contract.addresses import redact, without_user
from ingest.answers import Answer
from ingest.archive import Archive, reading_part
from ingest.errors import NotKept
from ingest.http import Fetcher
from ingest.kept import Document, KeptRun, answer
from ingest.pulse import INTERVAL
from ingest.run import Outcome, Progress, run
from ingest.sources import Part, Reading, Scope, Source

if TYPE_CHECKING:
    from ingest.browser.page import LivePage
    from ingest.publisher import Publisher

T = TypeVar("T")


def reparse(
    kept: KeptRun,
    archive: Archive,
    source: Source,
    *,
    run_id: UUID,
    publisher: Publisher,
    progress: Progress | None = None,
    alive_every: float = INTERVAL,
) -> Outcome:
    """Read `kept` with `source`, which is of that name today, and publish what it says as the run `run_id`.

    Raises UnknownScope where nothing is kept that could be read, and what `ingest.run.run` raises.
    """
    return run(
        Kept(source, kept),
        kept.scope,
        run_id=run_id,
        publisher=publisher,
        fetcher=Replay(archive, kept),
        reparse=kept.run_id,
        progress=progress,
        alive_every=alive_every,
    )


def readable(kept: KeptRun) -> list[Part]:
    """The parts of the run that can be read again; of those that the site said were not modified nothing is kept."""
    parts = [part for part in kept.parts.values() if kept.answered(part.name)]
    # a source that asks in threads of its own does not say for which part
    return parts or (list(kept.parts.values()) if kept.documents else [])


class Kept:
    """A source whose site is what is kept of one run."""

    def __init__(self, source: Source, kept: KeptRun) -> None:
        self.name, self.description, self.leagues = source.name, source.description, source.leagues
        self.concurrency, self.interval = source.concurrency, source.interval
        self._source = source
        self._kept = kept

    @classmethod
    def make(cls, settings: Any) -> Kept:
        """Not made by settings."""
        raise NotImplementedError

    def plan(self, scope: Scope, fetcher: Fetcher) -> Sequence[Part]:
        """The parts that were planned then, as far as there is anything of them."""
        return readable(self._kept)

    def fetch(self, part: Part, fetcher: Fetcher) -> Any | None:
        """The part's documents. Raises NotKept where one is missing and others are there."""
        try:
            return self._source.fetch(part, fetcher)
        except NotKept:
            if self._kept.answered(part.name):
                raise
            return None

    def parse(self, part: Part, documents: Any) -> Reading:
        """What they say today. What they leave out may be listed by now: nothing may be withdrawn."""
        return replace(self._source.parse(part, documents), complete=False)


class Replay(Fetcher):
    """A fetcher that asks nobody: what is asked for is answered as it was in that run. Threads may use it together.

    Of each part the last reading counts, if it was read more than once; where an address was asked for again in it, the
    answers come in their order, and the last one again and again. It knows no ETags and remembers nothing.
    """

    def __init__(self, archive: Archive, kept: KeptRun) -> None:
        super().__init__()
        self._archive = archive
        self._lock = threading.Lock()
        #: The newest answer, whoever asked; and where only the host has changed. None: two hosts have it.
        self._newest = {document.asked: document for document in kept.documents}
        self._moved: dict[str, str | None] = {}
        for asked in self._newest:
            self._moved[_path(asked)] = None if _path(asked) in self._moved else asked
        readings = {document.part: document.reading for document in kept.documents}
        self._answers: dict[tuple[str | None, str], deque[Document]] = defaultdict(deque)
        for document in kept.documents:
            if document.reading == readings[document.part]:
                self._answers[document.part, document.asked].append(document)

    def get(
        self, url: str, *, part: str | None = None, conditional: bool = True, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The document as it was kept; from another host, if only that has changed since. Raises NotKept."""
        document = self._next(url, part or reading_part.get())
        kept = None if document is None else answer(self._archive, document)
        if kept is None:
            gone = "its document is gone or damaged" if document else "the site was not asked for it, or did not answer"
            raise NotKept(f"{redact(url)} is not kept of that run: {gone}", hint="only a new run can read it")
        return kept

    def browse(self, url: str, work: Callable[[LivePage], T]) -> T:
        """What `work` makes of the page as it was kept."""
        return work(_KeptPage(url, self))

    def newest(self, url: str) -> Document | None:
        """The last that is known of the address, if anything."""
        return self._newest.get(self._asked(url) or "")

    def _next(self, url: str, part: str | None) -> Document | None:
        answers = self._answers.get((part, self._asked(url) or ""))
        if not answers:
            return self.newest(url)
        with self._lock:
            return answers.popleft() if len(answers) > 1 else answers[0]

    def _asked(self, url: str) -> str | None:
        """The address that was asked for then."""
        asked = without_user(url)
        return asked if asked in self._newest else self._moved.get(_path(asked))


@dataclass(frozen=True, slots=True)
class _KeptPage:
    """A page without a browser: it can be read, and nothing in it can be clicked."""

    _asked: str
    _replay: Replay

    @property
    def url(self) -> str:
        document = self._replay.newest(self._asked)
        return document.url if document else self._asked

    def html(self) -> Answer:
        return self._replay.get(self._asked)

    def get(self, url: str) -> Answer:
        return self._replay.get(urljoin(self.url, url))

    def limited(self, seconds: float) -> AbstractContextManager[None]:
        return nullcontext()

    @property
    def page(self) -> Any:
        raise self._dead("clicked")

    @property
    def requested(self) -> Sequence[str]:
        raise self._dead("watched while it loads")

    def _dead(self, what: str) -> NotKept:
        return NotKept(
            f"{redact(self._asked)} is a kept page, which cannot be {what}", hint="only a new run can read it"
        )


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
