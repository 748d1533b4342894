"""Stops a worker process whose master is gone, so that none goes on as an orphan that nobody watches or can stop."""

from __future__ import annotations

import multiprocessing

from dramatiq import Broker
from dramatiq.middleware import Middleware

from contract.orphans import stop_with_parent


class Parent(Middleware):
    """To the worker, the end of `dramatiq`'s master is a SIGTERM: what runs may finish within the grace.

    Stands first: what others do at the boot of a process may take its time, in which the master may end. A worker that
    multiprocessing did not make (one inside a command or a test) has no master.
    """

    def after_process_boot(self, _: Broker) -> None:
        master = multiprocessing.parent_process()
        if master is not None and master.pid is not None:
            stop_with_parent(master.pid)
