"""What `touchline doctor` says of RabbitMQ's queues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dramatiq
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from contract.broker import make_broker, queue_depths
from contract.names import LENGTH_LIMITS, QUEUES
from tests.conformance.conftest import eventually
from tests.fix_command import Touchline

pytestmark = pytest.mark.slow


@pytest.fixture
def channel(rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockingChannel]:
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    yield connection.channel()
    connection.close()


def _declare(url: str, *queues: str) -> None:
    broker = make_broker(url)
    for queue in queues:
        broker.declare_queue(queue, ensure=True)  # type: ignore[call-arg]
    broker.close()


def _findings(touchline: Touchline, check: str) -> list[dict[str, Any]]:
    return [row for row in touchline("doctor").rows if row["check"] == check]


def test_every_queue_with_other_arguments_is_named(
    touchline: Touchline, rabbitmq_url: str, channel: BlockingChannel
) -> None:
    """Not only the first, and delay and dead-letter queues, too: each with its argument and what to do about it."""
    _declare(rabbitmq_url, *QUEUES)
    for queue in ("matches", "runs.DQ", "scrapes.XQ"):
        channel.queue_delete(queue)
        channel.queue_declare(queue, durable=True, arguments={"x-message-ttl": 1000})
    found = _findings(touchline, "queue arguments")
    assert [row["state"] for row in found] == ["not ok"] * 3
    for queue in ("matches", "runs.DQ", "scrapes.XQ"):
        (row,) = [row for row in found if f"queue '{queue}'" in row["detail"]]
        assert "x-" in row["detail"]
        assert f"delete_queue {queue}" in row["hint"]


def test_a_queue_that_is_missing_beside_others_is_named(
    touchline: Touchline, rabbitmq_url: str, channel: BlockingChannel
) -> None:
    """Somebody deleted a dead-letter queue: nothing makes it before the next start, and the doctor only looks."""
    _declare(rabbitmq_url, "matches")
    channel.queue_delete("matches.XQ")
    (row,) = _findings(touchline, "queue arguments")
    assert "'matches.XQ' is missing" in row["detail"]
    assert set(queue_depths(rabbitmq_url)) == {"matches", "matches.DQ"}


def test_queues_that_are_as_they_should_be_need_no_line(
    touchline: Touchline, rabbitmq_url: str, channel: BlockingChannel
) -> None:
    """Neither those that are there nor those that nobody has used yet."""
    _declare(rabbitmq_url, "matches", "runs")
    assert _findings(touchline, "queue arguments") == []


def test_a_dead_letter_queue_that_holds_messages_is_named(
    touchline: Touchline, rabbitmq_url: str, channel: BlockingChannel
) -> None:
    """They are not in the database: no worker runs, or it cannot bring them there."""
    _declare(rabbitmq_url, "runs")
    channel.basic_publish("", "runs.XQ", b"body")
    eventually(lambda: queue_depths(rabbitmq_url)["runs.XQ"][0] == 1, "it is there")
    (row,) = _findings(touchline, "queues")
    assert row["state"] == "not ok"
    assert "1 message in the dead-letter queue of runs" in row["detail"]
    assert "worker" in row["hint"]


@pytest.mark.parametrize(
    ("share", "words"), [(0.9, "nearly full"), (2.1, "its limit is not in force")], ids=["full", "too full"]
)
def test_a_queue_without_room_is_named(
    touchline: Touchline, rabbitmq_url: str, channel: BlockingChannel, share: float, words: str
) -> None:
    """By the limits of the policies that come with Touchline: near to them, or, where they were not loaded, beyond."""
    _declare(rabbitmq_url, "schedule")
    count = int(LENGTH_LIMITS["schedule"] * share)
    for _ in range(count):
        channel.basic_publish("", "schedule", b"body")
    eventually(lambda: queue_depths(rabbitmq_url)["schedule"][0] == count, "they are there")
    # somebody consumes it, and is slow
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("schedule", lambda *_: None)
    (row,) = _findings(touchline, "queues")
    assert row["state"] == "not ok"
    assert words in row["detail"]


def test_a_worker_on_a_full_queue_is_enough(touchline: Touchline, rabbitmq_url: str, channel: BlockingChannel) -> None:
    """A queue with messages and a consumer is in order."""
    broker = make_broker(rabbitmq_url)
    broker.enqueue(dramatiq.Message(queue_name="matches", actor_name="any", args=(), kwargs={}, options={}))
    broker.close()
    channel.basic_consume("matches", lambda *_: None)
    (row,) = _findings(touchline, "queues")
    assert row["state"] == "ok"
