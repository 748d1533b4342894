"""Dead-letter queues are emptied into the hands of whoever keeps dead letters (`bury`); here is how, on both brokers.

What a worker gives up goes straight into the database. `<queue>.XQ` holds the rest: what is no message, expired, or was
refused or delivered too often by the broker's own rules. It has no consumer and no limit of time, so that it must be
drained, or a disk fills up unseen.

    <queue>.XQ ──taken──► bury ──it returned──► settled: gone from the broker
        ▲                  │
        └──────────────────┴── it raised, or the process died: taken again, so that burying must bear to be repeated
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dramatiq import Message
from dramatiq.errors import DecodeError

from contract.broker.bodies import decode
from contract.errors import TransientError


@dataclass(frozen=True, slots=True)
class Corpse:
    """What lay in a dead-letter queue. `message` is None where `error` says why the body is no message."""

    #: The queue that it died in: `matches`, never `matches.DQ` or `matches.XQ`.
    queue: str
    body: bytes
    #: RabbitMQ's word: `rejected`, `expired`, `maxlen`, `delivery_limit`; `unknown` for what was put there by hand.
    reason: str
    died_at: dt.datetime
    #: How often it was delivered before it died, where the broker counts that.
    deliveries: int | None
    message: Message[Any] | None
    error: str | None

    @classmethod
    def of(
        cls, queue: str, body: bytes, *, reason: str = "unknown", died_at: dt.datetime, deliveries: int | None = None
    ) -> Corpse:
        message, error = None, None
        try:
            message = decode(body, queue)
        except DecodeError as refused:
            error = str(refused)
        return cls(queue, body, reason, died_at, deliveries, message, error)


Bury = Callable[[Corpse], None]


class Burials:
    """Buries one corpse after the other. One that cannot be buried stays where it is, and holds up no other."""

    def __init__(self, bury: Bury) -> None:
        self.count = 0
        self._bury = bury
        self._failure: Exception | None = None

    def buried(self, corpse: Corpse) -> bool:
        """Whether it was buried, and is to be settled. Raises TransientError: the others would fare no better."""
        try:
            self._bury(corpse)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001, raised when the others had their turn: it may be this one's fault
            self._failure = self._failure or error
            return False
        self.count += 1
        return True

    def raise_failure(self) -> None:
        """Raises what kept the first one from being buried, if anything did."""
        if self._failure is not None:
            raise self._failure
