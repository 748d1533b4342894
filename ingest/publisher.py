"""Sends a run's messages to the broker, or keeps them on disk: nothing that was read is lost.

Where a message is, seen from here:

    send ──► trying ──confirm──► confirmed
               │  ▲
               │  └── backoff: away or refusing, for at most `timeout` seconds in a row
               └── time is up ──► spooled, and so is everything that the run sends later
               └── the broker says that the settings are wrong ──► spooled at once; `misconfigured` says what to mend

The broker is authoritative for what is confirmed (publisher confirms are on), the spool for the rest. A message may be
in both (the confirm was lost on its way): the other side knows it by its id. The publisher is used by one thread,
since a Dramatiq broker keeps a connection a thread: one connection a run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from types import TracebackType
from typing import Any, Final, Self

import dramatiq
import structlog
from dramatiq.errors import BrokerError

from contract.errors import ConfigurationError, TransientError
from contract.places import broker_address
from contract.settings import Settings
from ingest.batches import message_to
from ingest.spool import Spool

log = structlog.get_logger()

#: Seconds: the first wait is up to this long, each further one up to twice as long, none longer than the second.
FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 5.0

#: What a broker raises that is away or refuses; each may pass by itself. Anything else is a bug of ours and propagates:
#: the run then fails, remembers no ETag, and the next one reads the same again.
AWAY: Final = (BrokerError, TransientError, OSError)


class Delivery(Enum):
    """What became of a message."""

    CONFIRMED = "confirmed"
    SPOOLED = "spooled"


class Publisher:
    """Publishes by actor name. `broker` is one, or makes one when the first message is due; `spool` takes the rest.

    `timeout`: seconds for which a broker is tried that is away or refuses.
    """

    def __init__(
        self,
        broker: dramatiq.Broker | Callable[[], dramatiq.Broker],
        spool: Spool,
        *,
        timeout: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self.spool = spool
        self.timeout = timeout
        #: How many messages the broker confirmed, and how many are on disk.
        self.confirmed = 0
        self.spooled = 0
        #: Why the broker does not take messages, once the publisher gave it up.
        self.away: Exception | None = None
        self._made = None if callable(broker) else broker
        self._make = broker if callable(broker) else None
        self._clock = clock
        self._sleep = sleep
        self._random = random

    @property
    def make_broker(self) -> Callable[[], dramatiq.Broker] | None:
        """Makes another connection to where this publisher sends; None where it was given a broker as it is."""
        return self._make

    @property
    def misconfigured(self) -> ConfigurationError | None:
        """What is wrong with the broker's address, user or vhost, if that is why it takes nothing."""
        return self.away if isinstance(self.away, ConfigurationError) else None

    def send(self, actor: str, kwargs: Mapping[str, Any], message_id: str) -> Delivery:
        """Send `kwargs` to `actor`; returns once the broker has confirmed the message or it is on disk.

        Raises SpoolUnwritable where neither takes it.
        """
        message = message_to(actor, kwargs, message_id)
        if self.away is None and self._confirm(message):
            self.confirmed += 1
            return Delivery.CONFIRMED
        self.spool.write(message)
        self.spooled += 1
        return Delivery.SPOOLED

    def flush(self) -> int:
        """Send what earlier runs left in the spool, one attempt; returns how many messages were sent.

        Raises nothing because the broker is away: they stay, and the next run tries again.
        """
        waiting = len(self.spool)
        if not waiting or self.away is not None:
            return 0
        try:
            flushed = self.spool.flush(self._broker())
        except (*AWAY, ConfigurationError) as error:
            sent = max(waiting - len(self.spool), 0)
            log.warning("spool_not_flushed", broker=self.spool.broker, reason=str(error), waiting=len(self.spool))
            return sent
        if flushed.sent:
            log.info("spool_flushed", broker=self.spool.broker, sent=flushed.sent)
        return flushed.sent

    def hurry(self, seconds: float) -> None:
        """From now on try for at most `seconds`, on a new connection: the run was interrupted.

        The old connection may be in the middle of a sentence, and its next confirm may be the previous message's.
        """
        self.timeout = min(self.timeout, seconds)
        if self._make is not None:
            self._made = None

    def close(self) -> None:
        """Close the connection, if one was made here."""
        if self._make is not None and self._made is not None:
            self._made.close()
            self._made = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _broker(self) -> dramatiq.Broker:
        if self._made is None:
            assert self._make is not None, "the publisher is closed"
            self._made = self._make()
        return self._made

    def _confirm(self, message: dramatiq.Message[Any]) -> bool:
        """Whether the broker took `message`, after as many attempts as `timeout` allows."""
        deadline = self._clock() + self.timeout
        attempt = 0
        while True:
            try:
                self._broker().enqueue(message)
            except ConfigurationError as error:
                self._give_up(error)
                return False
            except AWAY as error:
                now = self._clock()
                # full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): a broker
                # that comes back is not met by all its producers at once
                wait = self._random() * min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 10))
                if now >= deadline:
                    self._give_up(error)
                    return False
                log.debug("publish_retry", attempt=attempt + 1, reason=str(error))
                self._sleep(min(wait, deadline - now))
                attempt += 1
            else:
                return True

    def _give_up(self, error: Exception) -> None:
        self.away = error
        # once a run: whatever it sends from here on goes the same way
        log.warning(
            "broker_takes_nothing",
            broker=self.spool.broker,
            reason=str(error),
            kept_in=str(self.spool.directory),
            next="a worker of this home or the next run sends what is kept; at once: touchline spool flush",
        )


@contextmanager
def connected(settings: Settings) -> Iterator[Publisher]:
    """A publisher to the queue that `settings` name. Nothing is connected before the first message."""
    # a run with nothing new needs no driver
    from contract.broker import make_broker

    address, exchange = broker_address(settings), settings.rabbitmq_exchange
    with Publisher(
        lambda: make_broker(address, exchange=exchange), spool_of(settings), timeout=settings.publish_timeout
    ) as publisher:
        yield publisher


def spool_of(settings: Settings) -> Spool:
    """The spool for the queue that `settings` name."""
    return Spool(settings.home, broker_address(settings))
