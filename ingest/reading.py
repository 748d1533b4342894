"""Reads a run's parts: fetches ahead, and keeps a source's failure apart from everybody else's.

While one part is parsed and published the next is being fetched; at most two parts' documents are in memory. Sources
are other people's code as well: whatever one raises ends its part as `Unreadable` and no other.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import TypeAdapter

from contract.fields import Utc
from ingest.archive import reading_part
from ingest.models import Match, StandingsTable
from ingest.sources import Part, Reading, Reject, Scope, Source

if TYPE_CHECKING:
    from ingest.http import Fetcher

#: Parts whose documents may be in memory: the one that is published, and the one that is fetched meanwhile.
AHEAD: Final = 2

#: Seconds after which whoever waits for a part looks up: a time limit or a stop, thrown into a waiting thread, strikes
#: only then.
_LOOK: Final = 0.5

_UTC: Final[TypeAdapter[str]] = TypeAdapter(Utc)


class Unreadable(Exception):
    """A part could not be read; `reason` says why. Whatever of it was read by then may be published."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Fetch:
    """The documents of one part, as soon as they are there. Handed out once, so that they can be forgotten."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._documents: Any | None = None
        self._error: BaseException | None = None

    def do(self, source: Source, part: Part, fetcher: Fetcher) -> None:
        reading_part.set(part.name)
        try:
            self._documents = source.fetch(part, fetcher)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that takes the documents
            self._error = error
        self._done.set()

    def take(self) -> Any | None:
        while not self._done.wait(_LOOK):
            pass
        if self._error is not None:
            raise self._error
        documents, self._documents = self._documents, None
        return documents


class Reader:
    """The readings of `parts`, in their order, fetched ahead in the background.

    A source that says `concurrency = 2` has two parts fetched at once. The threads are daemons: an interrupted command
    does not wait for a site that is slow to answer.
    """

    def __init__(self, source: Source, fetcher: Fetcher, parts: Sequence[Part]) -> None:
        self._source = source
        self._fetcher = fetcher
        self._fetches = {part.name: _Fetch() for part in parts}
        # with its fetch: `reading` takes a part's out of the dict before a thread may have come to it
        self._waiting: queue.SimpleQueue[tuple[Part, _Fetch]] = queue.SimpleQueue()
        for part in parts:
            self._waiting.put((part, self._fetches[part.name]))
        self._room = threading.Semaphore(AHEAD)
        self._closed = threading.Event()
        count = max(1, min(int(getattr(source, "concurrency", 1)), AHEAD, len(parts)))
        # what they log is of this run, too
        self._threads = [
            threading.Thread(target=copy_context().run, args=(self._work,), name=f"fetch-{n}", daemon=True)
            for n in range(count)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        for _ in self._threads:
            self._room.release()

    @contextmanager
    def reading(self, part: Part) -> Iterator[Reading | None]:
        """What `part` says, or None where nothing changed; its documents are in memory until the end of the block.

        Raises Unreadable.
        """
        try:
            try:
                documents = self._fetches.pop(part.name).take()
                reading = None if documents is None else self._source.parse(part, documents)
                del documents
                if reading is not None:
                    _UTC.validate_python(reading.observed_at)
            except Exception as error:
                raise Unreadable(error) from error
            yield reading
        finally:
            self._room.release()

    def _work(self) -> None:
        while True:
            self._room.acquire()
            if self._closed.is_set():
                return
            try:
                part, fetch = self._waiting.get_nowait()
            except queue.Empty:
                return
            fetch.do(self._source, part, self._fetcher)


def rows(matches: Iterable[Match | Reject], scope: Scope) -> Iterator[Match | Reject]:
    """The rows that are asked for, and every reject: nobody can say whether it would have been. Raises Unreadable."""
    try:
        for row in matches:
            if isinstance(row, Reject):
                yield row
            elif isinstance(row, Match):
                if scope.admits(row):
                    yield row
            else:
                raise TypeError(f"the source gave {type(row).__name__} where it should give Match or Reject")
    except Exception as error:
        raise Unreadable(error) from error


def tables(standings: Sequence[StandingsTable], scope: Scope) -> list[StandingsTable]:
    """The official tables that are asked for. Teams and dates choose matches; a table is whole or it is none."""
    ages = {name.casefold() for name in scope.age_groups}
    divisions = {name.casefold() for name in scope.divisions}
    return [
        table
        for table in standings
        if (not ages or table.age_group.casefold() in ages)
        and (not divisions or table.division.casefold() in divisions)
    ]


def preview(source: Source, scope: Scope, fetcher: Fetcher) -> Iterator[tuple[Part, Match | Reject | Unreadable]]:
    """What a run would send, row by row; a part that cannot be read gives its reason as the last."""
    parts = source.plan(scope, fetcher)
    with Reader(source, fetcher, parts) as reader:
        for part in parts:
            try:
                with reader.reading(part) as reading:
                    if reading is not None:
                        for row in rows(reading.matches, scope):
                            yield part, row
            except Unreadable as error:
                yield part, error
