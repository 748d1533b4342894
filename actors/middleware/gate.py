"""While the database is away a worker takes no messages; when it is back, the worker goes on by itself.

    open ──an actor, or a dead letter, finds the database away──► closed: no thread begins another message
     ▲  ▲                                                           │ those that run have ended, and it is still away
     │  └──────────── the database takes writes ────────────────────┤
     │                                                              ▼
     └─────────────── the database takes writes ───────────────── left: consumers are gone, and what they
                                                                   held is for other workers

Messages that ran into the outage are tried again later (`retries`), the others were never begun: nothing is burnt.
What a closed gate holds up is looked at with growing pauses of up to five seconds, and said once a minute.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from queue import Empty
from typing import Any, Final

from dramatiq import Broker, MessageProxy, Worker
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import Middleware

from actors.errors import DatabaseAway
from actors.pool import store_url
from actors.store.database import check_writable
from contract.errors import TouchlineError

#: Seconds between two looks at the database: the first and the longest pause.
FIRST_LOOK: Final = 0.2
LONGEST_PAUSE: Final = 5.0

#: Seconds between two lines of the log that say the same.
SAID_AGAIN: Final = 60.0

#: Seconds for a consumer to leave.
_LEAVING: Final = 15.0


def _look() -> None:
    check_writable(store_url())


class Gate(Middleware):
    """Closes a worker process while the database is away. One for the process; `look` raises while it is."""

    def __init__(self, look: Callable[[], None] = _look) -> None:
        self.logger = logging.getLogger(__name__)
        self._look = look
        self._worker: Worker | None = None
        self._stopping = threading.Event()
        self._mutex = threading.Lock()
        self._closed = False
        #: Why it was closed last.
        self.reason: str | None = None
        #: What was wrong with the database before there were threads to pause.
        self._away: TouchlineError | None = None
        #: time.monotonic of when the database was last found back, or first used.
        self.open_since = time.monotonic()

    @property
    def is_open(self) -> bool:
        return not self._closed

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._stopping.clear()
        self._closed, self._away = False, None
        try:
            self._look()
        except TouchlineError as error:
            self._closed, self._away = True, error

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._worker = worker
        if self._away is not None:
            self._closed = False
            self.close(self._away)

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._stopping.set()

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        if isinstance(exception, DatabaseAway):
            self.close(exception)

    def close(self, reason: TouchlineError) -> None:
        """The database is away: from here on no thread begins a message. Returns at once."""
        with self._mutex:
            if self._closed or self._worker is None or self._stopping.is_set():
                return
            self._closed, self.reason = True, str(reason)
            for thread in self._worker.workers:
                thread.pause()
        self.logger.warning("Taking no messages until the database is back: %s", reason)
        threading.Thread(target=self._wait, args=(self._worker,), name="gate", daemon=True).start()

    def _wait(self, worker: Worker) -> None:
        try:
            self._sit_out(worker)
        finally:
            self._open(worker)

    def _leave(self, worker: Worker) -> None:
        """Give everything back that was not begun. For when nothing runs: to give that back would let it run twice."""
        for consumer in worker.consumers.values():
            consumer.pause()
        if self._all_paused(worker.consumers.values(), _LEAVING):
            self._give_back(worker)

    def _all_paused(self, threads: Iterable[Any], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        waiting = [thread for thread in threads if thread.is_alive() and not thread.paused_event.is_set()]
        while waiting and time.monotonic() < deadline and not self._stopping.is_set():
            waiting[0].paused_event.wait(0.1)
            waiting = [thread for thread in waiting if thread.is_alive() and not thread.paused_event.is_set()]
        return not waiting

    def _give_back(self, worker: Worker) -> None:
        """What consumers had handed over for the threads. RabbitMQ has it back already, the embedded queue has not."""
        held = defaultdict(list)
        while True:
            try:
                item = worker.work_queue.get_nowait()
            except Empty:
                break
            worker.work_queue.task_done()
            held[item.message.queue_name].append(item)
        for queue, items in held.items():
            try:
                worker.consumers[queue].requeue_messages([item.message for item in items])
            except BrokerConnectionError:
                for item in items:
                    worker.work_queue.put(item)  # still ours

    def _sit_out(self, worker: Worker) -> None:
        began = said = time.monotonic()
        left = False
        pause = FIRST_LOOK
        # spreads the looks of many workers; nothing secret hangs on it
        while not self._stopping.wait(random.uniform(pause / 2, pause)):  # noqa: S311
            try:
                self._look()
            except TouchlineError as error:
                now = time.monotonic()
                if now - said >= SAID_AGAIN:
                    said = now
                    self.logger.warning("Still taking no messages, for %.0f s now: %s", now - began, error)
                pause = min(pause * 2, LONGEST_PAUSE)
                if not left and self._all_paused(worker.workers, 0):
                    left = True
                    self._leave(worker)
            else:
                self.logger.warning("The database is back after %.0f s; going on.", time.monotonic() - began)
                return

    def _open(self, worker: Worker) -> None:
        with self._mutex:
            self._closed = False
            self.open_since = time.monotonic()
            for thread in worker.workers:
                thread.resume()
            for consumer in worker.consumers.values():
                consumer.resume()
