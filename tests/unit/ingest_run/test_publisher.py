"""How long a broker is tried, and what happens then. The clock is the test's, and so is the broker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import dramatiq
import pytest
from dramatiq.errors import ConnectionClosed

from contract.errors import ConfigurationError
from contract.names import STORE_MATCHES
from ingest.publisher import LONGEST_WAIT, Delivery, Publisher
from ingest.spool import Spool


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


class Scripted(dramatiq.Broker):
    """A broker whose answers to one message after the other are given: an error to raise, or None to take it."""

    def __init__(self, answer: Callable[[int], Exception | None]) -> None:
        super().__init__(middleware=[])
        self.answer = answer
        self.attempts = 0
        self.taken: list[str] = []

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        self.attempts += 1
        if error := self.answer(self.attempts):
            raise error
        self.taken.append(message.message_id)
        return message


def publisher(tmp_path: Path, broker: Any, *, timeout: float = 15.0, chance: float = 1.0) -> tuple[Publisher, Clock]:
    clock = Clock()
    spool = Spool(tmp_path, "amqp://rabbit")
    return (
        Publisher(broker, spool, timeout=timeout, clock=clock, sleep=clock.sleep, random=lambda: chance),
        clock,
    )


def send(publisher: Publisher, number: int = 1) -> Delivery:
    return publisher.send(STORE_MATCHES, {"n": number}, str(UUID(int=number)))


def away(_: int) -> Exception:
    return ConnectionClosed("away")


def test_a_message_that_is_taken_is_confirmed(tmp_path: Path) -> None:
    """One attempt, no wait, nothing on disk."""
    broker = Scripted(lambda _: None)
    under_test, clock = publisher(tmp_path, broker)
    assert send(under_test) is Delivery.CONFIRMED
    assert (under_test.confirmed, under_test.spooled, clock.waits) == (1, 0, [])
    assert not list(tmp_path.iterdir())


def test_waits_grow_and_never_pass_the_longest(tmp_path: Path) -> None:
    """Between attempts the wait doubles up to the longest; a broker that comes back gets the message."""
    broker = Scripted(lambda attempt: ConnectionClosed("away") if attempt <= 9 else None)
    under_test, clock = publisher(tmp_path, broker, timeout=60)
    assert send(under_test) is Delivery.CONFIRMED
    assert clock.waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]


def test_the_whole_wait_is_left_to_chance(tmp_path: Path) -> None:
    """Full jitter: with half the luck each wait is half as long."""
    broker = Scripted(lambda attempt: ConnectionClosed("away") if attempt <= 3 else None)
    under_test, clock = publisher(tmp_path, broker, chance=0.5)
    send(under_test)
    assert clock.waits == [0.05, 0.1, 0.2]


def test_a_broker_that_stays_away_is_given_up_after_the_timeout(tmp_path: Path) -> None:
    """The last attempt is made when the time is up, neither earlier nor later."""
    under_test, clock = publisher(tmp_path, Scripted(away), timeout=15)
    assert send(under_test) is Delivery.SPOOLED
    assert clock.now == 1015.0
    assert (under_test.confirmed, under_test.spooled) == (0, 1)


def test_what_comes_later_is_spooled_without_another_attempt(tmp_path: Path) -> None:
    """A run waits for its broker once, not once a batch, and keeps its order."""
    broker = Scripted(away)
    under_test, clock = publisher(tmp_path, broker)
    for number in range(1, 5):
        send(under_test, number)
    attempts, waited = broker.attempts, len(clock.waits)

    send(under_test, 5)

    assert (broker.attempts, len(clock.waits)) == (attempts, waited)
    assert [entry.message_id for entry in under_test.spool.entries()] == [str(UUID(int=n)) for n in range(1, 6)]


def test_each_message_has_the_whole_timeout(tmp_path: Path) -> None:
    """A broker that comes and goes is not given up for its past."""
    broker = Scripted(lambda attempt: ConnectionClosed("away") if attempt % 2 else None)
    under_test, clock = publisher(tmp_path, broker, timeout=0.15)
    for number in range(10):
        assert send(under_test, number) is Delivery.CONFIRMED
    assert sum(clock.waits) > 0.5


def test_no_time_at_all_is_one_attempt(tmp_path: Path) -> None:
    """A timeout of 0 tries once and waits never."""
    broker = Scripted(away)
    under_test, clock = publisher(tmp_path, broker, timeout=0)
    assert send(under_test) is Delivery.SPOOLED
    assert (broker.attempts, clock.waits) == (1, [])


def test_a_broker_that_cannot_even_be_made_is_away(tmp_path: Path) -> None:
    """A host that does not resolve is tried and spooled for like one that does not answer."""

    def make() -> dramatiq.Broker:
        raise OSError("Name or service not known")

    under_test, clock = publisher(tmp_path, make)
    assert send(under_test) is Delivery.SPOOLED
    assert clock.now == 1015.0


def test_the_broker_is_made_with_the_first_message_and_once(tmp_path: Path) -> None:
    """A run that has nothing to say connects to nothing; one that has uses one broker, closed at the end."""
    made = []

    def make() -> dramatiq.Broker:
        made.append(Scripted(lambda _: None))
        return made[-1]

    under_test, _ = publisher(tmp_path, make)
    with under_test:
        assert made == []
        send(under_test, 1)
        send(under_test, 2)
    assert len(made) == 1


def test_wrong_settings_are_not_tried_again_and_nothing_is_lost(tmp_path: Path) -> None:
    """Another attempt would say the same: the message is kept at once, and what to mend is known."""
    wrong = ConfigurationError("the broker refuses the password", hint="check RABBITMQ_URL")
    broker = Scripted(lambda _: wrong)
    under_test, clock = publisher(tmp_path, broker)
    assert send(under_test) is Delivery.SPOOLED
    assert (broker.attempts, clock.waits) == (1, [])
    assert under_test.misconfigured is wrong


def test_a_bug_is_no_outage(tmp_path: Path) -> None:
    """What no broker raises for being away propagates at once: spooling it over would hide it."""
    under_test, clock = publisher(tmp_path, Scripted(lambda _: TypeError("no")))
    with pytest.raises(TypeError):
        send(under_test)
    assert (clock.waits, len(under_test.spool)) == ([], 0)


def test_a_flush_is_one_attempt_and_raises_nothing(tmp_path: Path) -> None:
    """What waits on disk stays there while the broker is away, and holds up no run."""
    under_test, clock = publisher(tmp_path, Scripted(away), timeout=0)
    send(under_test)
    again, clock = publisher(tmp_path, Scripted(away))
    assert again.flush() == 0
    assert clock.waits == []
    assert again.away is None
    assert len(again.spool) == 1


def test_a_flush_counts_what_was_sent_before_the_broker_went(tmp_path: Path) -> None:
    """Two of three messages are confirmed: two are reported, one waits."""
    under_test, _ = publisher(tmp_path, Scripted(away), timeout=0)
    for number in range(3):
        send(under_test, number)
    again, _ = publisher(tmp_path, Scripted(lambda attempt: None if attempt <= 2 else ConnectionClosed("away")))
    assert again.flush() == 2
    assert len(again.spool) == 1


def test_an_interrupted_run_hurries(tmp_path: Path) -> None:
    """After Ctrl-C the broker is tried for a moment, on a connection that is not in the middle of something."""
    made = []

    def make() -> dramatiq.Broker:
        made.append(Scripted(away if made else lambda _: None))
        return made[-1]

    under_test, clock = publisher(tmp_path, make)
    send(under_test, 1)
    under_test.hurry(2.0)
    send(under_test, 2)
    assert (len(made), clock.now) == (2, 1002.0)
