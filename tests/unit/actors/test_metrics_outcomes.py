"""What a delivery is counted as, when its worker is done with it."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import RateLimitExceeded

from actors.errors import SourceBusy
from actors.middleware.metrics import Metrics, outcome_of, waited
from actors.store.dead import DUE
from contract.broker.deliveries import Delivery
from contract.names import MATCHES, STORE_MATCHES


class Overtaken(Delivery):
    @property
    def overtaken(self) -> bool:
        return True


def delivery(*, queue: str = MATCHES, kind: type[Delivery] = Delivery, **options: Any) -> Delivery:
    message: dramatiq.Message[Any] = dramatiq.Message(queue, STORE_MATCHES, (), {}, options, message_timestamp=10_000)
    return kind(message, redelivered=False)


def failed(error: BaseException, *, dead: bool = False, returned: bool = False) -> Delivery:
    message = delivery()
    message.stuff_exception(error)
    message.returned = returned
    if dead:
        message.fail()
    return message


def test_each_end_has_its_name() -> None:
    """What was acked without an error is done; with one it is in the queue again, unless it is dead or goes back."""
    assert outcome_of(delivery()) == "succeeded"
    assert outcome_of(failed(ValueError())) == "retried"
    assert outcome_of(failed(SourceBusy("x"))) == "waiting"
    assert outcome_of(failed(RateLimitExceeded("x"))) == "waiting"
    assert outcome_of(failed(ValueError(), dead=True)) == "dead"
    assert outcome_of(failed(ValueError(), returned=True)) == "returned"
    # its letter could not be written down
    assert outcome_of(failed(ValueError(), dead=True, returned=True)) == "returned"


def test_what_was_overtaken_comes_again() -> None:
    """An ack on a connection that is gone settles nothing."""
    assert outcome_of(delivery(kind=Overtaken)) == "returned"


@pytest.mark.parametrize("kind", [Delivery, Overtaken])
def test_what_was_only_delayed_is_not_counted(kind: type[Delivery]) -> None:
    """It is moved from its delay queue into the real one, and begins there."""
    assert outcome_of(delivery(queue=f"{MATCHES}.DQ", kind=kind)) is None


def test_waiting_begins_when_a_message_is_due() -> None:
    """Sent at 10 s it has waited 5 s at 15 s; due at 14 s only one. By a clock that is ahead nothing waits."""
    assert waited(delivery(), 15.0) == 5.0
    assert waited(delivery(**{DUE: 14_000}), 15.0) == 1.0
    assert waited(delivery(), 9.0) == 0.0
    assert waited(delivery(**{DUE: "soon"}), 15.0) is None


def test_what_is_delayed_says_when_it_is_due() -> None:
    """A retry too, each time anew; what is sent at once says nothing, and what is only moved keeps what it said."""
    message = delivery()
    middleware = Metrics()
    middleware.before_enqueue(StubBroker(), message, None)
    assert DUE not in message.options
    begun = time.time()
    middleware.before_enqueue(StubBroker(), message, 60_000)
    assert begun + 59 < message.options[DUE] / 1000 < time.time() + 61
    due = message.options[DUE]
    middleware.before_enqueue(StubBroker(), message, None)
    assert message.options[DUE] == due


def test_nothing_is_imported_where_no_metrics_are_wanted() -> None:
    """A worker without them pays nothing for them, and neither does a command."""
    code = "import sys, actors; print(actors.metrics.start(), 'prometheus_client' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "None False\n"
