"""A worker whose broker is away, or refuses a queue, waits, says so, and goes on by itself. It does not shout."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dramatiq
import pika
import pytest
from dramatiq.middleware import Middleware

from contract.broker import make_broker, patience
from contract.broker.connections_rabbitmq import parameters
from contract.broker.errors import BrokerAway
from contract.broker.rabbitmq import RabbitBroker
from contract.names import QUEUES, SCRAPES
from tests.conformance.actors import QUEUE, make
from tests.conformance.conftest import PATIENCE, Backend, Process, Rabbit, Stage, eventually, working
from tests.fix_proxy import Proxy

pytestmark = pytest.mark.slow

Proxies = Callable[[str], Proxy]
Processes = Callable[..., Process]

#: Seconds in which a worker is surely at work again after its broker is back; five or six on a quiet machine.
RECOVERY = 20.0

#: So many tries of a worker's two consumers take some seconds.
TRIES = 10

#: The pause after a lost connection that Dramatiq makes in earnest.
_IN_EARNEST = {"dramatiq_restart_delay": "3000"}


class Settled(Middleware):
    """Which queues' messages were acked: a line that is cut before that is heard of by whoever acks."""

    def __init__(self) -> None:
        self.queues: list[str] = []

    def after_ack(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:
        self.queues.append(message.queue_name)


@contextmanager
def consuming(url: str, *queues: str) -> Iterator[tuple[dramatiq.Worker, list[str]]]:
    """A worker in this process with an actor on each of `queues`, and the queues of which messages were settled."""
    broker = make(url)
    settled = Settled()
    broker.add_middleware(settled)
    for queue in queues:
        dramatiq.actor(lambda: None, broker=broker, queue_name=queue, actor_name=f"on_{queue}")
    worker = dramatiq.Worker(broker, worker_threads=2, worker_timeout=100)
    worker.start()
    try:
        yield worker, settled.queues
    finally:
        worker.stop(timeout=int(PATIENCE * 1000))
        broker.close()


def _send(url: str, queue: str) -> None:
    broker = make_broker(url)
    broker.enqueue(dramatiq.Message(queue_name=queue, actor_name=f"on_{queue}", args=(), kwargs={}, options={}))
    broker.close()


def _loud(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines that an operator sees."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def _declared_otherwise(url: str, queue: str) -> None:
    """As Dramatiq or we do, but for one argument."""
    ours = {} if queue.endswith(".XQ") else {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{QUEUE}.XQ"}
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().queue_declare(queue, durable=True, arguments=ours | {"x-message-ttl": 604800000})
    connection.close()


def _delete(url: str, queue: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().queue_delete(queue)
    connection.close()


def test_a_worker_starts_without_its_broker(
    backend: Backend, stage: Stage, processes: Processes, tcp_proxy: Proxies
) -> None:
    """`dramatiq` comes up while the broker is away, says so, and works as soon as it is there."""
    backend.send("hello")
    proxy = tcp_proxy(backend.url)
    proxy.cut()
    worker = processes(proxy.url, **_IN_EARNEST)
    eventually(lambda: "does not answer" in worker.log.read_text(), "the worker says that the broker is away")
    proxy.restore()
    stage.wait_for("hello")
    worker.ask_to_stop()
    assert worker.stopped() == 0
    log = worker.log.read_text()
    assert log.count("does not answer") == 1
    assert "Consuming again" in log
    assert "CRITICAL" not in log
    assert "Traceback" not in log


def test_a_worker_outlives_its_broker_and_goes_on(
    backend: Backend, stage: Stage, processes: Processes, tcp_proxy: Proxies
) -> None:
    """An outage is one line, its end another, and seconds after it the worker is at work again."""
    proxy = tcp_proxy(backend.url)
    worker = processes(proxy.url, **_IN_EARNEST)
    stage.hold("running")
    backend.send("running")
    stage.wait_for("running")
    proxy.turn_away()
    eventually(lambda: "does not answer" in worker.log.read_text(), "the worker says that the broker is away")
    stage.let("running")  # its ack is not possible now
    backend.send("meanwhile")
    eventually(lambda: proxy.turned_away >= TRIES, "it tries again and again: its pauses have grown to seconds")
    proxy.restore()
    back = time.monotonic()
    stage.wait_for("meanwhile")
    assert time.monotonic() - back < RECOVERY
    eventually(lambda: "Consuming again" in worker.log.read_text(), "the worker says that all is well")
    worker.ask_to_stop()
    assert worker.stopped() == 0
    log = worker.log.read_text()
    assert log.count("does not answer") == 1
    assert log.count("Consuming again") == 1
    assert "CRITICAL" not in log
    assert "Traceback" not in log


def test_ten_consumers_say_it_once(backend: Backend, tcp_proxy: Proxies, caplog: pytest.LogCaptureFixture) -> None:
    """However many queues a process consumes, an outage is one line and the recovery of all of them another."""
    proxy = tcp_proxy(backend.url)
    with consuming(proxy.url, *QUEUES) as (_, ran):
        for queue in QUEUES:
            _send(backend.url, queue)
        eventually(lambda: len(ran) == len(QUEUES), "each queue is consumed")
        caplog.clear()
        proxy.cut()
        eventually(lambda: len(_loud(caplog)) > 0, "it is said")
        proxy.restore()
        for queue in QUEUES:
            _send(backend.url, queue)
        eventually(lambda: len(ran) == 2 * len(QUEUES), "each queue is consumed again")
        eventually(lambda: "Consuming again" in caplog.text, "that it is back is said")
    away, back = _loud(caplog)
    assert "does not answer" in away
    assert "Consuming again" in back


def test_a_worker_that_waits_stops_at_once(
    backend: Backend,
    stage: Stage,
    tcp_proxy: Proxies,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for a pause between two tries to end."""
    monkeypatch.setattr(patience, "FIRST_PAUSE", 60.0)
    monkeypatch.setattr(patience, "LONGEST_PAUSE", 60.0)
    proxy = tcp_proxy(backend.url)
    proxy.cut()
    with working(proxy.url, stage) as worker:
        eventually(lambda: len(_loud(caplog)) > 0, "the first try failed: what comes now is a pause of half a minute")
        started = time.monotonic()
        worker.stop(timeout=int(PATIENCE * 1000))
        assert time.monotonic() - started < 2


def test_a_worker_that_waits_can_be_paused(backend: Backend, stage: Stage, tcp_proxy: Proxies) -> None:
    """The database may go away while the broker is: the gate pauses consumers, and must not wait for the broker."""
    proxy = tcp_proxy(backend.url)
    proxy.cut()
    with working(proxy.url, stage) as worker:
        for consumer in worker.consumers.values():
            consumer.pause()
        eventually(lambda: all(consumer.paused_event.is_set() for consumer in worker.consumers.values()), "all paused")
        proxy.restore()
        for consumer in worker.consumers.values():
            consumer.resume()
        backend.send("hello")
        stage.wait_for("hello")


def test_who_consumes_by_hand_does_not_wait(backend: Backend, tcp_proxy: Proxies) -> None:
    """Only Dramatiq's threads do; a test or a script hears that the broker is away."""
    proxy = tcp_proxy(backend.url)
    proxy.cut()
    with pytest.raises(BrokerAway):
        make_broker(proxy.url).consume(QUEUE)


@pytest.mark.parametrize("kind", ["", ".DQ", ".XQ"])
def test_a_queue_declared_otherwise_is_waited_for(rabbit: Rabbit, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    """One line says which queue, which argument and what to do; other queues go on; deleting the queue mends it."""
    _declared_otherwise(rabbit.url, f"{QUEUE}{kind}")
    with consuming(rabbit.url, QUEUE, "runs") as (_, ran):
        eventually(lambda: "declared with other arguments" in caplog.text, "it is said")
        _send(rabbit.url, "runs")
        eventually(lambda: ran == ["runs"], "the other queue goes on")
        _delete(rabbit.url, f"{QUEUE}{kind}")
        started = time.monotonic()
        _send(rabbit.url, QUEUE)
        eventually(lambda: ran == ["runs", QUEUE], "the queue is consumed")
        assert time.monotonic() - started < RECOVERY
        eventually(lambda: f"Consuming queue {QUEUE} again" in caplog.text, "that it is mended is said")
    refused, mended = _loud(caplog)
    for part in (f"'{QUEUE}{kind}'", "x-message-ttl", "604800000", f"delete_queue {QUEUE}{kind}", "other queues go on"):
        assert part in refused
    assert f"Consuming queue {QUEUE} again" in mended


def test_waiting_leaves_no_connections_behind(
    classic_rabbit: Rabbit, rabbitmqctl: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """Each try that fails closes what it opened: on a queue that another holds alone, there are many."""
    classic_rabbit.send("one")
    vhost = parameters(classic_rabbit.url).virtual_host
    alone = pika.BlockingConnection(pika.URLParameters(classic_rabbit.url))
    alone.channel().basic_consume(QUEUE, lambda *_: None, exclusive=True)
    with consuming(classic_rabbit.url, QUEUE) as (worker, _):
        assert isinstance(worker.broker, RabbitBroker)
        tries = worker.broker.patience._tries
        eventually(lambda: tries.get(QUEUE, 0) >= 5, "it was tried five times")
        listed = [line for line in rabbitmqctl("list_connections", "vhost").splitlines() if line == vhost]
        # ours, the delay queue's consumer, and at most one in the making
        assert len(listed) <= 3
    alone.close()
    assert "ACCESS_REFUSED" in caplog.text


def test_a_queue_deleted_under_its_worker_is_made_again(rabbit: Rabbit, stage: Stage) -> None:
    """The consumer is cancelled, finds no queue, and declares it."""
    with working(rabbit.url, stage):
        rabbit.send("one")
        stage.wait_for("one")
        _delete(rabbit.url, QUEUE)
        eventually(lambda: rabbit.consumers() > 0, "it is there again, and consumed")
        rabbit.send("two")
        stage.wait_for("two")


def test_scrapes_are_taken_one_by_one(rabbit: Rabbit, rabbitmqctl: Callable[..., str]) -> None:
    """Whatever the number of threads: a scrape that waits behind another might run elsewhere.

    And of delayed messages no process holds more than fit into its memory.
    """
    vhost = parameters(rabbit.url).virtual_host
    with consuming(rabbit.url, SCRAPES, QUEUE):

        def prefetch() -> dict[str, int]:
            listed = rabbitmqctl("list_consumers", "-p", vhost, "queue_name", "prefetch_count", "--no-table-headers")
            return {name: int(count) for name, count in map(str.split, listed.splitlines())}

        wanted = {SCRAPES: 1, f"{SCRAPES}.DQ": 100, QUEUE: 4, f"{QUEUE}.DQ": 100}
        eventually(lambda: prefetch() == wanted, "each queue has its prefetch")
