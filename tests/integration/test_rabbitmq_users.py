"""What each of RabbitMQ's users is refused, tried on the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, UnroutableError

import rabbitmq_users
from contract.broker import queue_depths
from contract.broker.errors import BrokerMisconfigured
from contract.names import MATCHES, QUEUES
from tests.fix_rabbitmq_as_code import (
    EXCHANGE,
    MONITOR,
    PRODUCER,
    SCHEDULER,
    VHOST,
    WORKER,
    CodedServer,
)

pytestmark = pytest.mark.slow

#: Every queue there is.
ALL = [f"{queue}{kind}" for queue in QUEUES for kind in ("", ".DQ", ".XQ")]


#: An act on a channel.
Act = Callable[[BlockingChannel], object]


def _publish(exchange: str, key: str) -> Act:
    return lambda channel: channel.basic_publish(exchange, key, b"body", mandatory=True)


def _consume(queue: str) -> Act:
    return lambda channel: channel.basic_consume(queue, lambda *_: None)


#: What nobody may do who is no administrator.
FORBIDDEN: Final[dict[str, Act]] = {
    "declare a queue": lambda channel: channel.queue_declare("mine", durable=True),
    "declare a queue that the server names": lambda channel: channel.queue_declare("", exclusive=True),
    "declare an exchange": lambda channel: channel.exchange_declare("mine"),
    "delete the exchange": lambda channel: channel.exchange_delete(EXCHANGE),
    "bind a queue elsewhere": lambda channel: channel.queue_bind(MATCHES, "amq.topic", "#"),
    "bind a queue under another name": lambda channel: channel.queue_bind(MATCHES, EXCHANGE, "scrapes"),
    "unbind a queue": lambda channel: channel.queue_unbind(MATCHES, EXCHANGE, MATCHES),
    "bind exchanges": lambda channel: channel.exchange_bind(EXCHANGE, "amq.topic", "#"),
    "publish to another exchange": _publish("amq.fanout", MATCHES),
    "publish to a queue that is not there": _publish(EXCHANGE, "nowhere"),
    "read the broker's log": lambda channel: channel.queue_bind(MATCHES, "amq.rabbitmq.log", "#"),
}

#: What only a worker may.
WORKERS: Final[dict[str, Act]] = {
    "publish by the default exchange": _publish("", MATCHES),
    "publish what is to be delayed": _publish("", "matches.DQ"),
    **{f"publish {queue} by the exchange": _publish(EXCHANGE, queue) for queue in ("matches.DQ", "matches.XQ")},
    **{f"consume {queue}": _consume(queue) for queue in ALL},
    "take one message": lambda channel: channel.basic_get(MATCHES),
    "empty a queue": lambda channel: channel.queue_purge(MATCHES),
    "delete a queue": lambda channel: channel.queue_delete(MATCHES),
    "declare its own queue again": lambda channel: channel.queue_declare("runs.XQ", durable=True),
}


def _by_exchange(*queues: str) -> dict[str, Act]:
    return {f"publish {queue}": _publish(EXCHANGE, queue) for queue in queues}


@pytest.mark.parametrize(
    ("user", "forbidden"),
    [
        (PRODUCER, FORBIDDEN | WORKERS | _by_exchange("scrapes", "schedule", "maintenance")),
        (SCHEDULER, FORBIDDEN | WORKERS | _by_exchange("matches", "runs", "scrapes", "maintenance")),
        (MONITOR, FORBIDDEN | WORKERS | _by_exchange(*QUEUES)),
        (WORKER, FORBIDDEN | {"consume another's queue": _consume("foreign")} | _by_exchange(*QUEUES)),
    ],
)
def test_everything_else_is_refused(coded: CodedServer, user: str, forbidden: dict[str, Act]) -> None:
    """Each act by itself is answered with 403, and nothing has changed afterwards."""
    coded.server.evaluate(_DECLARE_FOREIGN)
    before = queue_depths(coded.url(MONITOR))
    answers = {name: _answer(coded, user, act) for name, act in forbidden.items()}
    assert answers == dict.fromkeys(forbidden, 403)
    assert queue_depths(coded.url(MONITOR)) == before


#: A queue of somebody else, in the same vhost.
_DECLARE_FOREIGN = (
    f'rabbit_amqqueue:declare({{resource, <<"{VHOST}">>, queue, <<"foreign">>}}, true, false, [], none, <<"tests">>).'
)


def _answer(coded: CodedServer, user: str, act: Act) -> int | str:
    """With which code the server closed the channel; otherwise what came of it."""
    try:
        with coded.channel(user) as channel:
            act(channel)
    except ChannelClosedByBroker as error:
        return error.reply_code
    except UnroutableError:
        return "came back"
    return "done"


def test_a_wrong_password_and_another_vhost_are_refused(rabbitmq_as_code: CodedServer) -> None:
    """In a sentence that names the user, and never the password."""
    for user in rabbitmq_users.USERS:
        with pytest.raises(BrokerMisconfigured, match=f"refuses user '{user}' or its password") as caught:
            queue_depths(rabbitmq_as_code.url(user, password="guessed"))
        assert "guessed" not in f"{caught.value} {caught.value.hint}"
    rabbitmq_as_code.server.ctl("add_vhost", "other")
    try:
        with pytest.raises(BrokerMisconfigured, match="no vhost 'other', or user 'touchline-worker'"):
            queue_depths(rabbitmq_as_code.url(WORKER).removesuffix(VHOST) + "other")
    finally:
        rabbitmq_as_code.server.ctl("delete_vhost", "other")


def test_nobody_administers_the_server(rabbitmq_as_code: CodedServer) -> None:
    """The monitor looks and changes nothing; the others do not even get to the HTTP API."""
    new = {"password": "x", "tags": "administrator"}
    changes = [
        ("PUT", "users/mine", new),
        ("DELETE", f"users/{PRODUCER}", None),
        ("PUT", f"permissions/{VHOST}/{MONITOR}", {"configure": ".*", "write": ".*", "read": ".*"}),
        ("PUT", "vhosts/mine", {}),
        ("DELETE", f"queues/{VHOST}/{MATCHES}", None),
        ("DELETE", f"queues/{VHOST}/{MATCHES}/contents", None),
        ("DELETE", f"policies/{VHOST}/touchline-matches", None),
        ("POST", f"exchanges/{VHOST}/{EXCHANGE}/publish", {"properties": {}, "routing_key": MATCHES, "payload": "x"}),
    ]
    for method, path, body in changes:
        for user in rabbitmq_users.USERS:
            if body is not None and path.endswith("/publish"):
                body = body | {"payload_encoding": "string"}
            status, _ = rabbitmq_as_code.ask(path, user, method=method, body=body)
            assert status in (400, 401, 403), (user, method, path, status)
    assert rabbitmq_as_code.ask("overview", MONITOR)[0] == 200
    for user in (PRODUCER, WORKER, SCHEDULER):
        assert rabbitmq_as_code.ask("overview", user)[0] == 401
    listed = rabbitmq_as_code.server.ctl("list_users", "--formatter", "json")
    assert {row["user"] for row in json.loads(listed)} == set(rabbitmq_users.USERS)
