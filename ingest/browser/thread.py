"""One thread that does everything that touches Playwright, and how others wait for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Final, Generic, TypeVar

from ingest.errors import BrowserFailed, SiteUnreachable

T = TypeVar("T")

#: Seconds after which whoever waits for the browser looks up: an exception that is thrown into a waiting thread (a time
#: limit, Ctrl-C) strikes only then.
_LOOK: Final = 0.5


class Job(Generic[T]):
    """Something to be done in the thread, for an owner who may give it up."""

    def __init__(self, owner: object, work: Callable[[], T]) -> None:
        self.owner = owner
        self._work = work
        # what is logged of it belongs to the run that asked
        self._context = copy_context()
        self._given_up = False
        self._done = threading.Event()
        self._result: T
        self._error: BaseException | None = None

    def do(self) -> None:
        try:
            if self._given_up:
                raise SiteUnreachable("nobody waits for this page any more")
            self._result = self._context.run(self._work)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that takes the result
            self._error = error
        self._done.set()

    def fail(self, error: BaseException) -> None:
        """It is not done at all."""
        self._error = error
        self._done.set()

    def take(self) -> T:
        """What the work returned. Raises what it raised; whoever is interrupted gives the job up."""
        try:
            while not self._done.wait(_LOOK):
                pass
        except BaseException:
            self._given_up = True
            raise
        if self._error is not None:
            raise self._error
        return self._result

    def ended(self, seconds: float) -> bool:
        """Whether it is over, or is within that time."""
        return self._done.wait(seconds)


class Worker:
    """A thread that does jobs one after the other, and `rest` when there was none for `idle` seconds.

    A daemon: no job holds up the end of the process, which is not the end of what the thread has open.
    """

    def __init__(self, *, idle: float, rest: Callable[[], None]) -> None:
        self._idle = idle
        self._rest = rest
        self._jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        #: Held while `running` changes, so that who finds a job running can end it before another begins.
        self.lock = threading.Lock()
        self.running: Job[Any] | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="browser", daemon=True)
        self._thread.start()

    @property
    def here(self) -> bool:
        """Whether this is the thread itself."""
        return threading.current_thread() is self._thread

    def put(self, job: Job[Any]) -> None:
        with self.lock:
            if not self._ended:
                self._jobs.put(job)
                return
        job.fail(BrowserFailed("the browser was closed"))

    def stop(self, seconds: float) -> bool:
        """Rest and end; what still waits fails. Returns whether the thread has ended within the time."""
        with self.lock:
            self._ended = True
        with suppress(queue.Empty):
            while (job := self._jobs.get_nowait()) is not None:
                job.fail(BrowserFailed("the browser was closed"))
        self._jobs.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        rested = True
        while True:
            try:
                job = self._jobs.get(timeout=None if rested else self._idle)
            except queue.Empty:
                self._rest()
                rested = True
                continue
            if job is None:
                self._rest()
                return
            rested = False
            with self.lock:
                self.running = job
            job.do()
            with self.lock:
                self.running = None
