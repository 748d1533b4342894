"""The metrics of workers and scheduler: what each is called, what it means, and its labels (docs/metrics.md).

Imported once the directory of this process is known (`files.Directory.join`), and never where no metrics are kept.
Labels are bounded: queues and actors are those that this program has, and of sources, which are as a message says,
each process knows a hundred.
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from actors.store.counts import Counts
from contract.names import QUEUE_OF, QUEUES

#: Sources that a process tells apart; those beyond are `other`.
SOURCES: Final = 100

#: Seconds. A batch takes 20 ms, a tick less, a season by HTTP seconds and by browser minutes; 1500 is a scrape's limit.
_DURATIONS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1500)
#: Seconds from sent, or due, to begun: milliseconds where somebody is free, hours after an outage.
_WAITS: Final = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400)

_OUTCOMES: Final = ("succeeded", "retried", "waiting", "dead", "returned")
_KINDS: Final = ("transient", "unknown")
_FATES: Final = ("inserted", "updated", "unchanged", "stale", "dead")
_STATES: Final = ("succeeded", "suspect", "failed", "interrupted")

#: What stands for a queue or an actor that this program does not have.
_UNKNOWN: Final = "unknown"


class Collectors:
    """This process's metrics. What can be counted is there as 0 from the start, so that a first time is an increase."""

    def __init__(self) -> None:
        # a registry of its own: what it would export is one process's
        self._registry = registry = CollectorRegistry(auto_describe=False)
        message = ("queue", "actor")
        self._messages = Counter(
            "touchline_messages_total",
            "Deliveries that a worker was done with, by what became of the message.",
            (*message, "outcome"),
            registry=registry,
        )
        self._durations = Histogram(
            "touchline_message_duration_seconds",
            "How long actors ran.",
            message,
            buckets=_DURATIONS,
            registry=registry,
        )
        self._waits = Histogram(
            "touchline_message_wait_seconds",
            "From when a message was sent, or was due if it was delayed, to when its actor began.",
            message,
            buckets=_WAITS,
            registry=registry,
        )
        self._running = Gauge(
            "touchline_messages_in_progress",
            "Actors that run now.",
            message,
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._retries = Counter(
            "touchline_retries_total",
            "Messages that failed and are in the queue again, by the kind of error.",
            (*message, "kind"),
            registry=registry,
        )
        self._matches = Counter(
            "touchline_matches_total",
            "Matches that were accounted for, by what became of them; counted once that is committed.",
            ("source", "fate"),
            registry=registry,
        )
        self._runs = Counter(
            "touchline_runs_finished_total",
            "Verdicts on runs, counted once they are committed.",
            ("source", "state"),
            registry=registry,
        )
        self._ticks = Counter("touchline_ticks_total", "Ticks of the scheduler.", ("outcome",), registry=registry)
        self._sources: set[str] = set()

    # these two are made when they are first set: a gauge that nobody has set says 0

    @cached_property
    def _ready(self) -> Gauge:
        return Gauge(
            "touchline_worker_ready",
            "1 if all worker processes here can do their work, as /ready judges; 0 if one cannot.",
            multiprocess_mode="livemin",
            registry=self._registry,
        )

    @cached_property
    def _last_tick(self) -> Gauge:
        return Gauge(
            "touchline_last_tick_timestamp_seconds",
            "When the scheduler last sent a tick, in seconds since 1970.",
            multiprocess_mode="max",
            registry=self._registry,
        )

    def expect(self, actors: dict[str, str]) -> None:
        """Messages of these actors may come: by name, the queue of each."""
        for actor, queue in actors.items():
            labels = self._labels(queue, actor)
            for outcome in _OUTCOMES:
                self._messages.labels(*labels, outcome)
            for kind in _KINDS:
                self._retries.labels(*labels, kind)
            self._durations.labels(*labels)
            self._waits.labels(*labels)
            self._running.labels(*labels)

    def expect_ticks(self) -> None:
        """This process sends ticks."""
        for outcome in ("sent", "refused"):
            self._ticks.labels(outcome)

    def count_message(self, queue: str, actor: str, outcome: str) -> None:
        self._messages.labels(*self._labels(queue, actor), outcome).inc()

    def count_retry(self, queue: str, actor: str, kind: str) -> None:
        self._retries.labels(*self._labels(queue, actor), kind).inc()

    def began(self, queue: str, actor: str, wait: float | None) -> None:
        """An actor begins; its message has waited for `wait` seconds, if that is known."""
        labels = self._labels(queue, actor)
        self._running.labels(*labels).inc()
        if wait is not None:
            self._waits.labels(*labels).observe(wait)

    def ended(self, queue: str, actor: str, duration: float | None) -> None:
        """An actor ends after `duration` seconds; None: nobody saw it end."""
        labels = self._labels(queue, actor)
        self._running.labels(*labels).dec()
        if duration is not None:
            self._durations.labels(*labels).observe(duration)

    def count_matches(self, source: str, counts: Counts) -> None:
        source = self._source(source)
        for fate in _FATES:
            if rows := getattr(counts, fate):
                self._matches.labels(source, fate).inc(rows)

    def count_run(self, source: str, state: str) -> None:
        self._runs.labels(self._source(source), state).inc()

    def set_ready(self, ready: bool) -> None:
        self._ready.set(ready)

    def count_tick(self, *, sent: bool) -> None:
        self._ticks.labels("sent" if sent else "refused").inc()
        if sent:
            self._last_tick.set(time.time())

    def _labels(self, queue: str, actor: str) -> tuple[str, str]:
        queue = queue.removesuffix(".DQ")
        return queue if queue in QUEUES else _UNKNOWN, actor if actor in QUEUE_OF else _UNKNOWN

    def _source(self, source: str) -> str:
        if source not in self._sources:
            if len(self._sources) >= SOURCES:
                return "other"
            self._sources.add(source)
            for fate in _FATES:
                self._matches.labels(source, fate)
            for state in _STATES:
                self._runs.labels(source, state)
        return source
