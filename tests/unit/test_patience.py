"""What a worker says while its broker is away, by the clock."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import pytest
from dramatiq import Consumer, Message, MessageProxy

from contract.broker.errors import BrokerAway, BrokerMisconfigured
from contract.broker.patience import SAID_AGAIN, Patience, _Idle

_QUEUES = ("matches", "matches.DQ", "runs", "runs.DQ")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patience(clock: Clock) -> Patience:
    return Patience(clock=clock)


def _said(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return said


def test_an_outage_is_said_once_a_minute(patience: Patience, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Ten minutes, four threads, three ways to fail: eleven lines, and how long it has been."""
    ways = [BrokerAway(f"it does not answer: {way}") for way in ("reset", "refused", "no connection")]
    for second in range(600):
        clock.now = 1000.0 + second
        for queue in _QUEUES:
            patience.trouble(queue, ways[second % 3])
    said = _said(caplog)
    assert len(said) == 600 / SAID_AGAIN
    assert said[0].endswith("; waiting")
    assert said[-1].endswith("; waiting for 540 s now")


def test_the_end_of_an_outage_is_said_when_all_are_back(
    patience: Patience, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """One queue that is consumed again is not the end of it."""
    for queue in _QUEUES:
        patience.trouble(queue, BrokerAway("gone"))
    _said(caplog)
    clock.now += 42
    for queue in _QUEUES[1:]:
        patience.well(queue)
    assert _said(caplog) == []
    patience.well(_QUEUES[0])
    assert _said(caplog) == ["Consuming again after 42 s."]
    patience.well(_QUEUES[0])
    assert _said(caplog) == []


def test_a_broker_that_comes_and_goes_does_not_fill_the_log(
    patience: Patience, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Two lines a minute at the most."""
    for _ in range(60):
        clock.now += 1
        patience.trouble("matches", BrokerAway("gone"))
        patience.well("matches")
    assert len(_said(caplog)) <= 2


def test_what_a_person_has_to_mend_is_an_error_with_its_remedy(
    patience: Patience, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Each thing that is wrong has its own line, whatever else is."""
    patience.trouble("runs", BrokerAway("gone"))
    for queue in ("matches", "matches.DQ"):
        patience.trouble(queue, BrokerMisconfigured("queue 'matches' is odd", hint="delete it"))
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]
    said = _said(caplog)
    assert "queue 'matches' is odd" in said[1]
    assert "(delete it)" in said[1]
    clock.now += 5
    patience.well("matches")
    patience.well("matches.DQ")
    assert _said(caplog) == ["Consuming queue matches again after 5 s."]


def test_what_outlives_a_connection_is_settled_while_nothing_is_consumed() -> None:
    """Claims on the embedded queue do: who gives them back to a consumer that waits must not be ignored."""
    told: list[tuple[str, object]] = []

    class Behind(Consumer):
        def ack(self, message: MessageProxy) -> None:
            told.append(("ack", message))

        def nack(self, message: MessageProxy) -> None:
            told.append(("nack", message))

        def requeue(self, messages: Iterable[MessageProxy]) -> None:
            told.append(("requeue", list(messages)))

    message = MessageProxy(Message("matches", "store_matches", (), {}, {}))
    idle = _Idle(lambda: False, Behind())
    idle.ack(message)
    idle.nack(message)
    idle.requeue([message])
    assert told == [("ack", message), ("nack", message), ("requeue", [message])]
