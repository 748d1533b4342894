"""What RabbitMQ alone can do to us."""

from __future__ import annotations

from collections.abc import Callable

import dramatiq
import pika
import pika.exceptions
import pytest
from dramatiq.brokers.rabbitmq import _RabbitmqConsumer
from dramatiq.middleware import Retries
from pika.adapters.blocking_connection import BlockingChannel

from contract.broker import make_broker, queue_depths
from contract.broker.connections_rabbitmq import parameters
from contract.broker.consumers_rabbitmq import BoundConsumer
from contract.broker.errors import BrokerAway, BrokerMisconfigured
from contract.broker.rabbitmq import RabbitBroker
from tests.conformance.actors import QUEUE, declare
from tests.conformance.conftest import PATIENCE, Rabbit, Stage, eventually, message_to
from tests.fix_proxy import Proxy

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("consumer", "dead"), [(BoundConsumer, []), (_RabbitmqConsumer, ["healthy"])], ids=["ours", "dramatiq's"]
)
def test_a_delivery_is_settled_on_its_own_connection(
    rabbit: Rabbit,
    stage: Stage,
    tcp_proxy: Callable[[str], Proxy],
    monkeypatch: pytest.MonkeyPatch,
    consumer: type,
    dead: list[str],
) -> None:
    """After a reconnect tags start again at 1: the failure of an old delivery must not hit a new one.

    With Dramatiq's own consumer it does: a healthy message is dead-lettered. When this fails for it, ours can go.
    """
    monkeypatch.setattr(RabbitBroker, "consumer_class", consumer)
    proxy = tcp_proxy(rabbit.url)
    stage.hold("bad")
    stage.fail("bad", 1)
    for name in ("bad", "healthy", "third", "fourth"):
        rabbit.send(name)
    broker = RabbitBroker(proxy.url, middleware=[Retries(max_retries=0)])
    declare(broker, stage.address)
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=100)
    worker.start()
    try:
        stage.wait_for("bad")
        proxy.cut()
        with _holding_the_first(rabbit, "bad"):
            proxy.restore()
            # the new connection's first delivery is the healthy one
            eventually(lambda: rabbit.counts()[0] == 1, "two messages are prefetched again")
            stage.let("bad")
            stage.wait_for("healthy", "third", "fourth")
    finally:
        worker.stop(timeout=int(PATIENCE * 1000))
        broker.close()
    assert [dramatiq.Message.decode(body).kwargs["name"] for body in rabbit.take_dead()] == dead


class _holding_the_first:
    """Another consumer has the head of the queue meanwhile, and is done with it at the end."""

    def __init__(self, rabbit: Rabbit, name: str) -> None:
        self.connection = pika.BlockingConnection(pika.URLParameters(rabbit.url))
        self.channel = self.connection.channel()
        self.name = name
        self.tag = 0

    def __enter__(self) -> None:
        def taken() -> bool:
            method, _, body = self.channel.basic_get(QUEUE)
            if method is None or body is None:
                return False
            if dramatiq.Message.decode(body).kwargs["name"] != self.name:
                self.channel.basic_nack(method.delivery_tag, requeue=True)
                return False
            self.tag = method.delivery_tag
            return True

        eventually(taken, f"{self.name} is at the head again")

    def __exit__(self, *_: object) -> None:
        self.channel.basic_ack(self.tag)
        self.connection.close()


def test_dead_letters_stay(rabbit: Rabbit, rabbitmqctl: Callable[..., str]) -> None:
    """The dead-letter queue has no time to live, and the others dead-letter into it."""
    rabbit.send("one")
    vhost = parameters(rabbit.url).virtual_host
    listed = rabbitmqctl("list_queues", "-p", vhost, "name", "arguments", "--formatter", "json")
    assert "ttl" not in listed
    assert listed.count(f"{QUEUE}.XQ") >= 3
    assert listed.count("x-dead-letter-routing-key") == 2


def test_a_queue_declared_otherwise_is_named(rabbit: Rabbit) -> None:
    """A 406 names the queue, the argument and both values, and what to do; it is a matter of configuration."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbit.url))
    connection.channel().queue_declare(f"{QUEUE}.XQ", durable=True, arguments={"x-message-ttl": 604800000})
    connection.close()
    with pytest.raises(BrokerMisconfigured) as refused:
        rabbit.send("one")
    said = f"{refused.value} {refused.value.hint}"
    for part in (f"'{QUEUE}.XQ'", "x-message-ttl", "604800000", "none", f"delete_queue {QUEUE}.XQ"):
        assert part in said
    assert refused.value.exit_code == 2


def test_a_full_queue_refuses_a_message(classic_rabbit: Rabbit, rabbitmqctl: Callable[..., str]) -> None:
    """A length limit with reject-publish is heard: the message is not sent, and may be later."""
    classic_rabbit.send("one")
    vhost = parameters(classic_rabbit.url).virtual_host
    limit = '{"max-length":1,"overflow":"reject-publish"}'
    rabbitmqctl("set_policy", "-p", vhost, "full", f"^{QUEUE}$", limit, "--apply-to", "queues")
    eventually(lambda: "full" in _refusal(classic_rabbit), "the policy holds")
    assert classic_rabbit.counts() == (1, 0, 0)


def _refusal(rabbit: Rabbit) -> str:
    """What the queue says to another message, which is taken out again where it went in."""
    try:
        rabbit.send("two")
    except BrokerAway as error:
        return str(error)
    with rabbit._channel() as channel:
        channel.basic_get(QUEUE, auto_ack=True)
    return ""


def test_an_alarm_does_not_block_for_ever(rabbit: Rabbit, rabbitmqctl: Callable[..., str]) -> None:
    """While the node takes nothing (memory, disk), `enqueue` ends with an error after the URL's time-out."""
    rabbit.send("one")
    broker = make_broker(f"{rabbit.url}?blocked_connection_timeout=1")
    rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1")
    try:
        with pytest.raises(BrokerAway, match="alarm"):
            broker.enqueue(message_to("play", name="blocked"))
    finally:
        rabbitmqctl("set_vm_memory_high_watermark", "0.4")
        broker.close()


def test_a_deleted_queue_is_declared_again(rabbit: Rabbit) -> None:
    """A producer whose queue somebody deleted makes it again: with confirms on, no message vanishes."""
    broker = make_broker(rabbit.url)
    broker.enqueue(message_to("play", name="one"))
    with rabbit._channel() as channel:
        channel.queue_delete(QUEUE)
    broker.enqueue(message_to("play", name="two"))
    broker.close()
    assert rabbit.counts() == (1, 0, 0)


def test_a_line_that_breaks_while_a_channel_opens_is_an_outage(rabbit: Rabbit, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Dramatiq's broker it ends in a KeyError, or leaves a channel without confirms; here it is an outage."""
    confirm, breaks = BlockingChannel.confirm_delivery, [False, True]

    def breaking(channel: BlockingChannel) -> None:
        if breaks.pop():
            channel.connection.close()
            raise pika.exceptions.ConnectionClosedByBroker(320, "shutdown")
        confirm(channel)

    monkeypatch.setattr(BlockingChannel, "confirm_delivery", breaking)
    broker = make_broker(rabbit.url)
    with pytest.raises(BrokerAway):
        broker.enqueue(message_to("play", name="one"))
    broker.enqueue(message_to("play", name="two"))
    assert broker.channel._delivery_confirmation  # type: ignore[attr-defined]
    broker.close()
    assert rabbit.counts() == (1, 0, 0)


def test_connections_are_named(rabbit: Rabbit, rabbitmqctl: Callable[..., str]) -> None:
    """An operator sees whose a connection is."""
    broker = make_broker(rabbit.url)
    broker.enqueue(message_to("play", name="one"))
    eventually(lambda: "touchline " in rabbitmqctl("list_connections", "client_properties"), "the name is listed")
    broker.close()


def test_a_delay_survives_the_broker(rabbit: Rabbit, stage: Stage, rabbitmq_server: object) -> None:
    """A delayed message is on disk: after a restart of RabbitMQ it is delivered when it is due."""
    from tests.fix_rabbitmq import RabbitServer

    assert isinstance(rabbitmq_server, RabbitServer)
    rabbit.send("later", delay=500)
    rabbitmq_server.stop()
    rabbitmq_server.start()
    assert queue_depths(rabbit.url, [QUEUE])[f"{QUEUE}.DQ"][0] == 1
    broker = make_broker(rabbit.url)
    declare(broker, stage.address)
    worker = dramatiq.Worker(broker, worker_timeout=100)
    worker.start()
    stage.wait_for("later")
    worker.stop(timeout=int(PATIENCE * 1000))
    broker.close()
    assert rabbit.counts() == (0, 0, 0)
