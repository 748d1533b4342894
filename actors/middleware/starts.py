"""A message that kills its worker is dead after five starts, and no other with it.

The body of a message cannot tell: the worker that would have written it there is gone. So whoever gets a message that
was delivered before lets it run alone in its process (`isolation`) and counts that in the database first:

    delivered ──first time──► runs beside others, uncounted: nothing speaks against it
        ▲  └──again──► waits until it is alone ─► counted, committed ─► runs ─► ended: the count is forgotten
        │                                              │                  └── the worker died ──┐
        │                                              └─ it was begun five times ─► dead        │
        └────────────────────────────────────────────────────────────────────────────────────────┘

The first start is not counted, so that the common case costs nothing. Messages that were merely prefetched, or ran
in another thread when a worker died, come again as well: they run alone once, end, and are forgotten.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from dramatiq import Broker, MessageProxy, Worker
from dramatiq.middleware import Middleware, SkipMessage

from actors.errors import DatabaseAway
from actors.messages import as_uuid
from actors.middleware.gate import Gate
from actors.middleware.isolation import Isolation
from actors.pool import pool
from actors.store.starts import count_start, forget_starts
from contract.broker.deliveries import Delivery
from contract.errors import TransientError

#: Starts without an end after which a message is dead. The first was uncounted, except where the message was only
#: prefetched when its worker died; the count stops one short, so that none kills more workers than this.
STARTS: Final = 5


class Starts(Middleware):
    """Counts the starts of redelivered messages, each alone in its process."""

    def __init__(self, gate: Gate) -> None:
        self.logger = logging.getLogger(__name__)
        self._gate = gate
        self._isolation = Isolation()

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._isolation = Isolation()  # a command may have a second worker, after the first has stopped

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._isolation.stop()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        if not isinstance(message, Delivery):
            return
        if message.overtaken:
            raise SkipMessage("its connection is gone; it is delivered again")
        alone = message.redelivered
        if not self._isolation.enter(message.queue_name, alone=alone):
            raise SkipMessage("the worker stops; it goes back")
        if alone:
            self._count(message)

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        self._leave(message)

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        self._leave(message)

    def _count(self, message: Delivery) -> None:
        try:
            starts = count_start(pool(), as_uuid(message.message_id))
        except TransientError as error:
            if isinstance(error, DatabaseAway):
                self._gate.close(error)
            raise SkipMessage("its start cannot be counted now; it goes back") from None
        if starts < STARTS:
            return
        options = message.options
        options["attempts"] = options.get("attempts", 0) + STARTS
        options["failure"] = {
            "reason": "worker_killed",
            "error": f"its worker died each of the {STARTS} times that it was begun; out of memory, perhaps",
        }
        self.logger.error("Giving up message %s: its worker died %d times.", message.message_id, STARTS)
        message.returned = False
        message.fail()
        raise SkipMessage("its worker died too often")

    def _leave(self, message: MessageProxy) -> None:
        if not self._isolation.leave() or message.failed:
            return  # of a dead one the count goes when the letter is written
        try:
            forget_starts(pool(), as_uuid(message.message_id))
        except TransientError as error:
            # should it come again, it has one start too many on its account
            self.logger.debug("The starts of message %s are still counted: %s", message.message_id, error)
