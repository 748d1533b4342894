"""What a run reads arrives at a real broker, or is on disk; whatever fails in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import dramatiq
import pika
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from contract import schema
from contract.broker import make_broker
from contract.names import MATCHES, QUEUES, RECORD_RUN, RUNS, STORE_MATCHES, STORE_STANDINGS
from ingest.publisher import Delivery, Publisher
from ingest.run import Outcome, PartOutcome, run
from ingest.sources import Reject, Scope
from ingest.spool import Spool
from ingest.validators import Validators
from tests.fix_proxy import Proxy
from tests.unit.ingest_run.made_up import Fetching, MadeUp, Says, match, published, table

REPOSITORY = Path(__file__).parents[2]

#: Seconds for which these tests let a publisher try. The attempts of the drivers themselves come on top.
PATIENCE = 0.5
#: Seconds within which "a bounded time" has passed, on a busy machine.
BOUNDED = 45.0

_SCHEMA_OF = {STORE_MATCHES: "batch", STORE_STANDINGS: "standings", RECORD_RUN: "run"}
_REGISTRY: Registry[Any] = Registry().with_resources(
    (schema.load(name)["$id"], Resource.from_contents(schema.load(name))) for name in schema.MESSAGES
)


@pytest.fixture(params=["rabbitmq", "postgresql"])
def queue_url(request: pytest.FixtureRequest) -> str:
    """A real queue of each kind, empty."""
    url: str = request.getfixturevalue({"rabbitmq": "rabbitmq_url", "postgresql": "postgres_url"}[request.param])
    return url


@contextmanager
def publishing(url: str, home: Path, timeout: float = PATIENCE) -> Iterator[Publisher]:
    with Publisher(partial(make_broker, url), Spool(home, url), timeout=timeout) as publisher:
        yield publisher


def do(url: str, home: Path, source: MadeUp, *, progress: Any = None, timeout: float = PATIENCE) -> Outcome:
    """One run, as a process of its own would do it."""
    with publishing(url, home, timeout) as publisher:
        return run(
            source,
            Scope(),
            run_id=uuid4(),
            publisher=publisher,
            fetcher=Fetching(Validators(home, source.name)),  # type: ignore[arg-type]
            progress=progress,
        )


def taken(url: str) -> dict[str, list[dramatiq.Message[Any]]]:
    """Everything in the queues, in order, each held to its schema; the queues are empty afterwards."""
    broker = make_broker(url)
    found: dict[str, list[dramatiq.Message[Any]]] = {}
    try:
        for queue in (MATCHES, RUNS):
            broker.declare_queue(queue)
            consumer = broker.consume(queue, prefetch=100, timeout=300)
            found[queue] = []
            while (message := next(consumer)) is not None:
                found[queue].append(message._message)
                consumer.ack(message)
            consumer.close()
    finally:
        broker.close()
    for message in (message for messages in found.values() for message in messages):
        validator = Draft202012Validator(schema.load(_SCHEMA_OF[message.actor_name]), registry=_REGISTRY)
        assert not [error.message for error in validator.iter_errors(message.kwargs)]
    return found


def ids(messages: list[dramatiq.Message[Any]]) -> list[str]:
    """The ids of the matches in `messages`, in order."""
    return [row["match_id"] for message in messages for row in message.kwargs.get("matches", [])]


def story(messages: list[dramatiq.Message[Any]]) -> list[str]:
    return [message.kwargs["event"] for message in messages if "event" in message.kwargs]


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


class AfterBatch:
    """Calls `act` once, when the first batch of the run is sent."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._acted = False

    def planned(self, parts: Any) -> None: ...

    def advanced(self, part: PartOutcome) -> None:
        if not self._acted and part.batches == 1:
            self._acted = True
            self._act()


def test_everything_that_was_read_is_in_the_queues(queue_url: str, tmp_path: Path) -> None:
    """Matches, tables, rejects and events are confirmed, in order, each on its queue, none on disk."""
    rows = [*map(match, range(450)), Reject("x", "nul_character", "a NUL byte", {"home": "A\x00B\ud800"})]
    outcome = do(queue_url, tmp_path, MadeUp({"a": Says(rows, [table()]), "b": Says(fetch=lambda: None)}))

    assert (outcome.found, outcome.spooled, outcome.exit_code) == (451, 0, 1)
    found = taken(queue_url)
    assert ids(found[MATCHES]) == numbers(450)
    assert [message.actor_name for message in found[MATCHES]] == [STORE_MATCHES] * 3 + [STORE_STANDINGS]
    assert story(found[RUNS]) == ["started", "rejected", "part_finished", "part_finished"]
    assert all(not message.options and not message.args for messages in found.values() for message in messages)
    assert not (tmp_path / "spool").exists()


def test_messages_are_persistent_in_durable_queues(rabbitmq_url: str, tmp_path: Path) -> None:
    """A broker that is restarted still has them: the queue is durable, and so is each message."""
    do(rabbitmq_url, tmp_path, MadeUp({"a": Says([match(1)])}))
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    channel = connection.channel()
    channel.queue_declare(MATCHES, passive=True)
    _, properties, body = channel.basic_get(MATCHES)
    connection.close()
    assert properties.delivery_mode == 2
    assert json.loads(body)["queue_name"] == MATCHES


@pytest.mark.slow
def test_messages_survive_a_broker_that_is_killed_right_after_the_run(
    rabbitmq_url: str, rabbitmq_server: Any, tmp_path: Path
) -> None:
    """What was confirmed is on the broker's disk: SIGKILL the moment the run is over loses nothing."""
    outcome = do(rabbitmq_url, tmp_path, MadeUp({"a": Says(map(match, range(2000)))}))
    rabbitmq_server.kill()
    rabbitmq_server.start()
    assert outcome.spooled == 0
    assert ids(taken(rabbitmq_url)[MATCHES]) == numbers(2000)


def test_a_run_has_one_connection(rabbitmq_url: str, rabbitmqctl: Callable[..., str], tmp_path: Path) -> None:
    """Parts, batches and events share it."""
    vhost = urlsplit(rabbitmq_url).path[1:]
    seen = []

    def look() -> None:
        seen.append(rabbitmqctl("list_connections", "vhost").split().count(vhost))

    source = MadeUp({name: Says([match(1), match(2)], [table()]) for name in "abc"}, concurrency=2)
    do(rabbitmq_url, tmp_path, source, progress=AfterBatch(look))
    assert seen == [1]


def test_nothing_new_connects_to_nothing(tmp_path: Path) -> None:
    """Where every part is as it was no broker is needed, not even one that answers."""
    outcome = do("amqp://127.0.0.1:1/", tmp_path, MadeUp({"a": Says(fetch=lambda: None)}))
    assert outcome.exit_code == 0


def test_while_the_broker_is_away_everything_is_kept_and_the_next_run_sends_it_first(
    queue_url: str, tcp_proxy: Callable[[str], Proxy], tmp_path: Path
) -> None:
    """Bounded attempts, then the disk, exit code 3; the run after that sends the old messages, then its own."""
    proxy = tcp_proxy(queue_url)
    proxy.cut()
    begun = time.monotonic()
    outcome = do(proxy.url, tmp_path, MadeUp({"a": Says(map(match, range(250)))}))
    assert time.monotonic() - begun < BOUNDED
    assert (outcome.spooled, outcome.exit_code) == (4, 3)

    proxy.restore()
    again = do(proxy.url, tmp_path, MadeUp({"a": Says(map(match, range(250, 260)))}))

    assert (again.flushed, again.spooled, again.exit_code) == (4, 0, 0)
    found = taken(queue_url)
    assert ids(found[MATCHES]) == numbers(260)
    assert story(found[RUNS]) == ["started", "part_finished"] * 2
    assert len(Spool(tmp_path, proxy.url)) == 0


def test_a_connection_that_is_cut_in_the_middle_costs_nothing(
    queue_url: str, tcp_proxy: Callable[[str], Proxy], tmp_path: Path
) -> None:
    """The run goes on over a new connection: every row is there, in order, nothing is on disk."""
    proxy = tcp_proxy(queue_url)

    def cut() -> None:
        proxy.cut()
        proxy.restore()

    outcome = do(
        proxy.url, tmp_path, MadeUp({"a": Says(map(match, range(1000)))}), progress=AfterBatch(cut), timeout=15
    )

    assert (outcome.spooled, outcome.exit_code) == (0, 0)
    found = taken(queue_url)[MATCHES]
    # the message whose confirm was lost on its way may be there twice: the other side knows it by its id
    once = list({message.message_id: message for message in found}.values())
    assert ids(once) == numbers(1000)


def test_a_broker_that_goes_away_in_the_middle_leaves_the_rest_on_disk(
    queue_url: str, tcp_proxy: Callable[[str], Proxy], tmp_path: Path
) -> None:
    """Queue and spool together hold everything, and the spool what came last."""
    proxy = tcp_proxy(queue_url)
    source = MadeUp({"a": Says(map(match, range(1000)))})
    outcome = do(proxy.url, tmp_path, source, progress=AfterBatch(proxy.cut))

    assert outcome.exit_code == 3
    kept = published(Spool(tmp_path, proxy.url))
    sent = taken(queue_url)[MATCHES]
    together = list({message.message_id: message for message in [*sent, *kept]}.values())
    assert ids(together) == numbers(1000)
    assert story(kept) == ["part_finished"]


def test_a_broker_that_refuses_is_like_one_that_is_away(
    rabbitmq_url: str, rabbitmqctl: Callable[..., str], tmp_path: Path
) -> None:
    """A full queue with `reject-publish` answers with a nack: kept on disk, sent when there is room."""
    vhost = urlsplit(rabbitmq_url).path[1:]
    full = json.dumps({"max-length": 0, "overflow": "reject-publish"})
    rabbitmqctl("set_policy", "-p", vhost, "full", "^matches$", full, "--apply-to", "queues")
    begun = time.monotonic()
    outcome = do(rabbitmq_url, tmp_path, MadeUp({"a": Says(map(match, range(250)))}))
    assert time.monotonic() - begun < BOUNDED
    # `started` found room in its own queue
    assert (outcome.spooled, outcome.exit_code) == (3, 3)

    rabbitmqctl("clear_policy", "-p", vhost, "full")
    with publishing(rabbitmq_url, tmp_path) as publisher:
        assert publisher.flush() == 3
    assert ids(taken(rabbitmq_url)[MATCHES]) == numbers(250)


@pytest.mark.slow
def test_a_broker_without_memory_is_like_one_that_is_away(
    rabbitmq_url: str, rabbitmqctl: Callable[..., str], tmp_path: Path
) -> None:
    """A memory alarm blocks publishers without a word: after a bounded time the messages are on disk."""
    rabbitmqctl("set_vm_memory_high_watermark", "0.000001")
    try:
        outcome = do(rabbitmq_url, tmp_path, MadeUp({"a": Says([match(1)])}))
    finally:
        rabbitmqctl("set_vm_memory_high_watermark", "0.4")
    assert (outcome.spooled, outcome.exit_code) == (3, 3)
    with publishing(rabbitmq_url, tmp_path, timeout=15) as publisher:
        assert publisher.flush() == 3


def _with(url: str, *, password: str | None = None, vhost: str | None = None, host: str | None = None) -> str:
    parts = urlsplit(url)
    secret = password or parts.password
    netloc = f"{parts.username}:{secret}@{host or parts.hostname}:{parts.port}"
    return f"{parts.scheme}://{netloc}/{vhost or parts.path[1:]}"


@pytest.mark.parametrize("wrong", [{"password": "sesame%40open"}, {"vhost": "nowhere"}])
def test_wrong_settings_are_named_and_nothing_is_lost(
    rabbitmq_url: str, tmp_path: Path, wrong: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, no attempt wasted, no password shown; everything is on disk, and no ETag remembered."""
    url = _with(rabbitmq_url, **wrong)
    outcome = do(url, tmp_path, MadeUp({"a": Says([match(1)])}), timeout=60)

    assert (outcome.exit_code, outcome.spooled) == (2, 3)
    assert outcome.misconfigured is not None
    said = f"{outcome.misconfigured} {outcome.misconfigured.hint} {capfd.readouterr()}"
    assert not any(secret in said for secret in ("sesame", str(urlsplit(rabbitmq_url).password)))
    assert Validators(tmp_path, "made-up").etag("a", "https://made.up/a") is None


def test_what_was_kept_because_of_a_wrong_password_is_sent_under_the_right_one(
    rabbitmq_url: str, tmp_path: Path
) -> None:
    """The spool belongs to the queue, not to the password that was wrong."""
    do(_with(rabbitmq_url, password="wrong"), tmp_path, MadeUp({"a": Says([match(1)])}))
    again = do(rabbitmq_url, tmp_path, MadeUp({"a": Says([match(2)])}))
    assert (again.flushed, again.exit_code) == (3, 0)
    assert ids(taken(rabbitmq_url)[MATCHES]) == ["1", "2"]


def test_a_host_that_does_not_exist_is_away(rabbitmq_url: str, tmp_path: Path) -> None:
    """A name that does not resolve may be one that does not resolve now."""
    begun = time.monotonic()
    outcome = do(_with(rabbitmq_url, host="nobody.invalid"), tmp_path, MadeUp({"a": Says([match(1)])}))
    assert (outcome.spooled, outcome.exit_code, outcome.misconfigured) == (3, 3, None)
    assert time.monotonic() - begun < BOUNDED


def test_a_torn_file_holds_up_no_other(queue_url: str, tmp_path: Path) -> None:
    """Of three spooled messages one is damaged: the run sends the two, then its own, and sets the third aside."""
    spool = Spool(tmp_path, queue_url)
    with Publisher(partial(make_broker, "amqp://127.0.0.1:1/"), spool, timeout=0) as away:
        for number in range(3):
            assert away.send(STORE_MATCHES, _batch(number), str(uuid4())) is Delivery.SPOOLED
    damaged = sorted(spool.directory.glob("*.msg"))[1]
    damaged.write_bytes(damaged.read_bytes()[:100])

    outcome = do(queue_url, tmp_path, MadeUp({"a": Says([match(3)])}))

    assert outcome.flushed == 2
    assert ids(taken(queue_url)[MATCHES]) == ["0", "2", "3"]
    assert [path.name for path in spool.directory.glob("*.torn")] == [f"{damaged.name}.torn"]


def test_two_that_flush_at_once_lose_nothing(queue_url: str, tmp_path: Path) -> None:
    """Whoever holds the lock sends; the other goes on with its own work, and every message arrives."""
    with Publisher(partial(make_broker, "amqp://127.0.0.1:1/"), Spool(tmp_path, queue_url), timeout=0) as away:
        for number in range(40):
            away.send(STORE_MATCHES, _batch(number), str(uuid4()))
    both = threading.Barrier(2, timeout=30)
    sent = []

    def flush() -> None:
        with publishing(queue_url, tmp_path) as publisher:
            both.wait()
            sent.append(publisher.flush())

    threads = [threading.Thread(target=flush) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = taken(queue_url)[MATCHES]
    assert {row for message in found for row in ids([message])} == set(numbers(40))
    assert sum(sent) >= 40
    assert len(Spool(tmp_path, queue_url)) == 0


def _batch(number: int) -> dict[str, Any]:
    return {
        "contract": 1,
        "run_id": str(UUID(int=1)),
        "source": "made-up",
        "part": "a",
        "sequence": number,
        "observed_at": "2026-10-03T22:30:00Z",
        "matches": [match(number).wire()],
    }


#: A producer in a process of its own: two parts, of which the second stops after its first batch until it is told to
#: go on by a line on its standard input, which never comes.
_PRODUCER = """
import sys
from pathlib import Path
from tests.integration.test_publishing import do
from tests.unit.ingest_run.made_up import MadeUp, Says, match

def second():
    yield from map(match, range(300, 550))
    print("in the middle", flush=True)
    sys.stdin.readline()
    yield from map(match, range(550, 600))

do(sys.argv[1], Path(sys.argv[2]), MadeUp({"a": Says(map(match, range(300))), "b": Says(second())}))
"""


@pytest.mark.slow
def test_a_run_that_is_killed_in_the_middle_is_made_good_by_the_next(queue_url: str, tmp_path: Path) -> None:
    """SIGKILL between two batches: what was confirmed is there, the part's ETag is not, the next run reads it again."""
    command = [sys.executable, "-c", _PRODUCER, queue_url, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."}
    ) as producer:
        assert producer.stdout is not None
        assert producer.stdout.readline() == b"in the middle\n"
        producer.send_signal(signal.SIGKILL)
        producer.wait(30)

    remembered = Validators(tmp_path, "made-up")
    assert remembered.etag("a", "https://made.up/a") == '"etag"'
    assert remembered.etag("b", "https://made.up/b") is None
    before = taken(queue_url)
    assert ids(before[MATCHES]) == numbers(500)
    assert story(before[RUNS]) == ["started", "part_finished"]

    do(queue_url, tmp_path, MadeUp({"a": Says(fetch=lambda: None), "b": Says(map(match, range(300, 600)))}))

    after = taken(queue_url)
    assert set(ids(before[MATCHES])) | set(ids(after[MATCHES])) == set(numbers(600))
    assert story(after[RUNS]) == ["started", "part_finished", "part_finished"]


def test_all_queues_that_are_used_are_known(queue_url: str, tmp_path: Path) -> None:
    """A producer makes no queue that the contract does not name."""
    do(queue_url, tmp_path, MadeUp({"a": Says([match(1)])}))
    from contract.broker import queue_depths

    names = {name.removesuffix(".DQ").removesuffix(".XQ") for name in queue_depths(queue_url)}
    assert {MATCHES, RUNS} <= names <= set(QUEUES)
