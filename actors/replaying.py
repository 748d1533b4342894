"""Sends dead letters again: one transaction a letter, held open over the confirmed publish.

Of two who replay at once each letter is sent by one. Who is killed between the confirm and the commit leaves the letter
open; sent once more it is the same message, which is stored once.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from dramatiq import Broker

from actors.errors import NotReplayable
from actors.replays import message_of
from actors.store.database import Connection
from actors.store.letters import held, record_replay, standing

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


def became(letter: Mapping[str, Any]) -> str:
    """Why a letter cannot be dealt with now, in a sentence; `letter` is as `standing` has it."""
    name = f"Letter {letter['id']}"
    by = f"by {letter['by_whom']} at {_instant(letter['at'])}" if letter["act"] else ""
    match letter["state"], letter["act"]:
        case "open", _:
            return f"{name} is in somebody else's hands right now."
        case "dropped", _:
            return f"{name} was dropped {by}: {letter['why']}"
        case _, "replay":
            came = "its message was stored" if letter["outcome"] == "stored" else "what became of it is not known yet"
            return f"{name} was replayed {by}; {came}."
    return f"{name} needs nothing more: its message was stored after all."


def explain_taken(connection: Connection, done: Sequence[dict[str, Any]]) -> None:
    """Say of each letter that was not open any more what had become of it, in its `error`."""
    taken = {told["id"]: told for told in done if told["outcome"] == TAKEN}
    if not taken:
        return
    for dead_id, letter in standing(connection, list(taken)).items():
        taken[dead_id] |= {name: letter[name] for name in ("kind", "queue", "actor", "source", "match_id")}
        taken[dead_id]["error"] = became(letter)


def _instant(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def replay(
    connection: Connection, broker: Broker | None, ids: Iterable[int], by: str, pace: Pace
) -> Iterator[dict[str, Any]]:
    """Send each of the letters to `broker`; yields what became of it, in `FIELDS`. Without a broker: what would.

    Raises BrokerAway, BrokerMisconfigured or what the database raises; that letter and those after it are still open.
    """
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
