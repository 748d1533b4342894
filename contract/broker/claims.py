"""A worker's claims on messages of the embedded queue: made, handed to worker threads, settled or given back.

A claim is known by its mark, the time at which it was made. Whatever is claimed is remembered until it is settled, by
the broker and not by the consumer: Dramatiq replaces consumers whenever a connection breaks.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dramatiq import Consumer, Message, MessageProxy
from dramatiq.errors import DecodeError
from dramatiq.logging import get_logger

from contract.broker.bodies import decode
from contract.broker.deliveries import Delivery
from contract.broker.errors import BrokerAway, BrokerMisconfigured
from contract.broker.statements import SCHEMA, statement

if TYPE_CHECKING:
    from contract.broker.embedded import EmbeddedBroker


class Settler(Consumer):
    """Settles the claims of one queue; needs no connection of its own, so that it works whenever the broker does."""

    def __init__(self, broker: EmbeddedBroker, queue_name: str, claims: Claims) -> None:
        self.broker = broker
        self.queue_name = queue_name
        self.claims = claims
        self.logger = get_logger(__name__, type(self))
        self.wakeup = threading.Event()

    def ack(self, message: MessageProxy) -> None:
        """Settle `message` as done. Without effect if it is not this claim's any more. Raises BrokerAway."""
        delivery = _delivery(message)
        if delivery.returned:
            self.requeue([delivery])
            return
        self._execute("ack", delivery.message_id, delivery.claim)
        self._settled(delivery)

    def nack(self, message: MessageProxy) -> None:
        """Settle `message` as dead. Without effect if it is not this claim's any more. Raises BrokerAway."""
        delivery = _delivery(message)
        if delivery.returned or delivery.buried:
            self.ack(delivery)
            return
        self._execute("reject", delivery.message_id, delivery.claim, message=delivery.encode().decode())
        self._settled(delivery)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give back messages that were not begun. Raises BrokerAway."""
        held = [_delivery(message) for message in messages]
        if not held:
            return
        ids, claims = [message.message_id for message in held], [message.claim for message in held]
        with self.broker.connection() as connection:
            wanted = {"message_ids": ids, "claims": claims, "worker": self.broker.worker_id}
            connection.execute(statement("release"), wanted)
        for message in held:
            self._settled(message)

    def _settled(self, message: ClaimedDelivery) -> None:
        self.claims.remove(message)
        self.wakeup.set()

    def _execute(self, name: str, message_id: str, claim: datetime, **values: Any) -> None:
        with self.broker.connection() as connection:
            done = connection.execute(
                statement(name), {"message_id": message_id, "claim": claim, "worker": self.broker.worker_id, **values}
            )
        if not done.rowcount:
            self.logger.debug("Message %s was enqueued again, or is another worker's by now.", message_id)


class EmbeddedConsumer(Settler):
    """Claims messages of one queue. What it has claimed outlives it: the next consumer of the queue goes on with it."""

    def __init__(self, broker: EmbeddedBroker, queue_name: str, claims: Claims, prefetch: int, timeout: float) -> None:
        super().__init__(broker, queue_name, claims)
        self.prefetch = prefetch
        self.timeout = timeout
        self._channel = f"{SCHEMA}.{queue_name}"
        with broker.connection():
            pass  # the tables are there before anybody listens
        broker.listening.subscribe(self._channel, self.wakeup)

    def __next__(self) -> MessageProxy | None:
        """The next message, or None where none came for a while. Raises BrokerAway."""
        try:
            delivery = self._next()
        except (BrokerAway, BrokerMisconfigured) as error:
            self.broker.patience.trouble(self.queue_name, error)
            raise
        self.broker.patience.well(self.queue_name)
        return delivery

    def _next(self) -> MessageProxy | None:
        self.broker.keep_alive()
        delivery = self.claims.next()
        if delivery is None:
            self.wakeup.clear()  # before looking: what comes while we look must not be slept over
            self._claim(self.prefetch - self.claims.held())
            delivery = self.claims.next()
        if delivery is None:
            self.wakeup.wait(min(self.timeout, self.broker.poll_interval))
        return delivery

    def _claim(self, limit: int) -> None:
        if limit <= 0:
            return
        with self.broker.connection() as connection:
            suspects = 0 if self.claims.hold_suspect() else 1
            wanted = {
                "queue": self.queue_name,
                "limit": limit,
                "suspects": suspects,
                "worker": self.broker.worker_id,
            }
            rows = connection.execute(statement("claim"), wanted).fetchall()
        for message_id, body, claim, _, deliveries in sorted(rows, key=lambda row: row[3]):
            try:
                message = _message(message_id, body, self.queue_name)
            except DecodeError as error:
                self.logger.error("Rejected what is no message in queue %s: %s", self.queue_name, error)
                self._execute("reject", message_id, claim, message=None)
            else:
                self.claims.add(ClaimedDelivery(message, claim, redelivered=deliveries > 1))

    def close(self) -> None:
        """Give back what no worker thread has seen. Raises BrokerAway."""
        self.broker.listening.unsubscribe(self._channel, self.wakeup)
        waiting = self.claims.take_waiting()
        try:
            self.requeue(waiting)
        except BrokerAway:
            self.claims.put_back(waiting)  # for the consumer that comes next
            raise


class ClaimedDelivery(Delivery):
    """A message, and the mark of the claim that it came by."""

    def __init__(self, message: Message[Any], claim: datetime, *, redelivered: bool) -> None:
        super().__init__(message, redelivered=redelivered)
        self.claim = claim


@dataclass(slots=True)
class Claims:
    """What this worker has claimed of one queue and not settled yet. Consumer and worker threads share it."""

    _waiting: deque[ClaimedDelivery] = field(default_factory=deque)
    _held: dict[str, ClaimedDelivery] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def add(self, delivery: ClaimedDelivery) -> None:
        with self._mutex:
            self._held[delivery.message_id] = delivery
            self._waiting.append(delivery)

    def next(self) -> ClaimedDelivery | None:
        """The next one for a worker thread."""
        with self._mutex:
            return self._waiting.popleft() if self._waiting else None

    def take_waiting(self) -> list[ClaimedDelivery]:
        """Those that no worker thread has seen."""
        with self._mutex:
            waiting, self._waiting = list(self._waiting), deque()
            return waiting

    def put_back(self, waiting: list[ClaimedDelivery]) -> None:
        """`waiting` was not given back after all."""
        with self._mutex:
            self._waiting.extendleft(reversed(waiting))

    def remove(self, delivery: ClaimedDelivery) -> None:
        with self._mutex:
            # the same message may have been claimed anew meanwhile
            if self._held.get(delivery.message_id) is delivery:
                del self._held[delivery.message_id]

    def held(self) -> int:
        with self._mutex:
            return len(self._held)

    def hold_suspect(self) -> bool:
        """Whether one of them was delivered before."""
        with self._mutex:
            return any(delivery.redelivered for delivery in self._held.values())

    def known(self) -> list[str]:
        with self._mutex:
            return list(self._held)


def _delivery(message: MessageProxy) -> ClaimedDelivery:
    assert isinstance(message, ClaimedDelivery), "every message of this broker's is one"
    return message


def _message(message_id: str, body: str, queue: str) -> Message[Any]:
    message = decode(body.encode(), queue)
    if message.message_id != message_id:
        raise DecodeError(f"message_id of the message is not its row's, {message_id}", body, None)
    message.options.pop("eta", None)  # it is due, else it had not been claimed
    return message
