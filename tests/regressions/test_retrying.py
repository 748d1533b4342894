"""A message whose actor failed is tried again, whatever goes wrong with that."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import Retry
from dramatiq.middleware import Middleware, TimeLimit, TimeLimitExceeded
from dramatiq.middleware import Retries as DramatiqsRetries

from actors.middleware import stack
from actors.middleware.retries import Retries
from contract.broker.connections_rabbitmq import parameters
from contract.broker.rabbitmq import RabbitBroker
from contract.errors import TransientError
from tests.conformance.actors import QUEUE, Soon
from tests.conformance.conftest import Rabbit, Stage, eventually, message_to
from tests.regressions.conftest import worker_on

#: RabbitMQ's consumer time-out, in milliseconds: who holds a message longer has its channel closed.
CONSUMER_TIMEOUT = 30 * 60_000


class Earliest(Soon):
    """Draws the shortest pause there may be."""

    def uniform(self, a: float, b: float) -> float:
        return a


def our_retries() -> Middleware:
    return Retries(rng=Earliest())


def dramatiqs_retries() -> Middleware:
    return DramatiqsRetries(min_backoff=1, max_backoff=20)


@pytest.mark.slow
@pytest.mark.parametrize(("retries", "runs"), [(our_retries, 3), (dramatiqs_retries, 1)], ids=["ours", "dramatiq's"])
def test_a_retry_that_is_refused_is_not_the_end(
    rabbit: Rabbit, stage: Stage, rabbitmqctl: Callable[..., str], retries: Callable[[], Middleware], runs: int
) -> None:
    """The delay queue takes nothing. The actor would succeed the third time; Dramatiq acks it after the first."""
    rabbit.send("warm-up")
    limit = json.dumps({"max-length": 0, "overflow": "reject-publish"})
    vhost = parameters(rabbit.url).virtual_host
    rabbitmqctl("set_policy", "-p", vhost, "full", rf"^{QUEUE}\.DQ$", limit, "--apply-to", "queues")
    eventually(rabbit.refuses_delays, "the policy holds")
    stage.fail("unlucky", 2)
    rabbit.send("unlucky")
    with worker_on(RabbitBroker(rabbit.url, middleware=[retries()]), stage):
        stage.wait_for("unlucky", times=runs)
    assert stage.runs("unlucky") == runs
    assert rabbit.counts() == (0, 0, 0)


class Sluggish(RabbitBroker):
    """A broker that takes its time for a retry: longer than the time limit."""

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        until = time.monotonic() + (2 if delay is not None else 0)
        while time.monotonic() < until:
            time.sleep(0.01)
        return super().enqueue(message, delay=delay)


def _limit() -> Middleware:
    return TimeLimit(time_limit=800, interval=100)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("middleware", "runs", "died"),
    [
        (lambda: [our_retries(), _limit()], 2, []),
        # the order of dramatiq.middleware.default_middleware
        (lambda: [_limit(), dramatiqs_retries()], 1, [TimeLimitExceeded]),
    ],
    ids=["ours", "dramatiq's"],
)
def test_a_time_limit_does_not_hit_a_retry(
    rabbit: Rabbit,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    middleware: Callable[[], list[Middleware]],
    runs: int,
    died: list[type],
) -> None:
    """While a retry is published no limit runs. Dramatiq's ends the worker's thread for good, and acks the message."""
    dead_threads: list[type] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: dead_threads.append(args.exc_type))
    stage.fail("slow", 1)
    rabbit.send("slow")
    with worker_on(Sluggish(rabbit.url, middleware=middleware()), stage) as worker:
        if died:
            eventually(lambda: not worker.workers[0].is_alive(), "the thread is dead")
        stage.wait_for("slow", times=runs)
    assert stage.runs("slow") == runs
    assert dead_threads == died
    assert rabbit.counts() == (0, 0, 0)


def test_workers_have_the_order_that_keeps_the_limit_off() -> None:
    """After an actor hooks run last to first: the time limit's is over before a retry is published."""
    kinds = [type(middleware) for middleware in stack()]
    assert kinds.index(Retries) < kinds.index(TimeLimit)


class Recorder(StubBroker):
    """Keeps for how long messages were to wait, in milliseconds."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.delays: list[int] = []

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        self.delays.append(delay or 0)
        return message


class Latest(Soon):
    """Draws the longest delay there may be."""

    def uniform(self, a: float, b: float) -> float:
        return b


@pytest.mark.parametrize(
    ("retries", "bounded"),
    [(Retries(rng=Latest()), True), (DramatiqsRetries(), False)],
    ids=["ours", "dramatiq's"],
)
@pytest.mark.parametrize("error", [TransientError("away"), RuntimeError("a bug"), Retry("later", delay=86_400_000)])
def test_no_delay_is_above_ten_minutes(retries: Middleware, bounded: bool, error: Exception) -> None:
    """A delayed message waits unacked, and RabbitMQ closes the channel of who holds one for half an hour."""
    broker = Recorder()
    dramatiq.actor(lambda: None, broker=broker, actor_name="play", queue_name=QUEUE)
    message = dramatiq.MessageProxy(message_to("play"))
    for _ in range(20):
        retries.after_process_message(broker, message, exception=error)
    assert broker.delays
    assert (max(broker.delays) <= 600_000) is bounded
    assert (max(broker.delays) < CONSUMER_TIMEOUT) is bounded
