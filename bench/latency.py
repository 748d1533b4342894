"""Rows of the table about how long a single message takes, with nothing else to do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

import psycopg

from bench.budgets import Measured, budget
from bench.load import Row, matches, messages_of
from bench.stage import Place, Stage, wait
from bench.storing import PROCESSES, THREADS
from contract.broker import make_broker
from contract.names import STORE_MATCHES

#: Messages a round, of one match each, and the seconds between the end of one and the next.
MESSAGES: Final = 300
_PAUSE: Final = 0.02
#: Messages before them that are not counted.
_WARMING: Final = 20


def measure_latency(stage: Stage, rounds: int) -> list[Measured]:
    """From the call that publishes to the commit, by the commit's own time stamp in the database."""
    median, worst = Measured(budget("latency-p50")), Measured(budget("latency-p99"))
    for _ in range(rounds):
        with stage.place() as place, place.worker(processes=PROCESSES, threads=THREADS):
            take(place, matches(_WARMING))
            taken = take(place, matches(MESSAGES, first=_WARMING))
            median.add(statistics.median(taken))
            worst.add(statistics.quantiles(taken, n=100)[98])
    return [median, worst]


def take(place: Place, rows: Sequence[Row]) -> list[float]:
    """Milliseconds for each of `rows`, a message of its own."""
    _, messages = messages_of([matches(1)[0]])
    template = next(message for message in messages if message.actor_name == STORE_MATCHES)
    broker = make_broker(place.queue_url)
    taken = []
    with place.connect() as connection:
        try:
            for number, row in enumerate(rows):
                message = template.copy(kwargs={**template.kwargs, "sequence": number, "matches": [row]})
                message = message.copy(message_id=str(uuid4()))
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


def _stored(connection: psycopg.Connection[Any], message_id: str) -> bool:
    return connection.execute("SELECT FROM touchline.inbox WHERE message_id = %s", (message_id,)).fetchone() is not None
