"""A worker whose broker is away, or refuses a queue, waits for it: for as long as it takes, and without a fuss.

    consuming ──connection lost, refused──► waiting: tries again after growing pauses of up to 5 s
        ▲                                     │
        └──────────── it is back ─────────────┘  ends at once, too, where the worker pauses or stops

Each of Dramatiq's threads that consume a queue (two a queue) would start again every three seconds and log that as
critical. Here a process says once a minute what is wrong and what to do, however many threads wait for it. A queue that
was declared with other arguments is waited for like a broker that is away: deleting it is enough.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from dramatiq import Broker, Consumer, MessageProxy, Worker
from dramatiq.common import q_name
from dramatiq.middleware import Middleware
from dramatiq.worker import ConsumerThread

from contract.errors import ConfigurationError, TouchlineError

#: Seconds between two tries: the first and the longest pause.
FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 5.0

#: Seconds between two lines of the log that say the same.
SAID_AGAIN: Final = 60.0

#: A consumer that held for so many seconds was a good one: what comes after it is a new trouble, and has short pauses.
_SETTLED: Final = 30.0

#: Seconds between two looks at whether the thread is to pause or to stop; Dramatiq has no event for that.
_LOOK: Final = 0.1

#: What is waited for where it is no single queue's configuration.
_OUTAGE: Final = "outage"

#: What Dramatiq says of a trouble that was said already.
_DRAMATIQS: Final = (
    "Consumer encountered a connection error",
    "Restarting consumer in",
    "Failed to post_process_message",
)


class Patience(Middleware):
    """What one process's consumers wait for. Its broker adds it to itself: it has to hear that the worker stops."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, rng: random.Random | None = None) -> None:
        self.logger = logging.getLogger(__name__)
        self._clock = clock
        # spreads the tries of many workers; nothing secret hangs on it
        self._random = rng or random.Random()  # noqa: S311
        self._stopping = threading.Event()
        self._mutex = threading.Lock()
        #: queue → what it waits for, and the last words of that. The rest is by what is waited for.
        self._waiting: dict[str, str] = {}
        self._words: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._said: dict[str, float] = {}
        #: queue → tries without success, and when its last consumer was made
        self._tries: dict[str, int] = {}
        self._made: dict[str, float] = {}
        #: queue → when its consumer was last seen to move
        self._heard: dict[str, float] = {}
        #: when a queue was last found to be well again after an outage
        self._ended = float("-inf")

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._stopping.clear()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._stopping.set()

    def consumer(self, queue: str, make: Callable[[], Consumer], *, behind: Consumer | None = None) -> Consumer:
        """What `make` returns, as soon as it does. Where Dramatiq's thread is to pause or stop: one without messages.

        The consumer tells `well` and `trouble` how it fares. Other threads do not wait: they hear what `make` raises.
        """
        thread = threading.current_thread()
        if not isinstance(thread, ConsumerThread):
            return make()
        self._hush(queue)
        if self._clock() - self._made.get(queue, float("-inf")) > _SETTLED:
            self._tries[queue] = 0
        while self._pause(thread):
            try:
                consumer = make()
            except TouchlineError as error:
                self.trouble(queue, error)
            else:
                self._made[queue] = self._clock()
                return consumer
        return _Idle(lambda: self._is_wanted(thread), behind)

    def trouble(self, queue: str, error: TouchlineError) -> None:
        """`queue` cannot be consumed because of `error`. Said unless that was said a short time ago."""
        misconfigured = isinstance(error, ConfigurationError)
        # an outage shows in many ways (refused, reset, forced to close), and is one
        what = str(error) if misconfigured else _OUTAGE
        now = self._clock()
        with self._mutex:
            self._tries[queue] = self._tries.get(queue, 0) + 1
            self._waiting[queue] = what
            self._words[queue] = str(error)
            since = now - self._began.setdefault(what, now)
            if now - self._said.get(what, float("-inf")) < SAID_AGAIN:
                return
            self._said[what] = now
        waiting = f"waiting for {since:.0f} s now" if since >= 1 else "waiting"
        hint = f" ({error.hint})" if error.hint else ""
        if misconfigured:
            self.logger.error("%s; other queues go on, %s%s", error, waiting, hint)
        else:
            self.logger.warning("%s; %s%s", error, waiting, hint)

    def refused(self, error: TouchlineError) -> None:
        """A message was not sent. Where a delay queue's thread sent it, because it was due, that starts again now."""
        thread = threading.current_thread()
        if isinstance(thread, ConsumerThread):
            self.trouble(thread.queue_name, error)

    def well(self, queue: str) -> None:
        """`queue` is consumed. Cheap enough to be told again and again."""
        self._heard[queue] = self._clock()
        if queue not in self._waiting:
            return
        with self._mutex:
            what = self._waiting.pop(queue)
            if what == _OUTAGE:
                self._ended = self._clock()
            if what in self._waiting.values():
                return
            began = self._began.pop(what)
            if self._said[what] < began:
                return  # it began too short a time after the last one to be spoken of
        which = "" if what == _OUTAGE else f" queue {q_name(queue)}"
        self.logger.warning("Consuming%s again after %.0f s.", which, self._clock() - began)

    def _pause(self, thread: ConsumerThread) -> bool:
        """Whether to try (again), after a pause that fits. The first try has none, and is made whatever happens."""
        tries = self._tries[thread.queue_name]
        if not tries:
            return True
        bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 20))
        began = self._clock()
        until = began + self._random.uniform(bound / 2, bound)
        # where one thread finds the broker back, the others do not wait any longer
        while (left := until - self._clock()) > 0 and self._ended < began:
            if not self._is_wanted(thread) or self._stopping.wait(min(left, _LOOK)):
                return False
        return True

    def _is_wanted(self, thread: ConsumerThread) -> bool:
        return thread.running and not thread.paused and not self._stopping.is_set()

    def _hush(self, queue: str) -> None:
        log = logging.getLogger(f"dramatiq.worker.ConsumerThread({queue})")
        if not any(isinstance(given, _Hush) and given.patience is self for given in log.filters):
            log.addFilter(_Hush(self, queue))

    def waits_for(self, queue: str) -> bool:
        """Whether the trouble of `queue` was said."""
        return queue in self._waiting

    def trouble_of(self, queue: str) -> str | None:
        """Why `queue` cannot be consumed now; None where it is, or is not yet known not to be."""
        return self._words.get(queue) if queue in self._waiting else None

    def silence_of(self, queue: str) -> float | None:
        """Seconds since the consumer of `queue` last moved; None before it did at all."""
        heard = self._heard.get(queue)
        return None if heard is None else max(0.0, self._clock() - heard)


class _Idle(Consumer):
    """Gives nothing, to a thread that wants nothing, until it does."""

    def __init__(self, wanted: Callable[[], bool], behind: Consumer | None) -> None:
        self._wanted = wanted
        self._behind = behind

    def __next__(self) -> None:
        if self._wanted():
            raise StopIteration
        time.sleep(_LOOK)

    def ack(self, message: MessageProxy) -> None:
        """What outlives a connection is settled all the same; anything else is delivered again."""
        if self._behind is not None:
            self._behind.ack(message)

    def nack(self, message: MessageProxy) -> None:
        if self._behind is not None:
            self._behind.nack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        if self._behind is not None:
            self._behind.requeue(messages)

    def close(self) -> None:
        """There is nothing to close."""


class _Hush(logging.Filter):
    """Drops what Dramatiq's thread says of a trouble that `Patience` has told."""

    def __init__(self, patience: Patience, queue: str) -> None:
        super().__init__()
        self.patience = patience
        self.queue = queue

    def filter(self, record: logging.LogRecord) -> bool:
        return not (str(record.msg).startswith(_DRAMATIQS) and self.patience.waits_for(self.queue))
