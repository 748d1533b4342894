"""Workers die, stop and are cut off; messages are neither lost nor settled by the wrong hand."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import dramatiq
import pytest

from contract.broker import make_broker
from contract.broker.embedded import EmbeddedBroker
from contract.broker.errors import BrokerAway
from tests.conformance.conftest import Backend, Embedded, Process, Stage, eventually, message_to, working
from tests.fix_proxy import Proxy

pytestmark = pytest.mark.slow

Proxies = Callable[[str], Proxy]
Processes = Callable[..., Process]


def test_the_work_of_a_killed_worker_is_done_by_another(backend: Backend, stage: Stage, processes: Processes) -> None:
    """After a kill -9 both the message that ran and those that waited behind it are delivered again."""
    stage.hold("running")
    backend.send("running")
    backend.send("behind")
    first = processes(backend.url)
    stage.wait_for("running")
    first.kill()
    stage.let("running")
    second = processes(backend.url)
    stage.wait_for("running", times=2)
    stage.wait_for("behind")
    second.ask_to_stop()
    assert second.stopped() == 0
    assert backend.counts() == (0, 0, 0)


def test_a_delay_survives_its_worker(backend: Backend, stage: Stage, processes: Processes) -> None:
    """A delayed message whose worker was killed meanwhile is delivered when it is due, not before."""
    first = processes(backend.url)
    backend.send("hello")
    stage.wait_for("hello")
    due = time.monotonic() + 3
    backend.send("later", delay=3_000)
    backend.send("again")
    stage.wait_for("again")
    first.kill()
    with working(backend.url, stage):
        stage.wait_for("later")
    assert due - 0.05 <= time.monotonic() < due + 10
    assert stage.runs("later") == 1


def test_a_worker_that_stops_gives_back_what_it_has_not_begun(
    backend: Backend, stage: Stage, processes: Processes
) -> None:
    """SIGTERM: what runs is finished, what was prefetched is ready for others at once, and the exit code is 0."""
    stage.hold("running")
    for name in ("running", "prefetched", "waiting"):
        backend.send(name)
    worker = processes(backend.url)
    stage.wait_for("running")
    eventually(lambda: backend.counts()[0] < 2, "something is prefetched")
    worker.ask_to_stop()
    stage.let("running")
    assert worker.stopped() == 0
    assert backend.counts() == (2, 0, 0)
    assert backend.consumers() == 0
    assert [report["name"] for report in stage.reports] == ["running"]


def test_a_cut_connection_costs_no_message(backend: Backend, stage: Stage, tcp_proxy: Proxies) -> None:
    """After the connection broke under running actors, the worker goes on; nothing is lost and nothing dead."""
    proxy = tcp_proxy(backend.url)
    stage.hold("m0", "m1")
    names = [f"m{number}" for number in range(10)]
    for name in names:
        backend.send(name)
    with working(proxy.url, stage):
        stage.wait_for("m0", "m1")
        proxy.cut()
        proxy.restore()
        stage.let("m0", "m1")
        stage.wait_for(*names)
        eventually(lambda: backend.counts() == (0, 0, 0), "all is taken")
    assert backend.counts() == (0, 0, 0)


def test_a_failure_without_connection_costs_no_message(backend: Backend, stage: Stage, tcp_proxy: Proxies) -> None:
    """An actor that fails while the broker is away is neither acked nor lost: it runs again, or is a dead letter."""
    proxy = tcp_proxy(backend.url)
    stage.hold("unlucky")
    stage.fail("unlucky", 1)
    backend.send("unlucky")
    with working(proxy.url, stage, threads=1):
        stage.wait_for("unlucky")
        proxy.cut()
        stage.let("unlucky")
        eventually(lambda: _refused(proxy.url), "the broker is away")
        proxy.restore()
        eventually(lambda: stage.runs("unlucky") > 1 or backend.counts()[2] == 1, "it ran again, or is dead")
        # the retry may have gone out on a new connection while the old one gave the original back: both then run
        eventually(lambda: backend.counts()[:2] == (0, 0), "nothing is left over")
    dead = backend.counts()[2]
    assert stage.runs("unlucky") > 1 or dead == 1


def test_a_producer_hears_that_the_broker_is_away(backend: Backend, tcp_proxy: Proxies) -> None:
    """`enqueue` gives up within seconds with an error that says so and names no password; later it works again."""
    proxy = tcp_proxy(backend.url)
    broker = _impatient(proxy.url)
    broker.enqueue(message_to("play", name="one"))
    proxy.cut()
    started = time.monotonic()
    with pytest.raises(BrokerAway) as away:
        broker.enqueue(message_to("play", name="two"))
    assert time.monotonic() - started < 15
    assert isinstance(away.value, dramatiq.errors.ConnectionClosed)
    assert str(away.value)
    assert "@" not in str(away.value)
    proxy.restore()
    broker.enqueue(message_to("play", name="three"))
    broker.close()
    assert backend.counts() == (2, 0, 0)


def test_a_producer_does_not_wait_for_a_silent_broker(backend: Backend, tcp_proxy: Proxies) -> None:
    """The line is up and nobody answers: `enqueue` gives up after heartbeats or time-outs; later it works again."""
    proxy = tcp_proxy(backend.url)
    broker = _impatient(proxy.url)
    broker.enqueue(message_to("play", name="one"))
    proxy.pause()
    started = time.monotonic()
    with pytest.raises(BrokerAway):
        broker.enqueue(message_to("play", name="two"))
    assert time.monotonic() - started < 30
    proxy.resume()
    broker.enqueue(message_to("play", name="three"))
    broker.close()
    assert backend.counts()[0] >= 2


def test_a_worker_that_was_taken_for_dead_settles_nothing(
    embedded: Embedded, stage: Stage, processes: Processes
) -> None:
    """A paused worker's message is given to another; that the first is done with it later has no effect.

    Were it acked then, it would be lost with the second worker. RabbitMQ closes a paused worker's connection, which
    the other rows cover.
    """
    stage.hold("contested")
    embedded.send("contested")
    paused = processes(embedded.url)
    stage.wait_for("contested")
    paused.signal(signal.SIGSTOP)
    second = processes(embedded.url)
    stage.wait_for("contested", times=2)
    stage.let("contested", runs=1)
    paused.signal(signal.SIGCONT)
    paused.ask_to_stop()
    assert paused.stopped() == 0
    second.kill()
    stage.let("contested")
    with working(embedded.url, stage):
        stage.wait_for("contested", times=3)
    assert embedded.counts() == (0, 0, 0)


def _impatient(url: str) -> dramatiq.Broker:
    """A producer's broker with short time-outs."""
    if url.startswith("amqp"):
        return make_broker(f"{url}?heartbeat=1&stack_timeout=1")
    return EmbeddedBroker(url, middleware=[], timeout=0.5)


def _refused(url: str) -> bool:
    broker = make_broker(url)
    try:
        broker.enqueue(message_to("play", name="probe"))
    except BrokerAway:
        return True
    finally:
        broker.close()
    return False
