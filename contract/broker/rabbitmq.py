"""RabbitMQ: what Dramatiq's broker leaves open is closed here (DESIGN section 3).

Who is authoritative for a message, and until when:

    enqueue ──confirm──► RabbitMQ ──delivery (consumer, tag)──► worker ──ack on that consumer──► gone
                            ▲                                     │
                            └── that consumer's connection ends ──┘ (delivered again, to whoever consumes)

A delivery belongs to the consumer it came by: after a reconnect tags start again at 1, so an ack by number alone would
ack another message. Confirms are always on: without one a message is not sent. Producers give up quickly; how long to
go on trying is theirs to say.

With an exchange, whoever only publishes needs no other permission than to write to it: nothing is declared, and queues
are bound to it by their names. Delayed messages, which only workers have, go by the default exchange all the same.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import pika
import pika.exceptions
from dramatiq import Consumer, Message, Middleware
from dramatiq.brokers import rabbitmq
from dramatiq.common import current_millis, dq_name, q_name, xq_name
from pika.exceptions import AMQPChannelError, AMQPConnectionError

from contract.broker.connections_rabbitmq import parameters
from contract.broker.consumers_rabbitmq import BoundConsumer
from contract.broker.errors import BrokerAway, BrokerMisconfigured
from contract.broker.errors_rabbitmq import FAILURES, NOT_FOUND, REFUSED, connecting, translated, unroutable
from contract.broker.patience import Patience
from contract.names import held_at_once

#: A message is published once more, on a new connection, if the old one turns out to be dead within so many seconds:
#: it was closed while nobody looked. What takes longer is an outage, and the caller's to judge.
_STALE: Final = 5.0


class RabbitBroker(rabbitmq.RabbitmqBroker):
    """Dramatiq's broker with confirms, bounded waiting, bound deliveries and dead letters that stay.

    `exchange` takes what is published; the default one is `""`.
    """

    def __init__(self, url: str, *, exchange: str = "", middleware: list[Middleware]) -> None:
        super().__init__(confirm_delivery=True, middleware=middleware)
        self.exchange = exchange
        self.wanted = parameters(url)
        self.parameters = [self.wanted]
        self.patience = Patience()
        self.add_middleware(self.patience)
        # pika logs a traceback for each connection that fails; the errors raised here say it in a sentence
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        self.logger.addFilter(_is_news)

    @property
    def consumer_class(self) -> type[BoundConsumer]:
        return BoundConsumer

    def _connection(self) -> Any:
        with connecting():
            return rabbitmq.RabbitmqBroker.connection.fget(self)  # type: ignore[attr-defined]

    connection = property(_connection, None, rabbitmq.RabbitmqBroker.connection.fdel)  # type: ignore[attr-defined]

    def _channel(self) -> Any:
        """This thread's channel. Kept only once it confirms: Dramatiq would go on with one on which that failed."""
        channel = getattr(self.state, "channel", None)
        if channel is None:
            channel = self.connection.channel()
            channel.confirm_delivery()
            self.channels.add(channel)
            self.state.channel = channel
        return channel

    channel = property(_channel, None, rabbitmq.RabbitmqBroker.channel.fdel)  # type: ignore[attr-defined]

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        prefetch = held_at_once(queue_name, prefetch)
        return self.patience.consumer(queue_name, lambda: self._consumer(queue_name, prefetch, timeout))

    def _consumer(self, queue_name: str, prefetch: int, timeout: int) -> Consumer:
        try:
            return super().consume(queue_name, prefetch, timeout)
        finally:
            # the one that the queue was declared on: nobody would answer its heartbeats, and the consumer has its own
            del self.connection

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Returns once RabbitMQ has confirmed the message. `delay` is in milliseconds.

        Raises BrokerAway or BrokerMisconfigured. It may have arrived all the same, if only the confirm was lost.
        """
        queue = message.queue_name
        if delay is not None:
            message = message.copy(queue_name=dq_name(queue), options={"eta": current_millis() + delay, "delay": delay})
        exchange = self.exchange if delay is None and message.queue_name == q_name(queue) else ""
        again_until = time.monotonic() + _STALE
        while True:
            try:
                self.declare_queue(queue, ensure=not exchange)
                self.emit_before("enqueue", message, delay)
                self._publish(message, exchange)
            except FAILURES as error:
                del self.connection
                if isinstance(error, pika.exceptions.UnroutableError):
                    if exchange:
                        raise self._refused(unroutable(queue, exchange, self.wanted)) from None
                    self.queues_pending.add(q_name(queue))
                if time.monotonic() > again_until or not _passes_with_a_new_connection(error):
                    raise self._refused(translated(error, self.wanted)) from None
                again_until = 0.0
            else:
                self.emit_after("enqueue", message, delay)
                return message

    def _refused(self, error: BrokerAway | BrokerMisconfigured) -> BrokerAway | BrokerMisconfigured:
        self.patience.refused(error)
        return error

    def _publish(self, message: Message[Any], exchange: str) -> None:
        self.channel.basic_publish(
            exchange=exchange,
            routing_key=message.queue_name,
            body=message.encode(),
            properties=pika.BasicProperties(delivery_mode=2, priority=message.options.get("broker_priority")),
            mandatory=True,
        )

    def _ensure_queue(self, canonical_queue_name: str) -> None:
        if canonical_queue_name not in self.queues_pending:
            return
        try:
            self._declare_queue(canonical_queue_name)  # type: ignore[no-untyped-call]
            self._declare_dq_queue(canonical_queue_name)  # type: ignore[no-untyped-call]
            self._declare_xq_queue(canonical_queue_name)
        except FAILURES as error:
            del self.connection
            raise translated(error, self.wanted) from None
        self.queues_pending.discard(canonical_queue_name)

    def _declare_xq_queue(self, queue_name: str) -> Any:
        # Dramatiq lets dead messages expire after a week. They stay until a person acts; limits are a policy's.
        return self.channel.queue_declare(queue=xq_name(queue_name), durable=True)


def _is_news(record: logging.LogRecord) -> bool:
    """A line that broke cannot be closed in order, either, and what broke it was said."""
    return not str(record.msg).startswith("Encountered exception while closing")


def _passes_with_a_new_connection(error: BaseException) -> bool:
    """Whether it is worth publishing again at once. A broker that blocks or refuses now would do so again."""
    refused = (pika.exceptions.ConnectionBlockedTimeout, pika.exceptions.NackError)
    if getattr(error, "reply_code", None) in (REFUSED, NOT_FOUND):
        return False
    return isinstance(error, AMQPConnectionError | AMQPChannelError) and not isinstance(error, refused)
