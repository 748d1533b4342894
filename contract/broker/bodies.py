"""Reads what lies in a queue: anybody may have put it there.

Dramatiq refuses what is no JSON object with the names of a message's fields, and trusts their types. A message whose
options are null stops its consumer then, again and again, and one that names another queue ends a worker thread.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from dramatiq import Message
from dramatiq.errors import DecodeError

_TYPES: dict[str, type] = {
    "actor_name": str,
    "args": tuple,
    "kwargs": dict,
    "options": dict,
    "message_id": str,
    "message_timestamp": int,
}


def decode(body: bytes, queue: str) -> Message[Any]:
    """The message in `body`, delivered from `queue` whatever it says itself. Raises DecodeError."""
    message: Message[Any] = Message.decode(body)
    for name, kind in _TYPES.items():
        if not isinstance(getattr(message, name), kind):
            raise DecodeError(f"{name} of the message is no {kind.__name__}", body, None)
    try:
        UUID(message.message_id)
    except ValueError:
        raise DecodeError("message_id of the message is no UUID", body, None) from None
    return message if message.queue_name == queue else message.copy(queue_name=queue)
