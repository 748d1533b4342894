"""Writes each message that is given up into `dead_letters`, before it is nacked."""

from __future__ import annotations

import datetime as dt
import logging
import random
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from dramatiq import Broker, MessageProxy, Worker
from dramatiq.middleware import Middleware

from actors import metrics
from actors.errors import DatabaseAway, DatabaseBusy
from actors.messages import as_uuid
from actors.middleware.gate import Gate
from actors.middleware.starts import killed_its_workers
from actors.pool import pool
from actors.store.dead import REPLAY, DeadMessage, bury_message, no_message
from actors.store.inbox import carried_out
from actors.store.starts import forget_starts
from contract.broker.corpses import Corpse
from contract.broker.deliveries import Delivery
from contract.errors import TransientError

#: Seconds between two tries to write a letter where the database is busy: given back, it would be here again at once.
_BUSY: Final = (0.5, 2.0)


class DeadLetters(Middleware):
    """Records dead messages; what is in the table needs no copy in the broker's dead-letter queue.

    While the database is away the message goes back into its queue, and dies when that can be written down.
    """

    def __init__(self, gate: Gate) -> None:
        self.logger = logging.getLogger(__name__)
        self._gate = gate
        self._stopping = threading.Event()
        # spreads tries; nothing secret hangs on it
        self._random = random.Random()  # noqa: S311

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._stopping.clear()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._stopping.set()

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        if exception is None and REPLAY in message.options:
            # an actor that stores settles its letter with what it stored; an order to scrape stores nothing itself
            with suppress(TransientError):
                carried_out(pool(), as_uuid(message.message_id))

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        if not isinstance(message, Delivery) or message.overtaken or message.returned:
            return
        message_id = as_uuid(message.message_id)
        while not self._bury(message):
            if message.overtaken or self._stopping.wait(self._random.uniform(*_BUSY)):
                message.returned = True
                return
        if message.buried and not killed_its_workers(message):
            with suppress(TransientError):
                forget_starts(pool(), message_id)

    def _bury(self, message: Delivery) -> bool:
        """Whether that is settled: it is buried, or goes back. False where the database could not do it this time."""
        try:
            bury_message(pool(), letter_of(message))
        except DatabaseBusy as error:
            self.logger.warning("Dead message %s cannot be written down yet: %s", message.message_id, error)
            return False
        except DatabaseAway as error:
            self.logger.warning(
                "Dead message %s goes back: it cannot be written down now: %s", message.message_id, error
            )
            message.returned = True
            self._gate.close(error)
            return True
        message.buried = True
        return True


def bury_corpse(corpse: Corpse) -> None:
    """Keep what lay in a dead-letter queue. Raises DatabaseAway or DatabaseBusy; repeated it is the same letter."""
    message = corpse.message
    if message is None:
        letter = no_message(
            corpse.queue,
            corpse.body,
            reason="undecodable",
            error=corpse.error or "it is no message",
            died_at=corpse.died_at,
        )
    else:
        said = {"reason": corpse.reason, "error": f"the broker gave it up: {corpse.reason}"}
        letter = letter_of(MessageProxy(message), otherwise=said)
        if corpse.reason != "rejected":
            # whatever it had failed for before, it was tried again after that
            before = f"; before that: {letter.error}" if letter.error != said["error"] else ""
            letter = replace(letter, reason=said["reason"], error=said["error"] + before)
        letter = replace(letter, died_at=corpse.died_at)
    bury_message(pool(), letter)
    metrics.count_dead(letter.queue, letter.actor)


def letter_of(message: MessageProxy, *, otherwise: Mapping[str, str] | None = None) -> DeadMessage:
    """What is kept of a message that is given up. `otherwise`: why, where it does not say itself."""
    options: Mapping[str, Any] = message.options
    failure = options.get("failure")
    if not isinstance(failure, Mapping):
        failure = otherwise or _failure(message)
    first = options.get("first_failed_at")
    trace = options.get("traceback")
    return DeadMessage(
        message_id=as_uuid(message.message_id),
        queue=message.queue_name.removesuffix(".DQ"),
        actor=message.actor_name,
        run_id=_uuid(message.kwargs.get("run_id")),
        source=message.kwargs.get("source") if isinstance(message.kwargs.get("source"), str) else None,
        reason=str(failure.get("reason", "unknown")),
        error=str(failure.get("error", "unknown")),
        traceback=trace if isinstance(trace, str) else None,
        attempts=_number(options.get("attempts")) or 0,
        first_failed_at=_time(first) or dt.datetime.now(dt.UTC),
        payload=message.asdict(),
    )


def _failure(message: MessageProxy) -> dict[str, str]:
    """For a message that never reached an actor: Dramatiq leaves the exception on it."""
    exception = message._exception
    if exception is None:
        return {"reason": "refused", "error": "the message was refused before it reached an actor"}
    return {"reason": type(exception).__name__, "error": str(exception)}


def _number(value: Any) -> int | None:
    """What a message says of itself anybody may have written."""
    return value if isinstance(value, int) and 0 <= value < 2**31 else None


def _time(milliseconds: Any) -> dt.datetime | None:
    if not isinstance(milliseconds, int):
        return None
    try:
        return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        return None
