"""Follows a run in the store until every match is accounted for, and does the storing itself where nobody else will.

The storing is done by threads of this very process, not by processes of its own: whatever ends the command, SIGKILL
included, leaves no orphan behind. What it had not stored is still in the queue, and the next command knows of it (see
`touchline.unstored`).
"""

from __future__ import annotations

import atexit
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from contract.errors import TouchlineError
from contract.names import MATCHES, RUNS
from contract.places import broker_address, database_url
from touchline.output import say
from touchline.progress import storing
from touchline.store import opened

if TYPE_CHECKING:
    from uuid import UUID

    from contract.settings import Settings
    from ingest.run import Outcome
    from touchline.unstored import Note

#: Seconds between two looks at the run.
_LOOK: Final = 0.1

#: Seconds without a move after which somebody should look whether anybody works at all.
_PATIENCE: Final = 3.0

_THREADS: Final = 4

#: Seconds for a batch that is being stored when the command ends. What does not make it is stored by the next.
_GRACE: Final = 5.0

_ACCOUNTED: Final = ("inserted", "updated", "unchanged", "stale", "dead")


def must_store(settings: Settings) -> bool:
    """Whether this command has to store what it reads: the queue is in PostgreSQL, and no worker is alive."""
    return settings.rabbitmq_url is None and not _workers(settings)


def follow(settings: Settings, outcome: Outcome, *, working_here: bool = False) -> Mapping[str, Any]:
    """Wait for the end of the run; returns its account (state, found, inserted, …).

    `working_here`: the caller is in a block of `working`. Otherwise this works itself where nobody else does.
    Raises DatabaseAway or ConfigurationError where the store cannot be asked; the run goes on without us then.
    """
    with ExitStack() as stack:
        alone = working_here or must_store(settings)
        if alone and not working_here:
            stack.enter_context(working(settings))
        connection = stack.enter_context(opened())
        show = stack.enter_context(storing(outcome.found))

        from actors.store.runs import progress

        told = False
        accounted, moved = -1, time.monotonic()
        while True:
            run = progress(connection, outcome.run_id)
            counted = sum(run[name] for name in _ACCOUNTED) if run else 0
            show(counted)
            if run and run["state"] != "running":
                return run
            if counted != accounted:
                accounted, moved = counted, time.monotonic()
            elif not alone and time.monotonic() - moved > _PATIENCE:
                moved = time.monotonic()
                if must_store(settings):
                    # whoever was alive when we began has died
                    stack.enter_context(working(settings))
                    alone = True
                elif not told:
                    told = _say_if_nobody_works(settings)
            time.sleep(_LOOK)


def work_off(settings: Settings, notes: Sequence[Note]) -> None:
    """Store what commands that are gone left in the queue, if no worker does; for a queue in PostgreSQL."""
    from contract.broker.embedded import HEARTBEAT_TTL, unsettled

    say("Storing what an earlier command left in the queue …")
    # one that was killed counts as a worker, and holds what it had taken in hand, until it is missed
    killed = any(not note.left_in_order for note in notes)
    missed = time.monotonic() + (HEARTBEAT_TTL + 1 if killed else 0)
    while time.monotonic() < missed and not must_store(settings):
        time.sleep(_LOOK)
    if must_store(settings):
        with working(settings):
            # what a command that is gone still holds is given back by its queue, and stored here like the rest
            while unsettled(database_url(settings), [MATCHES, RUNS]):
                time.sleep(_LOOK)
        _give_up([note.run_id for note in notes])
    for note in notes:
        note.remove()


def _give_up(dead: Sequence[UUID]) -> None:
    """End the account of runs whose process is gone for certain, now that all that they sent is stored."""
    from actors.pool import close_pool, pool
    from actors.store.runs import judge

    try:
        for judged in judge(pool(), storing_for=math.inf, silence=0.0, only=dead):
            say(f"Run {str(judged.run_id)[:8]} is {judged.state}: {judged.error}")
    finally:
        close_pool()


def _say_if_nobody_works(settings: Settings) -> bool:
    """Whether there was something to say."""
    try:
        if _workers(settings):
            return False
    except TouchlineError as error:
        say(f"Still waiting; the broker cannot be asked who works: {error}")
        return True
    say(f"No worker consumes the queue {MATCHES!r}. Start one: dramatiq actors (or touchline up). Still waiting …")
    return True


def _workers(settings: Settings) -> int:
    """How many workers consume the queue of matches."""
    from contract.broker import queue_depths

    return queue_depths(broker_address(settings), [MATCHES]).get(MATCHES, (0, 0))[1]


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """Actors at work in this process until the end of the block, on what runs leave in the queue."""
    from actors.store import migrations

    # our own database is kept up to date by whoever uses it, somebody else's by `touchline migrate`
    prepare = migrations.upgrade if settings.database_url is None else migrations.check
    prepare(database_url(settings))

    from dramatiq import Worker
    from dramatiq.worker import _WorkerMiddleware

    import actors
    from contract.broker.embedded import EmbeddedBroker

    broker = actors.broker
    assert isinstance(broker, EmbeddedBroker), "with a broker of its own somebody else runs workers"
    atexit.register(broker.close)  # not before: this command may need another worker
    worker = Worker(broker, queues={MATCHES, RUNS}, worker_threads=_THREADS)
    worker.start()
    try:
        yield
    finally:
        # what is running is finished, if it does not hang; what was taken ahead goes back into the queue
        worker.stop(timeout=int(_GRACE * 1000))
        broker.leave()
        # Dramatiq would add the next one's consumers to this worker, too
        broker.middleware[:] = [other for other in broker.middleware if not isinstance(other, _WorkerMiddleware)]
