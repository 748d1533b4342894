"""The policies that come with Touchline, on classic and on quorum queues, whichever RabbitMQ the tests run against."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from contract.broker import drain, make_broker, queue_depths
from contract.broker.connections_rabbitmq import parameters
from contract.broker.corpses import Corpse
from contract.broker.errors import BrokerAway
from contract.names import LENGTH_LIMITS, MATCHES, QUEUES
from tests.conformance.conftest import eventually
from tests.fix_rabbitmq import RabbitServer

pytestmark = pytest.mark.slow

DEFINITIONS = json.loads(
    (Path(__file__).parents[2] / "container" / "rabbitmq" / "definitions.json").read_text(encoding="utf-8")
)

#: Every queue there is.
ALL = [f"{queue}{kind}" for queue in QUEUES for kind in ("", ".DQ", ".XQ")]


class Vhost:
    """A vhost with our policies and, once declared, our queues."""

    def __init__(self, server: RabbitServer, url: str, directory: Path) -> None:
        self.url = url
        self.name = parameters(url).virtual_host
        self._server = server
        self._directory = directory

    def ctl(self, command: str, *arguments: str) -> str:
        return self._server.ctl(command, "-p", self.name, *arguments)

    def load(self) -> None:
        """As an operator does it: the file, with the vhost's name in it."""
        mine = [policy | {"vhost": self.name} for policy in DEFINITIONS["policies"]]
        file = self._directory / "definitions.json"
        file.write_text(json.dumps(DEFINITIONS | {"policies": mine}))
        self._server.ctl("import_definitions", str(file))

    def set_policy(self, name: str, pattern: str, **definition: Any) -> None:
        self.ctl("set_policy", "--priority", "9", "--apply-to", "queues", name, pattern, json.dumps(definition))

    def declare(self) -> None:
        broker = make_broker(self.url)
        for queue in QUEUES:
            broker.declare_queue(queue, ensure=True)  # type: ignore[call-arg]
        broker.close()

    def send(self, queue: str = MATCHES) -> None:
        broker = make_broker(self.url)
        message = dramatiq.Message(queue_name=queue, actor_name="any", args=(), kwargs={}, options={})
        try:
            broker.enqueue(message)
        finally:
            broker.close()

    def ready(self, queue: str = MATCHES) -> int:
        return queue_depths(self.url, QUEUES).get(queue, (0, 0))[0]

    def listed(self, *columns: str) -> dict[str, dict[str, Any]]:
        rows = json.loads(self.ctl("list_queues", "name", *columns, "--formatter", "json"))
        return {row["name"]: row for row in rows}

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        connection = pika.BlockingConnection(parameters(self.url))
        try:
            yield connection.channel()
        finally:
            connection.close()


@pytest.fixture(params=["classic", "quorum"])
def vhost(request: pytest.FixtureRequest, rabbitmq_node: RabbitServer, tmp_path: Path) -> Iterator[Vhost]:
    """One whose queues are of this type, for no other reason than that the vhost says so."""
    with rabbitmq_node.vhost(request.param) as url:
        vhost = Vhost(rabbitmq_node, url, tmp_path)
        vhost.load()
        yield vhost


@pytest.fixture
def quick_dead_letters(rabbitmq_node: RabbitServer) -> Iterator[None]:
    """RabbitMQ tries again what a dead-letter queue did not take after three minutes; here after one second."""
    setting = "rabbit, dead_letter_worker_publisher_confirm_timeout"
    rabbitmq_node.evaluate(f"application:set_env({setting}, 1000).")
    yield
    # its default: unset, no quorum queue could be made any more
    rabbitmq_node.evaluate(f"application:set_env({setting}, 180000).")


def _kind(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["vhost"])


def test_every_queue_is_of_the_vhosts_type_and_has_a_policy(vhost: Vhost, request: pytest.FixtureRequest) -> None:
    """Delay and dead-letter queues, too: what is declared says nothing that stands against it."""
    vhost.declare()
    listed = vhost.listed("type", "durable", "policy")
    assert sorted(listed) == sorted(ALL)
    kind = _kind(request)
    for queue, row in listed.items():
        assert (row["type"], row["durable"]) == (kind, True), queue
        assert row["policy"].startswith("touchline-"), queue
        # what only quorum queues understand is theirs alone: RabbitMQ passes over a whole policy for one such word
        assert row["policy"].endswith("-quorum") == (kind == "quorum"), queue


def test_the_limits_are_those_that_the_program_knows() -> None:
    """`touchline doctor` says of a queue that it is nearly full by the numbers of the policies."""
    definitions = {policy["name"]: policy["definition"] for policy in DEFINITIONS["policies"]}
    for kind in ("", "-quorum"):
        lengths = {queue: definitions[f"touchline-{queue}{kind}"]["max-length"] for queue in QUEUES}
        assert lengths == LENGTH_LIMITS


def test_no_queue_drops_its_head(vhost: Vhost) -> None:
    """Whatever is full refuses what comes, and says so to the publisher."""
    assert {policy["definition"]["overflow"] for policy in DEFINITIONS["policies"]} == {"reject-publish"}
    vhost.declare()
    for _ in range(LENGTH_LIMITS["schedule"]):
        vhost.send("schedule")

    def refused() -> bool:
        # a quorum queue takes a few more: it counts late
        try:
            vhost.send("schedule")
        except BrokerAway as error:
            return "full" in str(error)
        return False

    eventually(refused, "the queue is full")
    assert vhost.ready("schedule") < LENGTH_LIMITS["schedule"] + 10
    assert vhost.ready("schedule.XQ") == 0


def test_a_limit_changes_while_the_queue_is_there(vhost: Vhost) -> None:
    """An operator's policy of a higher priority takes the place of ours, and gives it back."""
    vhost.declare()
    vhost.set_policy("mine", "^matches$", **{"max-length": 1, "overflow": "reject-publish"})

    def refuses() -> bool:
        try:
            vhost.send()
        except BrokerAway:
            return True
        return False

    eventually(refuses, "the new limit holds")
    vhost.ctl("clear_policy", "mine")
    eventually(lambda: not refuses(), "the old one does")


def test_deliveries_are_not_limited_by_the_broker(vhost: Vhost) -> None:
    """RabbitMQ 4 ends a message after 20 deliveries, which prefetched neighbours of five poison messages have soon."""
    vhost.declare()
    vhost.send()
    for _ in range(60):
        with vhost.channel() as channel:
            method = None
            while method is None:
                method, _, _ = channel.basic_get(MATCHES)
            # and the worker dies
    eventually(lambda: vhost.ready() == 1, "it is there")
    assert vhost.ready(f"{MATCHES}.XQ") == 0


def test_what_is_dead_lettered_by_the_broker_is_drained(vhost: Vhost) -> None:
    """Refused or expired, from any kind of queue: it comes with its reason."""
    vhost.declare()
    vhost.send()
    with vhost.channel() as channel:
        method, _, _ = channel.basic_get(MATCHES)
        assert method is not None
        channel.basic_nack(method.delivery_tag, requeue=False)
    vhost.set_policy("short", "^scrapes$", **{"message-ttl": 1, "overflow": "reject-publish"})
    eventually(lambda: vhost.listed("policy")["scrapes"]["policy"] == "short", "the policy holds")
    vhost.send("scrapes")
    eventually(lambda: vhost.ready("scrapes.XQ") == 1 and vhost.ready("matches.XQ") == 1, "both are dead")
    buried: list[Corpse] = []
    assert drain(vhost.url, QUEUES, buried.append) == 2
    assert {(corpse.queue, corpse.reason) for corpse in buried} == {("matches", "rejected"), ("scrapes", "expired")}
    assert all(corpse.message is not None for corpse in buried)


@pytest.mark.parametrize("vhost", ["quorum"], indirect=True)
def test_a_quorum_queue_keeps_its_dead_until_the_dead_letter_queue_has_them(
    vhost: Vhost, quick_dead_letters: None
) -> None:
    """At-least-once: somebody deleted the dead-letter queue, a message dies, and it is there when the queue is."""
    vhost.declare()
    vhost.send()
    with vhost.channel() as channel:
        channel.queue_delete(f"{MATCHES}.XQ")
        method, _, _ = channel.basic_get(MATCHES)
        assert method is not None
        channel.basic_nack(method.delivery_tag, requeue=False)
    vhost.declare()
    eventually(lambda: vhost.ready(f"{MATCHES}.XQ") == 1, "it came")


def test_messages_of_a_batchs_size_and_more_go_through(vhost: Vhost) -> None:
    """What the policies bound is the queue, not the message: one of 1 MB is no trouble."""
    vhost.declare()
    broker = make_broker(vhost.url)
    kwargs = {"x": "y" * 1_000_000}
    broker.enqueue(dramatiq.Message(queue_name=MATCHES, actor_name="any", args=(), kwargs=kwargs, options={}))
    broker.close()
    assert vhost.ready() == 1


def test_what_the_server_is_told_is_understood(rabbitmq_node: RabbitServer, rabbitmqctl: Callable[..., str]) -> None:
    """container/rabbitmq/rabbitmq.conf holds for the node of the tests: its numbers are in force."""
    said = rabbitmqctl("environment")
    assert "{consumer_timeout,1800000}" in said
    assert "{max_message_size,16777216}" in said
