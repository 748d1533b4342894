"""What can only go wrong where messages are rows."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import dramatiq_postgres
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from contract.broker import make_broker
from contract.broker.embedded import (
    HEARTBEAT_INTERVAL,
    HEARTBEAT_TTL,
    MAINTENANCE_INTERVAL,
    EmbeddedBroker,
    queue_depths,
)
from contract.broker.errors import BrokerAway
from contract.embedded import EmbeddedPostgres
from tests.conformance.actors import QUEUE
from tests.conformance.conftest import Embedded, Stage, eventually, message_to, working
from tests.fix_proxy import Proxy

pytestmark = pytest.mark.slow


def test_a_claim_outlives_its_consumer(embedded: Embedded, tcp_proxy: Callable[[str], Proxy]) -> None:
    """Dramatiq replaces a consumer whose connection broke; what it had claimed goes to the next one, and is settled."""
    for number in range(4):
        embedded.send(f"m{number}")
    proxy = tcp_proxy(embedded.url)
    broker = EmbeddedBroker(proxy.url, middleware=[], timeout=3.0)
    first = broker.consume(QUEUE, prefetch=4, timeout=100)
    begun = next(first)
    assert begun is not None
    proxy.cut()
    with pytest.raises(BrokerAway):
        first.close()
    proxy.restore()
    second = broker.consume(QUEUE, prefetch=4, timeout=100)
    others = [next(second) for _ in range(3)]
    for message in (begun, *others):
        assert message is not None
        second.ack(message)
    assert [message and message.kwargs["name"] for message in (begun, *others)] == ["m0", "m1", "m2", "m3"]
    second.close()
    broker.close()
    assert _rows(embedded) == 0


def test_a_claim_that_was_never_heard_of_is_given_back(embedded: Embedded) -> None:
    """The connection broke while the worker claimed: it lives, so nobody else takes the message up; it does itself."""
    embedded.send("forgotten")
    broker = EmbeddedBroker(embedded.url, middleware=[])
    with psycopg.connect(embedded.url) as connection:
        connection.execute(
            "UPDATE touchline_queue.queue"
            " SET state = 'consumed', worker_id = %s, consumed_at = now() - interval '1 min'",
            (broker.worker_id,),
        )
    consumer = broker.consume(QUEUE, timeout=100)
    message = next(consumer)
    assert message is not None
    assert message.kwargs["name"] == "forgotten"
    consumer.close()
    broker.close()


def test_prefetch_is_a_limit(embedded: Embedded) -> None:
    """No more is claimed than the worker was given room for, and an ack makes room."""
    for number in range(4):
        embedded.send(f"m{number}")
    broker = EmbeddedBroker(embedded.url, middleware=[])
    consumer = broker.consume(QUEUE, prefetch=2, timeout=50)
    first, second, none = next(consumer), next(consumer), next(consumer)
    assert first is not None
    assert second is not None
    assert none is None
    assert embedded.counts()[0] == 2
    consumer.ack(first)
    assert next(consumer) is not None
    consumer.close()
    broker.close()


def test_of_those_delivered_before_a_worker_holds_one(embedded: Embedded) -> None:
    """Should it kill this worker, too, the other does not wait until that is missed. New ones are claimed freely."""
    for name in ("suspect", "other suspect", "new", "another"):
        embedded.send(name)
    with psycopg.connect(embedded.url) as connection:
        connection.execute(
            "UPDATE touchline_queue.queue SET deliveries = 1 WHERE message->'kwargs'->>'name' LIKE '%suspect'"
        )
    broker = EmbeddedBroker(embedded.url, middleware=[])
    consumer = broker.consume(QUEUE, prefetch=8, timeout=50)
    claimed = {message.kwargs["name"]: message for message in (next(consumer) for _ in range(4)) if message}
    assert sorted(claimed) == ["another", "new", "suspect"]
    consumer.ack(claimed["suspect"])
    (follower,) = [message for message in (next(consumer) for _ in range(2)) if message]
    assert follower.kwargs["name"] == "other suspect"
    consumer.close()
    broker.close()


def test_terminated_connections_are_replaced(embedded: Embedded, stage: Stage) -> None:
    """An administrator ends all connections; the worker goes on, without a message lost or dead."""
    stage.hold("running")
    names = [f"m{number}" for number in range(10)]
    with working(embedded.url, stage):
        for name in ("running", *names):
            embedded.send(name)
        stage.wait_for("running")
        with psycopg.connect(embedded.url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        stage.let("running")
        stage.wait_for(*names)
    assert embedded.counts() == (0, 0, 0)


def test_the_tables_are_made_once(embedded: Embedded) -> None:
    """Processes that all find no tables make them once, without an error."""
    barrier = threading.Barrier(6)

    def send(number: int) -> None:
        broker = make_broker(embedded.url)
        barrier.wait()
        broker.enqueue(message_to("play", name=str(number)))
        broker.close()

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(send, range(6)))
    assert embedded.counts() == (6, 0, 0)


def test_dropped_tables_are_made_again(embedded: Embedded) -> None:
    """Somebody restored the database without the queue: the next attempt finds it in order."""
    broker = make_broker(embedded.url)
    broker.enqueue(message_to("play", name="one"))
    with psycopg.connect(embedded.url) as connection:
        connection.execute("DROP SCHEMA touchline_queue CASCADE")
    with pytest.raises(BrokerAway, match="made again"):
        broker.enqueue(message_to("play", name="two"))
    broker.enqueue(message_to("play", name="two"))
    broker.close()
    assert embedded.counts() == (1, 0, 0)


def test_another_application_of_dramatiq_postgres_is_not_touched(embedded: Embedded, stage: Stage) -> None:
    """What its workers hold in the same database is not ours to take up."""
    with psycopg.connect(embedded.url) as connection, connection.cursor() as cursor:
        dramatiq_postgres.init(cursor)
        cursor.execute(
            "INSERT INTO dramatiq.queue (message_id, queue_name, state, message)"
            " VALUES (gen_random_uuid(), %s, 'consumed', '{}')",
            (QUEUE,),
        )
    embedded.send("ours")
    with working(embedded.url, stage):
        stage.wait_for("ours")
    with psycopg.connect(embedded.url) as connection:
        assert connection.execute("SELECT state::text FROM dramatiq.queue").fetchall() == [("consumed",)]


def test_a_worker_that_leaves_is_no_consumer(embedded: Embedded, stage: Stage) -> None:
    """Whether anybody consumes a queue is known at once when workers come and go in order."""
    with working(embedded.url, stage):
        eventually(lambda: embedded.consumers() == 1, "it is counted")
    assert embedded.consumers() == 0


def test_dead_workers_are_missed_soon() -> None:
    """With the intervals that are used in earnest: within half a minute, and not because one heartbeat is late."""
    assert HEARTBEAT_TTL + MAINTENANCE_INTERVAL + 1 < 30
    assert HEARTBEAT_TTL >= 3 * HEARTBEAT_INTERVAL


def test_a_delay_survives_the_server(embedded_home: Path, stage: Stage) -> None:
    """A delayed message is on disk: after a restart of the embedded server it is delivered when it is due."""
    server = EmbeddedPostgres(embedded_home)
    broker = make_broker(server.start())
    broker.enqueue(message_to("play", name="later"), delay=500)
    broker.close()
    server.release()
    assert not server.status().running
    url = server.start()
    assert QUEUE in queue_depths(url, [QUEUE])
    with working(url, stage):
        stage.wait_for("later")
    server.release()


def test_a_killed_server_is_started_again_by_the_broker(embedded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`embedded://` is an address that starts what it needs, and again when it died; confirmed messages are there."""
    monkeypatch.setattr("contract.places._servers", {})
    server = EmbeddedPostgres(embedded_home)
    server.start()
    broker = make_broker(f"embedded://{embedded_home}")
    broker.enqueue(message_to("play", name="one"))
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not server.status().running, "it is dead")
    eventually(lambda: _sent(broker), "the message is sent")
    url = server.start()
    assert queue_depths(url, [QUEUE])[QUEUE][0] == 2
    broker.close()
    from contract import places

    places.release()
    server.release()
    assert not server.status().running


def _sent(broker: object) -> bool:
    assert isinstance(broker, EmbeddedBroker)
    try:
        broker.enqueue(message_to("play", name="two"))
    except BrokerAway:
        return False
    return True


def _rows(embedded: Embedded) -> int:
    with psycopg.connect(embedded.url) as connection:
        row = connection.execute("SELECT count(*) FROM touchline_queue.queue").fetchone()
    assert row is not None
    return int(row[0])


def test_no_password_is_needed_in_the_address(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq's own ways (PGPASSWORD, a password file) work for the queue as they do for the store."""
    password = str(conninfo_to_dict(embedded.url)["password"])
    head, _, tail = embedded.url.partition("@")
    monkeypatch.setenv("PGPASSWORD", password)
    broker = make_broker(f"{head.rpartition(':')[0]}@{tail}")
    broker.enqueue(message_to("play", name="one"))
    broker.close()
    assert embedded.counts() == (1, 0, 0)
