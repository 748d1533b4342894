"""Where it is measured: a private RabbitMQ and a private PostgreSQL as they are in earnest, and worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import psutil
import psycopg

from bench.load import Message
from contract.broker import make_broker
from contract.names import MATCHES, RUNS
from tests.chaos.servers import Servers
from tests.fix_leftovers import Lifeline
from tests.fix_rabbitmq import RabbitServer

ROOT: Final = Path(__file__).parents[1]

#: Seconds for anything here to come about.
PATIENCE: Final = 300.0

#: The tests' server trades safety for speed; this one must not. Commit times tell how long a message took.
_IN_EARNEST: Final = (
    "ALTER SYSTEM SET fsync = on",
    "ALTER SYSTEM SET full_page_writes = on",
    "ALTER SYSTEM SET shared_buffers = '256MB'",
    "ALTER SYSTEM SET max_wal_size = '2GB'",
    "ALTER SYSTEM SET track_commit_timestamp = on",
)


class Stage:
    """The two servers, for all rows of the table. A context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._servers = self._stack.enter_context(Servers())
        hurt = self._servers.hurt("shared")
        with psycopg.connect(hurt.server.url("postgres"), autocommit=True) as connection:
            for statement in _IN_EARNEST:
                connection.execute(statement)
        hurt.stop()
        hurt.start()
        self._postgres = hurt.server
        self._rabbitmq: RabbitServer = self._servers.rabbitmq("shared")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def versions(self) -> dict[str, str]:
        with psycopg.connect(self._postgres.url("postgres")) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return {"postgresql": row[0] if row else "?", "rabbitmq": self._rabbitmq.ctl("version").strip()}

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A fresh vhost, a fresh migrated database and a home."""
        with (
            self._rabbitmq.vhost() as queue_url,
            self._postgres.database(migrated=True) as database_url,
            tempfile.TemporaryDirectory(prefix="touchline-bench-") as home,
        ):
            yield Place(Path(home), queue_url, database_url)


class Place:
    """One queue, one store, one home."""

    def __init__(self, home: Path, queue_url: str, database_url: str) -> None:
        self.home = home
        self.queue_url = queue_url
        self.database_url = database_url
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")},
            "TOUCHLINE_HOME": str(home),
            "DATABASE_URL": database_url,
            "RABBITMQ_URL": queue_url,
        }

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.database_url, autocommit=True)

    def settle(self) -> None:
        """Nothing of what was written before is left to be written to disk while the next thing is measured."""
        with self.connect() as connection:
            connection.execute("CHECKPOINT")

    @contextmanager
    def worker(self, *, processes: int = 1, threads: int = 2) -> Iterator[Workers]:
        """Workers that store, consuming by the time that the block begins."""
        command = [sys.executable, "-m", "dramatiq", "actors", "--queues", MATCHES, RUNS]
        command += ["--processes", str(processes), "--threads", str(threads)]
        with started(command, self.environment, self.home / "workers.log") as process:
            wait("the workers to consume", lambda: self._consumers() >= processes)
            yield Workers(process)

    def publish(self, messages: Sequence[Message]) -> None:
        broker = make_broker(self.queue_url)
        try:
            for message in messages:
                broker.enqueue(message)
        finally:
            broker.close()

    def wait_for(self, run_id: UUID) -> None:
        """Until the run has ended well."""
        with self.connect() as connection:

            def ended() -> bool:
                # the table and not the view, which adds up the parts: whoever measures uses the same two cores
                row = connection.execute(
                    "SELECT state, error FROM touchline.run_accounts WHERE run_id = %s", (run_id,)
                ).fetchone()
                if row is None or row[0] == "running":
                    return False
                if row[0] != "succeeded":
                    raise RuntimeError(f"the run is {row[0]}: {row[1]}")
                return True

            wait(f"run {run_id}", ended, look=0.01)

    def _consumers(self) -> int:
        import pika

        with pika.BlockingConnection(pika.URLParameters(self.queue_url)) as connection:
            channel = connection.channel()
            try:
                return int(channel.queue_declare(MATCHES, passive=True).method.consumer_count)
            except pika.exceptions.ChannelClosedByBroker:
                return 0


class Workers:
    """A worker program with its processes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @contextmanager
    def held(self) -> Iterator[None]:
        """They stand still until the end of the block, connected: what is published meanwhile waits for them."""
        os.killpg(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._process.pid, signal.SIGCONT)

    def peak(self) -> float:
        """Megabytes of the process that had the most in memory at any time so far."""
        family = psutil.Process(self._process.pid).children(recursive=True)
        return max(_highest(process.pid) for process in family) / 1024


def _highest(pid: int) -> int:
    """Kilobytes that the process had in memory at its highest."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


@contextmanager
def started(command: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a group of its own, ended with the block, and also if this process is killed."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=output, stderr=output, start_new_session=True
        )
    lifeline = Lifeline.tie(process.pid)
    try:
        yield process
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended early:\n{log.read_text()[-2000:]}")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        lifeline.release()


def wait(what: str, holds: Callable[[], bool], *, look: float = 0.05) -> None:
    """Until `holds`, asked each `look` seconds. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(look)
