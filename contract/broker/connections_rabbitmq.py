"""Connections to RabbitMQ: how an address is meant, and what is asked of the server without Dramatiq."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pika
import pika.exceptions
from dramatiq.common import dq_name, xq_name

from contract.addresses import escape_password, without_user
from contract.broker import tls
from contract.broker.corpses import Burials
from contract.broker.corpses_rabbitmq import bury_all
from contract.broker.errors_rabbitmq import FAILURES, NOT_FOUND, connecting, translated
from contract.errors import ConfigurationError

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


def parameters(url: str) -> pika.URLParameters:
    """How pika connects to `url`. Raises ConfigurationError, without the password, where the URL cannot be used."""
    split = urlsplit(escape_password(url))
    query = parse_qsl(split.query, keep_blank_values=True)
    secured = {name: value for name, value in query if name in tls.NAMES}
    transport = tls.options(split.scheme, secured)
    plain = split._replace(query=urlencode([(name, value) for name, value in query if name not in tls.NAMES])).geturl()
    try:
        wanted = pika.URLParameters(without_user(plain) if tls.is_external(secured) else plain)
    except (ValueError, TypeError, SyntaxError, OSError) as error:
        # what it says is about the query; a password is in the authority
        reason = "a user without a password" if isinstance(error, TypeError) else error
        raise ConfigurationError(
            f"RABBITMQ_URL cannot be used: {reason}",
            hint="expected amqp://user:password@host:5672/vhost, with pika's parameters as a query",
        ) from None
    # https://www.rabbitmq.com/docs/uri-spec: no path is the default vhost, and `/` the one with the empty name
    wanted.virtual_host = unquote(split.path[1:]) if split.path else "/"
    given = dict(query)
    for name, value in _DEFAULTS.items():
        if name not in given:
            setattr(wanted, name, value)
    if transport is not None:
        wanted.ssl_options = transport
    if tls.is_external(secured):
        wanted.credentials = pika.credentials.ExternalCredentials()
    if "client_properties" not in given:
        program = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
        wanted.client_properties = {"connection_name": f"touchline {program} {os.getpid()}"}
    return wanted


def check(url: str, exchange: str) -> None:
    """Connect once and leave.

    Raises BrokerAway; BrokerMisconfigured where user, password or vhost are wrong, or there is no such exchange.
    """
    with connection_to(url) as connection:
        if exchange:
            connection.channel().exchange_declare(exchange, passive=True)


def queue_depths(url: str, queues: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of each declared queue, with its `.DQ` and `.XQ`: messages ready, and consumers. Raises what `check` raises."""
    depths: dict[str, tuple[int, int]] = {}
    with connection_to(url) as connection:
        for name in (name for queue in queues for name in (queue, dq_name(queue), xq_name(queue))):
            channel = connection.channel()
            try:
                found = channel.queue_declare(name, passive=True).method
            except pika.exceptions.ChannelClosedByBroker as error:
                if error.reply_code != NOT_FOUND:
                    raise
                continue
            depths[name] = (found.message_count, found.consumer_count)
            channel.close()
    return depths


def drain(url: str, queues: Iterable[str], burials: Burials, limit: int) -> None:
    """See `contract.broker.drain`."""
    with connection_to(url) as connection:
        bury_all(connection, queues, burials, limit)


@contextmanager
def connection_to(url: str) -> Iterator[pika.BlockingConnection]:
    """One try, closed at the end. What fails in it is raised as `check` raises it."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    wanted = parameters(url)
    wanted.connection_attempts = 1
    try:
        with connecting():
            connection = pika.BlockingConnection(wanted)
        try:
            yield connection
        finally:
            if connection.is_open:
                connection.close()
    except FAILURES as error:
        raise translated(error, wanted) from None
