"""RabbitMQ as container/rabbitmq/ has it: what is there, and what each user does with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import dramatiq
import pika
import pytest
from pika.exceptions import AMQPConnectionError

import rabbitmq_users
from contract.broker import drain, make_broker, queue_depths
from contract.broker.corpses import Corpse
from contract.broker.errors import BrokerMisconfigured
from contract.names import MATCHES, QUEUES, RUNS, SCHEDULE
from tests.conformance.conftest import eventually
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
from tests.fix_scraping import Program, counts, workers
from tests.fix_site import Site
from tests.integration.producing import do, ids, numbers, story, taken
from tests.unit.ingest_run.made_up import MadeUp, Says, match

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

#: Every queue there is.
ALL = [f"{queue}{kind}" for queue in QUEUES for kind in ("", ".DQ", ".XQ")]


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


def test_its_log_is_json_on_the_console(rabbitmq_as_code: CodedServer) -> None:
    """One object a line, who came in among them; beside it only the banner that RabbitMQ starts with."""
    queue_depths(rabbitmq_as_code.url(MONITOR))

    def said() -> list[dict[str, Any]]:
        lines = (rabbitmq_as_code.server.directory / "output").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    eventually(lambda: any(f"user '{MONITOR}' authenticated" in line["msg"] for line in said()), "it is in the log")
    assert all({"time", "level", "msg"} <= line.keys() for line in said())


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
    """What `scripts/rabbitmq_users.py` makes of the addresses: the new one holds at once, the old one no more.

    Who is connected stays connected.
    """
    for user, password in (rabbitmq_as_code.passwords | {PRODUCER: "another one"}).items():
        address = rabbitmq_as_code.url(user, password=password)
        (tmp_path / f"rabbitmq_url_{user.removeprefix('touchline-')}").write_text(address + "\n")
    assert rabbitmq_users.main([str(tmp_path)]) == 0
    file = tmp_path / "20-users.json"
    file.write_text(capsys.readouterr().out)
    assert "another one" not in file.read_text()
    try:
        with rabbitmq_as_code.channel(PRODUCER) as channel:
            rabbitmq_as_code.load(file)
            channel.basic_publish(EXCHANGE, MATCHES, b"body", mandatory=True)
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


def test_the_sample_arrives_with_each_process_its_own_user(
    coded: CodedServer, store_url: str, league: Site, tmp_path: Path
) -> None:
    """Real workers and a real run, over TLS, each with what its user may do; and the scheduler's tick is done."""
    ca = coded.certificates / "ca.pem"

    def program(user: str, **more: str) -> Program:
        (home := tmp_path / user).mkdir()
        return Program(home, league, DATABASE_URL=store_url, RABBITMQ_URL=coded.tls_url(user, cacertfile=ca), **more)

    with workers(program(WORKER)):
        ended = program(PRODUCER, RABBITMQ_EXCHANGE=EXCHANGE).scrape("--wait")
        assert ended.code == 0, ended
        assert counts(ended.row) == (320, 320, 0, 0, 0, 0)
        assert _as(coded, SCHEDULER, tmp_path, "from actors.schedule import tick; tick.send()").returncode == 0
        eventually(lambda: queue_depths(coded.url(MONITOR))[SCHEDULE][0] == 0, "the tick is taken")
        assert all(queue_depths(coded.url(MONITOR))[queue][1] for queue in QUEUES)
    depths = queue_depths(coded.url(MONITOR))
    assert {name: ready for name, (ready, _) in depths.items() if ready} == {}


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
