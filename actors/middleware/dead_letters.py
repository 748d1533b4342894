"""Writes each message that is given up into `dead_letters`, before it is nacked."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from dramatiq import Broker, MessageProxy
from dramatiq.middleware import Middleware

from actors.errors import DatabaseAway
from actors.messages import as_uuid
from actors.middleware.gate import Gate
from actors.pool import pool
from actors.store.dead import DeadMessage, bury_message
from actors.store.starts import forget_starts
from contract.broker.deliveries import Delivery
from contract.errors import TransientError


class DeadLetters(Middleware):
    """Records dead messages; what is in the table needs no copy in the broker's dead-letter queue.

    While the database is away the message goes back into its queue, and dies when that can be written down.
    """

    def __init__(self, gate: Gate) -> None:
        self.logger = logging.getLogger(__name__)
        self._gate = gate

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        if not isinstance(message, Delivery) or message.overtaken or message.returned:
            return
        message_id = as_uuid(message.message_id)
        try:
            bury_message(pool(), letter_of(message))
        except TransientError as error:
            self.logger.warning("Dead message %s goes back: it cannot be written down now: %s", message_id, error)
            message.returned = True
            if isinstance(error, DatabaseAway):
                self._gate.close(error)
            return
        message.buried = True
        with suppress(TransientError):
            forget_starts(pool(), message_id)


def letter_of(message: MessageProxy) -> DeadMessage:
    """What is kept of a message that is given up."""
    options: Mapping[str, Any] = message.options
    failure = options.get("failure") or _failure(message)
    first = options.get("first_failed_at")
    return DeadMessage(
        message_id=as_uuid(message.message_id),
        queue=message.queue_name.removesuffix(".DQ"),
        actor=message.actor_name,
        run_id=_uuid(message.kwargs.get("run_id")),
        source=message.kwargs.get("source") if isinstance(message.kwargs.get("source"), str) else None,
        reason=failure["reason"],
        error=failure["error"],
        traceback=options.get("traceback"),
        attempts=options.get("attempts", 0),
        first_failed_at=dt.datetime.fromtimestamp(first / 1000, dt.UTC) if first else dt.datetime.now(dt.UTC),
        payload=message.asdict(),
    )


def _failure(message: MessageProxy) -> dict[str, str]:
    """For a message that never reached an actor: Dramatiq leaves the exception on it."""
    exception = message._exception
    if exception is None:
        return {"reason": "refused", "error": "the message was refused before it reached an actor"}
    return {"reason": type(exception).__name__, "error": str(exception)}


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        return None
