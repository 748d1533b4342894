"""A made-up source, for tests of what happens to what a source says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.errors import ConnectionClosed

from contract.names import QUEUE_OF, RECORD_RUN, STORE_MATCHES, STORE_STANDINGS
from contract.settings import SourceSettings
from ingest.archive import Keeper
from ingest.models import Match, StandingsRow, StandingsTable
from ingest.publisher import Publisher
from ingest.sources import Part, Reading, Reject, Scope
from ingest.spool import Spool
from ingest.validators import Validators
from tests.contract.schemas import says_no

OBSERVED = "2026-10-03T22:30:00Z"

_SCHEMA_OF = {STORE_MATCHES: "batch", STORE_STANDINGS: "standings", RECORD_RUN: "run"}


def check_message(message: dramatiq.Message[Any]) -> None:
    """`message` is what its schema says, on the queue that the contract names."""
    assert not says_no(_SCHEMA_OF[message.actor_name], message.kwargs)
    assert message.queue_name == QUEUE_OF[message.actor_name]


def name_of(message: dramatiq.Message[Any]) -> str:
    """What `message` is: `batch`, `standings`, or its event."""
    return str(message.kwargs.get("event") or _SCHEMA_OF[message.actor_name])


def match(number: int, **changes: Any) -> Match:
    return Match.model_validate(
        {
            "match_id": str(number),
            "home_team": f"Home {number}",
            "away_team": f"Away {number}",
            "date": "2026-10-03",
            "season": "2026-27",
            "age_group": "U14",
            "match_type": "League",
            "status": "scheduled",
            "division": "Northeast",
            **changes,
        }
    )


def table(division: str = "Northeast", age_group: str = "U14", teams: int = 2) -> StandingsTable:
    rows = [StandingsRow(position=n, team_id=str(n), team=f"Team {n}", played=1) for n in range(1, teams + 1)]
    return StandingsTable(division=division, age_group=age_group, rows=tuple(rows))


@dataclass
class Says:
    """What the made-up site has for one part. `fetch` may raise, or call back; None is "not modified"."""

    matches: Iterable[Any] = ()
    standings: Sequence[StandingsTable] = ()
    complete: bool = True
    observed_at: str = OBSERVED
    fetch: Callable[[], Any] = field(default=lambda: "documents")
    parse: Callable[[], None] = field(default=lambda: None)


@dataclass
class MadeUp:
    """A source whose parts say what the test wants, under the ETag `etag` of each part's address."""

    parts: dict[str, Says]
    concurrency: int = 1
    interval: float = 0.0
    name: str = "made-up"
    description: str = "for tests"
    leagues: tuple[str, ...] = ("homegrown",)
    fetched: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, settings: SourceSettings) -> MadeUp:
        raise NotImplementedError

    def plan(self, scope: Scope, fetcher: Any) -> list[Part]:
        return [Part(name, "homegrown", "2026-27") for name in self.parts]

    def fetch(self, part: Part, fetcher: Fetching) -> Any | None:
        self.fetched.append(part.name)
        documents = self.parts[part.name].fetch()
        if documents is not None and fetcher.validators is not None:
            fetcher.validators.note(part.name, f"https://made.up/{part.name}", '"etag"')
        return documents

    def parse(self, part: Part, documents: Any) -> Reading:
        says = self.parts[part.name]
        says.parse()
        return Reading(says.observed_at, says.matches, says.standings, says.complete)


@dataclass
class Fetching:
    """As much of a fetcher as a run itself uses: its memory of ETags, and who keeps its documents."""

    validators: Validators | None = None
    keeper: Keeper | None = None


class Away(dramatiq.Broker):
    """No broker at all: everything goes to the spool, where the test reads it."""

    def __init__(self) -> None:
        super().__init__(middleware=[])

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        raise ConnectionClosed("away")


def to_disk(home: Path) -> Publisher:
    """A publisher that puts everything into the spool below `home`, at once."""
    return Publisher(Away(), Spool(home, "amqp://away.example"), timeout=0)


def published(spool: Spool) -> list[dramatiq.Message[Any]]:
    """The messages in `spool`, in order."""
    return [entry.message for entry in spool.entries() if entry.message is not None]


def then_raises(matches: Iterable[Match | Reject], error: BaseException) -> Iterable[Match | Reject]:
    """`matches`, and then the parser breaks."""
    yield from matches
    raise error


class Gate:
    """Lets one thread tell another how far it came, without sleeping."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def wait(self) -> None:
        assert self._open.wait(30), "nobody opened the gate"
