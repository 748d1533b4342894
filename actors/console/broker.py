"""The queue as a request sees it: a connection of its own, for the time of the request.

Requests that send are few, and a connection that is kept would have to be watched while nobody sends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dramatiq import Broker

from contract.broker import make_broker
from contract.places import broker_url
from contract.settings import Settings


@contextmanager
def sending(settings: Settings) -> Iterator[Broker]:
    """A broker that confirms what it takes. Raises BrokerAway or BrokerMisconfigured, now or when it is sent to."""
    broker = make_broker(broker_url(settings), exchange=settings.rabbitmq_exchange)
    try:
        yield broker
    finally:
        broker.close()
