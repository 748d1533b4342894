"""The two brokers under one face, workers in this process or their own, and the stage that their actors report to."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import dramatiq
import pika
import psycopg
import pytest

from contract.broker import make_broker, queue_depths
from contract.broker.errors import BrokerAway
from tests.conformance.actors import QUEUE, QUEUE_VARIABLE, STAGE_VARIABLE, STORE_VARIABLE, declare, make

ROOT = Path(__file__).parents[2]

#: Seconds after which what a test waits for is not coming.
PATIENCE = 30.0


class Backend(ABC):
    """One broker, empty, for one test."""

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    def put(self, body: str) -> None:
        """Put something into the queue that nobody checked."""

    @abstractmethod
    def take_dead(self) -> list[bytes]:
        """The bodies of the dead messages, as the broker keeps them; a person has them now."""

    def counts(self) -> tuple[int, int, int]:
        """Messages ready, delayed and dead."""
        depths = queue_depths(self.url, [QUEUE])
        ready, delayed, dead = (depths.get(f"{QUEUE}{kind}", (0, 0))[0] for kind in ("", ".DQ", ".XQ"))
        return ready, delayed, dead

    def consumers(self) -> int:
        return queue_depths(self.url, [QUEUE]).get(QUEUE, (0, 0))[1]

    def send(self, name: str, *, actor: str = "play", delay: int | None = None, **more: Any) -> dramatiq.Message[Any]:
        """Enqueue a message by the names of queue and actor alone, as the producer does."""
        message = message_to(actor, name=name, **more)
        broker = make_broker(self.url)
        try:
            return broker.enqueue(message, delay=delay)
        finally:
            broker.close()


class Rabbit(Backend):
    def put(self, body: str) -> None:
        make_broker(self.url).declare_queue(QUEUE, ensure=True)
        with self._channel() as channel:
            channel.basic_publish("", QUEUE, body.encode(errors="surrogatepass"))

    def refuses_delays(self) -> bool:
        """Whether the delay queue takes nothing; what it takes is a probe, soon due."""
        broker = make_broker(self.url)
        try:
            broker.enqueue(message_to("play", name="probe"), delay=1)
        except BrokerAway:
            return True
        finally:
            broker.close()
        return False

    def take_dead(self) -> list[bytes]:
        with self._channel() as channel:
            return [body for _, _, body in iter(lambda: channel.basic_get(f"{QUEUE}.XQ", auto_ack=True), _NOTHING)]

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel
        finally:
            connection.close()


_NOTHING = (None, None, None)


class Embedded(Backend):
    def put(self, body: str) -> None:
        self.make_tables()
        with psycopg.connect(self.url) as connection:
            connection.execute(
                "INSERT INTO touchline_queue.queue (message_id, queue_name, state, message)"
                " VALUES (%s, %s, 'queued', %s::text::json)",
                (_id_in(body), QUEUE, body),
            )

    def make_tables(self) -> None:
        broker = make_broker(self.url)
        broker.consume(QUEUE).close()
        broker.close()

    def take_dead(self) -> list[bytes]:
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                "DELETE FROM touchline_queue.queue WHERE state = 'rejected' RETURNING message::text"
            ).fetchall()
        return [body.encode() for (body,) in rows]


def _id_in(body: str) -> uuid.UUID:
    try:
        return uuid.UUID(json.loads(body)["message_id"])
    except (KeyError, TypeError, ValueError):
        return uuid.uuid4()


class Stage:
    """Where running actors report. They go on at once, unless their name is held; or fail, if it is failing."""

    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []
        #: name → how many of its runs may go on
        self._held: dict[str, float] = {}
        self._failing: dict[str, int] = {}
        self._deadly: set[str] = set()
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def hold(self, *names: str) -> None:
        """Runs of `names` wait until `let`."""
        self._held |= dict.fromkeys(names, 0)

    def let(self, *names: str, runs: float = math.inf) -> None:
        """The first `runs` runs of `names` go on."""
        with self._changed:
            self._held |= dict.fromkeys(names, runs)
            self._changed.notify_all()

    def fail(self, name: str, times: int) -> None:
        """The first `times` runs of `name` fail."""
        self._failing[name] = times

    def kill(self, name: str) -> None:
        """Each run of `name` kills its process, as the kernel does when memory runs out."""
        self._deadly.add(name)

    def runs(self, name: str) -> int:
        return sum(report["name"] == name for report in self.reports)

    def wait_for(self, *names: str, times: int = 1) -> None:
        """Until each of `names` has begun `times` times."""
        with self._changed:
            came = self._changed.wait_for(lambda: all(self.runs(name) >= times for name in names), PATIENCE)
        assert came, f"waited for {names} {times} times, saw {[report['name'] for report in self.reports]}"

    def close(self) -> None:
        self.let(*self._held)
        self._listener.shutdown(socket.SHUT_RDWR)  # closed only, its number may be the next one's under `accept`
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            report = json.loads(connection.makefile().readline())
            name = report["name"]
            with self._changed:
                self.reports.append(report)
                run = self.runs(name)
                self._changed.notify_all()
                self._changed.wait_for(lambda: run <= self._held.get(name, math.inf), PATIENCE)
            fails = run <= self._failing.get(name, 0)
            answer = b"die" if name in self._deadly else b"told to fail" if fails else b"go"
            try:
                connection.sendall(answer + b"\n")
            except OSError:
                return  # the actor was killed meanwhile


class Process:
    """A `dramatiq` of its own, with one worker process."""

    def __init__(
        self, url: str, stage: Stage, *, threads: int, log: Path, store: str | None = None, **settings: str
    ) -> None:
        host, port = stage.address
        environment = os.environ | {
            QUEUE_VARIABLE: url,
            STAGE_VARIABLE: f"{host}:{port}",
            "dramatiq_restart_delay": "200",
            **settings,
        }
        if store is not None:
            environment |= {STORE_VARIABLE: "yes", "DATABASE_URL": store}
        command = [sys.executable, "-m", "dramatiq", "tests.conformance.actors"]
        command += ["--processes", "1", "--threads", str(threads)]
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def signal(self, number: int) -> None:
        """To the whole group: the program and its worker."""
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._process.wait()

    def ask_to_stop(self) -> None:
        """As a supervisor does: the program alone is told, once. Returns when its worker has heard of it."""
        self._process.send_signal(signal.SIGTERM)
        eventually(lambda: "Shutting down" in self.log.read_text(errors="replace"), "the worker was told")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def stopped(self) -> int:
        """The exit code, once it has ended."""
        return self._process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self.kill()
        if kind is not None:
            sys.stderr.write(self.log.read_text(errors="replace"))


@pytest.fixture(params=["rabbitmq", "embedded"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each broker in turn."""
    if request.param == "rabbitmq":
        return Rabbit(request.getfixturevalue("rabbitmq_url"))
    return Embedded(request.getfixturevalue("postgres_url"))


@pytest.fixture
def rabbit(rabbitmq_url: str) -> Rabbit:
    return Rabbit(rabbitmq_url)


@pytest.fixture
def classic_rabbit(classic_rabbitmq_url: str) -> Rabbit:
    return Rabbit(classic_rabbitmq_url)


@pytest.fixture
def embedded(postgres_url: str) -> Embedded:
    return Embedded(postgres_url)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture
def processes(stage: Stage, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Call it with a queue's URL to start worker processes; what is left of them is killed at the end."""
    started: list[Process] = []

    def start(url: str, *, threads: int = 1, store: str | None = None, **settings: str) -> Process:
        log = tmp_path / f"worker-{len(started)}.log"
        started.append(Process(url, stage, threads=threads, log=log, store=store, **settings))
        return started[-1]

    yield start
    for process in started:
        process.__exit__(None)


@pytest.fixture(autouse=True)
def quick_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dramatiq's own pauses after a lost connection, three and five seconds, are not what is tested."""
    monkeypatch.setattr("dramatiq.worker.CONSUMER_RESTART_DELAY_SECS", 0.2)
    monkeypatch.setattr("dramatiq.worker.POST_PROCESS_MESSAGE_RETRY_DELAY_SECS", 0.2)


@contextmanager
def working(url: str, stage: Stage, *, threads: int = 2) -> Iterator[dramatiq.Worker]:
    """A worker in this process; at the end it has stopped, and given back or settled all it had."""
    broker = make(url)
    declare(broker, stage.address)
    worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=100)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=int(PATIENCE * 1000))
        broker.close()


def message_to(actor: str, **kwargs: Any) -> dramatiq.Message[Any]:
    return dramatiq.Message(queue_name=QUEUE, actor_name=actor, args=(), kwargs=kwargs, options={})


def eventually(condition: Callable[[], bool], what: str, *, patience: float = PATIENCE) -> None:
    """Returns when `condition` holds, which others bring about."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.05)
