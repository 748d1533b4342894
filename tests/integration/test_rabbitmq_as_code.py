"""RabbitMQ as container/rabbitmq/ has it: what is there, what each user does with it, and what each is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import dramatiq
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, UnroutableError

import rabbitmq_users
from contract.broker import drain, make_broker, queue_depths
from contract.broker.corpses import Corpse
from contract.broker.errors import BrokerMisconfigured
from contract.names import MATCHES, QUEUES, RUNS, SCHEDULE
from tests.conformance.conftest import eventually
from tests.fix_command import Touchline
from tests.fix_rabbitmq_as_code import (
    EXCHANGE,
    MONITOR,
    PRODUCER,
    SCHEDULER,
    VHOST,
    WORKER,
    CodedServer,
    definitions,
)
from tests.integration.producing import do, ids, numbers, publishing, story, taken
from tests.unit.ingest_run.made_up import MadeUp, Says, match

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

#: Every queue there is.
ALL = [f"{queue}{kind}" for queue in QUEUES for kind in ("", ".DQ", ".XQ")]


@pytest.fixture
def coded(rabbitmq_as_code: CodedServer) -> Iterator[CodedServer]:
    """The server with empty queues; whatever a test takes away is there again afterwards."""
    rabbitmq_as_code.empty()
    yield rabbitmq_as_code
    rabbitmq_as_code.restore()


def test_what_is_in_git_is_there(rabbitmq_as_code: CodedServer) -> None:
    """Queues of the type that survives a node, each with its policy and bound by its name; users, and no `guest`."""
    server = rabbitmq_as_code.server

    def listed(what: str, *columns: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(server.ctl(what, *columns, "--formatter", "json"))
        return rows

    queues = {row["name"]: row for row in listed("list_queues", "-p", VHOST, "name", "type", "policy", "durable")}
    assert sorted(queues) == sorted(ALL)
    for name, row in queues.items():
        assert (row["type"], row["durable"]) == ("quorum", True), name
        assert row["policy"].startswith("touchline-"), name
        assert row["policy"].endswith("-quorum"), name
    bound = {
        (row["destination_name"], row["routing_key"])
        for row in listed("list_bindings", "-p", VHOST, "source_name", "destination_name", "routing_key")
        if row["source_name"] == EXCHANGE
    }
    assert bound == {(queue, queue) for queue in QUEUES}
    assert [row["name"] for row in listed("list_vhosts", "name", "default_queue_type")] == [VHOST]
    users = {row["user"]: row["tags"] for row in listed("list_users")}
    assert users == {PRODUCER: [], WORKER: [], SCHEDULER: [], MONITOR: ["monitoring"]}


def test_what_the_server_is_told_is_in_force(rabbitmq_as_code: CodedServer) -> None:
    """The watermarks, the heartbeat and the rest, by the server's own word."""
    said = rabbitmq_as_code.server.ctl("environment")
    for line in (
        '{vm_memory_high_watermark,{absolute,"600MiB"}}',
        "{heartbeat,20}",
        "{cluster_partition_handling,pause_minority}",
        "{consumer_timeout,1800000}",
        "{max_message_size,16777216}",
        '{loopback_users,[<<"guest">>]}',
    ):
        assert line in said, line
    # one JSON object a line, as a container's log has it
    log = Path(rabbitmq_as_code.settings["log.file"]).read_text(encoding="utf-8").splitlines()
    assert {"time", "level", "msg"} <= json.loads(log[0]).keys()


def test_no_password_is_in_git_and_none_of_its_users_may_come_in_without(rabbitmq_as_code: CodedServer) -> None:
    """The template has empty hashes, which RabbitMQ takes for no password at all, not for an empty one."""
    file = ROOT / "container" / "rabbitmq" / "users.json"
    users = json.loads(file.read_text(encoding="utf-8"))["users"]
    assert [user["name"] for user in users] == list(rabbitmq_users.USERS)
    assert {user["password_hash"] for user in users} == {""}
    assert "users" not in definitions()
    rabbitmq_as_code.load(file)
    try:
        for user in rabbitmq_users.USERS:
            for password in ("", rabbitmq_as_code.passwords[user]):
                credentials = pika.PlainCredentials(user, password)
                wanted = pika.ConnectionParameters("127.0.0.1", rabbitmq_as_code.server.port, VHOST, credentials)
                with pytest.raises(AMQPConnectionError):
                    pika.BlockingConnection(wanted)
    finally:
        rabbitmq_as_code.load(rabbitmq_as_code.definitions / "20-users.json")
    queue_depths(rabbitmq_as_code.url(WORKER))


def test_a_password_is_changed_by_loading_the_users_again(
    rabbitmq_as_code: CodedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `scripts/rabbitmq_users.py` makes of the addresses: the new one holds at once, the old one no more."""
    for user, password in (rabbitmq_as_code.passwords | {PRODUCER: "another one"}).items():
        address = rabbitmq_as_code.url(user, password=password)
        (tmp_path / f"rabbitmq_url_{user.removeprefix('touchline-')}").write_text(address + "\n")
    assert rabbitmq_users.main([str(tmp_path)]) == 0
    file = tmp_path / "20-users.json"
    file.write_text(capsys.readouterr().out)
    assert "another one" not in file.read_text()
    rabbitmq_as_code.load(file)
    try:
        queue_depths(rabbitmq_as_code.url(PRODUCER, password="another one"))
        with pytest.raises(BrokerMisconfigured, match="refuses user 'touchline-producer' or its password"):
            queue_depths(rabbitmq_as_code.url(PRODUCER))
        queue_depths(rabbitmq_as_code.url(WORKER))
    finally:
        rabbitmq_as_code.load(rabbitmq_as_code.definitions / "20-users.json")


def test_loading_everything_again_changes_nothing(coded: CodedServer, tmp_path: Path) -> None:
    """What waits in the queues stays; a file that is loaded at each start must not hurt."""
    do(coded.url(PRODUCER), tmp_path, MadeUp({"a": Says([match(1)])}), exchange=EXCHANGE)
    for file in sorted(coded.definitions.iterdir()):
        coded.server.ctl("import_definitions", str(file))
    assert queue_depths(coded.url(WORKER))[MATCHES][0] == 1


# What each user is there for.


def test_a_run_publishes_through_the_exchange(coded: CodedServer, tmp_path: Path) -> None:
    """A user who may do nothing else: every message arrives, in order, and no queue is declared."""
    outcome = do(
        coded.url(PRODUCER), tmp_path, MadeUp({"a": Says(map(match, range(250)))}), exchange=EXCHANGE, timeout=15
    )
    assert (outcome.spooled, outcome.exit_code) == (0, 0)
    found = taken(coded.url(WORKER))
    assert ids(found[MATCHES]) == numbers(250)
    assert story(found[RUNS]) == ["started", "part_finished"]


def test_the_scheduler_sends_its_tick_through_the_exchange(coded: CodedServer, tmp_path: Path) -> None:
    """The actor that `periodiq actors` fires, in a process that is set up as the scheduler is."""
    done = _as(coded, SCHEDULER, tmp_path, "from actors.schedule import tick; tick.send()")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert queue_depths(coded.url(WORKER))[SCHEDULE][0] == 1


def test_a_worker_does_all_that_workers_do(coded: CodedServer) -> None:
    """Declares its queues, sends, delays, consumes, gives up, and empties what is dead; by the default exchange."""
    broker = make_broker(coded.url(WORKER))
    message = dramatiq.Message(queue_name=MATCHES, actor_name="any", args=(), kwargs={}, options={})
    for queue in QUEUES:
        broker.declare_queue(queue, ensure=True)  # type: ignore[call-arg]
        broker.enqueue(message.copy(queue_name=queue))
    broker.enqueue(message, delay=60_000)
    consumer = broker.consume(MATCHES, timeout=5000)
    delivered = next(consumer)
    assert delivered is not None
    consumer.nack(delivered)
    consumer.close()
    eventually(lambda: queue_depths(coded.url(WORKER))["matches.XQ"][0] == 1, "it is dead")
    buried: list[Corpse] = []
    assert drain(coded.url(WORKER), QUEUES, buried.append) == 1
    assert queue_depths(coded.url(WORKER))["matches.DQ"][0] == 1
    broker.close()


def test_a_worker_with_an_exchange_delays_all_the_same(coded: CodedServer) -> None:
    """Nothing is bound to an exchange by the name of a delay queue, so that what is delayed goes the other way."""
    coded.permit_everything(WORKER)
    try:
        broker = make_broker(coded.url(WORKER), exchange=EXCHANGE)
        message = dramatiq.Message(queue_name=MATCHES, actor_name="any", args=(), kwargs={}, options={})
        broker.enqueue(message)
        broker.enqueue(message, delay=60_000)
        broker.close()
    finally:
        coded.load(coded.definitions / "20-users.json")
    depths = queue_depths(coded.url(WORKER))
    assert (depths["matches"][0], depths["matches.DQ"][0]) == (1, 1)


def test_the_monitor_sees_the_queues(coded: CodedServer) -> None:
    """By AMQP, by the HTTP API, and Prometheus by a port of its own, each queue by its name."""
    assert set(queue_depths(coded.url(MONITOR))) == set(ALL)
    status, queues = coded.ask(f"queues/{VHOST}", MONITOR)
    assert status == 200
    assert {queue["name"] for queue in queues} == set(ALL)
    with urllib.request.urlopen(f"http://127.0.0.1:{coded.metrics_port}/metrics", timeout=30) as answer:
        metrics = answer.read().decode()
    for queue in ALL:
        assert f'rabbitmq_queue_messages_ready{{vhost="{VHOST}",queue="{queue}"}}' in metrics
    assert "rabbitmq_alarms_free_disk_space_watermark 0" in metrics


# What each is refused.

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


# What is said where something is missing, and that nothing is lost by it.


def _spools(coded: CodedServer, home: Path, *says: str, user: str = PRODUCER, exchange: str = EXCHANGE) -> None:
    """A run ends with exit code 2, says all of `says`, and has everything on disk."""
    outcome = do(coded.url(user), home, MadeUp({"a": Says([match(1)])}), exchange=exchange)
    assert outcome.exit_code == 2
    assert outcome.spooled == 3
    with publishing(coded.url(user), home, exchange=exchange) as publisher:
        message = dramatiq.Message(queue_name=MATCHES, actor_name="any", args=(), kwargs={}, options={})
        with pytest.raises(BrokerMisconfigured) as caught:
            publisher._broker().enqueue(message)
    said = f"{caught.value} → {caught.value.hint}"
    for part in (*says, user):
        assert part in said
    assert coded.passwords[user] not in said


def _arrives(coded: CodedServer, home: Path) -> None:
    """The next run sends what was kept, and then its own."""
    outcome = do(coded.url(PRODUCER), home, MadeUp({"a": Says([match(2)])}), exchange=EXCHANGE, timeout=15)
    assert (outcome.flushed, outcome.spooled, outcome.exit_code) == (3, 0, 0)
    assert ids(taken(coded.url(WORKER))[MATCHES]) == ["1", "2"]


def test_an_exchange_that_is_missing_is_named(coded: CodedServer, tmp_path: Path) -> None:
    """Definitions were not loaded: with them, everything goes on."""
    coded.permit_everything(WORKER)
    with coded.channel(WORKER) as channel:
        channel.exchange_delete(EXCHANGE)
    coded.load(coded.definitions / "20-users.json")
    _spools(coded, tmp_path, "has no exchange 'touchline' in vhost 'touchline'", "definitions.json")
    coded.load(coded.definitions / "10-definitions.json")
    _arrives(coded, tmp_path)


def test_a_queue_that_is_not_bound_is_named(coded: CodedServer, tmp_path: Path) -> None:
    """The exchange would drop what it has no queue for: `mandatory` has it come back."""
    coded.permit_everything(WORKER)
    with coded.channel(WORKER) as channel:
        channel.queue_unbind(RUNS, EXCHANGE, RUNS)
        channel.queue_unbind(MATCHES, EXCHANGE, MATCHES)
    coded.load(coded.definitions / "20-users.json")
    _spools(coded, tmp_path, "exchange 'touchline' in vhost 'touchline' leads nowhere for 'matches'", "bind queue")
    coded.load(coded.definitions / "10-definitions.json")
    _arrives(coded, tmp_path)


def test_a_user_who_may_not_publish_is_named(coded: CodedServer, tmp_path: Path) -> None:
    """Each way in which that shows: another's exchange, another's queue, and the default exchange."""
    topic = "does not let user 'touchline-scheduler' publish for queue 'matches' to exchange 'touchline'"
    _spools(coded, tmp_path / "scheduler", topic, "docs/queues.md", user=SCHEDULER)
    exchange = "does not let user 'touchline-worker' publish to exchange 'touchline'"
    _spools(coded, tmp_path / "worker", exchange, "RABBITMQ_EXCHANGE", user=WORKER)
    unset = "does not let user 'touchline-producer' declare, read or empty queue 'matches'"
    _spools(coded, tmp_path / "unset", unset, "RABBITMQ_EXCHANGE=touchline", exchange="")


def _as(coded: CodedServer, user: str, home: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Python with the settings that `user` has in earnest."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TOUCHLINE_HOME": str(home), "RABBITMQ_URL": coded.url(user), "RABBITMQ_EXCHANGE": EXCHANGE},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# What commands say to a user who may only publish.


@pytest.fixture
def producing(coded: CodedServer, monkeypatch: pytest.MonkeyPatch) -> CodedServer:
    """The environment is a producer's."""
    monkeypatch.setenv("RABBITMQ_URL", coded.url(PRODUCER))
    monkeypatch.setenv("RABBITMQ_EXCHANGE", EXCHANGE)
    return coded


def test_a_producer_lists_the_queues(touchline: Touchline, producing: CodedServer) -> None:
    """How full they are takes no permission."""
    ended = touchline("queues")
    assert ended.code == 0, ended.err
    assert {row["queue"]: row["ready"] for row in ended.rows} == dict.fromkeys(QUEUES, 0)


def test_a_producer_flushes_its_spool(touchline: Touchline, producing: CodedServer, tmp_path: Path) -> None:
    """Through the exchange, too."""
    _spools(producing, tmp_path / "home", "RABBITMQ_EXCHANGE", exchange="")
    ended = touchline("spool flush")
    assert (ended.code, "Sent 3 messages" in ended.err) == (0, True), ended.err
    assert queue_depths(producing.url(WORKER))[MATCHES][0] == 1


def test_the_doctor_finds_nothing_wrong_with_a_producer(touchline: Touchline, producing: CodedServer) -> None:
    """What a user may not do is no finding; where it publishes to is named, and missed if it is not there."""
    found = {row["check"]: row for row in touchline("doctor").rows}
    assert found["broker"]["state"] == found["queues"]["state"] == "ok"
    assert "exchange touchline" in found["broker"]["detail"]
    assert found["queue arguments"]["state"] == "not used"
    assert "may not declare" in found["queue arguments"]["detail"]


def test_the_doctor_misses_an_exchange(
    touchline: Touchline, producing: CodedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first run finds out."""
    monkeypatch.setenv("RABBITMQ_EXCHANGE", "elsewhere")
    (row,) = [row for row in touchline("doctor").rows if row["check"] == "broker"]
    assert row["state"] == "not ok"
    assert "no exchange 'elsewhere'" in row["detail"]


def test_a_name_that_is_none_is_refused(touchline: Touchline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is connected."""
    monkeypatch.setenv("RABBITMQ_EXCHANGE", "touch line")
    ended = touchline("queues")
    assert ended.code == 2
    assert "RABBITMQ_EXCHANGE" in ended.err
