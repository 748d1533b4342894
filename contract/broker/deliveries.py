"""A message as a worker holds it: how it came, and what is to become of it when the worker is done.

Dramatiq knows two ends, ack and nack. There are two more, each a mark on the delivery that its consumer heeds:

    (none)        ack, or nack into the dead-letter queue                   as Dramatiq says
    returned      back into its queue, to be delivered again                whatever Dramatiq says
    buried        gone: it is among the dead letters in the database        instead of the dead-letter queue

A delivery whose connection is gone is *overtaken*: the broker delivers the message again, and nothing that is done
with this one has an effect.
"""

from __future__ import annotations

from typing import Any

from dramatiq import Message, MessageProxy


class Delivery(MessageProxy):
    """A message and the way it came. `redelivered`: it was delivered before, and that delivery was not settled."""

    def __init__(self, message: Message[Any], *, redelivered: bool) -> None:
        super().__init__(message)
        self.redelivered = redelivered
        #: Whether it goes back into its queue when Dramatiq settles it.
        self.returned = False
        #: Whether it is kept in the database, so that the broker need not.
        self.buried = False

    @property
    def overtaken(self) -> bool:
        """Whether the broker will deliver, or has delivered, this message anew."""
        return False

    def __str__(self) -> str:
        """Short: Dramatiq logs a message that failed with all its arguments otherwise, 100 KB a line."""
        return f"{self.actor_name} {self.message_id}"
