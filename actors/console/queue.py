"""The console's way to the queue: one thread with one connection, which all requests share.

A Dramatiq broker keeps a connection a thread, and requests run in many.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Final

import dramatiq
from fastapi import Depends, Request

from contract.broker import make_broker
from contract.broker.errors import BrokerAway
from contract.places import broker_address
from contract.settings import Settings

#: Seconds that a request waits for the broker to confirm, those before it included.
PATIENCE: Final = 20.0


class Queue:
    """Publishes as a broker does, of which it has `enqueue`. Connects when the first message is due."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="console-queue")
        self._broker: dramatiq.Broker | None = None

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        """Returns once the broker has confirmed it; `delay` in milliseconds.

        Raises BrokerAway or BrokerMisconfigured; it may have arrived all the same, if only the confirm was lost.
        """
        sending = self._thread.submit(self._send, message, delay)
        try:
            return sending.result(PATIENCE)
        except TimeoutError:
            sending.cancel()
            raise BrokerAway(
                f"the queue has not confirmed a message for {PATIENCE:.0f} s", hint="see: touchline doctor"
            ) from None

    def close(self) -> None:
        self._thread.submit(self._close)
        self._thread.shutdown(wait=True, cancel_futures=False)

    def _send(self, message: dramatiq.Message[Any], delay: int | None) -> dramatiq.Message[Any]:
        if self._broker is None:
            settings = self._settings
            self._broker = make_broker(broker_address(settings), exchange=settings.rabbitmq_exchange)
        return self._broker.enqueue(message, delay=delay)

    def _close(self) -> None:
        if self._broker is not None:
            self._broker.close()
            self._broker = None


def _queue(request: Request) -> Queue:
    queue: Queue = request.app.state.queue
    return queue


#: Parameter of a route: where messages are sent.
TheQueue = Annotated[Queue, Depends(_queue)]
