"""How RabbitMQ's queues were declared, against how we do it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pika
from dramatiq.common import dq_name, xq_name
from pika.exceptions import ChannelClosedByBroker

from contract.broker.connections_rabbitmq import connection_to, parameters
from contract.broker.errors import BrokerMisconfigured, NotForThisUser
from contract.broker.errors_rabbitmq import NOT_FOUND, REFUSED, translated


def misdeclared(url: str, queues: Iterable[str]) -> list[BrokerMisconfigured]:
    """What is wrong with queues that are there: declared otherwise than we do, or without those that belong to them.

    Declares nothing that is missing. Raises what `check` raises; NotForThisUser where a queue must not be declared.
    """
    found: list[BrokerMisconfigured] = []
    with connection_to(url) as connection:
        for queue in queues:
            arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": xq_name(queue)}
            declared = {queue: arguments, dq_name(queue): arguments, xq_name(queue): None}
            said = {name: _said(connection, name, own) for name, own in declared.items()}
            missing = [name for name, error in said.items() if error is not None and error.reply_code == NOT_FOUND]
            if len(missing) == len(declared):
                continue  # nobody has used it yet
            for name, error in said.items():
                if name in missing:
                    found.append(_missing(name))
                elif error is not None and error.reply_code == REFUSED:
                    raise NotForThisUser(str(translated(error, parameters(url))))
                elif error is not None:
                    wrong = translated(error, parameters(url))
                    found.append(BrokerMisconfigured(str(wrong), hint=wrong.hint))
    return found


def _said(
    connection: pika.BlockingConnection, queue: str, arguments: dict[str, Any] | None
) -> ChannelClosedByBroker | None:
    """What RabbitMQ says to a queue that is missing, or has other arguments. None: it is as it should be."""
    channel = connection.channel()
    try:
        channel.queue_declare(queue, passive=True)
        channel.queue_declare(queue, durable=True, arguments=arguments)
    except ChannelClosedByBroker as error:
        return error
    channel.close()
    return None


def _missing(queue: str) -> BrokerMisconfigured:
    return BrokerMisconfigured(
        f"queue {queue!r} is missing, and others that belong to it are there",
        hint="a worker that starts makes it; until then what the broker gives up may be lost",
    )
