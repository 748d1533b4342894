"""Processes that take messages: how many at once, how they die, and how they are asked to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dramatiq
import psutil
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from actors.middleware.starts import STARTS
from contract.broker import make_broker, queue_depths
from contract.names import SCRAPES
from tests.conformance.actors import QUEUE_VARIABLE, STAGE_VARIABLE
from tests.conformance.conftest import PATIENCE, ROOT, Process, Rabbit, Stage, eventually

pytestmark = pytest.mark.slow

Processes = Callable[..., Process]


def test_a_deadly_message_is_delivered_for_ever(rabbit: Rabbit, stage: Stage, processes: Processes) -> None:
    """Without our count of starts: retries are counted in the body, and nobody lives to write it."""
    stage.kill("deadly")
    rabbit.send("deadly")
    worker = processes(rabbit.url)

    def begun_once_more_than_we_allow() -> bool:
        nonlocal worker
        if not worker.alive:
            worker = processes(rabbit.url)  # as a supervisor does
        return stage.runs("deadly") > STARTS

    eventually(begun_once_more_than_we_allow, "it is begun again and again", patience=2 * PATIENCE)
    assert rabbit.counts()[2] == 0


def _dramatiqs(url: str) -> dramatiq.Broker:
    return RabbitmqBroker(url=url, confirm_delivery=True, middleware=[])


@pytest.mark.parametrize(("make", "left"), [(make_broker, 2), (_dramatiqs, 0)], ids=["ours", "dramatiq's"])
def test_a_scrape_is_left_to_others(rabbit: Rabbit, make: Callable[[str], dramatiq.Broker], left: int) -> None:
    """Dramatiq holds two messages a thread of every queue, also of those whose messages run for minutes."""
    broker = make(rabbit.url)
    broker.declare_queue(SCRAPES)
    for _ in range(3):
        broker.enqueue(dramatiq.Message(SCRAPES, "scrape", (), {}, {}))
    consumer = broker.consume(SCRAPES, prefetch=8, timeout=100)
    assert next(consumer) is not None
    eventually(lambda: queue_depths(rabbit.url, [SCRAPES])[SCRAPES][0] == left, "so many are left to others")
    consumer.close()
    broker.close()


def test_a_dead_process_ends_the_others(rabbit: Rabbit, stage: Stage, tmp_path: Path) -> None:
    """`dramatiq` ends when one of its processes was killed, and the others with it."""
    host, port = stage.address
    environment = os.environ | {QUEUE_VARIABLE: rabbit.url, STAGE_VARIABLE: f"{host}:{port}"}
    command = [sys.executable, "-m", "dramatiq", "tests.conformance.actors", "--processes", "2", "--threads", "1"]
    names = [f"m{number}" for number in range(6)]  # more than one process holds
    stage.hold(*names)
    for name in names:
        rabbit.send(name)
    with (tmp_path / "log").open("wb") as log:
        program = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        eventually(lambda: len(stage.reports) == 2, "each process has begun one")
        killed, other = (psutil.Process(report["pid"]) for report in stage.reports)
        assert killed != other
        killed.kill()
        stage.let(*names)
        assert program.wait(PATIENCE) != 0
        assert not other.is_running()
    finally:
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def test_a_signal_that_comes_twice_ends_all_at_once(rabbit: Rabbit, stage: Stage, processes: Processes) -> None:
    """systemd tells every process, and `dramatiq` passes it on: without ours a worker takes the second for an order
    to drop everything."""
    rabbit.send("long", actor="spin", seconds=PATIENCE)
    worker = processes(rabbit.url)
    stage.wait_for("long")
    worker.signal(signal.SIGTERM)
    eventually(lambda: "Stopping worker process" in worker.log.read_text(), "the worker was told")
    worker.signal(signal.SIGTERM)
    assert worker.stopped() != 0
    assert stage.runs("long ended") == 0
