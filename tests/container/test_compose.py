"""compose.yaml, as Docker Compose reads it."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from contract.names import QUEUES
from contract.settings import load
from tests.container.composing import ROOT, configuration
from tests.container.scripts import secret_files
from touchline.demo.league import DEFAULT_SEASON

ALWAYS = {"postgres", "rabbitmq", "migrate", "worker-matches", "worker-scrapes", "scheduler", "exporter", "console"}
PROFILES = {"demo": {"demo-site"}, "observability": {"prometheus", "grafana"}, "cli": {"cli", "producer"}}
ONCE = {"migrate", "cli", "producer"}
SERVERS = {"postgres", "rabbitmq"}


@functools.cache
def whole() -> dict[str, Any]:
    return configuration("*")


SERVICES = sorted(ALWAYS.union(*PROFILES.values()))
OURS = sorted(set(SERVICES) - SERVERS - {"prometheus", "grafana"})


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = whole()["services"][name]
    return found


def test_without_a_profile_it_starts_what_the_real_thing_needs() -> None:
    """No demo, no monitoring, no commands."""
    assert set(configuration()["services"]) == ALWAYS


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_adds_its_own_services_and_no_others(profile: str) -> None:
    assert set(configuration(profile)["services"]) == ALWAYS | PROFILES[profile]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_bounded_and_comes_back(name: str) -> None:
    """One that runs wild takes neither the machine's memory nor its disk; one that dies is started again."""
    found = service(name)
    assert set(found["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert found["restart"] == ("no" if name in ONCE else "unless-stopped")
    assert set(found["logging"]["options"]) == {"max-size", "max-file"}
    assert re.search(r":v?\d+\.\d+\.\d+|:\d+\.\d+-", found["image"]), "pinned by version"
    assert "no-new-privileges:true" in found["security_opt"]
    assert not found.get("privileged")
    assert not found.get("env_file")


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONCE])
def test_a_service_that_goes_on_says_whether_it_is_well(name: str) -> None:
    """By a program and its arguments: no shell is needed for it."""
    assert service(name)["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", [*OURS, "prometheus", "grafana"])
def test_what_needs_no_privilege_has_none_and_writes_to_memory_and_volumes_alone(name: str) -> None:
    found = service(name)
    assert found["read_only"]
    assert found["cap_drop"] == ["ALL"]
    assert "cap_add" not in found
    assert all("size=" in mount for mount in found["tmpfs"])
    assert all(mount["read_only"] for mount in found.get("volumes", []) if mount["type"] == "bind")


@pytest.mark.parametrize("name", OURS)
def test_ours_have_time_to_finish_and_somewhere_to_write(name: str) -> None:
    """45 s are above the grace and what a worker needs to give back; the image of that name is never fetched."""
    found = service(name)
    assert found["stop_grace_period"] == "45s"
    assert found["pull_policy"] == "never"
    places = {mount.partition(":")[0] for mount in found["tmpfs"]} | {
        mount["target"] for mount in found.get("volumes", []) if mount["type"] == "volume"
    }
    assert places == {"/tmp", "/run/touchline", "/var/lib/touchline"}
    assert all("uid=10001,gid=10001" in mount for mount in found["tmpfs"] if not mount.startswith("/tmp:"))


def test_each_port_is_published_on_loopback_alone() -> None:
    """And a service with one is on a network that has a way out: of an internal one Docker publishes nothing."""
    published = {name: service(name).get("ports", []) for name in SERVICES}
    assert {name for name, ports in published.items() if ports} == {"console", "demo-site", "prometheus", "grafana"}
    for name, ports in published.items():
        assert all(port["host_ip"] == "127.0.0.1" for port in ports)
        assert not ports or "outside" in service(name)["networks"]


def test_servers_and_what_has_their_passwords_are_where_nothing_comes_in_or_goes_out() -> None:
    assert whole()["networks"]["backend"]["internal"] is True
    shut_in = {name for name in SERVICES if set(service(name)["networks"]) == {"backend"}}
    assert shut_in == {"postgres", "rabbitmq", "migrate", "worker-matches", "scheduler", "exporter", "cli"}


@pytest.mark.parametrize(
    ("name", "database", "broker"),
    [
        ("migrate", "owner", None),
        ("worker-matches", "writer", "worker"),
        ("worker-scrapes", "writer", "worker"),
        ("cli", "writer", "worker"),
        ("console", "writer", "worker"),
        ("scheduler", None, "scheduler"),
        ("exporter", "reader", "monitor"),
        ("producer", "reader", "producer"),
        ("demo-site", None, None),
    ],
)
def test_a_process_has_its_own_role_and_user_and_no_other(name: str, database: str | None, broker: str | None) -> None:
    environment = service(name).get("environment", {})
    assert environment.get("DATABASE_URL_FILE") == (f"/run/secrets/database_url_{database}" if database else None)
    assert environment.get("RABBITMQ_URL_FILE") == (f"/run/secrets/rabbitmq_url_{broker}" if broker else None)
    held = {secret["source"] for secret in service(name).get("secrets", [])}
    assert held == {
        *([f"database_url_{database}"] if database else []),
        *([f"rabbitmq_url_{broker}"] if broker else []),
        *(["console_token"] if name == "console" else []),
    }
    # whoever may write to the exchange alone has to be told to
    assert environment.get("RABBITMQ_EXCHANGE") == ("touchline" if broker in ("scheduler", "producer") else None)


def test_each_secret_is_a_file_that_make_up_writes() -> None:
    """And each of those is some service's."""
    files = {secret["file"] for secret in whole()["secrets"].values()}
    assert files == {str(ROOT / "secrets" / name) for name in secret_files.generate()}
    used = {secret["source"] for name in SERVICES for secret in service(name).get("secrets", [])}
    assert used == set(whole()["secrets"])


def test_no_password_is_in_what_compose_makes_of_it() -> None:
    """Secrets are files all the way: nothing that prints the configuration prints one."""
    for name in SERVICES:
        for variable, value in service(name).get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|DATABASE_URL|RABBITMQ_URL", variable):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert value.startswith("/run/secrets/")


def test_whatever_is_needed_is_there_first() -> None:
    """Workers begin with a database that is migrated and a broker that takes messages."""
    for name in ("worker-matches", "worker-scrapes", "scheduler", "exporter", "console", "cli", "producer"):
        conditions = {other: found["condition"] for other, found in service(name)["depends_on"].items()}
        assert conditions == {"migrate": "service_completed_successfully", "rabbitmq": "service_healthy"}
    assert service("migrate")["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_together_the_workers_consume_every_queue() -> None:
    queues = [queue for name in ("worker-matches", "worker-scrapes") for queue in service(name)["command"][1:]]
    assert sorted(queues) == sorted(QUEUES)


def test_workers_are_as_many_as_somebody_says() -> None:
    assert service("worker-matches")["deploy"]["replicas"] == 2
    found = configuration(environment={"TOUCHLINE_WORKERS": "5", "TOUCHLINE_THREADS": "3"})["services"]
    assert found["worker-matches"]["deploy"]["replicas"] == 5
    assert found["worker-matches"]["environment"]["TOUCHLINE_THREADS"] == "3"


def test_images_are_those_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = {service(name)["image"] for name in OURS}
    assert images == {f"touchline-actors:{version}", f"touchline-ingest:{version}"}
    assert service("migrate")["build"]["dockerfile"] == "container/actors.Dockerfile"
    assert service("worker-scrapes")["build"]["dockerfile"] == "container/ingest.Dockerfile"


@pytest.mark.parametrize("file", ["touchline.toml", "demo.toml"])
def test_the_settings_that_are_mounted_are_right(file: str) -> None:
    """The first reads nothing until somebody says so; the second reads the league that the demo site serves."""
    settings = load(environ={"TOUCHLINE_CONFIG": str(ROOT / "container" / file)})
    seasons = {name: schedule.season for name, schedule in settings.schedules.items()}
    assert seasons == ({"demo": DEFAULT_SEASON} if file == "demo.toml" else {})


def test_the_override_for_notices_lets_the_one_service_out_that_sends_them(tmp_path: Path) -> None:
    """As docs/images.md has it: it adds a network and a secret, and takes nothing away."""
    (snippet,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "images.md").read_text(), re.DOTALL)
    (tmp_path / "compose.override.yaml").write_text(snippet)
    services = configuration(over=tmp_path / "compose.override.yaml")["services"]
    changed = services["worker-matches"]
    assert set(changed["networks"]) == {"backend", "outside"}
    assert {secret["source"] for secret in changed["secrets"]} == {
        "database_url_writer", "rabbitmq_url_worker", "webhook_secret"
    }  # fmt: skip
    assert changed["environment"].keys() > service("worker-matches")["environment"].keys()
    assert {name: found for name, found in services.items() if name != "worker-matches"} == {
        name: service(name) for name in ALWAYS - {"worker-matches"}
    }


def test_what_is_mounted_is_in_the_repository() -> None:
    """Docker makes a directory of whatever is not there."""
    mounts = [mount for name in SERVICES for mount in service(name).get("volumes", []) if mount["type"] == "bind"]
    wanted = [mount["source"] for mount in mounts] + [config["file"] for config in whole()["configs"].values()]
    assert [path for path in wanted if not Path(path).exists()] == []
