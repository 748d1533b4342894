"""What is known of the system at this moment, for `wellbeing` and the overview: the store, the queue, this machine.

Store and broker are asked side by side, each for a few seconds at most: what does not answer is said to, and the rest
is there all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from actors.console.asking import Asked
from actors.console.database import Store
from actors.store.database import Connection
from actors.store.figures import Row, figures
from actors.store.migrations import pending
from actors.store.reading import reading
from actors.store.rules import differing
from contract import cron
from contract.broker import oldest_ready, queue_depths
from contract.errors import TouchlineError
from contract.health import Verdict, judge
from contract.heartbeats import KINDS, Kind, read
from contract.names import QUEUES
from contract.schedules import Schedule
from contract.settings import Settings, load
from contract.spooled import Spooled, waiting

#: Days of the charts, runs whose durations are drawn, and slots that are shown.
DAYS: Final = 30
RUNS: Final = 40
SLOTS: Final = 5

#: Seconds: for how long each of the two is waited for, and for how long an answer is good.
PATIENCE: Final = 2.5
GOOD_FOR: Final = 2.0


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue; None is what nobody told, or what a queue has that nobody has used yet."""

    name: str
    ready: int | None = None
    delayed: int | None = None
    dead: int | None = None
    consumers: int | None = None
    #: Seconds for which the first message that is ready has been so.
    oldest: float | None = None


@dataclass(frozen=True, slots=True)
class Queues:
    """All of them; `ages_told`: whether the broker says how old messages are."""

    depths: Mapping[str, tuple[int, int]]
    queues: Sequence[Queue]
    ages_told: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store knows. `figures` are those of the metrics, by query; None is what could not be told."""

    figures: Mapping[str, list[Row] | None]
    clock: Row
    unhealthy: Sequence[Row]
    behind_lately: Sequence[Row]
    notices: Row
    #: The tables that were held against the official ones, and the leagues whose rules in the database are others.
    compared: Sequence[Row]
    other_rules: Sequence[str]
    days: Sequence[Row]
    runs: Sequence[Row]
    reading_now: Sequence[Row]
    #: The database's time, and how far this machine's is ahead of it, in seconds.
    now: datetime
    ahead: float
    #: Migrations that the database lacks.
    pending: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """One that will come due: when, by its own clock, and of which schedule."""

    due_at: datetime
    local: str
    schedule: str
    source: str


@dataclass(frozen=True, slots=True)
class Process:
    """A worker or a scheduler that lives on this machine (shares the runtime directory), and whether it is well."""

    kind: Kind
    pid: int
    verdict: Verdict

    @property
    def state(self) -> str:
        return "ready" if self.verdict.ready else "not ready" if self.verdict.live else "hangs"


@dataclass(frozen=True, slots=True)
class Situation:
    """All of it; an error stands for what did not answer."""

    store: Stored | TouchlineError
    queues: Queues | TouchlineError
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    slots: Sequence[Slot] = ()
    spooled: Spooled = field(default_factory=Spooled)
    processes: Sequence[Process] = ()
    #: Whether the queue is RabbitMQ, whose queues have a limit.
    bounded: bool = False


class Observer:
    """Finds out what the situation is. For any number of threads; `store` is closed by whoever opened it."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._stored = Asked("the database", self._ask_store, patience=PATIENCE, good_for=GOOD_FOR)
        self._queued = Asked("the broker", self._ask_broker, patience=PATIENCE, good_for=GOOD_FOR)

    def look(self) -> Situation:
        """As it is now. Never raises, and takes little longer than `PATIENCE`."""
        self._stored.ask()
        self._queued.ask()
        stored, queued = self._stored.answer(), self._queued.answer()
        schedules = _schedules(self._settings)
        return Situation(
            stored,
            queued,
            schedules,
            tuple(islice(upcoming(schedules, datetime.now(UTC)), SLOTS)),
            waiting(self._settings.home),
            tuple(_processes(self._settings.runtime_dir)),
            bounded=self._settings.rabbitmq_url is not None,
        )

    def _ask_store(self) -> Stored:
        url = self._store.url
        if missing := pending(url):
            return Stored({}, {}, (), (), {}, (), (), (), (), (), datetime.now(UTC), 0.0, missing)
        told = {part.query: part.rows for part in figures(url)}
        with self._store.connection() as connection:
            before = datetime.now(UTC)
            server = _rows(connection, "server")[0]
            return Stored(
                figures=told,
                clock=_rows(connection, "clock")[0],
                unhealthy=_rows(connection, "unhealthy_runs"),
                behind_lately=_rows(connection, "behind_lately"),
                notices=_rows(connection, "notices")[0],
                compared=_rows(connection, "disagreements"),
                other_rules=differing(connection, self._settings.tables),
                days=_rows(connection, "days", days=DAYS),
                runs=_rows(connection, "run_page", limit=RUNS),
                reading_now=_rows(connection, "turns"),
                now=server["clock"],
                ahead=(before - server["clock"]).total_seconds(),
            )

    def _ask_broker(self) -> Queues:
        # the store is the queue where no other is named; its embedded server has been started by whoever serves
        url = self._settings.rabbitmq_url.get_secret_value() if self._settings.rabbitmq_url else self._store.url
        depths = queue_depths(url)
        ages = oldest_ready(url)
        return Queues(depths, [_queue(name, depths, ages or {}) for name in QUEUES], ages is not None)


def _processes(runtime_dir: Path) -> Iterator[Process]:
    for kind in KINDS:
        # whoever may not look there knows of none
        with suppress(OSError):
            yield from (Process(kind, beat.pid, judge(beat)) for beat in read(runtime_dir, kind))


def upcoming(schedules: Mapping[str, Schedule], now: datetime) -> Iterator[Slot]:
    """The slots that come due after `now`, soonest first, without end."""

    def due(name: str, one: Schedule) -> Iterator[tuple[datetime, str]]:
        return ((moment, name) for moment in cron.moments(one.cron, one.timezone, now))

    for moment, name in merge(*(due(name, one) for name, one in schedules.items() if one.enabled)):
        one = schedules[name]
        yield Slot(moment, f"{moment.astimezone(ZoneInfo(one.timezone)):%a %-d %b, %H:%M %Z}", name, one.source)


def _schedules(settings: Settings) -> Mapping[str, Schedule]:
    """As the file has them now, which is what ticks; as it had them at the start while it cannot be read."""
    try:
        return load().schedules
    except TouchlineError:
        return settings.schedules


def _queue(name: str, depths: Mapping[str, tuple[int, int]], ages: Mapping[str, float]) -> Queue:
    ready, consumers = depths.get(name, (None, None))
    delayed, dead = (depths.get(f"{name}.{kind}", (None,))[0] for kind in ("DQ", "XQ"))
    return Queue(name, ready, delayed, dead, consumers, ages.get(name))


def _rows(connection: Connection, query: str, **parameters: Any) -> list[Row]:
    with reading(connection, query, **parameters) as found:
        return list(found.rows)
