"""What `make up ARGS=--demo` starts, started here: its processes, files, users and roles, on servers of the tests.

RabbitMQ runs on container/rabbitmq/, PostgreSQL has the roles of container/postgres/; each process has the password of
its own user and role, from the file that `make up` wrote, and no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import urllib3

from tests.conformance.conftest import eventually
from tests.container import composing
from tests.container.scripts import secret_files, up
from tests.container.services import Services
from tests.fix_postgres import installations, running
from tests.fix_rabbitmq_as_code import CodedServer
from tests.ports import free_ports
from tests.roles import make_roles

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: What goes on for good, in the order in which it may start.
LASTING = ("worker-matches", "worker-scrapes", "scheduler", "exporter", "console")


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """What `make up` writes."""
    directory = tmp_path / "secrets"
    secret_files.write(directory)
    return directory


@pytest.fixture
def services(tmp_path: Path, secrets: Path, coded: CodedServer) -> Iterator[Services]:
    """Servers that know these passwords, and compose.yaml's services; none is started yet."""
    coded.load(secrets / "rabbitmq_users.json")
    passwords = {role: (secrets / f"postgres_{role}_password").read_text() for role in ("owner", "writer", "reader")}
    (site,) = free_ports(1)
    with running(installations()["wheel"]) as server:
        make_roles(server, passwords=passwords)
        # where the containers' names would lead
        for file in secrets.glob("*_url_*"):
            text = file.read_text().replace("@postgres:5432", f"@127.0.0.1:{server.port}")
            file.chmod(0o644)
            file.write_text(text.replace("@rabbitmq:5672", f"@127.0.0.1:{coded.server.port}"))
        (secrets / "rabbitmq_users").symlink_to("rabbitmq_users.json")
        config = composing.configuration("demo", "cli", environment=up.DEMO_ENVIRONMENT)
        (mounted,) = {entry["target"] for entry in config["services"]["cli"]["configs"]}
        elsewhere = {
            mounted: config["configs"]["touchline"]["file"],
            "http://demo-site:8900": f"http://127.0.0.1:{site}",
            "http://127.0.0.1:8900": f"http://127.0.0.1:{site}",
            "8900": str(site),
            "0.0.0.0": "127.0.0.1",
        }
        made = Services(config, tmp_path, secrets, elsewhere)
        try:
            yield made
        finally:
            made.kill_all()


def test_the_demo_league_arrives(services: Services, secrets: Path) -> None:
    """Migrated, started in order, healthy; an order by hand is read, stored and told; then all of it ends in order."""
    migrated = services.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    assert "0001" in migrated.stdout
    services.start("demo-site")
    eventually(lambda: services.is_healthy("demo-site"), "the demo league's site", patience=60)
    for name in LASTING:
        services.start(name)
    for name in LASTING:
        eventually(lambda name=name: services.is_healthy(name), f"{name} is healthy", patience=90)

    ordered = services.run("cli", "schedule", "trigger", "demo")
    assert ordered.returncode == 0, ordered.stderr
    eventually(lambda: _states(services) == ["succeeded"], "the run that was ordered succeeded", patience=90)
    (run,) = _rows(services, "cli", "runs")
    assert run["found"] == run["inserted"] > 1000
    assert run["found"] == _count(secrets)

    # a machine that only reads: its own user, and nobody's database but the reader's
    read = services.run("producer", "scrape", "mlsnext", "--full", "--wait")
    assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout)["unchanged"] == run["found"]
    doctor = services.run("cli", "doctor")
    assert doctor.returncode == 0, doctor.stdout
    page = urllib3.request("GET", f"http://127.0.0.1:{services.console_port}/runs", retries=False, timeout=60)
    assert page.status == 200
    assert run["run_id"][:8] in page.data.decode()

    for name in LASTING:
        assert services.stop(name) == 0, services.log(name).read_text()[-3000:]
    for name in ("worker-matches", "worker-scrapes", "scheduler", "console"):
        lines = services.log(name).read_text().splitlines()
        assert lines
        assert all(isinstance(json.loads(line), dict) for line in lines)
    assert services.run("cli", "dead", "list").stdout == ""
    _shows_no_password(services, secrets)


@pytest.mark.parametrize(
    ("service", "arguments", "refusal"),
    [
        ("producer", ("dead", "drop", "1", "--why", "none of its business"), "touchline_reader"),
        ("producer", ("schedule", "trigger", "demo"), "touchline_"),
        ("cli", ("migrate",), "touchline_owner"),
    ],
)
def test_a_service_may_not_do_anothers_work(
    services: Services, service: str, arguments: tuple[str, ...], refusal: str
) -> None:
    """Exit code 2, and a sentence that says who may."""
    assert services.run("migrate").returncode == 0
    if arguments == ("migrate",):
        # something to migrate, for whoever may
        _undo_the_last_migration(services)
    refused = services.run(service, *arguments)
    assert refused.returncode == 2, refused
    assert refusal in refused.stderr
    assert "Traceback" not in refused.stderr


def _rows(services: Services, name: str, *arguments: str) -> list[dict[str, object]]:
    done = services.run(name, *arguments)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _states(services: Services) -> list[object]:
    return [row["state"] for row in _rows(services, "cli", "runs")]


def _count(secrets: Path) -> int:
    with psycopg.connect((secrets / "database_url_reader").read_text()) as connection:
        row = connection.execute("SELECT count(*) FROM match_list").fetchone()
    assert row is not None
    return int(row[0])


def _undo_the_last_migration(services: Services) -> None:
    with psycopg.connect((services.secrets / "database_url_owner").read_text()) as connection:
        connection.execute("UPDATE touchline.alembic_version SET version_num = '0011'")


def _shows_no_password(services: Services, secrets: Path) -> None:
    passwords = [urlsplit(file.read_text()).password for file in secrets.glob("*_url_*")]
    assert all(passwords)
    for name in LASTING:
        log = services.log(name).read_text()
        assert not [password for password in passwords if password and password in log], name
