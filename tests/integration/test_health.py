"""`touchline health`, and `/live` and `/ready`, of real workers and a real scheduler whose servers come and go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from tests.conformance.conftest import eventually
from tests.fix_command import Touchline
from tests.fix_proxy import Proxy
from tests.ports import free_ports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
_WORKER = ("dramatiq", "actors", "--processes", "1", "--threads", "2", "--queues", "matches", "runs")

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a program of the environment; what is left of it at the end is killed."""
    monkeypatch.setenv("TOUCHLINE_RUNTIME_DIR", str(tmp_path / "run"))
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{len(started)}.log").open("wb") as log:
            program, *arguments = command
            process = subprocess.Popen(
                [Path(sys.executable).with_name(program), *arguments],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _says(touchline: Touchline, kind: str, ready: bool, word: str = "") -> Callable[[], bool]:
    """Whether the command says that, with the exit code that belongs to it."""

    def says() -> bool:
        ended = touchline(f"health {kind}")
        assert ended.code == (0 if ended.rows and all(row["ready"] for row in ended.rows) else 1)
        return (ended.code == 0) is ready and word in ended.out

    return says


def _live(touchline: Touchline, kind: str) -> bool:
    return touchline(f"health {kind} --live").code == 0


def test_a_worker_is_ready_while_it_can_work(
    start: Start,
    touchline: Touchline,
    store_url: str,
    rabbitmq_url: str,
    tcp_proxy: Callable[[str], Proxy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The broker goes and comes back, the worker is stopped: each time it says so, and it lives through the outage."""
    proxy = tcp_proxy(rabbitmq_url)
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("RABBITMQ_URL", proxy.url)
    assert touchline("health worker").code == 1
    worker = start(*_WORKER)
    eventually(_says(touchline, "worker", True), "it consumes its queues")
    proxy.cut()
    eventually(_says(touchline, "worker", False, "does not answer"), "it says that the broker is away")
    assert _live(touchline, "worker")
    proxy.restore()
    eventually(_says(touchline, "worker", True), "it consumes again")
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait(60) == 0
    assert touchline("health worker").code == 1
    assert not _live(touchline, "worker")


def test_a_worker_without_its_database_is_not_ready_and_lives(
    start: Start,
    touchline: Touchline,
    store_url: str,
    rabbitmq_url: str,
    tcp_proxy: Callable[[str], Proxy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that starts without says so, with the reason; it is ready when the database is back."""
    proxy = tcp_proxy(store_url)
    proxy.cut()
    monkeypatch.setenv("DATABASE_URL", proxy.url)
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    start(*_WORKER)
    eventually(_says(touchline, "worker", False, "until the database is back"), "it says that the database is away")
    assert _live(touchline, "worker")
    proxy.restore()
    eventually(_says(touchline, "worker", True), "it is ready")


def test_one_queue_that_is_refused_and_one_that_nobody_knows(
    start: Start, touchline: Touchline, store_url: str, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that cannot consume one of its queues is not ready, though it works on the others."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    channel = connection.channel()
    channel.queue_declare("matches", durable=True)
    start(*_WORKER)
    eventually(_says(touchline, "worker", False, "matches"), "it names the queue")
    (row,) = touchline("health worker").rows
    assert "runs:" not in row["why"]
    channel.queue_delete("matches")
    connection.close()
    eventually(_says(touchline, "worker", True), "it consumes all queues")
    start("dramatiq", "actors", "--processes", "1", "--threads", "1", "--queues", "matchs")
    eventually(_says(touchline, "worker", False, "matchs"), "it names the word that is misspelt")


def test_probes_are_told_the_same(
    start: Start, touchline: Touchline, store_url: str, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes behind one port: one that is frozen makes both answers bad in time, and its end makes them good."""
    (port,) = free_ports(1)
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    monkeypatch.setenv("TOUCHLINE_METRICS_LISTEN", f"127.0.0.1:{port}")
    start(*_WORKER)
    eventually(lambda: _get(port, "/ready") == (200, {"ready": True, "why": ""}), "the first is ready")
    assert b"touchline_worker_ready 1.0" in _read(port, "/metrics")[1]
    second = start(*_WORKER)
    eventually(lambda: len(touchline("health worker").rows) == 2, "the second says how it is")
    eventually(lambda: _get(port, "/ready")[0] == 200, "both are ready")
    os.killpg(second.pid, signal.SIGSTOP)
    eventually(lambda: "said nothing" in _get(port, "/ready")[1].get("why", ""), "the frozen one is noticed")
    assert _get(port, "/live") == (200, {"live": True, "why": _get(port, "/live")[1]["why"]})
    os.killpg(second.pid, signal.SIGKILL)
    second.wait()
    eventually(lambda: _get(port, "/ready")[0] == 200, "what is gone is forgotten")


def test_a_scheduler_is_ready_while_its_ticks_are_taken(
    start: Start,
    touchline: Touchline,
    rabbitmq_url: str,
    tcp_proxy: Callable[[str], Proxy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It needs no database. One whose first tick nobody takes says so, and is live."""
    proxy = tcp_proxy(rabbitmq_url)
    monkeypatch.setenv("RABBITMQ_URL", proxy.url)
    first = start("periodiq", "actors")
    eventually(_says(touchline, "scheduler", True), "its first tick was taken")
    os.kill(first.pid, signal.SIGTERM)
    assert first.wait(60) == 0
    proxy.cut()
    start("periodiq", "actors")
    eventually(_says(touchline, "scheduler", False, "takes no tick"), "it says that no tick is taken")
    assert _live(touchline, "scheduler")


def _get(port: int, path: str) -> tuple[int, dict[str, Any]]:
    status, body = _read(port, path)
    return status, json.loads(body) if status else {}


def _read(port: int, path: str) -> tuple[int, bytes]:
    """Status and body; 0 where nobody listens yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""
