"""What a run reads arrives at a real broker; what was spooled arrives later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pika
import pytest

from contract.broker import make_broker, queue_depths
from contract.names import MATCHES, QUEUES, RUNS, STORE_MATCHES, STORE_STANDINGS
from ingest.publisher import Delivery, Publisher
from ingest.sources import Reject
from ingest.spool import Spool
from ingest.validators import Validators
from tests.fix_scraping import wait_until
from tests.integration.producing import AfterBatch, batch, do, ids, numbers, publishing, story, taken
from tests.unit.ingest_run.made_up import MadeUp, Says, match, table

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]


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


def test_a_run_is_heard_of_while_the_site_is_slow(queue_url: str, tmp_path: Path) -> None:
    """Signs of life come over a connection of their own, beside the one that waits for its next batch."""

    def fetch() -> str:
        # the end of the first part, and two signs more
        wait_until(lambda: queue_depths(queue_url).get(RUNS, (0, 0))[0] >= 4)
        return "documents"

    source = MadeUp({"a": Says([match(1)]), "slow": Says([match(2)], fetch=fetch)})
    do(queue_url, tmp_path, source, alive_every=0.1)
    told = story(taken(queue_url)[RUNS])
    assert told.count("alive") >= 2
    assert [event for event in told if event != "alive"] == ["started", "part_finished", "part_finished"]


def test_nothing_new_connects_to_nothing(tmp_path: Path) -> None:
    """Where every part is as it was no broker is needed, not even one that answers."""
    outcome = do("amqp://127.0.0.1:1/", tmp_path, MadeUp({"a": Says(fetch=lambda: None)}))
    assert outcome.exit_code == 0


def test_a_torn_file_holds_up_no_other(queue_url: str, tmp_path: Path) -> None:
    """Of three spooled messages one is damaged: the run sends the two, then its own, and sets the third aside."""
    spool = Spool(tmp_path, queue_url)
    with Publisher(partial(make_broker, "amqp://127.0.0.1:1/"), spool, timeout=0) as away:
        for number in range(3):
            assert away.send(STORE_MATCHES, batch(number), str(uuid4())) is Delivery.SPOOLED
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
            away.send(STORE_MATCHES, batch(number), str(uuid4()))
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


#: A producer in a process of its own: two parts, of which the second stops after its first batch until it is told to
#: go on by a line on its standard input, which never comes.
_PRODUCER = """
import sys
from pathlib import Path
from tests.integration.producing import do
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
    names = {name.removesuffix(".DQ").removesuffix(".XQ") for name in queue_depths(queue_url)}
    assert {MATCHES, RUNS} <= names <= set(QUEUES)
