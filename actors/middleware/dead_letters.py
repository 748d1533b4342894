"""Writes each message that is given up into `dead_letters`, before it is nacked."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from dramatiq import Broker, MessageProxy
from dramatiq.middleware import Middleware

from actors.messages import as_uuid
from actors.pool import pool
from actors.store.dead import DeadMessage, bury_message
from contract.errors import TouchlineError


class DeadLetters(Middleware):
    """Records dead messages. Where the database is away the message still lies in the broker's dead-letter queue."""

    def __init__(self) -> None:
        self.logger = logging.getLogger(__name__)

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        try:
            bury_message(pool(), letter_of(message))
        except TouchlineError as error:
            self.logger.error(
                "Dead message %s is in the dead-letter queue of %s, but not in the table: %s",
                message.message_id,
                message.queue_name,
                error,
            )


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
