"""RabbitMQ: what Dramatiq's broker leaves open is closed here (DESIGN section 3).

Who is authoritative for a message, and until when:

    enqueue ──confirm──► RabbitMQ ──delivery (consumer, tag)──► worker ──ack on that consumer──► gone
                            ▲                                     │
                            └── that consumer's connection ends ──┘ (delivered again, to whoever consumes)

A delivery belongs to the consumer it came by: after a reconnect tags start again at 1, so an ack by number alone would
ack another message. Confirms are always on: without one a message is not sent. Producers give up quickly; how long to
go on trying is theirs to say.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import pika
import pika.exceptions
from dramatiq import Consumer, Message, MessageProxy, Middleware
from dramatiq.brokers import rabbitmq
from dramatiq.common import current_millis, dq_name, q_name, xq_name
from dramatiq.errors import ConnectionClosed, DecodeError
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPChannelError, AMQPConnectionError, AMQPError

from contract.addresses import escape_password
from contract.broker.bodies import decode
from contract.broker.corpses import Burials
from contract.broker.corpses_rabbitmq import bury_all
from contract.broker.deliveries import Delivery
from contract.broker.errors import BrokerAway, BrokerMisconfigured
from contract.broker.patience import Patience
from contract.errors import ConfigurationError
from contract.names import held_at_once

#: Unless the URL's query says otherwise. In seconds, but for the number of attempts.
_DEFAULTS: Final[Mapping[str, float]] = {
    # a broker that is gone without a word is noticed in this time or twice that, also by who waits for a confirm
    "heartbeat": 20,
    # a memory or disk alarm: long enough for a short one; a worker's time limit is 120
    "blocked_connection_timeout": 10,
    "socket_timeout": 5,
    "stack_timeout": 10,
    "connection_attempts": 2,
    "retry_delay": 0.5,
}

#: A message is published once more, on a new connection, if the old one turns out to be dead within so many seconds:
#: it was closed while nobody looked. What takes longer is an outage, and the caller's to judge.
_STALE: Final = 5.0

#: What pika raises when something fails between us and the broker; not all of it is an AMQPError.
_FAILURES: Final = (AMQPError, AMQPConnectorException, OSError)

_PRECONDITION_FAILED: Final = 406
_NOT_FOUND: Final = 404

#: How RabbitMQ words a 406 for a queue that was declared otherwise.
_INEQUIVALENT: Final = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' for queue '(?P<queue>[^']+)' in vhost '(?P<vhost>[^']*)': "
    r"received (?P<ours>.+?) but current is (?P<theirs>.+)",
    re.DOTALL,
)


class RabbitBroker(rabbitmq.RabbitmqBroker):
    """Dramatiq's broker with confirms, bounded waiting, bound deliveries and dead letters that stay."""

    def __init__(self, url: str, *, middleware: list[Middleware]) -> None:
        super().__init__(confirm_delivery=True, middleware=middleware)
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
        again_until = time.monotonic() + _STALE
        while True:
            try:
                self.declare_queue(queue, ensure=True)
                self.emit_before("enqueue", message, delay)
                self._publish(message)
            except _FAILURES as error:
                del self.connection
                if isinstance(error, pika.exceptions.UnroutableError):
                    self.queues_pending.add(q_name(queue))
                if time.monotonic() > again_until or not _passes_with_a_new_connection(error):
                    refused = _translated(error, self.wanted)
                    self.patience.refused(refused)
                    raise refused from None
                again_until = 0.0
            else:
                self.emit_after("enqueue", message, delay)
                return message

    def _publish(self, message: Message[Any]) -> None:
        self.channel.basic_publish(
            exchange="",
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
        except _FAILURES as error:
            del self.connection
            raise _translated(error, self.wanted) from None
        self.queues_pending.discard(canonical_queue_name)

    def _declare_xq_queue(self, queue_name: str) -> Any:
        # Dramatiq lets dead messages expire after a week. They stay until a person acts; limits are a policy's.
        return self.channel.queue_declare(queue=xq_name(queue_name), durable=True)


class BoundConsumer(rabbitmq._RabbitmqConsumer):
    """A consumer whose messages can be settled with nobody else."""

    def __init__(self, broker: RabbitBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        self.closed = False
        try:
            super().__init__(broker, queue_name, prefetch, timeout)  # type: ignore[no-untyped-call]
        except (ConnectionClosed, *_FAILURES) as error:
            cause = error.message if isinstance(error, ConnectionClosed) else error
            _declare_again_if_missing(self, cause)
            self._disconnect()
            raise _translated(cause, broker.wanted) from None

    def __next__(self) -> MessageProxy | None:
        """The next message, or None where none came for a while. What is none is dead-lettered.

        Raises BrokerAway when the connection is gone.
        """
        try:
            method, _, body = next(self.iterator)
        except (AssertionError, *_FAILURES) as error:
            _declare_again_if_missing(self, error)
            lost = _translated(error, self.broker.wanted)
            self.broker.patience.trouble(self.queue_name, lost)
            raise lost from None
        self.broker.patience.well(self.queue_name)
        if method is None or body is None:
            return None
        try:
            message = decode(body, self.queue_name)
        except DecodeError as error:
            self.logger.error("Dead-lettered what is no message in queue %s: %s", self.queue_name, error)
            with suppress(*_FAILURES):  # it comes again then, and the next call says what is wrong
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
            with suppress(*_FAILURES):
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


def _is_news(record: logging.LogRecord) -> bool:
    """A line that broke cannot be closed in order, either, and what broke it was said."""
    return not str(record.msg).startswith("Encountered exception while closing")


def _declare_again_if_missing(consumer: BoundConsumer, error: Any) -> None:
    if getattr(error, "reply_code", None) == _NOT_FOUND:
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


def parameters(url: str) -> pika.URLParameters:
    """How pika connects to `url`. Raises ConfigurationError, without the password, where the URL cannot be used."""
    split = urlsplit(escape_password(url))
    try:
        wanted = pika.URLParameters(split.geturl())
    except (ValueError, TypeError, SyntaxError, OSError) as error:
        # what it says is about the query; a password is in the authority
        reason = "a user without a password" if isinstance(error, TypeError) else error
        raise ConfigurationError(
            f"RABBITMQ_URL cannot be used: {reason}",
            hint="expected amqp://user:password@host:5672/vhost, with pika's parameters as a query",
        ) from None
    # https://www.rabbitmq.com/docs/uri-spec: no path is the default vhost, and `/` the one with the empty name
    wanted.virtual_host = unquote(split.path[1:]) if split.path else "/"
    given = parse_qs(split.query)
    for name, value in _DEFAULTS.items():
        if name not in given:
            setattr(wanted, name, value)
    if "client_properties" not in given:
        program = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
        wanted.client_properties = {"connection_name": f"touchline {program} {os.getpid()}"}
    return wanted


def check(url: str) -> None:
    """Connect once and leave. Raises BrokerAway; BrokerMisconfigured where user, password or vhost are wrong."""
    with _connection(url):
        pass


def queue_depths(url: str, queues: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of each declared queue, with its `.DQ` and `.XQ`: messages ready, and consumers. Raises what `check` raises."""
    depths: dict[str, tuple[int, int]] = {}
    with _connection(url) as connection:
        for name in (name for queue in queues for name in (queue, dq_name(queue), xq_name(queue))):
            channel = connection.channel()
            try:
                found = channel.queue_declare(name, passive=True).method
            except pika.exceptions.ChannelClosedByBroker as error:
                if error.reply_code != _NOT_FOUND:
                    raise
                continue
            depths[name] = (found.message_count, found.consumer_count)
            channel.close()
    return depths


def drain(url: str, queues: Iterable[str], burials: Burials, limit: int) -> None:
    """See `contract.broker.drain`."""
    with _connection(url) as connection:
        bury_all(connection, queues, burials, limit)


@contextmanager
def _connection(url: str) -> Iterator[pika.BlockingConnection]:
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    wanted = parameters(url)
    wanted.connection_attempts = 1
    try:
        connection = pika.BlockingConnection(wanted)
        try:
            yield connection
        finally:
            if connection.is_open:
                connection.close()
    except _FAILURES as error:
        raise _translated(error, wanted) from None


def _passes_with_a_new_connection(error: BaseException) -> bool:
    """Whether it is worth publishing again at once. A broker that blocks or refuses now would do so again."""
    refused = (pika.exceptions.ConnectionBlockedTimeout, pika.exceptions.NackError)
    return isinstance(error, AMQPConnectionError | AMQPChannelError) and not isinstance(error, refused)


def _translated(error: Any, wanted: pika.URLParameters) -> BrokerAway | BrokerMisconfigured:
    """`error` as a sentence, without the password."""
    if isinstance(error, BrokerAway | BrokerMisconfigured):
        return error
    where = f"RabbitMQ at {wanted.host}:{wanted.port}"
    user = getattr(wanted.credentials, "username", "?")
    code, said = getattr(error, "reply_code", None), str(getattr(error, "reply_text", ""))
    if isinstance(error, pika.exceptions.ProbableAuthenticationError | pika.exceptions.AuthenticationError):
        return BrokerMisconfigured(
            f"{where} refuses user {user!r} or its password",
            hint="check RABBITMQ_URL; in a password / ? # and % are percent-encoded",
        )
    if isinstance(error, pika.exceptions.ProbableAccessDeniedError):
        return BrokerMisconfigured(
            f"{where} has no vhost {wanted.virtual_host!r}, or user {user!r} may not use it",
            hint="check the path of RABBITMQ_URL: none or /%2f is the default vhost, / alone the one without a name",
        )
    if code == _PRECONDITION_FAILED and (found := _INEQUIVALENT.search(said)):
        return BrokerMisconfigured(
            f"queue {found['queue']!r} in vhost {found['vhost']!r} was declared with other arguments: "
            f"{found['argument']} is {found['theirs']}, Touchline declares {found['ours']}",
            hint=f"empty that queue, then delete it (rabbitmqctl -p '{found['vhost']}' delete_queue {found['queue']}); "
            "limits and types of queues belong into policies",
        )
    if code in (402, 403, 530, _PRECONDITION_FAILED):
        return BrokerMisconfigured(f"{where} refuses: {said}", hint="check RABBITMQ_URL and the user's permissions")
    reason = _reason(error)
    if isinstance(reason, ssl.SSLError):
        return BrokerMisconfigured(
            f"{where}: no TLS: {reason.reason or reason}",
            hint="does the port speak TLS (usually 5671 does)? is its certificate trusted (ssl_options in the URL)?",
        )
    if isinstance(error, pika.exceptions.ConnectionBlockedTimeout):
        return BrokerAway(f"{where} takes no messages now: a memory or disk alarm", hint="rabbitmqctl status shows it")
    if isinstance(error, pika.exceptions.NackError):
        return BrokerAway(f"{where} refused the message: its queue is full", hint="see touchline queues")
    text = said or (reason.strerror if isinstance(reason, OSError) else str(reason)) or type(reason).__name__
    return BrokerAway(f"{where} does not answer: {text}", hint="is it running? is RABBITMQ_URL right?")


def _reason(error: Any) -> Any:
    """The innermost exception: pika wraps those of the network in its own, two or three deep."""
    seen = error
    while True:
        inner = getattr(seen, "exception", None)
        inner = inner or next((part for part in getattr(seen, "args", ()) if isinstance(part, BaseException)), None)
        if inner is None:
            return seen
        seen = inner
