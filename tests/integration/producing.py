"""Runs of a made-up source against real queues, and what arrived in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import dramatiq

from contract.broker import make_broker
from contract.names import MATCHES, RUNS
from ingest.publisher import Publisher
from ingest.run import Outcome, PartOutcome, run
from ingest.sources import Scope
from ingest.spool import Spool
from ingest.validators import Validators
from tests.unit.ingest_run.made_up import Fetching, MadeUp, check_message, match

#: Seconds for which these tests let a publisher try. The attempts of the drivers themselves come on top.
PATIENCE = 0.5
#: Seconds within which "a bounded time" has passed, on a busy machine.
BOUNDED = 45.0


@contextmanager
def publishing(url: str, home: Path, timeout: float = PATIENCE, exchange: str = "") -> Iterator[Publisher]:
    with Publisher(partial(make_broker, url, exchange=exchange), Spool(home, url), timeout=timeout) as publisher:
        yield publisher


def do(url: str, home: Path, source: MadeUp, *, timeout: float = PATIENCE, exchange: str = "", **said: Any) -> Outcome:
    """One run, as a process of its own would do it."""
    with publishing(url, home, timeout, exchange) as publisher:
        return run(
            source,
            Scope(),
            run_id=uuid4(),
            publisher=publisher,
            fetcher=Fetching(Validators(home, source.name)),  # type: ignore[arg-type]
            **said,
        )


def taken(url: str) -> dict[str, list[dramatiq.Message[Any]]]:
    """Everything in the queues, in order, each held to its schema; the queues are empty afterwards."""
    broker = make_broker(url)
    found: dict[str, list[dramatiq.Message[Any]]] = {}
    try:
        for queue in (MATCHES, RUNS):
            broker.declare_queue(queue)
            consumer = broker.consume(queue, prefetch=100, timeout=300)
            found[queue] = []
            while (message := next(consumer)) is not None:
                found[queue].append(message._message)
                consumer.ack(message)
            consumer.close()
    finally:
        broker.close()
    for message in (message for messages in found.values() for message in messages):
        check_message(message)
    return found


def ids(messages: list[dramatiq.Message[Any]]) -> list[str]:
    """The ids of the matches in `messages`, in order."""
    return [row["match_id"] for message in messages for row in message.kwargs.get("matches", [])]


def story(messages: list[dramatiq.Message[Any]]) -> list[str]:
    return [message.kwargs["event"] for message in messages if "event" in message.kwargs]


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


class AfterBatch:
    """Calls `act` once, when the first batch of the run is sent."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._acted = False

    def planned(self, parts: Any) -> None: ...

    def advanced(self, part: PartOutcome) -> None:
        if not self._acted and part.batches == 1:
            self._acted = True
            self._act()


def batch(number: int) -> dict[str, Any]:
    """A message for `store_matches` with one match."""
    return {
        "contract": 1,
        "run_id": str(UUID(int=1)),
        "source": "made-up",
        "part": "a",
        "sequence": number,
        "observed_at": "2026-10-03T22:30:00Z",
        "matches": [match(number).wire()],
    }
