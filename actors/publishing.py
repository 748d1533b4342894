"""Publishes orders under ids that are known before, so that what is published twice is the same message."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import dramatiq

from actors.store.slots import Order


def publish(broker: dramatiq.Broker, message_id: UUID, order: Order) -> None:
    """Send `order` under that id; returns once the broker has confirmed it. Raises what the broker raises."""
    message: dramatiq.Message[Any] = dramatiq.Message(
        order.queue, order.actor, (), order.kwargs, {}, message_id=str(message_id)
    )
    broker.enqueue(message, delay=order.delay or None)
