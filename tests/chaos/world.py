"""One fault's world: its own vhost, database and home, its workers, its load, and its account of what was sent."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pika
import pika.exceptions
import psycopg
from dramatiq import Message

from contract.broker import make_broker, queue_depths
from contract.errors import TouchlineError
from ingest.publisher import Publisher
from ingest.run import Outcome
from ingest.spool import Spool
from tests.chaos.load import Load, capture, produce
from tests.chaos.model import Ledger, Observation, Track
from tests.chaos.processes import Traps, Workers, run_command
from tests.chaos.servers import HurtPostgres, Servers, messages_in
from tests.fix_proxy import Proxy
from tests.fix_rabbitmq import RabbitServer

_PRECONDITION_FAILED: Final = 406
#: Seconds between two looks at the database.
_LOOK: Final = 0.1


class NotRecovered(Exception):
    """What was sent was not stored in time."""


@dataclass(frozen=True, slots=True)
class Form:
    """Short: part of `make test`. Full: what docs/reliability.md shows."""

    short: bool

    def seconds(self, short: float, full: float) -> float:
        return short if self.short else full


class World:
    """Made by `making`. Faults use what is public here and the servers' own commands."""

    def __init__(
        self,
        name: str,
        directory: Path,
        servers: Servers,
        *,
        broker: str,
        amqp_url: str | None,
        database_url: str,
        which: dict[str, str],
        seed: int,
        form: Form,
    ) -> None:
        self.name = name
        self.directory = directory
        self.home = directory / "home"
        self.home.mkdir()
        self.broker = broker
        self.database_url = database_url
        self.queue_url = amqp_url or database_url
        self.form = form
        self.rng = random.Random(f"{seed}/{name}")
        self.ledger = Ledger()
        self.traps = Traps(directory / "traps")
        #: Addresses that workers use; a fault may put a proxy in between before it starts them.
        self.worker_database_url = database_url
        self.worker_queue_url = self.queue_url
        self.publish_timeout = 2.0
        self.recovered: list[float] = []
        self.problems: list[str] = []
        self.workers_started: list[Workers] = []
        self._servers = servers
        self._which = which
        self._lock = threading.Lock()
        self._store: psycopg.Connection[Any] | None = None
        self._proxies: list[Proxy] = []
        self._loads = 0
        self._finished = False

    # -- servers

    @property
    def rabbitmq(self) -> RabbitServer:
        return self._servers.rabbitmq(self._which["rabbitmq"])

    @property
    def vhost(self) -> str:
        return urlsplit(self.queue_url).path[1:]

    @property
    def postgresql(self) -> HurtPostgres:
        return self._servers.hurt(self._which["postgresql"])

    @property
    def database(self) -> str:
        return urlsplit(self.database_url).path[1:]

    def proxy(self, url: str) -> Proxy:
        """A proxy in front of `url`; its own `.url` leads through it."""
        parts = urlsplit(url)
        proxy = Proxy((parts.hostname or "127.0.0.1", parts.port or 0), url)
        self._proxies.append(proxy)
        return proxy

    # -- workers

    def workers(self, threads: int = 2, **environment: str) -> Workers:
        """A supervised `dramatiq`; keyword arguments become TOUCHLINE_CHAOS_… of its environment.

        Those of a run's account, which are settings of the program, become TOUCHLINE_RUN_….
        """
        more = {
            f"TOUCHLINE_{name.upper()}" if name.startswith("run_") else f"TOUCHLINE_CHAOS_{name.upper()}": value
            for name, value in environment.items()
        }
        workers = Workers(
            self.environment() | more,
            self.directory / f"worker-{len(self.workers_started)}.log",
            threads=threads,
        )
        self.workers_started.append(workers)
        return workers

    def environment(self) -> dict[str, str]:
        """Of the processes of this world."""
        mine = {
            "DATABASE_URL": self.worker_database_url,
            "TOUCHLINE_HOME": str(self.home),
            "TOUCHLINE_CHAOS_TRAPS": str(self.traps.directory),
            "TOUCHLINE_PUBLISH_TIMEOUT": str(self.publish_timeout),
        }
        if self.broker == "rabbitmq":
            mine["RABBITMQ_URL"] = self.worker_queue_url
        return {**os.environ, **mine}

    def command(self, *arguments: str, seconds: float = 60) -> tuple[int, str]:
        """`touchline …` in this world."""
        return run_command(list(arguments), self.environment(), seconds=seconds)

    # -- what is sent

    def send(self, observation: Observation) -> Outcome:
        """One run, by the real producer."""
        return produce(observation, self.ledger, url=self.queue_url, home=self.home, timeout=self.publish_timeout)

    def capture(self, observation: Observation) -> list[Message[Any]]:
        """The messages of a run that the fault itself sends."""
        return capture(observation, self.ledger)

    def put(self, *messages: Message[Any]) -> None:
        """Enqueue messages as they are, on one connection."""
        broker = make_broker(self.queue_url)
        try:
            for message in messages:
                broker.enqueue(message)
        finally:
            broker.close()

    def put_body(self, queue: str, body: str) -> bool:
        """Put into a queue what nobody has checked. False: the broker itself has refused it, as too large."""
        if self.broker == "rabbitmq":
            connection = pika.BlockingConnection(pika.URLParameters(self.queue_url))
            try:
                channel = connection.channel()
                channel.confirm_delivery()
                persistent = pika.BasicProperties(delivery_mode=2)
                channel.basic_publish("", queue, body.encode(errors="surrogatepass"), persistent)
            except pika.exceptions.ChannelClosedByBroker as error:
                if error.reply_code != _PRECONDITION_FAILED:
                    raise
                return False
            finally:
                connection.close()
            return True
        document = json.loads(body)
        message_id = document.get("message_id") if isinstance(document, dict) else None
        with psycopg.connect(self.queue_url) as database:
            database.execute(
                "INSERT INTO touchline_queue.queue (message_id, queue_name, state, message)"
                " VALUES (%s, %s, 'queued', %s::text::json)",
                (message_id or uuid4(), queue, body),
            )
        return True

    def until_dead(self, letters: int, reason: str | None = None) -> None:
        """Until so many messages are dead, for that reason."""
        text = "SELECT count(*) FROM touchline.dead WHERE kind = 'message' AND (%s::text IS NULL OR reason = %s)"
        self.until(lambda: self.query(text, reason, reason)[0][0] >= letters, f"{letters} messages are dead")

    def letters_settled(self, reason: str) -> bool:
        """Whether no letter that died for `reason` is open, or on its way."""
        text = "SELECT count(*) FROM touchline.dead WHERE reason = %s AND (state = 'open' OR settled_at IS NULL)"
        return self.query(text, reason) == [(0,)]

    def longest_wait(self) -> tuple[float, str]:
        """The longest time that a message waited from its confirm to its storing, in seconds; and its id."""
        fates = self.query(
            "SELECT message_id::text, extract(epoch FROM stored_at)::float8 FROM touchline.inbox WHERE NOT dead"
        )
        waits = [
            (at - sent, message_id) for message_id, at in fates if (sent := self.ledger.sent_at(message_id)) is not None
        ]
        return max(waits, default=(0.0, ""))

    def track(self, name: str, **sizes: int) -> Track:
        return Track(f"{self.name}-{name}", random.Random(self.rng.getrandbits(64)), **sizes)

    @contextmanager
    def load(self, *, tracks: int = 2, pace: float = 0.5) -> Iterator[Load]:
        """Runs go on while the body does its harm."""
        self._loads += 1
        load = Load(
            self.send, self.run_is_settled, self.rng, name=f"{self.name}-{self._loads}", tracks=tracks, pace=pace
        )
        load.start()
        try:
            yield load
        finally:
            load.stop()
            self.problems += [f"the load failed: {error!r}" for error in load.failures]

    def spooled(self) -> int:
        """Messages that runs have left on disk."""
        return len(Spool(self.home, self.queue_url))

    def flush(self) -> None:
        """Send what runs have left on disk, as the next run would."""
        spool = Spool(self.home, self.queue_url)
        if len(spool):
            broker = make_broker(self.queue_url)
            with suppress(TouchlineError), Publisher(broker, spool, timeout=0) as publisher:
                publisher.flush()
            broker.close()

    # -- what came of it

    def query(self, text: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows from the store, on a connection of the suite's own, or none where the server is away."""
        with self._lock:
            try:
                if self._store is None or self._store.closed:
                    self._store = psycopg.connect(self.database_url, autocommit=True, connect_timeout=5)
                return self._store.execute(text.encode(), parameters).fetchall()
            except psycopg.OperationalError:
                if self._store is not None:
                    self._store.close()
                self._store = None
                return []

    def run_is_settled(self, observation: Observation) -> bool:
        rows = self.query("SELECT state FROM runs WHERE run_id = %s AND state <> 'running'", observation.run_id)
        return bool(rows)

    def stored(self) -> int:
        """How many messages have found their fate."""
        rows = self.query("SELECT count(*) FROM touchline.inbox")
        return int(rows[0][0]) if rows else 0

    def flowing(self, messages: int = 10) -> None:
        """Until `messages` more are stored than now."""
        begun = self.stored()
        self.until(lambda: self.stored() >= begun + messages, f"{messages} messages are stored")

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Returns when `condition` holds. Raises NotRecovered."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise NotRecovered(f"not within {seconds:.0f} s: {what}")
            time.sleep(_LOOK)

    @contextmanager
    def fault(self, within: float = 90.0, also: Callable[[], bool] = lambda: True) -> Iterator[None]:
        """The harm is done in the body. Then all that was sent by its end has to find its fate `within` seconds.

        `also` has to hold as well before that counts as recovered.
        """
        yield
        self.recover(time.monotonic(), within, also)

    def recover(self, ended: float, within: float = 90.0, also: Callable[[], bool] = lambda: True) -> None:
        """Wait for what was sent by now; the fault ended at `ended` (time.monotonic)."""
        sent = self.ledger.sent()
        flushed = ended

        def all_fated() -> bool:
            nonlocal flushed
            if time.monotonic() - flushed > 1.0:
                flushed = time.monotonic()
                self.flush()
            rows = self.query("SELECT count(*) FROM touchline.inbox WHERE message_id = ANY(%s::uuid[])", sent)
            return bool(rows) and rows[0][0] >= len(sent) and also()

        try:
            self.until(all_fated, f"all {len(sent)} messages that were sent have found their fate", within)
        except NotRecovered as error:
            known = {row[0] for row in self.query("SELECT message_id::text FROM touchline.inbox")}
            missing = [self.ledger.described(message_id) for message_id in sent if message_id not in known]
            raise NotRecovered(f"{error}; {len(missing)} have not: {', '.join(missing[:5])}") from None
        self.recovered.append(time.monotonic() - ended)

    def in_queues(self) -> int:
        """Messages in all queues, those that workers hold included."""
        if self.broker != "rabbitmq":
            rows = self.query("SELECT count(*) FROM touchline_queue.queue WHERE state::text <> 'done'")
            return int(rows[0][0]) if rows else -1
        with self._servers.calling:
            return messages_in(self.rabbitmq, self.vhost)

    def kill_rabbitmq(self) -> None:
        """SIGKILL, with the definitions of its queues on disk (see `RabbitServer.kill`)."""
        with self._servers.calling:
            self.rabbitmq.kill()

    def dead_in_broker(self) -> int:
        """Messages in the broker's own dead-letter queues."""
        return sum(ready for name, (ready, _) in queue_depths(self.queue_url).items() if name.endswith(".XQ"))

    def finish(self, within: float = 90.0) -> None:
        """Wait until all is stored and the queues are empty, then stop the workers in an orderly way."""
        if self._finished:
            return
        self._finished = True
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            self.flush()
            states = self.query("SELECT run_id::text, state FROM runs")
            if not self.ledger.settled(states) and self.in_queues() == 0:
                break
            time.sleep(0.3)
        self.end_workers()

    def end_workers(self) -> None:
        """Stop them as an operator does; one that does not end with 0 is a problem."""
        for workers in self.workers_started:
            code = workers.stop()
            if code:
                self.problems.append(f"a worker that was asked to stop ended with {code}")

    def close(self) -> None:
        for workers in self.workers_started:
            workers.kill_if_running()
        for proxy in self._proxies:
            proxy.__exit__(None, None, None)
        if self._store is not None:
            self._store.close()
