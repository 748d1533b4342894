"""Sends dead letters again: one transaction a letter, held open over the confirmed publish.

Of two who replay at once each letter is sent by one. Who is killed between the confirm and the commit leaves the letter
open; sent once more it is the same message, which is stored once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dramatiq import Broker

    from actors.store.database import Connection

SENT: Final = "sent"
#: Of a dry run: what would be sent.
READY: Final = "ready"
#: There is nothing to send, and `error` says what to do instead.
REFUSED: Final = "refused"
#: It is not open any more, or somebody else is at it; `error` says so.
TAKEN: Final = "taken"

#: What is told of each letter, in this order.
FIELDS: Final = ("id", "outcome", "kind", "queue", "actor", "source", "match_id", "run_id", "message_id", "error")


class Pace:
    """At most `rate` letters a second, evenly spread; 0 is as fast as they go."""

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._clock = clock
        self._sleep = sleep
        self._due = clock()

    def wait(self) -> None:
        """Returns when the next letter may be sent."""
        early = self._due - self._clock()
        if early > 0:
            self._sleep(early)

    def sent(self) -> None:
        """One was sent just now. A broker that was slow for a while is not made up for by a burst."""
        self._due = self._clock() + self._interval


def replay(
    connection: Connection, broker: Broker | None, ids: Iterable[int], by: str, pace: Pace
) -> Iterator[dict[str, Any]]:
    """Send each of the letters to `broker`; yields what became of it, in `FIELDS`. Without a broker: what would.

    Raises BrokerAway, BrokerMisconfigured or what the database raises; that letter and those after it are still open.
    """
    from actors.errors import NotReplayable
    from actors.replays import message_of
    from actors.store.letters import held, record_replay

    for dead_id in ids:
        pace.wait()  # and only then hold the letter: whoever stores it would wait as well
        with held(connection, dead_id) as letter:
            if letter is None:
                told = {"id": dead_id, "outcome": TAKEN}
            else:
                told = {name: getattr(letter, name, None) for name in FIELDS} | {"outcome": READY}
                try:
                    message = message_of(letter)
                except NotReplayable as error:
                    told |= {"outcome": REFUSED, "error": f"{error}: {error.hint}"}
                else:
                    told["message_id"] = message.message_id
                    if broker is not None:
                        broker.enqueue(message)
                        record_replay(connection, letter, by)
                        told["outcome"] = SENT
                        pace.sent()
        yield dict.fromkeys(FIELDS) | told
