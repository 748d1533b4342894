"""The servers that the tests stand on do what the tests rely on."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pika
import pika.exceptions
import psycopg
import pytest

from tests.conformance.conftest import eventually
from tests.fix_proxy import Proxy
from tests.fix_rabbitmq import RabbitServer

pytestmark = pytest.mark.slow

PERSISTENT = pika.BasicProperties(delivery_mode=2)


def test_a_database_is_empty_and_answers(any_postgres_url: str) -> None:
    """Each test finds a database of its own without a table in it."""
    with psycopg.connect(any_postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        connection.execute("CREATE TABLE mine (a int)")


def test_a_cut_proxy_ends_connections_and_refuses_new_ones_until_it_is_restored(
    postgres_url: str, tcp_proxy: Callable[[str], Proxy]
) -> None:
    """What a cable pulled and plugged in again does to a client."""
    proxy = tcp_proxy(postgres_url)
    with psycopg.connect(proxy.url) as connection:
        connection.execute("SELECT 1")
        proxy.cut()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(proxy.url)
    proxy.restore()
    with psycopg.connect(proxy.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_proxy_that_turns_away_counts_who_comes_until_it_is_restored(
    postgres_url: str, tcp_proxy: Callable[[str], Proxy]
) -> None:
    """Also where nobody came: then it is as before, and a second restore disturbs nobody."""
    proxy = tcp_proxy(postgres_url)
    for comers in (0, 2):
        proxy.turn_away()
        for _ in range(comers):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(proxy.url, sslmode="disable", gssencmode="disable")
        proxy.restore()
        with psycopg.connect(proxy.url) as connection:
            proxy.restore()
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert proxy.turned_away == 2


def test_a_paused_proxy_is_silent_until_it_is_resumed(postgres_url: str, tcp_proxy: Callable[[str], Proxy]) -> None:
    """A line that went silent neither answers nor ends."""
    proxy = tcp_proxy(postgres_url)
    proxy.pause()
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        psycopg.connect(proxy.url, connect_timeout=2)
    proxy.resume()
    with psycopg.connect(proxy.url, connect_timeout=10) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_vhost_is_empty_and_its_user_reaches_it_alone(rabbitmq_url: str, rabbitmqctl: Callable[..., str]) -> None:
    """A test's user declares queues in the test's vhost, and may not enter the default one."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    connection.channel().queue_declare("mine", durable=True)
    connection.close()
    vhost = urlsplit(rabbitmq_url).path[1:]
    assert rabbitmqctl("list_queues", "--vhost", vhost, "--no-table-headers", "name").split() == ["mine"]
    with pytest.raises(pika.exceptions.ProbableAccessDeniedError):
        pika.BlockingConnection(pika.URLParameters(rabbitmq_url.removesuffix(vhost) + "%2f"))


def test_a_killed_node_comes_back_with_what_it_had_confirmed(rabbitmq_url: str, rabbitmq_server: RabbitServer) -> None:
    """SIGKILL takes the connections, and no confirmed message."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("mine", durable=True)
    channel.basic_publish("", "mine", b"kept", PERSISTENT)
    rabbitmq_server.kill()
    with pytest.raises(pika.exceptions.AMQPError):
        channel.queue_declare("mine", passive=True)
    rabbitmq_server.start()
    assert _taken(rabbitmq_url, "mine") == b"kept"


def _taken(url: str, queue: str) -> bytes:
    """The message in `queue`. A quorum queue elects its leader first, and breaks connections until it has one."""
    bodies: list[bytes] = []

    def taken() -> bool:
        try:
            connection = pika.BlockingConnection(pika.URLParameters(url))
            _, _, body = connection.channel().basic_get(queue, auto_ack=True)
            connection.close()
        except pika.exceptions.AMQPError:
            return False
        bodies.extend([body] if body is not None else [])
        return True

    eventually(taken, "the queue answers")
    (body,) = bodies
    return body
