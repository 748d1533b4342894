"""RabbitMQ's consumers: a delivery is settled with the consumer that it came by, and with nobody else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from dramatiq import Message, MessageProxy
from dramatiq.brokers import rabbitmq
from dramatiq.common import current_millis, q_name
from dramatiq.errors import ConnectionClosed, DecodeError
from pika.exceptions import AMQPConnectionError

from contract.broker.bodies import decode
from contract.broker.deliveries import Delivery
from contract.broker.errors_rabbitmq import FAILURES, NOT_FOUND, connecting, translated

if TYPE_CHECKING:
    from contract.broker.rabbitmq import RabbitBroker


class BoundConsumer(rabbitmq._RabbitmqConsumer):
    """A consumer whose messages can be settled with nobody else."""

    def __init__(self, broker: RabbitBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        self.closed = False
        try:
            with connecting():
                super().__init__(broker, queue_name, prefetch, timeout)  # type: ignore[no-untyped-call]
        except (ConnectionClosed, *FAILURES) as error:
            cause = error.message if isinstance(error, ConnectionClosed) else error
            _declare_again_if_missing(self, cause)
            self._disconnect()
            raise translated(cause, broker.wanted) from None

    def __next__(self) -> MessageProxy | None:
        """The next message, or None where none came for a while. What is none is dead-lettered.

        Raises BrokerAway when the connection is gone.
        """
        try:
            method, _, body = next(self.iterator)
        except (AssertionError, *FAILURES) as error:
            _declare_again_if_missing(self, error)
            lost = translated(error, self.broker.wanted)
            self.broker.patience.trouble(self.queue_name, lost)
            raise lost from None
        self.broker.patience.well(self.queue_name)
        if method is None or body is None:
            return None
        try:
            message = decode(body, self.queue_name)
        except DecodeError as error:
            self.logger.error("Dead-lettered what is no message in queue %s: %s", self.queue_name, error)
            with suppress(*FAILURES):  # it comes again then, and the next call says what is wrong
                self.channel.basic_nack(method.delivery_tag, requeue=False)
            return None
        _reckon_by_our_clock(message)
        self.known_tags.add(method.delivery_tag)
        return BoundDelivery(self, method.delivery_tag, message, redelivered=method.redelivered)

    def ack(self, message: MessageProxy) -> None:
        """Settle `message` as done. Without effect if it came by another connection: it is delivered again."""
        self._settle(message, self.channel.basic_ack)

    def nack(self, message: MessageProxy) -> None:
        """Settle `message` as dead. Without effect if it came by another connection: it is delivered again."""
        self._settle(message, partial(self.channel.basic_nack, requeue=False))

    def close(self) -> None:
        self.closed = True
        try:
            super().close()  # type: ignore[no-untyped-call]
        finally:
            self._disconnect()

    def _disconnect(self) -> None:
        """Dramatiq leaves the connection open where only the channel failed, and the next consumer has its own."""
        connection = getattr(self, "connection", None)
        if connection is not None and connection.is_open:
            with suppress(*FAILURES):
                connection.close()

    def _settle(self, message: MessageProxy, how: Callable[[int], None]) -> None:
        if not isinstance(message, BoundDelivery) or message.consumer is not self:
            self.logger.warning("Message %s came by an earlier connection and is delivered again.", message.message_id)
            return
        if message.returned:
            how = partial(self.channel.basic_nack, requeue=True)
        elif message.buried:
            how = self.channel.basic_ack
        self.known_tags.discard(message.tag)
        try:
            self.connection.add_callback_threadsafe(partial(how, message.tag))
        except AMQPConnectionError:
            # Dramatiq would try again for ever; without its connection there is nothing left to settle
            self.logger.warning("Message %s is delivered again: its connection is gone.", message.message_id)


def _declare_again_if_missing(consumer: BoundConsumer, error: Any) -> None:
    if getattr(error, "reply_code", None) == NOT_FOUND:
        consumer.broker.queues_pending.add(q_name(consumer.queue_name))


def _reckon_by_our_clock(message: Message[Any]) -> None:
    """A delay ends no later than its length from now: the clock of whoever said when it is due may be an hour wrong."""
    eta, delay = message.options.get("eta"), message.options.pop("delay", None)
    if isinstance(eta, int | float) and isinstance(delay, int | float):
        message.options["eta"] = min(eta, current_millis() + delay)


class BoundDelivery(Delivery):
    """A message, and the consumer and the tag that it came by."""

    def __init__(self, consumer: BoundConsumer, tag: int, message: Message[Any], *, redelivered: bool) -> None:
        super().__init__(message, redelivered=redelivered)
        self.consumer = consumer
        self.tag = tag

    @property
    def overtaken(self) -> bool:
        return self.consumer.closed or not self.consumer.connection.is_open
