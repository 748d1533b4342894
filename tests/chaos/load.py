"""The load: runs of a made-up source through the real producer side, one after the other in several threads."""

from __future__ import annotations

import random
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import dramatiq

from contract.broker import make_broker
from contract.settings import SourceSettings
from ingest.batches import message_to
from ingest.models import Match
from ingest.publisher import Delivery, Publisher
from ingest.run import Outcome, run
from ingest.sources import Part, Reading, Reject, Scope, Source
from ingest.spool import Spool
from tests.chaos.model import LEAGUE, SEASON, SOURCE, Ledger, Observation, RejectedRow, Track


class Site:
    """A source that says what an observation says."""

    name = SOURCE
    description = "for the chaos suite"
    leagues: tuple[str, ...] = (LEAGUE,)
    concurrency = 1
    interval = 0.0

    def __init__(self, observation: Observation) -> None:
        self._observation = observation

    @classmethod
    def make(cls, settings: SourceSettings) -> Source:
        raise NotImplementedError

    def plan(self, scope: Scope, fetcher: Any) -> list[Part]:
        return [Part(name, LEAGUE, SEASON) for name in self._observation.parts]

    def fetch(self, part: Part, fetcher: object) -> str:
        return part.name

    def parse(self, part: Part, documents: str) -> Reading:
        rows = self._observation.parts[part.name]
        return Reading(self._observation.observed_at, map(_row, rows))


def _row(row: dict[str, Any] | RejectedRow) -> Match | Reject:
    if isinstance(row, RejectedRow):
        return Reject(row.match_id, "no_such_day", "30 February is no day", {"match_id": row.match_id})
    return Match.model_validate(row)


class _NoFetcher:
    """What a run asks of its fetcher: to remember nothing."""

    validators = None
    keeper = None


class RecordingPublisher(Publisher):
    """Writes down what was confirmed or spooled."""

    def __init__(self, *arguments: Any, ledger: Ledger, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ledger = ledger

    def send(self, actor: str, kwargs: Mapping[str, Any], message_id: str) -> Delivery:
        what = f"{actor} {kwargs.get('event', '')} of run {kwargs.get('run_id')}"
        self._ledger.note(message_id, f"{what}, neither confirmed nor spooled")
        delivery = super().send(actor, kwargs, message_id)
        self._ledger.note(message_id, f"{what}, {delivery.value}")
        return delivery


class CapturingPublisher(Publisher):
    """Sends nothing: what a run would have sent is kept, for a fault that sends it in its own way."""

    def __init__(self) -> None:
        super().__init__(dramatiq.Broker, Spool(Path("/nonexistent"), "amqp://nowhere"))
        self.messages: list[dramatiq.Message[Any]] = []

    def send(self, actor: str, kwargs: Mapping[str, Any], message_id: str) -> Delivery:
        self.messages.append(message_to(actor, kwargs, message_id))
        return Delivery.CONFIRMED

    def flush(self) -> int:
        return 0


def read_and_publish(observation: Observation, publisher: Publisher, *, progress: Any = None) -> Outcome:
    """One run, as `touchline scrape` does it."""
    return run(
        Site(observation),
        Scope(),
        run_id=observation.run_id,
        publisher=publisher,
        fetcher=_NoFetcher(),  # type: ignore[arg-type]
        progress=progress,
    )


def produce(observation: Observation, ledger: Ledger, *, url: str, home: Path, timeout: float) -> Outcome:
    """Run `observation` against the queue at `url`, trying a broker that is away for `timeout` seconds."""
    ledger.expect(observation)
    with RecordingPublisher(partial(make_broker, url), Spool(home, url), timeout=timeout, ledger=ledger) as publisher:
        return read_and_publish(observation, publisher)


def capture(observation: Observation, ledger: Ledger) -> list[dramatiq.Message[Any]]:
    """The messages of `observation`, for a fault that sends each of them at least once."""
    ledger.expect(observation)
    publisher = CapturingPublisher()
    read_and_publish(observation, publisher)
    for message in publisher.messages:
        ledger.note(message.message_id, f"{message.actor_name} of run {message.kwargs.get('run_id')}, captured")
    return publisher.messages


class Load:
    """Runs that go on until told to stop: new matches all the time, and tracks of matches that change.

    A track sends its next observation when the one before is stored; the new matches wait for nobody.
    """

    def __init__(
        self,
        send: Callable[[Observation], object],
        stored: Callable[[Observation], bool],
        rng: random.Random,
        *,
        name: str,
        tracks: int,
        pace: float,
    ) -> None:
        self._send = send
        self._stored = stored
        self._pace = pace
        self._stop = threading.Event()
        self.failures: list[BaseException] = []
        works = [(self._evolve, f"{name}t{number}") for number in range(tracks)]
        works.append((self._fresh, f"{name}f"))
        self._threads = [
            threading.Thread(target=self._guarded, args=(*work, rng.getrandbits(64)), daemon=True) for work in works
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new run begins; returns when the last has sent what it had."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, work: Callable[[str, random.Random], None], name: str, seed: int) -> None:
        try:
            work(name, random.Random(seed))
        except BaseException as error:  # noqa: BLE001 - told by whoever stops the load
            sys.stderr.write(f"chaos: the load failed: {''.join(traceback.format_exception(error))}")
            self.failures.append(error)

    def _fresh(self, name: str, rng: random.Random) -> None:
        number = 0
        while not self._stop.is_set():
            self._send(Track(f"{name}{number}", rng, parts=2, matches=10).observe())
            number += 1
            self._stop.wait(self._pace)

    def _evolve(self, name: str, rng: random.Random) -> None:
        track = Track(name, rng)
        while not self._stop.is_set():
            observation = track.late() if track._time > 10 and rng.random() < 0.15 else track.observe()
            self._send(observation)
            while not self._stop.wait(self._pace) and not self._stored(observation):
                pass
