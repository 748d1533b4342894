"""The actors of the suite, for workers in the test's process (`declare`) and for `dramatiq tests.conformance.actors`.

Each run of an actor reports to the test's stage and, where the test wants it, waits there.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import time
from typing import Any

import dramatiq
from dramatiq import Broker

from actors.middleware import stack
from actors.middleware.retries import Retries
from actors.pool import pool
from actors.store.database import transaction
from actors.turns import taken
from contract.broker import make_broker
from contract.broker.embedded import EmbeddedBroker

#: Where worker processes find the queue and the stage.
QUEUE_VARIABLE = "TOUCHLINE_TEST_QUEUE"
STAGE_VARIABLE = "TOUCHLINE_TEST_STAGE"

#: Set where the worker has a store (DATABASE_URL), and everything that a worker has in earnest.
STORE_VARIABLE = "TOUCHLINE_TEST_STORE"

QUEUE = "matches"

#: Seconds in which an embedded queue's worker is found dead here; twenty in earnest.
TTL = 2.0


class Soon(random.Random):
    """Draws short delays, so that retries come within milliseconds."""

    def uniform(self, a: float, b: float) -> float:
        return min(b, 20.0)


def make(url: str, *, store: bool = False) -> Broker:
    """A worker's broker: ours, with quick retries and, on PostgreSQL, quick heartbeats.

    With a store it has all middleware, without it what needs none.
    """
    retries = Retries(rng=Soon())
    middleware = [retries if isinstance(other, Retries) else other for other in stack()] if store else [retries]
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

    def report(name: str, **more: Any) -> str:
        """Tell the stage, and return its answer."""
        message = {"name": name, "pid": os.getpid(), **more}
        with socket.create_connection(stage, timeout=60) as connection:
            connection.sendall(json.dumps(message).encode() + b"\n")
            return connection.makefile().readline().strip()

    @dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name="play")
    def play(name: str, **more: Any) -> None:
        """Report, wait for the answer, and do as it says."""
        answer = report(name, **more)
        if answer == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if answer != "go":
            raise RuntimeError(answer or "the stage is gone")

    @dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name="store")
    def store(name: str) -> None:
        """Report, and have the database commit something."""
        report(f"{name} begins")
        with transaction(pool()) as connection:
            connection.execute("SELECT txid_current()")
        report(name)

    @dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name="read")
    def read(name: str, source: str, run_id: str) -> None:
        """As `play`, while it is the run's turn at the source."""
        with taken(source, run_id, places=1, longest=600):
            play.fn(name)

    @dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name="spin")
    def spin(name: str, seconds: float) -> None:
        """Report, and be busy for so long; may be interrupted at any moment."""
        report(name)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.02)
        report(f"{name} ended")


if STAGE_VARIABLE in os.environ:
    host, port = os.environ[STAGE_VARIABLE].split(":")
    broker = make(os.environ[QUEUE_VARIABLE], store=STORE_VARIABLE in os.environ)
    dramatiq.set_broker(broker)
    declare(broker, (host, int(port)))
