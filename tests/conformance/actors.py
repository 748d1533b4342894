"""The actors of the suite, for workers in the test's process (`declare`) and for `dramatiq tests.conformance.actors`.

Each run of an actor reports to the test's stage and, where the test wants it, waits there.
"""

from __future__ import annotations

import json
import os
import random
import socket
from typing import Any

import dramatiq
from dramatiq import Broker

from actors.middleware.retries import Retries
from contract.broker import make_broker
from contract.broker.embedded import EmbeddedBroker

#: Where worker processes find the queue and the stage.
QUEUE_VARIABLE = "TOUCHLINE_TEST_QUEUE"
STAGE_VARIABLE = "TOUCHLINE_TEST_STAGE"

QUEUE = "matches"

#: Seconds in which an embedded queue's worker is found dead here; twenty in earnest.
TTL = 2.0


class Soon(random.Random):
    """Draws short delays, so that retries come within milliseconds."""

    def uniform(self, a: float, b: float) -> float:
        return min(b, 20.0)


def make(url: str) -> Broker:
    """A worker's broker: ours, with quick retries and, on PostgreSQL, quick heartbeats."""
    middleware = [Retries(rng=Soon())]
    if url.startswith("postgresql"):
        return EmbeddedBroker(
            url,
            middleware=middleware,
            heartbeat_interval=TTL / 4,
            heartbeat_ttl=TTL,
            maintenance_interval=TTL / 4,
            timeout=2.0,
        )
    return make_broker(url, middleware=middleware)


def declare(broker: Broker, stage: tuple[str, int]) -> None:
    """The actors, on `broker`."""

    @dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name="play")
    def play(name: str, **more: Any) -> None:
        """Report, wait for the answer, and fail if that says so."""
        message = {"name": name, "pid": os.getpid(), **more}
        with socket.create_connection(stage, timeout=60) as connection:
            connection.sendall(json.dumps(message).encode() + b"\n")
            answer = connection.makefile().readline().strip()
        if answer != "go":
            raise RuntimeError(answer or "the stage is gone")


if STAGE_VARIABLE in os.environ:
    host, port = os.environ[STAGE_VARIABLE].split(":")
    broker = make(os.environ[QUEUE_VARIABLE])
    dramatiq.set_broker(broker)
    declare(broker, (host, int(port)))
