"""A producer who may only publish to an exchange: what is said where something is missing, and by which command.

Nothing is lost by it.
"""

from __future__ import annotations

from pathlib import Path

import dramatiq
import pytest

from contract.broker import queue_depths
from contract.broker.errors import BrokerMisconfigured
from contract.names import MATCHES, QUEUES, RUNS
from tests.fix_command import Touchline
from tests.fix_rabbitmq_as_code import (
    EXCHANGE,
    PRODUCER,
    SCHEDULER,
    WORKER,
    CodedServer,
)
from tests.integration.producing import do, ids, publishing, taken
from tests.unit.ingest_run.made_up import MadeUp, Says, match

pytestmark = pytest.mark.slow


def _spools(coded: CodedServer, home: Path, *says: str, user: str = PRODUCER, exchange: str = EXCHANGE) -> None:
    """A run ends with exit code 2, says all of `says`, and has everything on disk."""
    outcome = do(coded.url(user), home, MadeUp({"a": Says([match(1)])}), exchange=exchange)
    assert outcome.exit_code == 2
    assert outcome.spooled == 3
    with publishing(coded.url(user), home, exchange=exchange) as publisher:
        message = dramatiq.Message(queue_name=MATCHES, actor_name="any", args=(), kwargs={}, options={})
        with pytest.raises(BrokerMisconfigured) as caught:
            publisher._broker().enqueue(message)
    said = f"{caught.value} → {caught.value.hint}"
    for part in (*says, user):
        assert part in said
    assert coded.passwords[user] not in said


def _arrives(coded: CodedServer, home: Path) -> None:
    """The next run sends what was kept, and then its own."""
    outcome = do(coded.url(PRODUCER), home, MadeUp({"a": Says([match(2)])}), exchange=EXCHANGE, timeout=15)
    assert (outcome.flushed, outcome.spooled, outcome.exit_code) == (3, 0, 0)
    assert ids(taken(coded.url(WORKER))[MATCHES]) == ["1", "2"]


def test_an_exchange_that_is_missing_is_named(coded: CodedServer, tmp_path: Path) -> None:
    """Definitions were not loaded: with them, everything goes on."""
    coded.permit_everything(WORKER)
    with coded.channel(WORKER) as channel:
        channel.exchange_delete(EXCHANGE)
    coded.load(coded.definitions / "20-users.json")
    _spools(coded, tmp_path, "has no exchange 'touchline' in vhost 'touchline'", "definitions.json")
    coded.load(coded.definitions / "10-definitions.json")
    _arrives(coded, tmp_path)


def test_a_queue_that_is_not_bound_is_named(coded: CodedServer, tmp_path: Path) -> None:
    """The exchange would drop what it has no queue for: `mandatory` has it come back."""
    coded.permit_everything(WORKER)
    with coded.channel(WORKER) as channel:
        channel.queue_unbind(RUNS, EXCHANGE, RUNS)
        channel.queue_unbind(MATCHES, EXCHANGE, MATCHES)
    coded.load(coded.definitions / "20-users.json")
    _spools(coded, tmp_path, "exchange 'touchline' in vhost 'touchline' leads nowhere for 'matches'", "bind queue")
    coded.load(coded.definitions / "10-definitions.json")
    _arrives(coded, tmp_path)


def test_a_user_who_may_not_publish_is_named(coded: CodedServer, tmp_path: Path) -> None:
    """Each way in which that shows: another's exchange, another's queue, and the default exchange."""
    topic = "does not let user 'touchline-scheduler' publish for queue 'matches' to exchange 'touchline'"
    _spools(coded, tmp_path / "scheduler", topic, "docs/queues.md", user=SCHEDULER)
    exchange = "does not let user 'touchline-worker' publish to exchange 'touchline'"
    _spools(coded, tmp_path / "worker", exchange, "RABBITMQ_EXCHANGE", user=WORKER)
    unset = "does not let user 'touchline-producer' declare, read or empty queue 'matches'"
    _spools(coded, tmp_path / "unset", unset, "RABBITMQ_EXCHANGE=touchline", exchange="")


# What commands say to a user who may only publish.


@pytest.fixture
def producing(coded: CodedServer, monkeypatch: pytest.MonkeyPatch) -> CodedServer:
    """The environment is a producer's."""
    monkeypatch.setenv("RABBITMQ_URL", coded.url(PRODUCER))
    monkeypatch.setenv("RABBITMQ_EXCHANGE", EXCHANGE)
    return coded


def test_a_producer_lists_the_queues(touchline: Touchline, producing: CodedServer) -> None:
    """How full they are takes no permission."""
    ended = touchline("queues")
    assert ended.code == 0, ended.err
    assert {row["queue"]: row["ready"] for row in ended.rows} == dict.fromkeys(QUEUES, 0)


def test_a_producer_flushes_its_spool(touchline: Touchline, producing: CodedServer, tmp_path: Path) -> None:
    """Through the exchange, too."""
    _spools(producing, tmp_path / "home", "RABBITMQ_EXCHANGE", exchange="")
    ended = touchline("spool flush")
    assert (ended.code, "Sent 3 messages" in ended.err) == (0, True), ended.err
    assert queue_depths(producing.url(WORKER))[MATCHES][0] == 1


def test_the_doctor_finds_nothing_wrong_with_a_producer(touchline: Touchline, producing: CodedServer) -> None:
    """What a user may not do is no finding; where it publishes to is named, and missed if it is not there."""
    found = {row["check"]: row for row in touchline("doctor").rows}
    assert found["broker"]["state"] == found["queues"]["state"] == "ok"
    assert "exchange touchline" in found["broker"]["detail"]
    assert found["queue arguments"]["state"] == "not used"
    assert "may not declare" in found["queue arguments"]["detail"]


def test_the_doctor_misses_an_exchange(
    touchline: Touchline, producing: CodedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first run finds out."""
    monkeypatch.setenv("RABBITMQ_EXCHANGE", "elsewhere")
    (row,) = [row for row in touchline("doctor").rows if row["check"] == "broker"]
    assert row["state"] == "not ok"
    assert "no exchange 'elsewhere'" in row["detail"]


def test_a_name_that_is_none_is_refused(touchline: Touchline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is connected."""
    monkeypatch.setenv("RABBITMQ_EXCHANGE", "touch line")
    ended = touchline("queues")
    assert ended.code == 2
    assert "RABBITMQ_EXCHANGE" in ended.err
