"""How the queue is reached: RabbitMQ, or PostgreSQL where no other server is wanted. The address decides.

Actors, middleware, dead letters and accounting are the same on both; tests/conformance holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from contract import places
from contract.addresses import AMQP_SCHEMES, POSTGRES_SCHEMES, scheme_of
from contract.errors import ConfigurationError
from contract.names import QUEUES

if TYPE_CHECKING:
    from dramatiq import Broker, Middleware

__all__ = ["check", "make_broker", "queue_depths"]


def make_broker(url: str, *, middleware: list[Middleware] | None = None) -> Broker:
    """The broker at `url`: `amqp(s)://`, `postgresql://`, or `embedded://` (see `contract.places.broker_address`).

    Nothing is connected yet: that is done by the first message, in each thread. `middleware` is all there is of it;
    None means none at all, which is a producer. Raises ConfigurationError for any other address.
    """
    scheme = scheme_of(url)
    if scheme in AMQP_SCHEMES:
        from contract.broker.rabbitmq import RabbitBroker

        return RabbitBroker(url, middleware=middleware or [])
    from contract.broker.embedded import EmbeddedBroker

    if scheme in POSTGRES_SCHEMES:
        return EmbeddedBroker(url, middleware=middleware or [])
    if scheme == places.EMBEDDED:
        return EmbeddedBroker(places.embedded(places.home_of(url)).start, middleware=middleware or [])
    raise _unknown(scheme)


def check(url: str) -> None:
    """Connect once and leave. Raises UnreachableError; ConfigurationError where user, password or vhost are wrong."""
    scheme = scheme_of(url)
    if scheme in AMQP_SCHEMES:
        from contract.broker import rabbitmq

        rabbitmq.check(url)
        return
    from contract.broker import embedded

    embedded.check(_postgres_url(url))


def queue_depths(url: str, queues: Iterable[str] = QUEUES) -> Mapping[str, tuple[int, int]]:
    """How many messages of each queue are ready, and how many workers consume it.

    For `name` there are also `name.DQ` (delayed) and `name.XQ` (dead). A queue that nobody has declared is missing.
    Raises what `check` raises.
    """
    scheme = scheme_of(url)
    if scheme in AMQP_SCHEMES:
        from contract.broker import rabbitmq

        return rabbitmq.queue_depths(url, queues)
    from contract.broker import embedded

    return embedded.queue_depths(_postgres_url(url), queues)


def _postgres_url(url: str) -> str:
    scheme = scheme_of(url)
    if scheme in POSTGRES_SCHEMES:
        return url
    if scheme == places.EMBEDDED:
        return places.embedded(places.home_of(url)).start()
    raise _unknown(scheme)


def _unknown(scheme: str) -> ConfigurationError:
    return ConfigurationError(
        f"there is no queue of the kind {scheme!r}",
        hint="RABBITMQ_URL must start with amqp:// or amqps://, DATABASE_URL with postgresql://",
    )
