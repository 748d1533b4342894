"""What a worker process looks at before it takes its first message, and what it leaves in order at the end."""

from __future__ import annotations

import logging
import sys
import time
from typing import Final

from dramatiq import Broker, Worker
from dramatiq.middleware import Middleware

from actors.pool import close_pool, store_url
from actors.store import migrations
from contract import broker
from contract.errors import ConfigurationError, TouchlineError, TransientError
from contract.places import broker_address
from contract.settings import load

#: Seconds after which a broker that refuses us is asked once more.
_SECOND_LOOK: Final = 3.0


class Boot(Middleware):
    """Refuses to start on a wrong setting, or a database that is behind or closed to it; waits for one that is away."""

    def __init__(self) -> None:
        self.logger = logging.getLogger(__name__)

    def after_process_boot(self, _: Broker) -> None:
        for check in (_check_database, _check_broker):
            try:
                check()
            except ConfigurationError as error:
                refuse(error)
            except TransientError as error:
                self.logger.warning("%s. Going on; messages wait until it is back.", error)

    def after_worker_shutdown(self, _: Broker, worker: Worker) -> None:
        close_pool()

    # Dramatiq closes the broker after this hook, and with it the embedded queue; the server itself is released when
    # the process ends (contract.places registers that).


def refuse(error: TouchlineError) -> None:
    """End this process with the error as a line for a person, and its exit code."""
    sys.stderr.write(f"touchline: {error}\n")
    if error.hint:
        sys.stderr.write(f"  → {error.hint}\n")
    sys.stderr.flush()
    raise SystemExit(error.exit_code)


def _check_database() -> None:
    migrations.check_writer(store_url())


def _check_broker() -> None:
    settings = load()
    address, exchange = broker_address(settings), settings.rabbitmq_exchange
    try:
        broker.check(address, exchange)
    except ConfigurationError:
        # RabbitMQ listens a moment before its vhosts are there, and may be starting beside us
        time.sleep(_SECOND_LOOK)
        broker.check(address, exchange)
