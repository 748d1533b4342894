"""What real workers say of themselves adds up to what was sent, whoever of them answers and whoever dies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import dramatiq
import psutil
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.metrics.files import Directory
from contract.broker import make_broker
from contract.names import MATCHES, RECORD_RUN, RUNS, STORE_MATCHES
from tests.conformance.conftest import eventually
from tests.fix_proxy import Proxy
from tests.ports import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]

#: Seconds after which what a test waits for is not coming.
PATIENCE = 150.0

#: Samples by name and labels.
Samples = dict[tuple[str, ...], float]


def samples(families: Any) -> Samples:
    """Each by its name and the values of its labels, in the order of the labels' names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


class Machine:
    """A machine on which several `dramatiq actors` share a home, and the queue that they work on."""

    def __init__(self, home: Path, queue_url: str, store_url: str) -> None:
        self.home = home
        self.queue_url = queue_url
        self.store_url = store_url
        (self.port,) = free_ports(1)
        self.masters: list[subprocess.Popen[bytes]] = []
        self.run_id = str(uuid4())

    def work(self, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dramatiq", "actors", "--threads", "2", "--queues", MATCHES, RUNS]
        addresses = {"DATABASE_URL": self.store_url, "RABBITMQ_URL": self.queue_url, "TOUCHLINE_HOME": str(self.home)}
        listen = {"TOUCHLINE_METRICS_LISTEN": f"127.0.0.1:{self.port}"}
        with (self.home / "workers.log").open("ab") as log:
            master = subprocess.Popen(
                [*command, *arguments],
                env=os.environ | addresses | listen | env,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.masters.append(master)
        return master

    def send(self, *messages: dramatiq.Message[Any]) -> None:
        broker = make_broker(self.queue_url)
        try:
            for message in messages:
                broker.enqueue(message)
        finally:
            broker.close()

    def batch(self, number: int, **changes: Any) -> dramatiq.Message[Any]:
        """One match, and a second that is none."""
        match = {
            "match_id": str(number),
            "home_team": "Ashgrove",
            "away_team": "Bellwater",
            "date": "2026-10-03",
            "season": "2026-27",
            "age_group": "U14",
            "match_type": "League",
            "status": "scheduled",
        }
        head = {"contract": 1, "run_id": self.run_id, "source": "mlsnext", "part": "p", "sequence": number}
        rows = [match, {"match_id": f"bad-{number}"}]
        kwargs = {**head, "observed_at": "2026-10-03T12:00:00Z", "matches": rows, **changes}
        return dramatiq.Message(MATCHES, STORE_MATCHES, (), kwargs, {}, message_id=str(uuid4()))

    def event(self, event: str, **more: Any) -> dramatiq.Message[Any]:
        head = {"contract": 1, "run_id": self.run_id, "source": "mlsnext", "at": "2026-10-03T12:00:00Z"}
        return dramatiq.Message(RUNS, RECORD_RUN, (), {**head, "event": event, **more}, {}, message_id=str(uuid4()))

    def scraped(self) -> Samples:
        """What the port says; nothing where nobody has it."""
        try:
            return samples(text_string_to_metric_families(self.text()))
        except OSError:
            return {}

    def text(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            return str(answer.read().decode())

    def until(self, what: str, holds: Callable[[Samples], bool]) -> Samples:
        """What the port says when that holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds(found := self.scraped()):
            log = (self.home / "workers.log").read_text(errors="replace")[-3000:]
            assert time.monotonic() < deadline, f"{what} did not come true: {found}\n{log}"
            time.sleep(0.1)
        return found

    def told(self) -> Samples:
        """What is on the disk, when nobody serves it any more."""
        return samples(Directory(self.home / "run" / "metrics").read())

    def holder(self) -> psutil.Process:
        """The process that has the port."""
        processes = [child for master in self.masters for child in psutil.Process(master.pid).children(recursive=True)]
        (holder,) = (
            process
            for process in processes
            if any(line.laddr.port == self.port and line.status == "LISTEN" for line in process.net_connections())
        )
        return holder

    def store(self, statement: str) -> Any:
        with psycopg.connect(self.store_url) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchone() if cursor.description else None

    def stop(self) -> None:
        for master in self.masters:
            if master.poll() is None:
                master.send_signal(signal.SIGTERM)
        for master in self.masters:
            try:
                master.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(master.pid, signal.SIGKILL)
                master.wait()
                raise


@pytest.fixture
def machine(tmp_path: Path, rabbitmq_url: str, store_url: str) -> Iterator[Machine]:
    machine = Machine(tmp_path, rabbitmq_url, store_url)
    yield machine
    machine.stop()


def outcome(name: str, actor: str = STORE_MATCHES, queue: str = MATCHES) -> tuple[str, ...]:
    return ("touchline_messages_total", actor, name, queue)


def test_the_counters_of_all_processes_add_up(machine: Machine) -> None:
    """Three processes under two masters: each message is counted once, and whoever has the port may be killed."""
    machine.work("--processes", "2")
    machine.work("--processes", "1")
    batches = [machine.batch(number) for number in range(40)]
    other = str(uuid4())
    dead = [machine.batch(100, run_id=other, contract=99), machine.batch(101, run_id=other, matches=None)]
    sent = {message.message_id: 2 for message in batches}
    done = {"part": "p", "found": 80, "batches": 40, "messages": sent, "complete": True, "not_modified": False}
    machine.send(machine.event("started", params={}, trigger="cli", parts=["p"]), *batches, *dead)
    machine.send(machine.event("part_finished", **done))

    settled = machine.until(
        "everything is counted",
        lambda now: (
            now.get(outcome("succeeded")) == 40
            and now[outcome("dead")] == 2
            and now[outcome("succeeded", RECORD_RUN, RUNS)] == 2
        ),
    )
    for name in ("retried", "waiting", "returned"):
        assert settled[outcome(name)] == 0
    for name, count in (("touchline_message_duration_seconds_count", 42), ("touchline_message_wait_seconds_count", 42)):
        assert settled[name, STORE_MATCHES, MATCHES] == count
    assert settled["touchline_messages_in_progress", STORE_MATCHES, MATCHES] == 0
    fates = {name: settled["touchline_matches_total", name, "mlsnext"] for name in ("inserted", "dead", "updated")}
    assert fates == {"inserted": 40, "dead": 42, "updated": 0}
    assert machine.store("SELECT sum(inserted), sum(dead) FROM runs") == (40, 42)
    # of whose rows half were no matches
    assert machine.store("SELECT state FROM runs WHERE inserted > 0") == ("suspect",)
    assert settled["touchline_runs_finished_total", "mlsnext", "suspect"] == 1
    assert settled["touchline_runs_finished_total", "mlsnext", "succeeded"] == 0
    assert settled["touchline_spool_batches",] == 0

    gone = machine.holder()
    gone.kill()
    after = machine.until("another one serves", bool)
    assert machine.holder() != gone
    assert {key: value for key, value in after.items() if "total" in key[0] or "count" in key[0]} == {
        key: value for key, value in settled.items() if "total" in key[0] or "count" in key[0]
    }
    machine.send(*(machine.batch(number, run_id=str(uuid4())) for number in range(5)))
    machine.until("it goes on from there", lambda now: now.get(outcome("succeeded")) == 45)


def test_what_failed_and_what_a_dead_worker_was_at(machine: Machine) -> None:
    """A retry is counted by the kind of error; what was running when its worker was killed runs no more."""
    master = machine.work("--processes", "1")
    machine.store("ALTER TABLE touchline.frontier RENAME TO elsewhere")
    machine.send(machine.batch(1))
    failed = machine.until("it is tried again", lambda now: now.get(outcome("retried"), 0) >= 1)
    assert failed["touchline_retries_total", STORE_MATCHES, "unknown", MATCHES] == failed[outcome("retried")]
    assert failed[outcome("succeeded")] == 0
    machine.store("ALTER TABLE touchline.elsewhere RENAME TO frontier")

    with psycopg.connect(machine.store_url) as holding:
        holding.execute("LOCK TABLE touchline.matches")
        machine.send(machine.batch(2))
        running = ("touchline_messages_in_progress", STORE_MATCHES, MATCHES)
        machine.until("it runs", lambda now: now[running] >= 1)
        os.killpg(master.pid, signal.SIGKILL)
        master.wait()
    eventually(lambda: running not in machine.told(), "nobody runs it")
    told = machine.told()
    assert told[outcome("retried")] >= 1
    assert told[outcome("succeeded")] == 0


def test_the_database_away_is_a_transient_error(
    machine: Machine, tcp_proxy: Callable[[str], Proxy], store_url: str
) -> None:
    """What ran into the outage is tried again; what died in it goes back until its letter can be written."""
    proxy = tcp_proxy(store_url)
    machine.store_url = proxy.url
    machine.work("--processes", "1")
    machine.until("it serves", lambda now: outcome("succeeded") in now)
    proxy.cut()
    machine.send(machine.batch(1), machine.batch(2, contract=99))
    away = machine.until("both have failed", lambda now: now[outcome("retried")] >= 1 and now[outcome("returned")] >= 1)
    assert away["touchline_retries_total", STORE_MATCHES, "transient", MATCHES] >= 1
    assert away[outcome("succeeded")] == away[outcome("dead")] == 0
    proxy.restore()
    over = machine.until("it is over", lambda now: now[outcome("succeeded")] == 1 and now[outcome("dead")] == 1)
    assert over["touchline_retries_total", STORE_MATCHES, "unknown", MATCHES] == 0
    assert over["touchline_matches_total", "dead", "mlsnext"] == 3


def test_the_scheduler_counts_its_ticks(machine: Machine) -> None:
    """The first one at once, and when that was."""
    env = {"RABBITMQ_URL": machine.queue_url, "DATABASE_URL": machine.store_url, "TOUCHLINE_HOME": str(machine.home)}
    env["TOUCHLINE_METRICS_LISTEN"] = f"127.0.0.1:{machine.port}"
    with (machine.home / "workers.log").open("wb") as log:
        scheduler = subprocess.Popen(
            [Path(sys.executable).parent / "periodiq", "actors"], env=os.environ | env, cwd=ROOT, stdout=log, stderr=log
        )
    try:
        ticked = machine.until("it ticks", lambda now: now.get(("touchline_ticks_total", "sent"), 0) >= 1)
        assert ticked["touchline_ticks_total", "refused"] == 0
        assert 0 <= time.time() - ticked["touchline_last_tick_timestamp_seconds",] < PATIENCE
        if promtool := shutil.which("promtool"):
            said = subprocess.run([promtool, "check", "metrics"], input=machine.text(), capture_output=True, text=True)
            assert (said.returncode, said.stdout + said.stderr) == (0, "")
    finally:
        scheduler.terminate()
        scheduler.wait(20)
    eventually(lambda: not machine.scraped(), "nobody has the port")
