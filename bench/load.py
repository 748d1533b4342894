"""What is stored: the demo league at full scale, as the real producer side makes messages of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import dramatiq

from contract.names import STORE_MATCHES
from contract.settings import SourceSettings
from ingest.batches import message_to
from ingest.http import Answer, Fetcher
from ingest.models import Match
from ingest.publisher import Delivery, Publisher
from ingest.run import run
from ingest.sources import Part, Reading, Scope
from ingest.sources.mlsnext import Documents, MLSNext
from ingest.spool import Spool
from touchline.demo.league import League

Message = dramatiq.Message[Any]
Row = dict[str, Any]

#: Matches in the rows that store new ones, and in the refresh.
MATCHES: Final = 25_000
SOURCE: Final = "bench"
FIRST_SEEN: Final = datetime(2026, 10, 3, 22, 30, tzinfo=UTC)


@cache
def league() -> League:
    """The season of three leagues, 24,628 matches."""
    return League(scale=1.0)


@cache
def documents() -> dict[str, bytes]:
    """The six feeds of the season, by path."""
    shown = league().at(FIRST_SEEN)
    found = {}
    for key in league().keys:
        found[f"/data/schedule/{key}.json"] = shown.schedule(key)
        found[f"/data/standings/{key}.json"] = shown.standings(key)
    return found


@cache
def season() -> tuple[Row, ...]:
    """Every match of the season as it crosses the queue."""
    return tuple(row for part in MLSNext(today=FIRST_SEEN.date).plan(Scope(), Fetcher()) for row in _rows(part))


def _rows(part: Part) -> Iterator[Row]:
    said = documents()
    answers = [
        Answer(200, said[f"/data/{kind}/{part.name}.json"], None, "", "application/json", FIRST_SEEN)
        for kind in ("schedule", "standings")
    ]
    for match in MLSNext().parse(part, Documents(*answers)).matches:
        assert isinstance(match, Match), match
        yield match.wire()


def matches(count: int = MATCHES, *, first: int = 0) -> list[Row]:
    """`count` matches of their own: those of the season, and once more under other numbers where it has too few."""
    rows = season()
    return [{**rows[n % len(rows)], "match_id": str(1_000_000 + first + n)} for n in range(count)]


def changed(rows: Sequence[Row], *, each: int) -> list[Row]:
    """The same matches a day later, each `each`th on another field."""
    return [{**row, "location": f"Field {n}"} if n % each == 0 else row for n, row in enumerate(rows)]


class _Given:
    """A source that has these rows."""

    description = "for the benchmarks"
    leagues: tuple[str, ...] = ("homegrown",)
    concurrency, interval = 1, 0.0

    def __init__(self, name: str, rows: Iterable[Row], observed_at: datetime) -> None:
        self.name = name
        self._rows = rows
        self._observed_at = observed_at

    @classmethod
    def make(cls, settings: SourceSettings) -> _Given:
        raise NotImplementedError

    def plan(self, scope: Scope, fetcher: object) -> list[Part]:
        return [Part("all", "homegrown", "2026-27")]

    def fetch(self, part: Part, fetcher: object) -> str:
        return part.name

    def parse(self, part: Part, documents: str) -> Reading:
        return Reading(f"{self._observed_at:%Y-%m-%dT%H:%M:%SZ}", map(Match.model_validate, self._rows))


class _Keeping(Publisher):
    """Keeps what a run would send."""

    def __init__(self) -> None:
        super().__init__(dramatiq.Broker, Spool(Path("/nonexistent"), "amqp://nowhere"))
        self.messages: list[Message] = []

    def send(self, actor: str, kwargs: Mapping[str, Any], message_id: str) -> Delivery:
        self.messages.append(message_to(actor, kwargs, message_id))
        return Delivery.CONFIRMED

    def flush(self) -> int:
        return 0


class _NoFetcher:
    validators = None
    keeper = None


def messages_of(rows: Iterable[Row], *, day: int = 0, source: str = SOURCE) -> tuple[UUID, list[Message]]:
    """A run of these rows, seen so many days later: its id, and its messages in the order in which they are sent."""
    run_id, publisher = uuid4(), _Keeping()
    given = _Given(source, rows, FIRST_SEEN + timedelta(days=day))
    run(given, Scope(), run_id=run_id, publisher=publisher, fetcher=_NoFetcher())  # type: ignore[arg-type]
    return run_id, publisher.messages


def batches_of(messages: Iterable[Message]) -> list[list[Row]]:
    """The rows of the messages that carry matches."""
    return [message.kwargs["matches"] for message in messages if message.actor_name == STORE_MATCHES]
