"""The consumers: they validate again, store, account for each match, and keep what cannot be stored.

Importing this package sets Dramatiq's broker, the one side effect that `dramatiq actors` and `periodiq actors` need.
It reaches no server by that: connections are made when the first message or command asks for one.
"""

from __future__ import annotations

import dramatiq

from actors.middleware import stack
from actors.middleware.boot import refuse
from contract.broker import make_broker
from contract.errors import TouchlineError
from contract.places import broker_address
from contract.settings import load

try:
    settings = load()
    broker = make_broker(broker_address(settings), exchange=settings.rabbitmq_exchange, middleware=stack())
except TouchlineError as error:
    refuse(error)

dramatiq.set_broker(broker)

from actors import housekeeping, matches, notify, runs, schedule, scrapes, standings  # noqa: E402

__all__ = ["broker", "housekeeping", "matches", "notify", "runs", "schedule", "scrapes", "standings"]
