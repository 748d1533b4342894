"""`dramatiq actors`, with all that it has in earnest, where RabbitMQ is away or a queue is not as it should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pika
import pytest

from contract.broker import drain, queue_depths
from contract.names import QUEUES
from tests.conformance.conftest import eventually
from tests.fix_proxy import Proxy

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


class Worker:
    """A `dramatiq actors` with one worker process."""

    def __init__(self, log: Path) -> None:
        self._log = log
        command = [sys.executable, "-m", "dramatiq", "actors", "--processes", "1", "--threads", "2"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True, env=os.environ.copy()
            )

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def start(tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Worker]]:
    """Call it with RabbitMQ's URL to start a worker."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    started: list[Worker] = []

    def start(url: str) -> Worker:
        monkeypatch.setenv("RABBITMQ_URL", url)
        started.append(Worker(tmp_path / "worker.log"))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait()


def _consumed(url: str, *queues: str) -> bool:
    depths = queue_depths(url)
    return all(depths.get(queue, (0, 0))[1] > 0 for queue in queues)


def test_a_worker_starts_and_waits_while_rabbitmq_is_away(
    start: Callable[[str], Worker], rabbitmq_url: str, tcp_proxy: Callable[[str], Proxy]
) -> None:
    """It does not end, says what it waits for without a traceback, and consumes all queues once RabbitMQ is there."""
    proxy = tcp_proxy(rabbitmq_url)
    proxy.cut()
    worker = start(proxy.url)
    eventually(lambda: "; waiting" in worker.said(), "it says that it waits")
    assert worker.process.poll() is None
    proxy.restore()
    eventually(lambda: _consumed(rabbitmq_url, *QUEUES[:3]), "its queues are consumed")
    assert worker.stop() == 0
    assert "CRITICAL" not in worker.said()
    assert "Traceback" not in worker.said()


def test_a_worker_starts_with_a_queue_that_was_declared_otherwise(
    start: Callable[[str], Worker], rabbitmq_url: str
) -> None:
    """It works on the other queues, says what to do about this one, and takes it up when that was done.

    What a stock Dramatiq leaves behind is such a queue: its dead messages expire after a week.
    """
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    channel = connection.channel()
    channel.queue_declare("matches.XQ", durable=True, arguments={"x-message-ttl": 604800000})
    worker = start(rabbitmq_url)
    eventually(lambda: _consumed(rabbitmq_url, "runs", "scrapes"), "other queues are consumed")
    eventually(lambda: "delete_queue matches.XQ" in worker.said(), "it says what to do")
    assert worker.said().count("declared with other arguments") == 1
    channel.queue_delete("matches.XQ")
    eventually(lambda: _consumed(rabbitmq_url, "matches", "matches.DQ"), "the queue is consumed")
    connection.close()
    assert worker.stop() == 0
    assert "CRITICAL" not in worker.said()


def test_a_dead_letter_queue_that_was_declared_otherwise_is_drained(rabbitmq_url: str) -> None:
    """So that it can be emptied before somebody deletes it."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("matches.XQ", durable=True, arguments={"x-message-ttl": 604800000})
    channel.basic_publish("", "matches.XQ", b"body")
    connection.close()
    assert drain(rabbitmq_url, QUEUES, lambda corpse: None) == 1
