"""All that runs for good, each part in a process of its own, with its own user and role."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import dramatiq
import psycopg
from psycopg.conninfo import conninfo_to_dict

from actors.store import migrations
from contract.broker import make_broker
from contract.names import MAINTENANCE, MATCHES, RUNS, STORE_MATCHES
from contract.names import SCHEDULE as SCHEDULED
from ingest.spool import Spool
from tests.fix_postgres import PostgresServer
from tests.fix_proxy import Proxy
from tests.fix_rabbitmq_as_code import EXCHANGE, MONITOR, PRODUCER, SCHEDULER, WORKER, CodedServer
from tests.ports import free_ports
from tests.roles import as_role, make_roles
from touchline.demo.site import DemoSite

ROOT: Final = Path(__file__).parents[2]

#: A schedule that is known and not due while a test lasts.
SCHEDULE: Final = "rarely"
_CONFIGURATION: Final = f"""\
[schedules.{SCHEDULE}]
cron = "0 0 29 2 *"
source = "mlsnext"
"""
#: Those of compose's worker-matches: nobody reads sites here but `scrape`.
_QUEUES: Final = (MATCHES, RUNS, SCHEDULED, MAINTENANCE)
_SECRET: Final = "whsec_" + "c2VjcmV0" * 4

#: A message that waits on disk is late after a quarter of an hour.
LONG_AGO: Final = 1800

#: Seconds for a process to end, or a command to be done.
_PATIENCE: Final = 90


class System:
    """Started by `running`. Kill what you like; `start` brings it back."""

    def __init__(
        self,
        directory: Path,
        broker: CodedServer,
        store_url: str,
        site: DemoSite,
        database: Proxy,
        receiver: str | None,
    ) -> None:
        self.broker = broker
        self.store_url = store_url
        self.site = site
        self.database = database
        self._directory = directory
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        ports = dict(zip(("worker", "scheduler", "exporter"), free_ports(3), strict=True))
        self.targets = {
            "touchline-workers": [f"127.0.0.1:{ports['worker']}"],
            "touchline-scheduler": [f"127.0.0.1:{ports['scheduler']}"],
            "touchline-exporter": [f"127.0.0.1:{ports['exporter']}"],
            "rabbitmq": [f"127.0.0.1:{broker.metrics_port}"],
        }
        self._commands: dict[str, tuple[list[str], dict[str, str]]] = {
            "worker": (
                ["dramatiq", "actors", "--processes", "1", "--threads", "2", "--queues", *_QUEUES],
                {
                    "DATABASE_URL": as_role(database.url, "writer"),
                    "RABBITMQ_URL": broker.url(WORKER),
                    "TOUCHLINE_METRICS_LISTEN": self.targets["touchline-workers"][0],
                    **({"TOUCHLINE_WEBHOOK_URL": receiver, "TOUCHLINE_WEBHOOK_SECRET": _SECRET} if receiver else {}),
                },
            ),
            "scheduler": (
                ["periodiq", "actors"],
                {
                    "RABBITMQ_URL": broker.url(SCHEDULER),
                    "RABBITMQ_EXCHANGE": EXCHANGE,
                    "TOUCHLINE_METRICS_LISTEN": self.targets["touchline-scheduler"][0],
                },
            ),
            "exporter": (
                ["touchline", "metrics", "--listen", self.targets["touchline-exporter"][0]],
                {"DATABASE_URL": as_role(database.url, "reader"), "RABBITMQ_URL": broker.url(MONITOR)},
            ),
        }
        (directory / "touchline.toml").write_text(_CONFIGURATION, encoding="utf-8")

    # -- processes

    def start(self, name: str) -> None:
        """`worker`, `scheduler` or `exporter`."""
        (program, *arguments), environment = self._commands[name]
        with (self._directory / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [Path(sys.executable).with_name(program), *arguments],
                cwd=ROOT,
                env=self._environment(name) | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """SIGKILL to all of it."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_PATIENCE)

    def stop(self) -> None:
        for name in list(self._processes):
            self.kill(name)

    def scrape(self, site: str | None = None) -> subprocess.CompletedProcess[str]:
        """`touchline scrape` as a producer, on the demo league's site unless another is named."""
        environment = self._environment("producer") | {
            "RABBITMQ_URL": self.broker.url(PRODUCER),
            "RABBITMQ_EXCHANGE": EXCHANGE,
            "TOUCHLINE_MLSNEXT_URL": site or self.site.url,
        }
        command = [Path(sys.executable).with_name("touchline"), "scrape", "mlsnext", "--full"]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )

    def _environment(self, name: str) -> dict[str, str]:
        home = self._directory / name
        home.mkdir(exist_ok=True)
        return os.environ | {
            "TOUCHLINE_HOME": str(home),
            "TOUCHLINE_CONFIG": str(self._directory / "touchline.toml"),
            "TOUCHLINE_PUBLISH_TIMEOUT": "2",
        }

    # -- what goes wrong

    def send(self, *messages: dramatiq.Message[Any]) -> None:
        """By the default exchange, as workers do."""
        broker = make_broker(self.broker.url(WORKER))
        try:
            for message in messages:
                broker.enqueue(message)
        finally:
            broker.close()

    def batch(self, number: int, **changes: Any) -> dramatiq.Message[Any]:
        """One match."""
        match = {"match_id": str(number), "home_team": "Ashgrove", "away_team": "Bellwater", "date": "2026-10-03"}
        match |= {"season": "2026-27", "age_group": "U14", "match_type": "League", "status": "scheduled"}
        kwargs = {"contract": 1, "run_id": str(uuid4()), "source": "mlsnext", "part": "p", "sequence": number}
        kwargs |= {"observed_at": "2026-10-03T12:00:00Z", "matches": [match], **changes}
        return dramatiq.Message(MATCHES, STORE_MATCHES, (), kwargs, {}, message_id=str(uuid4()))

    def publish(self, routing_key: str) -> None:
        """Something, by the default exchange, for whoever takes it."""
        with self.broker.channel(WORKER) as channel:
            channel.basic_publish("", routing_key, b"{}")

    def spool(self) -> Path:
        """The worker's home keeps a message for a broker that is gone, since long ago; the file."""
        home = self._directory / "worker"
        Spool(home, "amqp://gone.invalid/touchline").write(self.batch(1))
        (file,) = (home / "spool").glob("*/*.msg")
        written, _, rest = file.name.partition("-")
        return file.rename(file.with_name(f"{int(written) - LONG_AGO * 10**9:020d}-{rest}"))

    def execute(self, statement: str) -> None:
        """In the database, by its owner."""
        with psycopg.connect(self.store_url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def count(self, query: str) -> int:
        with psycopg.connect(self.store_url) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def logs(self) -> str:
        """The ends of what its processes said."""
        return "\n".join(file.read_text(errors="replace")[-2000:] for file in sorted(self._directory.glob("*.log")))


@contextmanager
def running(
    directory: Path, broker: CodedServer, server: PostgresServer, site: DemoSite, *, receiver: str | None = None
) -> Iterator[System]:
    """The system with an empty database, all of it started. `receiver`: where notices go."""
    with server.database(migrated=True) as url:
        make_roles(server, database=str(conninfo_to_dict(url)["dbname"]))
        migrations.upgrade(url)
        with Proxy(("127.0.0.1", server.port), url) as database:
            system = System(directory, broker, url, site, database, receiver)
            try:
                for name in ("worker", "scheduler", "exporter"):
                    system.start(name)
                yield system
            finally:
                system.stop()
