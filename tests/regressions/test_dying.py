"""A dead message stays until a person acts, and what killed it is written down."""

from __future__ import annotations

import json
from collections.abc import Callable

import psycopg
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import Retries as DramatiqsRetries

from actors.middleware.retries import ATTEMPTS
from contract.broker.rabbitmq import RabbitBroker
from tests.conformance.conftest import Process, Rabbit, Stage, eventually, message_to
from tests.regressions.conftest import worker_on

pytestmark = pytest.mark.slow


def _ours(url: str) -> RabbitBroker:
    return RabbitBroker(url, middleware=[DramatiqsRetries(max_retries=0)])


def _dramatiqs(url: str) -> RabbitmqBroker:
    return RabbitmqBroker(url=url, confirm_delivery=True, middleware=[DramatiqsRetries(max_retries=0)])


@pytest.mark.parametrize(("make", "kept"), [(_ours, 1), (_dramatiqs, 0)], ids=["ours", "dramatiq's"])
def test_dead_messages_do_not_expire(
    rabbit: Rabbit,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[str], RabbitmqBroker],
    kept: int,
) -> None:
    """Dramatiq's dead-letter queue drops them after seven days; a millisecond in this test."""
    monkeypatch.setattr("dramatiq.brokers.rabbitmq.DEAD_MESSAGE_TTL", 1)
    stage.fail("hopeless", 1)
    broker = make(rabbit.url)
    with worker_on(broker, stage):
        _send(broker)
        stage.wait_for("hopeless")
    assert rabbit.counts() == (0, 0, kept)


def _send(broker: RabbitmqBroker) -> None:
    """By the worker's own broker: another would declare the queues in its own way."""
    broker.get_actor("play").send(name="hopeless")


def _as_dramatiq_keeps_it(rabbit: Rabbit, stage: Stage, processes: Callable[..., Process], store_url: str) -> str:
    stage.fail("hopeless", 1)
    rabbit.send("hopeless")
    with worker_on(_ours(rabbit.url), stage):
        eventually(lambda: rabbit.counts()[2] == 1, "the message is dead")
    (body,) = rabbit.take_dead()
    return body.decode()


def _as_we_keep_it(rabbit: Rabbit, stage: Stage, processes: Callable[..., Process], store_url: str) -> str:
    stage.fail("hopeless", 1)
    one_attempt_left = message_to("play", name="hopeless").asdict() | {"options": {"failures": ATTEMPTS - 1}}
    rabbit.put(json.dumps(one_attempt_left))
    processes(rabbit.url, store=store_url)
    kept: list[tuple[str]] = []

    def buried() -> bool:
        with psycopg.connect(store_url) as connection:
            kept.extend(connection.execute("SELECT letter::text FROM touchline.dead AS letter").fetchall())
        return bool(kept)

    eventually(buried, "the letter is in the database")
    return kept[0][0]


@pytest.mark.parametrize(
    ("kept", "tells"), [(_as_we_keep_it, True), (_as_dramatiq_keeps_it, False)], ids=["ours", "dramatiq's"]
)
def test_the_last_exception_is_kept(
    rabbit: Rabbit,
    stage: Stage,
    processes: Callable[..., Process],
    store_url: str,
    kept: Callable[..., str],
    tells: bool,
) -> None:
    """What RabbitMQ dead-letters is the message as it came, without what its last run ended with."""
    letter = kept(rabbit, stage, processes, store_url)
    assert "hopeless" in letter
    assert ("told to fail" in letter) is tells
    assert ("Traceback" in letter) is tells
