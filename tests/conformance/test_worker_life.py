"""A worker with everything that it has in earnest: deadly messages, an absent database, an orderly end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from dramatiq import Broker, MessageProxy, Worker
from dramatiq.middleware import Middleware

from actors.errors import DatabaseBusy
from actors.middleware.parent import Parent
from actors.middleware.retries import ATTEMPTS
from actors.middleware.starts import STARTS
from contract.broker.connections_rabbitmq import parameters
from tests.conformance.actors import QUEUE, declare, make
from tests.conformance.conftest import PATIENCE, ROOT, Backend, Process, Rabbit, Stage, eventually
from tests.fix_proxy import Proxy

pytestmark = pytest.mark.slow

Processes = Callable[..., Process]
Proxies = Callable[[str], Proxy]


def letters(store_url: str) -> list[tuple[str, str, int, dict[str, Any]]]:
    """Reason, error, attempts and payload of each dead letter."""
    with psycopg.connect(store_url) as connection:
        rows = connection.execute("SELECT reason, error, attempts, payload FROM dead_letters ORDER BY id").fetchall()
    return [(reason, error, attempts, payload) for reason, error, attempts, payload in rows]


def test_a_message_that_kills_its_worker_is_dead_after_five_starts(
    backend: Backend, stage: Stage, processes: Processes, store_url: str
) -> None:
    """And only it: those that ran beside it each time it killed, and those that were prefetched, are stored."""
    stage.kill("deadly")
    stage.hold("beside")
    backend.send("beside")
    backend.send("deadly")
    for name in ("prefetched", "waiting"):
        backend.send(name)
    worker = processes(backend.url, threads=2, store=store_url)
    stage.wait_for("beside")
    stage.wait_for("deadly")
    stage.let("beside")

    def dead() -> bool:
        nonlocal worker
        if not worker.alive:
            worker = processes(backend.url, threads=2, store=store_url)  # as a supervisor does
        return bool(letters(store_url))

    eventually(dead, "the message is dead", patience=120)
    assert stage.runs("deadly") == STARTS
    stage.wait_for("beside", "prefetched", "waiting")
    worker.ask_to_stop()
    assert worker.stopped() == 0
    ((reason, error, attempts, payload),) = letters(store_url)
    assert (reason, attempts) == ("worker_killed", STARTS)
    assert "died each of the 5 times" in error
    assert payload["kwargs"] == {"name": "deadly"}
    assert backend.counts() == (0, 0, 0)
    with psycopg.connect(store_url) as connection:
        counted = connection.execute("SELECT starts FROM touchline.starts").fetchall()
        assert counted == [(STARTS,)], "it stays known, and nothing else is left behind"


def test_a_worker_takes_nothing_while_the_database_is_away(
    backend: Backend, stage: Stage, processes: Processes, tcp_proxy: Proxies, store_url: str
) -> None:
    """It begins no more than it has threads, gives back the rest for others, and goes on by itself."""
    proxy = tcp_proxy(store_url)
    worker = processes(backend.url, threads=2, store=proxy.url)
    backend.send("first", actor="store")
    stage.wait_for("first")
    proxy.cut()
    names = [f"m{number}" for number in range(12)]
    for name in names:
        backend.send(name, actor="store")
    eventually(lambda: backend.consumers() == 0 and backend.counts()[0] >= 10, "everything is back in the queue")
    begun = {report["name"] for report in stage.reports if report["name"].endswith("begins")}
    assert len(begun) <= 3, "the first, and one a thread"
    proxy.restore()
    stage.wait_for(*names)
    worker.ask_to_stop()
    assert worker.stopped() == 0
    assert letters(store_url) == []
    eventually(lambda: backend.counts() == (0, 0, 0), "nothing is left over")


def test_a_worker_that_starts_without_a_database_waits_for_it(
    backend: Backend, stage: Stage, processes: Processes, tcp_proxy: Proxies, store_url: str
) -> None:
    """It comes up, takes nothing, and begins when the database is there."""
    proxy = tcp_proxy(store_url)
    proxy.cut()
    backend.send("early", actor="store")
    worker = processes(backend.url, store=proxy.url)
    eventually(lambda: "Taking no messages" in worker.log.read_text(), "the worker waits")
    assert stage.runs("early begins") == 0
    proxy.restore()
    stage.wait_for("early")
    assert worker.alive


def test_an_outage_of_queue_and_store_together_leaves_nothing_behind(
    backend: Backend, stage: Stage, processes: Processes, tcp_proxy: Proxies, store_url: str
) -> None:
    """As each one is with an embedded server: what was claimed, prefetched or running comes to its end."""
    queue, store = tcp_proxy(backend.url), tcp_proxy(store_url)
    names = [f"m{number}" for number in range(8)]
    stage.hold("m0 begins", "m1 begins")
    for name in names:
        backend.send(name, actor="store")
    worker = processes(queue.url, threads=2, store=store.url, dramatiq_queue_prefetch="8")
    stage.wait_for("m0 begins", "m1 begins")
    queue.cut()
    store.cut()
    stage.let("m0 begins", "m1 begins")
    eventually(lambda: "Taking no messages" in worker.log.read_text(), "the gate is closed")
    queue.restore()
    store.restore()
    stage.wait_for(*names)
    eventually(lambda: backend.counts() == (0, 0, 0), "nothing is left over")
    assert letters(store_url) == []


def test_one_long_actor_does_not_keep_the_gate_closed(
    backend: Backend, stage: Stage, processes: Processes, tcp_proxy: Proxies, store_url: str
) -> None:
    """A blip of the database is over when the database is back, not when whoever runs has ended."""
    proxy = tcp_proxy(store_url)
    worker = processes(backend.url, threads=3, store=proxy.url)
    backend.send("long", actor="spin", seconds=120)
    stage.wait_for("long")
    proxy.cut()
    backend.send("unlucky", actor="store")
    eventually(lambda: "Taking no messages" in worker.log.read_text(), "the gate is closed")
    proxy.restore()
    stage.wait_for("unlucky")


def test_a_busy_database_is_waited_for_in_place(
    rabbit: Rabbit, stage: Stage, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redelivered message whose start cannot be counted is not given back and delivered again, hundreds a second."""
    tries: list[UUID] = []

    def busy(_: object, message_id: UUID) -> int:
        tries.append(message_id)
        if len(tries) < 3:
            raise DatabaseBusy("no space left on the device")
        return 1

    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setattr("actors.middleware.starts.count_start", busy)
    rabbit.send("again")
    with rabbit._channel() as channel:
        channel.basic_get(QUEUE)  # and never settled
    broker = make(rabbit.url, store=True)
    deliveries: list[str] = []

    class Watch(Middleware):
        def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
            deliveries.append(message.message_id)

    broker.add_middleware(Watch(), before=Parent)
    declare(broker, stage.address)
    worker = Worker(broker, worker_threads=2, worker_timeout=100)
    worker.start()
    try:
        stage.wait_for("again")
    finally:
        worker.stop(timeout=int(PATIENCE * 1000))
        broker.close()
    assert len(tries) == 3
    assert len(deliveries) == 1


def test_what_cannot_be_buried_now_is_buried_later(
    backend: Backend, stage: Stage, processes: Processes, tcp_proxy: Proxies, store_url: str
) -> None:
    """A message that dies while the database is away goes back, and dies with its reason when it can be written."""
    proxy = tcp_proxy(store_url)
    worker = processes(backend.url, store=proxy.url)
    backend.send("first", actor="store")
    stage.wait_for("first")
    proxy.cut()
    backend.send("nobody's", actor="nobody")
    eventually(lambda: "cannot be written down now" in worker.log.read_text(), "it could not be buried")
    proxy.restore()
    eventually(lambda: bool(letters(store_url)), "it is buried")
    ((reason, _, _, payload),) = letters(store_url)
    assert reason == "ActorNotFound"
    assert payload["kwargs"] == {"name": "nobody's"}
    eventually(lambda: backend.counts() == (0, 0, 0), "the broker keeps no copy")


def test_an_actor_is_interrupted_when_the_grace_is_over(
    backend: Backend, stage: Stage, processes: Processes, store_url: str
) -> None:
    """Its message goes back into the queue, burns no attempt, and the exit code is 0."""
    backend.send("long", actor="spin", seconds=60)
    worker = processes(backend.url, store=store_url, TOUCHLINE_SHUTDOWN_GRACE="1")
    stage.wait_for("long")
    worker.ask_to_stop()
    assert worker.stopped() == 0
    assert stage.runs("long ended") == 0
    assert backend.counts() == (1, 0, 0)
    assert letters(store_url) == []


def test_an_actor_that_cannot_be_interrupted_ends_with_the_process(
    backend: Backend, stage: Stage, processes: Processes, store_url: str
) -> None:
    """Five seconds after the grace the process is gone, with exit code 1; the message is delivered again."""
    stage.hold("stuck")
    backend.send("stuck")
    worker = processes(backend.url, store=store_url, TOUCHLINE_SHUTDOWN_GRACE="0")
    stage.wait_for("stuck")
    worker.ask_to_stop()
    assert worker.stopped() == 1
    stage.let("stuck")
    processes(backend.url, store=store_url)
    stage.wait_for("stuck", times=2)


def test_the_same_signal_twice_is_one(backend: Backend, stage: Stage, processes: Processes, store_url: str) -> None:
    """`dramatiq` passes on what its whole group was sent: the actor is finished. One that comes later ends at once."""
    backend.send("short", actor="spin", seconds=1)
    worker = processes(backend.url, store=store_url)
    stage.wait_for("short")
    worker.signal(signal.SIGTERM)
    assert worker.stopped() == 0
    assert stage.runs("short ended") == 1

    backend.send("long", actor="spin", seconds=60)
    worker = processes(backend.url, store=store_url)
    stage.wait_for("long")
    worker.ask_to_stop()
    began = time.monotonic()

    def ended() -> bool:
        worker.signal(signal.SIGTERM)
        return not worker.alive

    eventually(ended, "the second signal ends it")
    assert time.monotonic() - began < 15, "long before the grace of 30 s is over"
    assert backend.counts()[0] == 1 or isinstance(backend, Rabbit) is False


def test_a_refused_retry_is_tried_again(
    classic_rabbit: Rabbit, stage: Stage, processes: Processes, store_url: str, rabbitmqctl: Callable[..., str]
) -> None:
    """The delay queue takes nothing (a length limit): the failed message goes back, and is neither acked nor dead."""
    classic_rabbit.send("warm-up")
    vhost = parameters(classic_rabbit.url).virtual_host
    limit = json.dumps({"max-length": 0, "overflow": "reject-publish"})
    rabbitmqctl("set_policy", "-p", vhost, "full", rf"^{QUEUE}\.DQ$", limit, "--apply-to", "queues")
    stage.fail("unlucky", 3)
    worker = processes(classic_rabbit.url, store=store_url)
    stage.wait_for("warm-up")
    eventually(classic_rabbit.refuses_delays, "the policy holds")
    classic_rabbit.send("unlucky")
    stage.wait_for("unlucky", times=3)
    assert "its retry was not taken" in worker.log.read_text()
    rabbitmqctl("clear_policy", "-p", vhost, "full")
    stage.wait_for("unlucky", times=4)
    eventually(lambda: classic_rabbit.counts() == (0, 0, 0), "it has run to its end")
    assert letters(store_url) == []


def test_a_replayed_letter_is_settled_by_an_actor_that_stores_nothing(
    rabbit: Rabbit, stage: Stage, processes: Processes, store_url: str
) -> None:
    """An order to scrape writes no inbox row of its own: that it was carried out is written down all the same."""
    stage.fail("unlucky", ATTEMPTS)
    rabbit.send("unlucky")
    processes(rabbit.url, store=store_url)
    eventually(lambda: bool(letters(store_url)), "it is dead")
    environment = os.environ | {"DATABASE_URL": store_url, "RABBITMQ_URL": rabbit.url}
    subprocess.run(
        [sys.executable, "-m", "touchline", "dead", "replay", "--all"],
        env=environment,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    stage.wait_for("unlucky", times=ATTEMPTS + 1)

    def outcome() -> list[tuple[str | None]]:
        with psycopg.connect(store_url) as connection:
            return connection.execute("SELECT outcome FROM touchline.dead_acts").fetchall()

    eventually(lambda: outcome() == [("stored",)], "the record says what became of it")
