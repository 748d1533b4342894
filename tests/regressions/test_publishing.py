"""A message is either at the broker, or whoever sent it knows that it is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import dramatiq
import pika
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.errors import ConnectionClosed

from contract.broker import make_broker
from contract.broker.connections_rabbitmq import parameters
from contract.broker.errors import BrokerAway
from contract.errors import ConfigurationError
from contract.names import STORE_MATCHES
from tests.conformance.actors import QUEUE
from tests.conformance.conftest import PATIENCE, Rabbit, eventually, message_to
from tests.fix_proxy import Proxy
from tests.integration.producing import batch, publishing

pytestmark = pytest.mark.slow

Make = Callable[[str], dramatiq.Broker]
Proxies = Callable[[str], Proxy]
Control = Callable[..., str]

#: Seconds after which who has not returned from publishing waits for the broker.
_WAITS = 1.0


def ours(url: str) -> dramatiq.Broker:
    return make_broker(url)


def as_it_comes(url: str) -> dramatiq.Broker:
    return RabbitmqBroker(url=url, middleware=[])


def with_confirms(url: str) -> dramatiq.Broker:
    return RabbitmqBroker(url=url, middleware=[], confirm_delivery=True)


def _sent(broker: dramatiq.Broker, name: str) -> None:
    broker.enqueue(message_to("play", name=name))


@contextmanager
def _alarm(rabbitmqctl: Control) -> Iterator[None]:
    rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1")
    try:
        yield
    finally:
        rabbitmqctl("set_vm_memory_high_watermark", "0.4")


@pytest.mark.parametrize(("make", "arrived"), [(ours, 1), (as_it_comes, 0)], ids=["ours", "dramatiq's"])
def test_a_message_to_a_deleted_queue_arrives(rabbit: Rabbit, make: Make, arrived: int) -> None:
    """Without confirms nobody hears that there was no queue to put the message into, and it is gone."""
    broker = make(rabbit.url)
    _sent(broker, "one")
    with rabbit._channel() as channel:
        channel.queue_delete(QUEUE)
    _sent(broker, "two")
    broker.close()
    assert rabbit.counts() == (arrived, 0, 0)


@pytest.mark.parametrize(("make", "heard"), [(ours, True), (as_it_comes, False)], ids=["ours", "dramatiq's"])
def test_what_a_broken_line_swallowed_is_heard_of(rabbit: Rabbit, tcp_proxy: Proxies, make: Make, heard: bool) -> None:
    """A message that was on its way when the broker died: without confirms it is taken for sent."""
    proxy = tcp_proxy(rabbit.url)
    broker = make(proxy.url)
    with ThreadPoolExecutor(1) as sender:  # connections are a thread's
        sender.submit(_sent, broker, "one").result(PATIENCE)
        # unconfirmed it may still be on its way through the proxy
        eventually(lambda: rabbit.counts() == (1, 0, 0), "the first message is there")
        proxy.pause()
        sending = sender.submit(_sent, broker, "swallowed")
        wait([sending], timeout=_WAITS if heard else PATIENCE)
        proxy.cut()
        error = sending.exception(PATIENCE)
    assert isinstance(error, BrokerAway) is heard
    broker.close()
    assert rabbit.counts() == (1, 0, 0)


def _by_dramatiq(url: str, home: Path) -> None:
    with suppress(ConnectionClosed):
        _sent(with_confirms(url), "one")


def _by_us(url: str, home: Path) -> None:
    with publishing(url, home, timeout=PATIENCE) as publisher:
        publisher.send(STORE_MATCHES, batch(0), str(uuid4()))


@pytest.mark.parametrize(("publish", "arrived"), [(_by_us, 1), (_by_dramatiq, 0)], ids=["ours", "dramatiq's"])
def test_an_outage_of_a_second_is_sat_out(
    rabbit: Rabbit, tcp_proxy: Proxies, tmp_path: Path, publish: Callable[[str, Path], None], arrived: int
) -> None:
    """Dramatiq's six attempts are over within milliseconds; our publisher goes on for as long as it was told to."""
    proxy = tcp_proxy(rabbit.url)
    proxy.cut()
    end = threading.Timer(1.0, proxy.restore)
    end.start()
    publish(proxy.url, tmp_path)
    end.join()
    assert rabbit.counts() == (arrived, 0, 0)


@pytest.mark.parametrize(("make", "ends"), [(ours, True), (with_confirms, False)], ids=["ours", "dramatiq's"])
def test_an_alarm_does_not_block_for_ever(rabbit: Rabbit, rabbitmqctl: Control, make: Make, ends: bool) -> None:
    """The time-out that ends it is ten seconds for us unless the URL says otherwise; pika's default is none."""
    assert (parameters(rabbit.url).blocked_connection_timeout is None) is False
    assert pika.URLParameters(rabbit.url).blocked_connection_timeout is None
    _sent(make(rabbit.url), "one")
    broker = make(f"{rabbit.url}?blocked_connection_timeout=1" if ends else rabbit.url)
    with ThreadPoolExecutor(1) as sender:
        with _alarm(rabbitmqctl):
            sending: Future[None] = sender.submit(_sent, broker, "blocked")
            wait([sending], timeout=PATIENCE if ends else 2 * _WAITS)
            assert sending.done() is ends
        error = sending.exception(PATIENCE)
    assert isinstance(error, BrokerAway) is ends
    broker.close()


@pytest.mark.parametrize(("make", "most"), [(ours, 1), (with_confirms, 6)], ids=["ours", "dramatiq's"])
def test_an_alarm_leaves_no_copies(rabbit: Rabbit, rabbitmqctl: Control, make: Make, most: int) -> None:
    """Each attempt into a blocked connection is a message when the alarm is over: Dramatiq makes six at once."""
    _sent(make(rabbit.url), "one")
    broker = make(f"{rabbit.url}?blocked_connection_timeout=0.5")
    with _alarm(rabbitmqctl), pytest.raises((BrokerAway, ConnectionClosed)):
        _sent(broker, "blocked")
    broker.close()
    if most > 1:
        # not always all: what lies in a socket that is reset is gone
        eventually(lambda: rabbit.counts()[0] > 1 + most // 2, "what was written into blocked connections is there")
    else:
        _sent(make(rabbit.url), "after the alarm")
        assert rabbit.counts()[0] <= 2 + most


def _otherwise(url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().queue_declare(QUEUE, durable=True, arguments={"x-message-ttl": 1000})
    connection.close()


@pytest.mark.parametrize(("make", "told"), [(ours, True), (with_confirms, False)], ids=["ours", "dramatiq's"])
def test_a_queue_declared_otherwise_is_told_from_an_outage(rabbit: Rabbit, make: Make, told: bool) -> None:
    """Waiting mends an outage and not this: ours is an error of configuration, Dramatiq's a closed connection."""
    _otherwise(rabbit.url)
    with pytest.raises((ConfigurationError, ConnectionClosed)) as refused:
        _sent(make(rabbit.url), "one")
    assert isinstance(refused.value, ConfigurationError) is told
