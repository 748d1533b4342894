"""What becomes of a message whose actor failed."""

from __future__ import annotations

import random
from typing import Any

import pytest
from dramatiq import Message, MessageProxy
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Shutdown, TimeLimit

from actors.errors import ContractViolation, DatabaseAway, SourceBusy
from actors.middleware import stack
from actors.middleware.retries import ATTEMPTS, Retries, kind_of
from contract.broker.deliveries import Delivery


class _Recorder(StubBroker):
    """Remembers delays instead of waiting for them; `refuse` makes publishing fail, as a broker does that is away."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.delays: list[int] = []
        self.refuse = False

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        if self.refuse:
            raise ConnectionClosed("away")
        assert delay is not None
        self.delays.append(delay)
        return message


class _Hasty(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return 0.0


def _message(**options: Any) -> MessageProxy:
    return MessageProxy(Message("matches", "store_matches", (), {}, options))


def _fail(message: MessageProxy, error: BaseException, times: int = 1) -> _Recorder:
    broker, retries = _Recorder(), Retries(rng=random.Random(7))
    for _ in range(times):
        if not message.failed:
            retries.after_process_message(broker, message, exception=error)
    return broker


def test_a_permanent_error_is_dead_at_once() -> None:
    """What the contract refuses is refused again however often it is tried."""
    message = _message()
    assert _fail(message, ContractViolation("no run_id")).delays == []
    assert message.failed
    assert message.options["failure"] == {"reason": "ContractViolation", "error": "no run_id"}


def test_a_transient_error_burns_no_attempt() -> None:
    """An outage of an hour ends with every message stored: nothing counts towards its death."""
    message = _message()
    broker = _fail(message, DatabaseAway("away"), times=200)
    assert not message.failed
    assert len(broker.delays) == 200
    assert message.options["failures"] == 0
    assert max(broker.delays) <= 60_000, "work goes on within a minute of the database's return"


def test_an_unknown_error_has_eight_attempts_over_about_ten_minutes() -> None:
    """Full jitter: each delay is drawn up to its bound, and the bounds double up to ten minutes."""
    totals = []
    for seed in range(300):
        message, broker, retries = _message(), _Recorder(), Retries(rng=random.Random(seed))
        for _ in range(ATTEMPTS):
            assert not message.failed
            retries.after_process_message(broker, message, exception=ValueError("bug"))
        assert message.failed
        assert len(broker.delays) == ATTEMPTS - 1
        assert all(delay <= min(600_000, 10_000 * 2**n) for n, delay in enumerate(broker.delays))
        totals.append(sum(broker.delays) / 60_000)
    assert 9 < sum(totals) / len(totals) < 11.5


def test_what_led_to_the_death_travels_with_the_message() -> None:
    """Attempts, first failure, last error and traceback."""
    message = _message()
    try:
        raise ValueError("the last straw")
    except ValueError as error:
        _fail(message, error, times=ATTEMPTS)
    assert message.options["attempts"] == ATTEMPTS
    assert message.options["failure"]["reason"] == "attempts_exhausted:ValueError"
    assert "the last straw" in message.options["traceback"]
    assert message.options["first_failed_at"] > 0


def test_a_retry_that_cannot_be_published_is_never_acked() -> None:
    """Dramatiq acks what has not failed; so where the copy is not safe the message goes back into its queue."""
    message, broker = Delivery(_message()._message, redelivered=False), _Recorder()
    broker.refuse = True
    retries = Retries(rng=_Hasty())
    retries.before_process_message(broker, message)
    retries.after_process_message(broker, message, exception=DatabaseAway("away"))
    assert message.returned
    assert not message.failed


def test_what_strikes_between_hooks_acks_nothing() -> None:
    """Until it is decided what becomes of a message it is one to give back; each decision takes that away."""
    for exception, returned in (
        (None, False),
        (DatabaseAway("away"), False),
        (ValueError(), False),
        (Shutdown(), True),
    ):
        message, broker, retries = Delivery(_message()._message, redelivered=False), _Recorder(), Retries()
        retries.before_process_message(broker, message)
        assert message.returned
        retries.after_process_message(broker, message, exception=exception)
        assert message.returned is returned


def test_a_message_whose_counters_are_no_numbers_is_never_acked() -> None:
    """Whatever goes wrong while it is decided what becomes of a message, it fails, and is not lost."""
    message = _message(attempts="many")
    with pytest.raises(TypeError):
        Retries().after_process_message(_Recorder(), message, exception=DatabaseAway("away"))
    assert message.failed


def test_an_outage_does_not_lengthen_the_delays_of_unknown_errors() -> None:
    """Each kind of error has a backoff of its own."""
    message, broker, retries = _message(), _Recorder(), Retries(rng=random.Random(7))
    for _ in range(200):
        retries.after_process_message(broker, message, exception=DatabaseAway("away"))
    retries.after_process_message(broker, message, exception=ValueError("bug"))
    assert broker.delays[-1] <= 10_000


@pytest.mark.parametrize(
    ("error", "kind"),
    [(ContractViolation("x"), "permanent"), (DatabaseAway("x"), "transient"), (Shutdown(), "transient")]
    + [(error, "unknown") for error in (ValueError(), KeyError(), AssertionError())],
)
def test_kinds_of_error(error: BaseException, kind: str) -> None:
    """The classes say what they are; everything else is unknown."""
    assert kind_of(error) == kind


def test_the_time_limit_is_lifted_before_a_retry_is_published() -> None:
    """After an actor, hooks run last to first: a time limit must not fire inside the retry's publishing."""
    order = [type(middleware) for middleware in stack()]
    assert order.index(TimeLimit) > order.index(Retries)


def test_what_has_to_wait_has_not_failed(caplog: pytest.LogCaptureFixture) -> None:
    """It comes again in 5 to 15 s, however often, burns nothing, carries nothing along, and is no warning."""
    message, broker, retries = _message(), _Recorder(), Retries(rng=random.Random(7))
    with caplog.at_level("INFO"):
        for _ in range(200):
            retries.after_process_message(broker, message, exception=SourceBusy("mlsnext is being read"))
    assert not message.failed
    assert len(broker.delays) == 200
    assert 5_000 <= min(broker.delays) < 6_000
    assert 14_000 < max(broker.delays) <= 15_000
    assert message.options == {}
    assert {record.levelname for record in caplog.records} == {"INFO"}
    assert "mlsnext is being read" in caplog.text
