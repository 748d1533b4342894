"""What each worker process looks after besides its messages, every ten seconds, in a thread of its own.

Nobody has to run anything else for it: whoever has a worker has this. Each chore may be done by many workers at once,
and is done only while the database is there.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from dramatiq import Broker, MessageProxy, Worker
from dramatiq.middleware import Middleware

from actors.middleware.dead_letters import bury_corpse
from actors.middleware.gate import Gate
from actors.pool import pool
from actors.store.disagreements import compare_due
from actors.store.news import recorded
from actors.store.runs import judge
from actors.store.withdrawal import carry_out
from contract.broker import drain
from contract.errors import TouchlineError
from contract.names import MAINTENANCE, QUEUES, RUNS, SCRAPES
from contract.places import broker_address
from contract.settings import load

#: Seconds between two rounds, on average.
INTERVAL: Final = 10.0


class Chores(Middleware):
    """Runs the chores of a worker process from its start to its end."""

    def __init__(self, gate: Gate) -> None:
        self.logger = logging.getLogger(__name__)
        self._gate = gate
        self._stopping = threading.Event()
        #: There is something to tell, or the end has come.
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._said: dict[str, str] = {}
        #: time.monotonic of when database and queue were last seen to be of no use.
        self._troubled = time.monotonic()

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._stopping.clear()
        self._troubled = time.monotonic()
        self._thread = threading.Thread(target=self._run, args=(worker,), name="chores", daemon=True)
        self._thread.start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._stopping.set()
        self._wake.set()

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        if recorded.is_set():
            self._wake.set()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        if self._thread is not None:
            self._thread.join(INTERVAL)

    def _run(self, worker: Worker) -> None:
        due = _next_round()
        while not self._stopping.is_set():
            self._wake.wait(max(0.0, due - time.monotonic()))
            self._wake.clear()
            if self._stopping.is_set():
                return
            if time.monotonic() >= due:
                self._round(worker)
                due = _next_round()
            elif self._gate.is_open:
                self._try("news", lambda: self._tell(worker))

    def _round(self, worker: Worker) -> None:
        if _waits(worker, RUNS):
            self._troubled = time.monotonic()
        if self._gate.is_open:
            self._try("threads", lambda: self._replace_dead_threads(worker))
            self._try("dead letters", lambda: self._drain(worker))
            self._try("runs", lambda: self._judge(worker))
            self._try("withdrawals", lambda: self._withdraw(worker))
            self._try("spool", lambda: self._flush(worker))
            self._try("news", lambda: self._tell(worker))
            self._try("tables", lambda: self._compare(worker))

    def _try(self, name: str, chore: Callable[[], None]) -> None:
        """One chore that fails holds up no other; what it says is said once, until it says something else."""
        try:
            chore()
        except TouchlineError as error:
            self._troubled = time.monotonic()
            if self._said.get(name) != str(error):
                self._said[name] = str(error)
                self.logger.warning("The chore %r has to wait: %s", name, error)
        except Exception:
            self.logger.exception("The chore %r failed; it is tried again.", name)
        else:
            self._said.pop(name, None)

    def _drain(self, worker: Worker) -> None:
        """What the broker itself gave up becomes a dead letter like any other."""
        queues = [queue for queue in QUEUES if _works_on(worker, queue)]
        buried = drain(broker_address(load()), queues, bury_corpse)
        if buried:
            self.logger.warning("Kept %d messages that the broker had given up; see: touchline dead list", buried)

    def _judge(self, worker: Worker) -> None:
        """Runs of which nothing is heard any more are given up, until something is."""
        if not _works_on(worker, RUNS):
            return
        settings = load()
        # what a run said while queue or database were away must have had its chance to be heard
        storing_for = time.monotonic() - max(self._gate.open_since, self._troubled)
        given_up = judge(pool(), storing_for=storing_for, silence=settings.run_silence, arrival=settings.run_arrival)
        for run in given_up:
            self.logger.warning("Run %s of %s is %s: %s", run.run_id, run.source, run.state, run.error)

    def _withdraw(self, worker: Worker) -> None:
        """What a worker that died left undone of a run that it had finished."""
        if _works_on(worker, RUNS) and (written := carry_out(pool())):
            self.logger.info("Withdrew %d matches, or listed them again, for runs that had ended before", written)

    def _flush(self, worker: Worker) -> None:
        """What a run on this machine had to keep on disk goes to the broker."""
        if _works_on(worker, SCRAPES):
            # declares its actor when imported, which needs the broker that this middleware is a part of
            from actors.scrapes import flush_spool

            flush_spool()

    def _tell(self, worker: Worker) -> None:
        """What people are to hear of goes into the queue."""
        recorded.clear()
        if _works_on(worker, MAINTENANCE):
            # declares its actor when imported, as above
            from actors.notify import hand_over

            hand_over(worker.broker)

    def _compare(self, worker: Worker) -> None:
        """League tables that are not as the official ones are looked for, once a reading of their source is stored."""
        if _works_on(worker, MAINTENANCE):
            for table in compare_due(pool()):
                self.logger.warning("The table %s of %s disagrees: %s", table.title, table.source, table.sentence)

    def _replace_dead_threads(self, worker: Worker) -> None:
        """A time limit that strikes between two hooks ends Dramatiq's thread for good; its message was given back."""
        dead = [thread for thread in worker.workers if not thread.is_alive()]
        for thread in dead:
            worker.workers.remove(thread)
            worker._add_worker()
        if dead:
            self.logger.warning("Replaced %d worker threads that had died.", len(dead))


def _next_round() -> float:
    """time.monotonic of when it is due. Spreads the rounds of many workers; nothing secret hangs on it."""
    return time.monotonic() + random.uniform(INTERVAL / 2, INTERVAL * 1.5)  # noqa: S311


def _works_on(worker: Worker, queue: str) -> bool:
    return not worker.consumer_whitelist or queue in worker.consumer_whitelist


def _waits(worker: Worker, queue: str) -> bool:
    """Whether the worker cannot consume the queue now."""
    patience = getattr(worker.broker, "patience", None)
    return patience is not None and patience.waits_for(queue)
