"""Counts what becomes of messages, where it is decided and cannot be taken back.

    delivered ──► begun ──► ended ──► settled with the broker ── counted here, once, as one of:

    succeeded   acked, and its actor had returned
    retried     acked, because its next try was confirmed by the broker; the kind of error is counted, too
    waiting     the same, but it had only to wait for its turn at a source
    dead        given up, and its dead letter is committed (or the broker keeps it in <queue>.XQ)
    returned    back in its queue: the worker stopped, the database or the broker was away, the connection was cut

A delivery that was merely prefetched was none of these. One whose worker was killed is not counted; the next one is.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any, Final

from dramatiq import Broker, MessageProxy, Worker
from dramatiq.errors import RateLimitExceeded
from dramatiq.middleware import Middleware

from actors import metrics
from actors.metrics import Outcome
from actors.middleware.retries import kind_of
from actors.store.dead import DUE
from contract.broker.deliveries import Delivery

_DELAYED: Final = ".DQ"


@dataclass(frozen=True, slots=True)
class _Run:
    queue: str
    actor: str
    #: time.monotonic
    since: float


class Metrics(Middleware):
    """Stands after Starts, whose waiting is no part of an actor's run, and before TimeLimit, lest that strike here."""

    def __init__(self) -> None:
        self._runs: dict[threading.Thread, _Run] = {}

    def after_process_boot(self, broker: Broker) -> None:
        # emitted by the `dramatiq` program alone: what a command runs by itself is no worker to be watched
        metrics.start()

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        if (collectors := metrics.kept()) is not None:
            wanted = worker.consumer_whitelist
            actors = {name: actor.queue_name for name, actor in broker.actors.items()}
            collectors.expect({name: queue for name, queue in actors.items() if not wanted or queue in wanted})

    def before_enqueue(self, broker: Broker, message: Any, delay: int | None) -> None:
        if delay:
            message.options[DUE] = int(time.time() * 1000) + delay

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        if (collectors := metrics.kept()) is None:
            return
        # a time limit may have ended a thread, or its message's hooks, half-way
        this = threading.current_thread()
        for thread in [thread for thread in self._runs if thread is this or not thread.is_alive()]:
            if run := self._runs.pop(thread, None):
                collectors.ended(run.queue, run.actor, None)
        run = _Run(message.queue_name, message.actor_name, time.monotonic())
        self._runs[this] = run
        collectors.began(run.queue, run.actor, waited(message, time.time()))

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        run = self._runs.pop(threading.current_thread(), None)
        if run is not None and (collectors := metrics.kept()) is not None:
            collectors.ended(run.queue, run.actor, time.monotonic() - run.since)

    def after_ack(self, broker: Broker, message: MessageProxy) -> None:
        collectors = metrics.kept()
        if collectors is None or (outcome := outcome_of(message)) is None:
            return
        collectors.count_message(message.queue_name, message.actor_name, outcome)
        if outcome == "retried":
            assert message._exception is not None, "that is what makes it a retry"
            collectors.count_retry(message.queue_name, message.actor_name, kind_of(message._exception))

    after_nack = after_ack


def outcome_of(message: MessageProxy) -> Outcome | None:
    """What has become of `message`, which was settled; None for a delayed one that was only moved into its queue."""
    if isinstance(message, Delivery) and (message.returned or message.overtaken):
        return None if message.queue_name.endswith(_DELAYED) else "returned"
    if message.failed:
        return "dead"
    if message.queue_name.endswith(_DELAYED):
        return None
    if message._exception is None:
        return "succeeded"
    return "waiting" if isinstance(message._exception, RateLimitExceeded) else "retried"


def waited(message: MessageProxy, now: float) -> float | None:
    """Seconds for which `message` was there to be begun; None where it does not say since when.

    Clocks of two machines differ: what was sent in the future has not waited.
    """
    since = message.options.get(DUE, message.message_timestamp)
    if not isinstance(since, int | float):
        return None
    return max(0.0, now - since / 1000)
