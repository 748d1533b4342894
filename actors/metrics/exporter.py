"""The metrics of `touchline metrics`: what database and broker say, whoever works for them and whether anybody does.

Each of the two is asked in a thread of its own, for a few seconds at most; where it does not answer it is said to be
down, and its numbers are absent rather than old. An answer is good for a few seconds, so that two who ask cost one
question.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily

from actors.metrics.exposition import build_info, text
from actors.store.figures import QUERIES, Figures, Row, figures
from contract import cron
from contract.broker import queue_depths
from contract.errors import TouchlineError
from contract.names import QUEUES
from contract.places import broker_url, database_url
from contract.settings import Settings

#: Seconds: Prometheus gives up after ten. Those who ask within the second get the same answer.
PATIENCE: Final = 8.0
GOOD_FOR: Final = 4.0

#: Reasons of dead letters that are told apart, those that most died of; the others are `other`.
REASONS: Final = 50

_FATES: Final = ("found", "inserted", "updated", "unchanged", "stale", "dead")
_STATES: Final = ("succeeded", "suspect", "failed", "interrupted")

_logger = logging.getLogger(__name__)


class Exporter:
    """Asks database and broker. For any number of threads; `clock` counts seconds."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._store = _Place("store", lambda: figures(database_url(settings)))
        self._broker = _Place("broker", lambda: queue_depths(broker_url(settings)))
        self._asking = threading.Lock()
        self._last: tuple[float, bytes] | None = None
        #: What did not answer the last time.
        self.down: list[str] = []
        #: Whether something that did could not tell all of its numbers.
        self.incomplete = False

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        with self._asking:
            if self._last is None or self._clock() - self._last[0] > GOOD_FOR:
                said = text(self._collect())
                self._last = (self._clock(), said)
            return self._last[1]

    def _collect(self) -> Iterable[Any]:
        deadline = time.monotonic() + PATIENCE
        for place in (self._store, self._broker):
            place.ask()
        told: list[Figures] | None = self._store.answer(deadline)
        depths: Mapping[str, tuple[int, int]] | None = self._broker.answer(deadline)
        self.down = [place.name for place in (self._store, self._broker) if place.seconds is None]
        self.incomplete = any(part.rows is None for part in told or ())
        yield build_info()
        yield _gauge("touchline_store_up", "1 if the database answers, 0 if not.", told is not None)
        yield _gauge("touchline_broker_up", "1 if the broker answers, 0 if not.", depths is not None)
        took = {part.query: part for part in told or ()}
        yield _durations([*took.values(), Figures("broker", [], self._broker.seconds or math.nan)])
        up = {query: query in took and took[query].rows is not None for query in QUERIES}
        yield _collectors_up({**up, "broker": depths is not None})
        for query, tell in _TELLERS.items():
            if query in took and (rows := took[query].rows) is not None:
                yield from tell(rows)
        if depths is not None:
            yield from _queues(depths)


class _Place:
    """Something that is asked in a thread, which may hang: then nobody else asks until it has ended."""

    def __init__(self, name: str, ask: Callable[[], Any]) -> None:
        self.name = name
        #: How long the last answer took; None where there was none in time.
        self.seconds: float | None = None
        self._ask = ask
        self._thread: threading.Thread | None = None
        self._answer: Any = None
        self._late = False

    def ask(self) -> None:
        # what is answered to an earlier question is old
        self._late = self._thread is not None and self._thread.is_alive()
        if not self._late:
            self._answer = None
            self._thread = threading.Thread(target=self._run, name=f"metrics-{self.name}", daemon=True)
            self._thread.start()

    def answer(self, deadline: float) -> Any:
        """What it said by `deadline` (time.monotonic); None for nothing."""
        assert self._thread is not None, "it is asked first"
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._answer is None or self._late:
            self.seconds = None
            if self._thread.is_alive():
                _logger.warning("The %s has not answered for %.0f s.", self.name, PATIENCE)
            return None
        self.seconds, said = self._answer
        return said

    def _run(self) -> None:
        begun = time.monotonic()
        try:
            said = self._ask()
        except TouchlineError as error:
            _logger.warning("No metrics of the %s: %s", self.name, error)
        except Exception:
            _logger.exception("No metrics of the %s.", self.name)
        else:
            self._answer = (time.monotonic() - begun, said)


def _gauge(name: str, help_: str, value: float) -> Any:
    return GaugeMetricFamily(name, help_, value=float(value))


def _family(name: str, help_: str, *labels: str) -> Any:
    return GaugeMetricFamily(name, help_, labels=labels)


def _durations(asked: Iterable[Figures]) -> Any:
    family = _family("touchline_collect_duration_seconds", "How long each part of this answer took.", "collector")
    for part in asked:
        if not math.isnan(part.seconds):
            family.add_metric([part.query], part.seconds)
    return family


def _collectors_up(up: Mapping[str, bool]) -> Any:
    family = _family(
        "touchline_collector_up", "1 if that part of this answer is there, 0 if it could not be had.", "collector"
    )
    for collector, there in up.items():
        family.add_metric([collector], float(there))
    return family


def _runs(rows: list[Row]) -> Iterable[Any]:
    running = _family("touchline_runs_running", "Runs that are under way.", "source")
    matches = _family(
        "touchline_last_run_matches", "What became of the matches of the last run that ended.", "source", "fate"
    )
    state = _family(
        "touchline_last_run_state", "1 for how the last run that ended did so, 0 for the others.", "source", "state"
    )
    finished = _family(
        "touchline_last_run_timestamp_seconds", "When the last run ended, in seconds since 1970.", "source"
    )
    good = _family(
        "touchline_last_good_run_timestamp_seconds",
        "When the last run that succeeded ended, in seconds since 1970; absent where none has.",
        "source",
    )
    for row in rows:
        source = row["source"]
        running.add_metric([source], row["running"])
        if row["last_good"] is not None:
            good.add_metric([source], row["last_good"])
        if row["state"] is None:
            continue
        finished.add_metric([source], row["finished"])
        for fate in _FATES:
            matches.add_metric([source, fate], row[fate])
        for name in _STATES:
            state.add_metric([source, name], float(row["state"] == name))
    return [running, matches, state, finished, good]


def _dead_letters(rows: list[Row]) -> Iterable[Any]:
    letters = _family("touchline_dead_letters_open", "Dead letters that nobody has acted on.", "kind", "reason")
    others = {"match": 0, "message": 0}
    for row in rows[:REASONS]:
        letters.add_metric([row["kind"], row["reason"]], row["letters"])
    for row in rows[REASONS:]:
        others[row["kind"]] += row["letters"]
    # something is always there to be summed up
    for kind, count in others.items():
        letters.add_metric([kind, "other"], count)
    oldest = GaugeMetricFamily(
        "touchline_dead_letters_oldest_timestamp_seconds",
        "When the oldest open dead letter died, in seconds since 1970; absent where there is none.",
    )
    if rows:
        oldest.add_metric([], min(row["oldest"] for row in rows))
    return [letters, oldest]


def _slots(rows: list[Row]) -> Iterable[Any]:
    lag = _family(
        "touchline_slot_lag_seconds",
        "How long the oldest slot that is due has been waiting to be begun; 0 where none does.",
        "schedule",
    )
    for row in rows:
        # nothing may have ticked since
        undecided = next(cron.moments(row["cron"], row["timezone"], row["considered_until"]), None)
        since = min((at for at in (undecided, row["waiting_since"]) if at is not None), default=row["now"])
        lag.add_metric([row["schedule"]], max(0.0, (row["now"] - since).total_seconds()))
    return [lag]


def _since_good(rows: list[Row]) -> Iterable[Any]:
    since = _family(
        "touchline_slots_since_good_run",
        "Slots of a schedule that came due since a run of it last ended well, a thousand at most.",
        "schedule",
    )
    for row in rows:
        since.add_metric([row["schedule"]], row["slots"])
    return [since]


def _behind(rows: list[Row]) -> Iterable[Any]:
    behind = _family(
        "touchline_matches_behind_schedule",
        "Matches that kicked off 2 to 30 days ago, neither scored nor called off nor withdrawn.",
        "source",
    )
    for row in rows:
        behind.add_metric([row["source"]], row["matches"])
    return [behind]


def _notices(rows: list[Row]) -> Iterable[Any]:
    return [_gauge("touchline_notices_waiting", "Notices that the receiver has not taken yet.", rows[0]["notices"])]


def _queues(depths: Mapping[str, tuple[int, int]]) -> Iterable[Any]:
    messages = _family(
        "touchline_queue_messages",
        "Messages in a queue that no worker holds: ready, delayed, or dead on their way into the database.",
        "queue",
        "state",
    )
    consumers = _family("touchline_queue_consumers", "Who consumes a queue.", "queue")
    for queue in QUEUES:
        for state, name in (("ready", queue), ("delayed", f"{queue}.DQ"), ("dead", f"{queue}.XQ")):
            if name in depths:
                messages.add_metric([queue, state], depths[name][0])
        if queue in depths:
            consumers.add_metric([queue], depths[queue][1])
    return [messages, consumers]


_TELLERS: Final[Mapping[str, Callable[[list[Row]], Iterable[Any]]]] = {
    "runs": _runs,
    "dead_letters": _dead_letters,
    "slots": _slots,
    "since_good": _since_good,
    "behind": _behind,
    "notices": _notices,
}
