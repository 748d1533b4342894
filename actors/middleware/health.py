"""What a worker process says of itself: which queues it consumes, what it waits for, what runs for too long.

It asks nobody: consumers tell `Patience` how they fare, and the gate knows whether the database is there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dramatiq import Broker, MessageProxy, Worker
from dramatiq.common import q_name
from dramatiq.middleware import Middleware

from actors.heart import Heart
from actors.middleware.gate import Gate

#: Characters of a sentence, and messages that are over their time: nobody reads more.
_LONGEST: Final = 300
_MOST: Final = 16


@dataclass(frozen=True, slots=True)
class _Running:
    actor: str
    #: time.monotonic of when its time limit strikes.
    due: float


class Health(Middleware):
    """Stands before Boot, which may take its time. `time_limit`, in milliseconds, is of actors that set none."""

    def __init__(self, gate: Gate, time_limit: int) -> None:
        self._gate = gate
        self._time_limit = time_limit
        self._worker: Worker | None = None
        self._stopping = False
        self._running: dict[int, _Running] = {}
        self._heart = Heart("worker", self._describe)

    def after_process_boot(self, broker: Broker) -> None:
        # emitted by the `dramatiq` program alone: what a command runs by itself is no worker to be watched
        self._heart.start()

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._worker, self._stopping = worker, False
        self._heart.hurry()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._stopping = True
        self._heart.hurry()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        limit = broker.get_actor(message.actor_name).options.get("time_limit", self._time_limit)
        self._running[threading.get_ident()] = _Running(message.actor_name, time.monotonic() + limit / 1000)

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        self._running.pop(threading.get_ident(), None)

    after_skip_message = after_process_message

    def _describe(self) -> Mapping[str, Any]:
        worker = self._worker
        if worker is None:
            return {"phase": "starting"}
        now = time.monotonic()
        alive = {thread.ident for thread in threading.enumerate()}
        over = [(run.actor, now - run.due) for thread, run in list(self._running.items()) if thread in alive]
        return {
            "phase": "stopping" if self._stopping else "working",
            "away": None if self._gate.is_open else (self._gate.reason or "it is away")[:_LONGEST],
            "unknown": self._unknown(worker),
            "queues": {name: self._queue(worker, name) for name in sorted(worker.consumers)},
            "running": [{"actor": actor, "over": seconds} for actor, seconds in over if seconds > 0][:_MOST],
        }

    def _unknown(self, worker: Worker) -> list[str]:
        """Queues that it was told to work on and never will: dramatiq says nothing of a word that is misspelt."""
        return sorted(set(worker.consumer_whitelist or ()) - {q_name(name) for name in worker.consumers})

    def _queue(self, worker: Worker, name: str) -> Mapping[str, Any]:
        patience = getattr(worker.broker, "patience", None)
        if patience is None:
            return {"heard": 0.0}
        trouble, silence = patience.trouble_of(name), patience.silence_of(name)
        return {
            "heard": None if silence is None else round(silence, 1),
            "trouble": None if trouble is None else trouble[:_LONGEST],
            "dead": not worker.consumers[name].is_alive(),
        }
