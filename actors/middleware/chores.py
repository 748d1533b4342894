"""What each worker process looks after besides its messages, every ten seconds, in a thread of its own.

Nobody has to run anything else for it: whoever has a worker has this. Each chore may be done by many workers at once,
and is done only while the database is there.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

from dramatiq import Broker, Worker
from dramatiq.middleware import Middleware

from actors.middleware.gate import Gate
from contract.errors import TouchlineError

#: Seconds between two rounds, on average.
INTERVAL: Final = 10.0


class Chores(Middleware):
    """Runs the chores of a worker process from its start to its end."""

    def __init__(self, gate: Gate) -> None:
        self.logger = logging.getLogger(__name__)
        self._gate = gate
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._said: dict[str, str] = {}

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(worker,), name="chores", daemon=True)
        self._thread.start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._stopping.set()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        if self._thread is not None:
            self._thread.join(INTERVAL)

    def _run(self, worker: Worker) -> None:
        # spreads the rounds of many workers; nothing secret hangs on it
        while not self._stopping.wait(random.uniform(INTERVAL / 2, INTERVAL * 1.5)):  # noqa: S311
            self._try("threads", lambda: self._replace_dead_threads(worker))

    def _try(self, name: str, chore: Callable[[], None]) -> None:
        """One chore that fails holds up no other; what it says is said once, until it says something else."""
        try:
            chore()
        except TouchlineError as error:
            if self._said.get(name) != str(error):
                self._said[name] = str(error)
                self.logger.warning("The chore %r has to wait: %s", name, error)
        except Exception:
            self.logger.exception("The chore %r failed; it is tried again.", name)
        else:
            self._said.pop(name, None)

    def _replace_dead_threads(self, worker: Worker) -> None:
        """A time limit that strikes between two hooks ends Dramatiq's thread for good; its message was given back."""
        dead = [thread for thread in worker.workers if not thread.is_alive()]
        for thread in dead:
            worker.workers.remove(thread)
            worker._add_worker()
        if dead:
            self.logger.warning("Replaced %d worker threads that had died.", len(dead))
