"""The message that this thread works on."""

from __future__ import annotations

from uuid import NAMESPACE_OID, UUID, uuid5

from dramatiq.middleware import CurrentMessage


def current_message_id() -> UUID:
    """The id under which the current message's storing is remembered."""
    message = CurrentMessage.get_current_message()
    assert message is not None, "an actor runs inside a worker, with the CurrentMessage middleware"
    return as_uuid(message.message_id)


def as_uuid(message_id: str) -> UUID:
    """`message_id` as a UUID; a producer of another make may use other ids, and those are told apart as well."""
    try:
        return UUID(message_id)
    except ValueError:
        return uuid5(NAMESPACE_OID, message_id)
