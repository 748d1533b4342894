"""Rows of the table about how long a single message takes, with nothing else to do."""

from __future__ import annotations

import statistics
import time
from typing import Final

from bench.budgets import Measured, budget
from bench.load import matches, messages_of
from bench.stage import Place, Stage, wait
from bench.storing import PROCESSES, THREADS
from contract.broker import make_broker
from contract.names import STORE_MATCHES

#: Messages a round, of one match each, and the seconds between the end of one and the next.
MESSAGES: Final = 300
_PAUSE: Final = 0.02


def measure_latency(stage: Stage, rounds: int) -> list[Measured]:
    """From the call that publishes to the commit, by the commit's own time stamp in the database."""
    median, worst = Measured(budget("latency-p50")), Measured(budget("latency-p99"))
    for _ in range(rounds):
        with stage.place() as place, place.worker(processes=PROCESSES, threads=THREADS):
            _run(place, 20)
            taken = _run(place, MESSAGES)
            median.add(statistics.median(taken))
            worst.add(statistics.quantiles(taken, n=100)[98])
    return [median, worst]


def _run(place: Place, count: int) -> list[float]:
    """Milliseconds for each of `count` messages."""
    _, messages = messages_of([matches(1)[0]])
    template = next(message for message in messages if message.actor_name == STORE_MATCHES)
    broker = make_broker(place.queue_url)
    taken = []
    with place.connect() as connection:
        try:
            for number, row in enumerate(matches(count, first=int(time.time()) % 1_000_000 * 1000)):
                message = template.copy(kwargs={**template.kwargs, "sequence": number, "matches": [row]})
                message = message.copy(message_id=_fresh(number))
                begun = time.time()
                broker.enqueue(message)
                wait(
                    "the message to be stored",
                    lambda message_id=message.message_id: _stored(connection, message_id),  # type: ignore[misc]
                    look=0.005,
                )
                committed = connection.execute(
                    "SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM touchline.inbox"
                    " WHERE message_id = %s",
                    (message.message_id,),
                ).fetchone()
                assert committed is not None
                taken.append(1000 * (float(committed[0]) - begun))
                time.sleep(_PAUSE)
        finally:
            broker.close()
    return taken


def _stored(connection: object, message_id: str) -> bool:
    query = "SELECT 1 FROM touchline.inbox WHERE message_id = %s"
    return connection.execute(query, (message_id,)).fetchone() is not None  # type: ignore[attr-defined,no-any-return]


def _fresh(number: int) -> str:
    from uuid import uuid4

    return str(uuid4())
