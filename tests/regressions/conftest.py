"""Workers on a broker that the test has put together: from our parts, or from Dramatiq's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dramatiq

from tests.conformance.actors import declare
from tests.conformance.conftest import (  # noqa: F401 (fixtures)
    PATIENCE,
    Stage,
    processes,
    quick_restarts,
    rabbit,
    stage,
)


@contextmanager
def worker_on(broker: dramatiq.Broker, stage: Stage) -> Iterator[dramatiq.Worker]:  # noqa: F811
    """A worker with one thread; at the end it has settled what it had begun, and given back the rest."""
    declare(broker, stage.address)
    broker.emit_after("process_boot")
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=100)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=int(PATIENCE * 1000))
        broker.close()
