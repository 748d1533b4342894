"""The queue in PostgreSQL: dramatiq-postgres, mended where the conformance suite found it wanting.

The states of a message are those of its row:

    enqueue ──► queued ──claim (worker, mark)──► consumed ──ack with that mark──► gone
                ▲  ▲                              │    │
                │  └── replaced by its retry ─────┤    └──nack with that mark──► rejected (dead, until a person acts)
                └───── the worker died, stopped, ─┘
                       or never heard of its claim

PostgreSQL is authoritative. A worker owns what it claimed as long as its row in `worker` is not older than
`heartbeat_ttl`; then any other worker gives it back to the queue, and an ack that comes later is without effect, since
its mark is not the row's. A delay is a row that is not due yet: it waits in no worker's memory and there is no delay
queue. Notifications are for speed only: consumers look by themselves, too.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from dramatiq import Consumer, Message, Middleware
from dramatiq.common import current_millis, q_name
from dramatiq_postgres import PostgresBroker, schema
from dramatiq_postgres.broker import QUERIES, Notifier
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from contract.addresses import escape_password, split_pgbouncer
from contract.broker.claims import Claims, EmbeddedConsumer, Settler
from contract.broker.corpses import Burials
from contract.broker.corpses_embedded import bury_all
from contract.broker.errors import BrokerAway, BrokerMisconfigured
from contract.broker.patience import Patience
from contract.broker.statements import SCHEMA, statement
from contract.names import held_at_once

#: Seconds: how often a worker says that it lives, after how long without it is dead, and how often others look. Work of
#: a killed worker is taken up after 15 to 28 seconds.
HEARTBEAT_INTERVAL: Final = 5.0
HEARTBEAT_TTL: Final = 20.0
MAINTENANCE_INTERVAL: Final = 5.0

#: Seconds for a connection, be it a new one or one that others use; what is done with it may take twice that. The
#: publisher goes on trying by itself.
TIMEOUT: Final = 5.0

#: More threads of a process than this that need a connection at the same moment wait for each other.
POOL_SIZE: Final = 16

#: Unless the URL's query says otherwise; times in seconds, but for the last one, in milliseconds.
_DEFAULTS: Final = {
    "application_name": "touchline queue",
    "connect_timeout": "5",
    # a line that was cut without a word
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}

#: By what PostgreSQL's refusals to connect are known: libpq gives no code for them.
_REFUSALS: Final = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")


class EmbeddedBroker(PostgresBroker):
    """A broker whose messages are rows. `address` is a PostgreSQL URL, or starts the server and gives its URL.

    Intervals are in seconds.
    """

    def __init__(
        self,
        address: str | Callable[[], str],
        *,
        middleware: list[Middleware],
        heartbeat_interval: float = HEARTBEAT_INTERVAL,
        heartbeat_ttl: float = HEARTBEAT_TTL,
        maintenance_interval: float = MAINTENANCE_INTERVAL,
        timeout: float = TIMEOUT,
    ) -> None:
        self._address = address if callable(address) else lambda: address
        pool = ConnectionPool(
            self._conninfo,
            open=False,
            min_size=0,
            max_size=POOL_SIZE,
            timeout=timeout,
            # a failed attempt is given up soon, and the next caller makes another: the pool's own waits grow to minutes
            reconnect_timeout=timeout,
            kwargs={"autocommit": True},  # each operation is one statement
            check=self._check,
            name="touchline-queue",
        )
        super().__init__(  # type: ignore[no-untyped-call]
            pool=pool,
            results=False,
            schema=SCHEMA,
            purge_maxage=None,
            heartbeat_interval=heartbeat_interval,
            heartbeat_ttl=heartbeat_ttl,
            maintenance_interval=maintenance_interval,
            middleware=middleware,
        )
        self.patience = Patience()
        self.add_middleware(self.patience)
        self._bound = 2 * timeout
        self._prepared = False
        self._preparing = threading.Lock()
        self._pulse = threading.Lock()
        self._heartbeat_due = self._maintenance_due = 0.0
        self._claims: dict[str, Claims] = {}
        # pool and listener warn of each connection that fails; the errors raised here say it
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        logging.getLogger("dramatiq_postgres.utils").setLevel(logging.ERROR)

    def declare_queue(self, queue_name: str) -> None:
        if queue_name in self.queues:
            return
        self.emit_before("declare_queue", queue_name)
        self.queues[queue_name] = True
        self.emit_after("declare_queue", queue_name)

    # dramatiq-postgres tries again for minutes, in a decorator; our publisher decides that
    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:  # type: ignore[override]
        """Returns once the message is committed to disk. `delay` is in milliseconds.

        Raises BrokerAway or BrokerMisconfigured.
        """
        self.emit_before("enqueue", message, delay)
        message = message.copy(queue_name=q_name(message.queue_name))
        eta = message.options.pop("eta", None)
        if delay is None and isinstance(eta, int | float):
            delay = max(0, int(eta - current_millis()))
        row = {"message_id": message.message_id, "queue": message.queue_name, "message": message.encode().decode()}
        with self.connection() as connection:
            connection.execute(statement("enqueue"), row | {"delay": delay or 0})
        self.emit_after("enqueue", message, delay)
        return message

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30000) -> Consumer:
        with self._pulse:
            if queue_name not in self._claims:
                self._claims[queue_name] = Claims()
                self._heartbeat_due = 0.0  # others are told what is consumed before anything is
        claims, prefetch = self._claims[queue_name], held_at_once(queue_name, prefetch)
        return self.patience.consumer(
            queue_name,
            lambda: EmbeddedConsumer(self, queue_name, claims, prefetch, timeout / 1000),
            behind=Settler(self, queue_name, claims),
        )

    def leave(self) -> None:
        """A worker has stopped: whatever it still holds is for others. The next one in this process may consume."""
        if self._claims and self._prepared:
            try:
                with self.connection() as connection:
                    connection.execute(statement("leave"), {"worker": self.worker_id})
            except BrokerAway:
                self.logger.debug("The database is away; this worker is missed by itself.")
        with self._pulse:
            self._claims.clear()
            self._heartbeat_due = 0.0

    def close(self) -> None:
        """Leave for good."""
        self.leave()
        super().close()  # type: ignore[no-untyped-call]
        self.pool.close()

    @property
    def listening(self) -> Notifier:
        """Wakes consumers when something comes into their queue."""
        assert self.notifier is not None, "it is made unless one says listen=False"
        return self.notifier

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection in which each statement is a transaction. Raises BrokerAway or BrokerMisconfigured."""
        self._prepare()
        try:
            with self.pool.connection() as connection, _bounded(connection, self._bound):
                yield connection
        except PoolTimeout:
            with _connected(self._address()):  # says why, if that is it
                raise BrokerAway("the database has no connection to spare for the queue") from None
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            self._prepared = False
            raise BrokerAway("the tables of the queue are gone; they are made again") from None
        except psycopg.Error as error:
            raise _translated(error) from None

    def keep_alive(self) -> None:
        """Say that this worker lives, and take up what dead ones left. For consumers, about once a second."""
        with self._pulse:
            now = time.monotonic()
            if now >= self._heartbeat_due:
                try:
                    self._heartbeat()
                except BrokerAway:
                    # who was away as long as the others must not take them for dead
                    self._maintenance_due = now + self.heartbeat_ttl
                    raise
                self._heartbeat_due = now + self.heartbeat_interval
            if now >= self._maintenance_due:
                self._maintenance_due = now + self.maintenance_interval
                self._maintain()

    def _heartbeat(self) -> None:
        known = [message_id for claims in self._claims.values() for message_id in claims.known()]
        with self.connection() as connection:
            connection.execute(statement("heartbeat"), {"worker": self.worker_id, "queues": list(self._claims)})
            forgotten = connection.execute(statement("forgotten"), {"worker": self.worker_id, "known": known})
        if forgotten.rowcount:
            self.logger.warning("Gave back %d messages whose claim was never heard of.", forgotten.rowcount)

    def _maintain(self) -> None:
        with self.connection() as connection, connection.transaction():
            locked = connection.execute(QUERIES.MAINTENANCE_LOCK, (self.maintenance_ns,)).fetchone()
            if not locked or not locked[0]:
                return  # another worker is at it
            reaped = connection.execute(QUERIES.REAP, (self.heartbeat_ttl,))
            connection.execute(QUERIES.CLEAN_WORKERS, (self.heartbeat_ttl * 5,))
        if reaped.rowcount:
            self.logger.warning("Took up %d messages of workers that are gone.", reaped.rowcount)

    def _prepare(self) -> None:
        """Once: the address is known, the tables are there, the pool is open."""
        if self._prepared:
            return
        with self._preparing:
            if not self._prepared:
                with _connected(self._address()) as connection:
                    _make_tables(connection)
                self.pool.open()
                self._prepared = True

    def _check(self, connection: psycopg.Connection[Any]) -> None:
        with _bounded(connection, self._bound):
            ConnectionPool.check_connection(connection)

    def _conninfo(self) -> str:
        return _conninfo(self._address())


def check(url: str) -> None:
    """Connect once and leave. Raises BrokerAway; BrokerMisconfigured where the address or the role is wrong."""
    with _connected(url) as connection:
        role, may = connection.execute(statement("usable")).fetchone() or ("", False)
    if not may:
        raise BrokerMisconfigured(
            f"the role {role} may not use the database as the queue",
            hint="set RABBITMQ_URL, or let DATABASE_URL name a role that may make tables",
        )


def queue_depths(url: str, queues: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of each queue that was used, with its `.DQ` (delayed) and `.XQ` (dead): messages ready, and consumers.

    Raises what `check` raises.
    """
    depths: dict[str, tuple[int, int]] = {}
    with _connected(url) as connection:
        if not schema.schema_exists(connection.cursor(), SCHEMA):
            return depths
        wanted = {"queues": list(queues), "ttl": HEARTBEAT_TTL}
        for name, ready, delayed, dead, consumers in connection.execute(statement("depths"), wanted):
            depths |= {name: (ready, consumers), f"{name}.DQ": (delayed, consumers), f"{name}.XQ": (dead, 0)}
    return depths


def oldest(url: str, queues: Iterable[str]) -> dict[str, float]:
    """Of each queue in which a message is ready, for how many seconds the first has been so. Raises as `check`."""
    with _connected(url) as connection:
        if not schema.schema_exists(connection.cursor(), SCHEMA):
            return {}
        return dict(connection.execute(statement("oldest"), {"queues": list(queues)}).fetchall())


def unsettled(url: str, queues: Iterable[str]) -> int:
    """How many messages are neither done nor dead, those included that a worker holds, be it alive or not.

    RabbitMQ tells that nobody but administrators. Raises what `check` raises.
    """
    with _connected(url) as connection:
        if not schema.schema_exists(connection.cursor(), SCHEMA):
            return 0
        row = connection.execute(statement("unsettled"), {"queues": list(queues)}).fetchone()
    assert row is not None, "a count is always there"
    return int(row[0])


def drain(url: str, queues: Iterable[str], burials: Burials, limit: int) -> None:
    """See `contract.broker.drain`."""
    with _connected(url) as connection:
        if schema.schema_exists(connection.cursor(), SCHEMA):
            bury_all(connection, queues, burials, limit)


def _make_tables(connection: psycopg.Connection[Any]) -> None:
    with connection.cursor() as cursor:
        if cursor.execute(statement("counts_deliveries")).fetchone():
            return
        # init has a lock of its own; but a transaction that waited for it goes on seeing no tables, by its caches
        cursor.execute(statement("lock"))
        with connection.transaction():
            if schema.init(cursor, SCHEMA):
                cursor.execute(statement("schema"))
            cursor.execute(statement("count_deliveries"))


@contextmanager
def _bounded(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Break `connection` if what is done with it takes longer: libpq waits for ever for a server that is silent."""
    timer = threading.Timer(seconds, _break, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _break(connection: psycopg.Connection[Any]) -> None:
    # a descriptor of its own: libpq goes on using the other, and finds that nobody is there
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def _conninfo(url: str) -> str:
    url, pooled = split_pgbouncer(url)
    if pooled:
        raise BrokerMisconfigured(
            "the queue in PostgreSQL does not work behind PgBouncer, because it listens for notifications",
            hint="set RABBITMQ_URL, or let DATABASE_URL name the server itself",
        )
    given = conninfo_to_dict(escape_password(url))
    return make_conninfo("", **_DEFAULTS | given)


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        with psycopg.connect(_conninfo(url), autocommit=True) as connection:
            yield connection
    except psycopg.Error as error:
        raise _translated(error) from None


def _translated(error: psycopg.Error) -> BrokerAway | BrokerMisconfigured:
    """`error` as a sentence, without the password."""
    lines = str(error).strip().splitlines()
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        # libpq could not read the URL, and quotes it
        return BrokerMisconfigured("the address of the queue's database cannot be used", hint="check DATABASE_URL")
    said = lines[0] if lines else type(error).__name__
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return BrokerMisconfigured(
            f"the queue's database refuses: {said}", hint="set RABBITMQ_URL, or let the user create the schema"
        )
    if isinstance(error, psycopg.OperationalError) and any(refusal in said for refusal in _REFUSALS):
        return BrokerMisconfigured(f"the queue's database refuses: {said}", hint="check DATABASE_URL")
    return BrokerAway(f"the queue's database does not answer: {said}", hint="is it running? is DATABASE_URL right?")
