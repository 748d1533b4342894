"""How the queue is reached: RabbitMQ, or PostgreSQL where no other server is wanted. The address decides.

Actors, middleware, dead letters and accounting are the same on both; tests/conformance holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from contract import places
from contract.addresses import AMQP_SCHEMES, POSTGRES_SCHEMES, scheme_of
from contract.errors import ConfigurationError
from contract.names import QUEUES

if TYPE_CHECKING:
    from dramatiq import Broker, Middleware

    from contract.broker.corpses import Corpse
    from contract.broker.errors import BrokerMisconfigured

__all__ = ["check", "drain", "make_broker", "misdeclared", "neglected", "oldest_ready", "queue_depths"]


def make_broker(url: str, *, exchange: str = "", middleware: list[Middleware] | None = None) -> Broker:
    """The broker at `url`: `amqp(s)://`, `postgresql://`, or `embedded://` (see `contract.places.broker_address`).

    Nothing is connected yet: that is done by the first message, in each thread. `exchange` is RabbitMQ's that takes
    what is published, `""` its default one. `middleware` is all there is of it; None means none at all, which is a
    producer.
    Raises ConfigurationError for any other address.
    """
    scheme = scheme_of(url)
    if scheme in AMQP_SCHEMES:
        from contract.broker.rabbitmq import RabbitBroker

        return RabbitBroker(url, exchange=exchange, middleware=middleware or [])
    from contract.broker.embedded import EmbeddedBroker

    if scheme in POSTGRES_SCHEMES:
        return EmbeddedBroker(url, middleware=middleware or [])
    if scheme == places.EMBEDDED:
        return EmbeddedBroker(places.embedded(places.home_of(url)).start, middleware=middleware or [])
    raise _unknown(scheme)


def check(url: str, exchange: str = "") -> None:
    """Connect once and leave. Raises UnreachableError; ConfigurationError where user, password or vhost are wrong,
    or RabbitMQ has no such exchange.
    """
    scheme = scheme_of(url)
    if scheme in AMQP_SCHEMES:
        from contract.broker import connections_rabbitmq as rabbitmq

        rabbitmq.check(url, exchange)
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
        from contract.broker import connections_rabbitmq as rabbitmq

        return rabbitmq.queue_depths(url, queues)
    from contract.broker import embedded

    return embedded.queue_depths(_postgres_url(url), queues)


def oldest_ready(url: str, queues: Iterable[str] = QUEUES) -> Mapping[str, float] | None:
    """Of each queue in which messages are ready, for how many seconds the first has been; None where that is not told.

    RabbitMQ tells nobody but administrators. Raises what `check` raises.
    """
    if scheme_of(url) in AMQP_SCHEMES:
        return None
    from contract.broker import embedded

    return embedded.oldest(_postgres_url(url), queues)


def neglected(depths: Mapping[str, tuple[int, int]]) -> list[str]:
    """The queues in which something waits that no consumer takes (SOURCES section 3.4)."""
    return [queue for queue in QUEUES if depths.get(queue, (0, 0))[0] and not depths[queue][1]]


def misdeclared(url: str, queues: Iterable[str] = QUEUES) -> list[BrokerMisconfigured]:
    """What is wrong with how queues are declared, `.DQ` and `.XQ` among them. Raises what `check` raises."""
    if scheme_of(url) not in AMQP_SCHEMES:
        return []  # rows of one table
    from contract.broker import declarations

    return declarations.misdeclared(url, queues)


def drain(url: str, queues: Iterable[str], bury: Callable[[Corpse], None], *, limit: int = 500) -> int:
    """Empty the dead-letter queues of `queues` into `bury`, oldest first. Returns how many were buried, up to `limit`.

    A corpse is settled when `bury` has returned; where that raises it stays, and comes again. A TransientError ends it
    at once, anything else is raised when the others had their turn. Several may drain at once: no two have the same
    corpse, unless one of them dies before it settled it. Raises what `check` raises, too.
    """
    from contract.broker.corpses import Burials

    burials = Burials(bury)
    scheme = scheme_of(url)
    if scheme in AMQP_SCHEMES:
        from contract.broker import connections_rabbitmq as rabbitmq

        rabbitmq.drain(url, queues, burials, limit)
    else:
        from contract.broker import embedded

        embedded.drain(_postgres_url(url), queues, burials, limit)
    burials.raise_failure()
    return burials.count


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
