"""Dead-letter queues are drained: nothing that lies there is lost, doubled, or in the way of the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
import pika
import pytest

from contract.broker import drain, make_broker
from contract.broker.connections_rabbitmq import parameters
from contract.broker.corpses import Corpse
from contract.broker.errors import BrokerAway
from contract.errors import UnreachableError
from contract.names import QUEUES
from tests.conformance.actors import QUEUE
from tests.conformance.conftest import Backend, Embedded, Rabbit, eventually
from tests.fix_proxy import Proxy

pytestmark = pytest.mark.slow


def _die(backend: Backend, *names: str) -> None:
    """Messages of these names lie in the dead-letter queue, in this order."""
    for name in names:
        backend.send(name)
    broker = make_broker(backend.url)
    consumer = broker.consume(QUEUE, prefetch=len(names) + 1, timeout=200)
    dead = 0
    while dead < len(names):
        message = next(consumer)
        if message is not None:
            consumer.nack(message)
            dead += 1
    eventually(lambda: next(consumer) is None and backend.counts()[2] >= len(names), "all are dead")
    consumer.close()
    broker.close()


def _name(corpse: Corpse) -> str:
    assert corpse.message is not None
    return str(corpse.message.kwargs["name"])


def test_the_dead_are_handed_out_oldest_first_and_gone_once_buried(backend: Backend) -> None:
    """Each comes with its message, why and when it died; afterwards the queue is empty."""
    names = [f"m{number}" for number in range(5)]
    _die(backend, *names)
    buried: list[Corpse] = []
    assert drain(backend.url, QUEUES, buried.append) == 5
    assert [_name(corpse) for corpse in buried] == names
    for corpse in buried:
        assert (corpse.queue, corpse.reason, corpse.error) == (QUEUE, "rejected", None)
        assert corpse.message == dramatiq.Message.decode(corpse.body)
        # RabbitMQ has it in seconds
        assert timedelta(seconds=-1) <= datetime.now(UTC) - corpse.died_at < timedelta(minutes=1)
    assert backend.counts() == (0, 0, 0)
    assert drain(backend.url, QUEUES, buried.append) == 0


def test_where_there_are_no_queues_there_are_no_dead(backend: Backend) -> None:
    """A broker that nobody has used is drained of nothing, and nothing is made in it."""
    assert drain(backend.url, QUEUES, pytest.fail) == 0
    assert backend.consumers() == 0


def test_what_was_not_buried_comes_again(backend: Backend) -> None:
    """A grave that is away ends the draining at once; what was buried before is gone, the rest is all there."""
    _die(backend, "one", "two", "three")
    buried: list[str] = []

    def bury(corpse: Corpse) -> None:
        if buried:
            raise UnreachableError("the grave is away")
        buried.append(_name(corpse))

    with pytest.raises(UnreachableError, match="grave"):
        drain(backend.url, QUEUES, bury)
    eventually(lambda: backend.counts() == (0, 0, 2), "the rest is back in its place")
    again: list[Corpse] = []
    assert drain(backend.url, QUEUES, again.append) == 2
    assert [_name(corpse) for corpse in again] == ["two", "three"]


def test_one_that_cannot_be_buried_holds_up_no_other(backend: Backend) -> None:
    """It stays, the others are buried, and what went wrong is raised at the end."""
    _die(backend, "bad", "good", "better")
    buried: list[str] = []

    def bury(corpse: Corpse) -> None:
        if _name(corpse) == "bad":
            raise ValueError("too bad")
        buried.append(_name(corpse))

    with pytest.raises(ValueError, match="too bad"):
        drain(backend.url, QUEUES, bury)
    assert buried == ["good", "better"]
    eventually(lambda: backend.counts() == (0, 0, 1), "the bad one is back in its place")


def test_no_more_are_taken_than_asked_for(backend: Backend) -> None:
    """The limit bounds one call; the next goes on."""
    _die(backend, "one", "two", "three")
    buried: list[str] = []
    assert drain(backend.url, QUEUES, lambda corpse: buried.append(_name(corpse)), limit=2) == 2
    assert drain(backend.url, QUEUES, lambda corpse: buried.append(_name(corpse)), limit=2) == 1
    assert buried == ["one", "two", "three"]


def test_several_drain_at_once_and_none_is_doubled(backend: Backend) -> None:
    """While one worker buries a corpse, the others have the others."""
    names = {f"m{number}" for number in range(40)}
    _die(backend, *names)
    buried: list[str] = []
    together = threading.Barrier(4)
    failures: list[BaseException] = []

    def one() -> None:
        first = True

        def bury(corpse: Corpse) -> None:
            nonlocal first
            if first:
                together.wait(30)  # each holds one now
                first = False
            buried.append(_name(corpse))

        try:
            drain(backend.url, QUEUES, bury)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=one) for _ in range(together.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert sorted(buried) == sorted(names)
    assert backend.counts() == (0, 0, 0)


def test_what_is_no_message_is_handed_out_with_its_reason(backend: Backend) -> None:
    """A body that nobody can decode is a corpse, too: as it was, and with what is wrong with it."""
    body = '{"queue_name": "matches", "x": 1}'
    backend.put(body)
    broker = make_broker(backend.url)
    consumer = broker.consume(QUEUE, timeout=200)
    eventually(lambda: next(consumer) is None and backend.counts()[2] == 1, "it is dead")
    consumer.close()
    broker.close()
    buried: list[Corpse] = []
    drain(backend.url, QUEUES, buried.append)
    (corpse,) = buried
    assert corpse.message is None
    assert corpse.body == body.encode()
    assert corpse.error is not None
    assert "the fields are not a message's" in corpse.error


def test_a_broker_that_is_away_says_so(backend: Backend, tcp_proxy: Callable[[str], Proxy]) -> None:
    """Draining ends with BrokerAway, and can be tried again."""
    proxy = tcp_proxy(backend.url)
    proxy.cut()
    with pytest.raises(BrokerAway):
        drain(proxy.url, QUEUES, pytest.fail)


def test_expired_messages_are_drained(rabbit: Rabbit, rabbitmqctl: Callable[..., str]) -> None:
    """What a policy's time to live ended is handed out with that as its reason."""
    vhost = parameters(rabbit.url).virtual_host
    policy = '{"message-ttl":1}'
    rabbitmqctl("set_policy", "-p", vhost, "short", f"^{QUEUE}$", policy, "--apply-to", "queues")
    rabbit.send("late")
    eventually(lambda: rabbit.counts() == (0, 0, 1), "it is expired")
    buried: list[Corpse] = []
    assert drain(rabbit.url, QUEUES, buried.append) == 1
    assert (buried[0].reason, _name(buried[0])) == ("expired", "late")


def test_what_a_person_put_there_is_drained(rabbit: Rabbit) -> None:
    """A message without any header of RabbitMQ's, dead of unknown causes."""
    rabbit.send("one")
    with rabbit._channel() as channel:
        channel.basic_publish("", f"{QUEUE}.XQ", b"\xff\xfe what is this")
    buried: list[Corpse] = []
    assert drain(rabbit.url, QUEUES, buried.append) == 1
    assert (buried[0].reason, buried[0].message) == ("unknown", None)
    assert "no JSON" in str(buried[0].error)


def test_a_grave_that_is_long_away_costs_no_quorum_queue_a_message(rabbit: Rabbit) -> None:
    """RabbitMQ 4 drops what was delivered 20 times; what is drained in vain 50 times is there all the same."""
    with rabbit._channel() as channel:
        arguments: dict[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": 20}
        channel.queue_declare(f"{QUEUE}.XQ", durable=True, arguments=arguments)
        headers = {"x-death": [{"reason": "expired", "queue": QUEUE, "count": 1}]}
        channel.basic_publish("", f"{QUEUE}.XQ", b"body", pika.BasicProperties(delivery_mode=2, headers=headers))

    def bury(corpse: Corpse) -> None:
        raise UnreachableError("the grave is away")

    for _ in range(50):
        with pytest.raises(UnreachableError):
            drain(rabbit.url, QUEUES, bury)
        eventually(lambda: rabbit.counts()[2] == 1, "it is back in its place")
    buried: list[Corpse] = []
    assert drain(rabbit.url, QUEUES, buried.append) == 1
    assert (buried[0].reason, buried[0].body) == ("expired", b"body")


def test_a_worker_meanwhile_takes_none_of_the_dead(embedded: Embedded) -> None:
    """What is being buried is claimed by no consumer, and the next dead message does not wait for it."""
    _die(embedded, "one", "two")
    seen: list[str] = []

    def bury(corpse: Corpse) -> None:
        seen.append(_name(corpse))
        if len(seen) == 1:
            drain(embedded.url, QUEUES, bury)

    drain(embedded.url, QUEUES, bury)
    assert seen == ["one", "two"]
    assert embedded.counts() == (0, 0, 0)
