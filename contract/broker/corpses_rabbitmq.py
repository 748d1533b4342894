"""Empties RabbitMQ's dead-letter queues, see `contract.broker.drain`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pika
import pika.exceptions
from dramatiq.common import xq_name
from pika.adapters.blocking_connection import BlockingChannel

from contract.broker.corpses import Burials, Corpse

#: RabbitMQ 4 drops a message from a quorum queue after 20 deliveries unless a policy says otherwise, and one from a
#: dead-letter queue for good. Those that came this often are replaced by a copy, which counts from the start.
_OFTEN: Final = 8

_COUNTERS: Final = ("x-delivery-count", "x-acquired-count")

_NOT_FOUND: Final = 404


def bury_all(connection: pika.BlockingConnection, queues: Iterable[str], burials: Burials, limit: int) -> None:
    """Take up to `limit` corpses. What is left unsettled goes back to its place when `connection` is closed."""
    taken = 0
    for queue in queues:
        channel = connection.channel()
        channel.confirm_delivery()
        try:
            while taken < limit and (found := _take(channel, queue)) is not None:
                corpse, tag = found
                taken += 1
                if burials.buried(corpse):
                    channel.basic_ack(tag)
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != _NOT_FOUND:
                raise
            # nobody has declared the queue, so nothing died in it


def _take(channel: BlockingChannel, queue: str) -> tuple[Corpse, int] | None:
    """The oldest corpse of `queue` and its delivery tag. None: there is none."""
    while True:
        method, properties, body = channel.basic_get(xq_name(queue))
        if method is None or properties is None or body is None:
            return None
        headers: Mapping[str, Any] = properties.headers or {}
        if headers.get("x-delivery-count", 0) < _OFTEN:
            return _corpse(queue, headers, body), method.delivery_tag
        kept = {name: value for name, value in headers.items() if name not in _COUNTERS}
        again = pika.BasicProperties(delivery_mode=2, headers=kept)
        channel.basic_publish("", xq_name(queue), body, again, mandatory=True)
        channel.basic_ack(method.delivery_tag)


def _corpse(queue: str, headers: Mapping[str, Any], body: bytes) -> Corpse:
    deaths = headers.get("x-death")
    latest: Mapping[str, Any] = deaths[0] if isinstance(deaths, list) and deaths and isinstance(deaths[0], dict) else {}
    died_at = latest.get("time")
    if not isinstance(died_at, dt.datetime):
        died_at = dt.datetime.now(dt.UTC)
    elif died_at.tzinfo is None:
        died_at = died_at.replace(tzinfo=dt.UTC)  # pika has the time in UTC, and does not say so
    reason = latest.get("reason")
    return Corpse.of(queue, body, reason=reason if isinstance(reason, str) else "unknown", died_at=died_at)
