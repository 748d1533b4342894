"""A message that kills its worker is dead after five starts, and no other with it.

The body of a message cannot tell: the worker that would have written it there is gone. So a message that was delivered
before is counted in the database before it begins, and one that was counted before runs alone in its process
(`isolation`), so that the next death is its own:

    delivered ──the first time──► runs beside others, uncounted: nothing speaks against it
        ▲  ├───again, no count──► counted, committed ─► runs beside others ─┐
        │  └───again, counted───► waits until it is alone ─► counted ─► runs ┤ or: begun five times ─► dead
        │                                                                   ├─► ended: the count is forgotten
        └────────────────────────── the worker died ────────────────────────┘

The count of a message that died of it stays, until it is replayed or a week has gone: its worker may have been killed
between the copy that had waited and the ack of the one before, and then there are two. The second is dead at once.

A message that has to wait (for its turn at a source) ends without having done anything. Its start is not counted, and
what is counted of earlier ones stays; its copy, new to the broker, says that the message was delivered before (AGAIN).

The common case costs nothing. Messages that were merely prefetched, or ran in another thread when a worker died, have
one count at most; they end, and are forgotten. After RabbitMQ itself was killed every message of a classic queue comes
as delivered before: they run side by side, at the price of a count each.
"""

from __future__ import annotations

import logging
import random
import threading
from typing import Any, Final

from dramatiq import Broker, MessageProxy, Worker
from dramatiq.errors import RateLimitExceeded
from dramatiq.middleware import Middleware, SkipMessage

from actors.errors import DatabaseAway, DatabaseBusy
from actors.messages import as_uuid
from actors.middleware.gate import Gate
from actors.middleware.isolation import Isolation
from actors.pool import pool
from actors.store.starts import count_start, forget_starts, uncount_start, was_begun
from contract.broker.deliveries import Delivery
from contract.errors import TransientError

#: Starts without an end after which a message is dead. The first was uncounted, except where the message was only
#: prefetched when its worker died; the count stops one short, so that none kills more workers than this.
STARTS: Final = 5

#: The option of a message that was delivered before it was sent again to wait.
AGAIN: Final = "delivered_before"

#: What a dead letter says of such a message, for machines.
_KILLED: Final = "worker_killed"

#: Seconds between two tries to count where the database is busy.
_BUSY: Final = (0.5, 2.0)


class Starts(Middleware):
    """Counts the starts of redelivered messages, and lets suspects run alone."""

    def __init__(self, gate: Gate, *, rng: random.Random | None = None) -> None:
        self.logger = logging.getLogger(__name__)
        self._gate = gate
        self._isolation = Isolation()
        self._stopping = threading.Event()
        # spreads tries; nothing secret hangs on it
        self._random = rng or random.Random()  # noqa: S311

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._isolation = Isolation()  # a command may have a second worker, after the first has stopped
        self._stopping.clear()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._stopping.set()
        self._isolation.stop()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        if not isinstance(message, Delivery):
            return
        if message.overtaken:
            raise SkipMessage("its connection is gone; it is delivered again")
        if not self._gate.is_open:
            raise SkipMessage("the database is away; it goes back")  # once: this thread is paused next
        try:
            while not self._begin(message):
                if self._stopping.wait(self._random.uniform(*_BUSY)):
                    raise SkipMessage("the worker stops; it goes back")
        except DatabaseAway as error:
            self._gate.close(error)
            raise SkipMessage("its start cannot be counted now; it goes back") from None

    def _begin(self, message: Delivery) -> bool:
        """Whether it may; False where the database could not tell this time. Raises SkipMessage and DatabaseAway."""
        message_id = as_uuid(message.message_id)
        starts, entered = 0, False
        try:
            suspect = _came_before(message) and was_begun(pool(), message_id)
            if not self._isolation.enter(message.queue_name, alone=suspect):
                raise SkipMessage("the worker stops; it goes back")
            entered = True
            # not before: of those that wait for a killer to end none has begun
            starts = count_start(pool(), message_id) if _came_before(message) else 0
        except DatabaseBusy as error:
            self.logger.warning("The start of message %s cannot be counted yet: %s", message.message_id, error)
            return False
        else:
            entered = False  # it stays inside until it has ended
        finally:
            if entered:
                self._isolation.leave()
        if starts >= STARTS:
            self._give_up(message)
        return True

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        self._leave(message, waits=isinstance(exception, RateLimitExceeded))

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        self._leave(message)

    def _give_up(self, message: Delivery) -> None:
        options = message.options
        earlier = options.get("attempts")
        options["attempts"] = (earlier if isinstance(earlier, int) else 0) + STARTS
        options["failure"] = {
            "reason": _KILLED,
            "error": f"its worker died each of the {STARTS} times that it was begun; out of memory, perhaps",
        }
        self.logger.error("Giving up message %s: its worker died %d times.", message.message_id, STARTS)
        message.returned = False
        message.fail()
        raise SkipMessage("its worker died too often")

    def _leave(self, message: MessageProxy, *, waits: bool = False) -> None:
        inside = self._isolation.leave() is not None
        if not inside or message.failed or not isinstance(message, Delivery) or not _came_before(message):
            return  # of a dead one the count goes when the letter is written, if at all
        if waits:
            message.options[AGAIN] = True
        settle = uncount_start if waits else forget_starts
        try:
            settle(pool(), as_uuid(message.message_id))
        except TransientError as error:
            # should it come again, it has one start too many on its account
            self.logger.debug("The starts of message %s are still counted: %s", message.message_id, error)


def _came_before(message: Delivery) -> bool:
    return message.redelivered or message.options.get(AGAIN) is True


def killed_its_workers(message: MessageProxy) -> bool:
    """Whether that is what the message is given up for."""
    failure = message.options.get("failure")
    return isinstance(failure, dict) and failure.get("reason") == _KILLED
