"""A private RabbitMQ that is run by what container/rabbitmq/ says: settings, definitions, users, TLS.

What differs is what belongs to the machine (ports, paths, how much of the disk has to be free), and what this version
of RabbitMQ does not know yet.
"""

from __future__ import annotations

import json
import re
import secrets
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from contract.broker.connections_rabbitmq import parameters
from tests.fix_rabbitmq import Programs, RabbitServer, running
from tests.ports import free_ports
from tests.rabbitmq_settings import settings_of

_ROOT: Final = Path(__file__).parents[1]
CODE: Final = _ROOT / "container" / "rabbitmq"

sys.path.append(str(_ROOT / "scripts"))

import certs  # noqa: E402
import rabbitmq_users  # noqa: E402

#: Settings of ours that a version of RabbitMQ does not know, by the beginning of its number.
UNKNOWN: Final = {"3.10.": ("default_queue_type",)}

PRODUCER, WORKER, SCHEDULER, MONITOR = rabbitmq_users.USERS
VHOST: Final = "touchline"
EXCHANGE: Final = "touchline"


@dataclass(frozen=True, slots=True)
class CodedServer:
    """The node, and how it is reached by each of its users."""

    server: RabbitServer
    passwords: dict[str, str]
    #: ca.pem, server.pem and so on.
    certificates: Path
    definitions: Path
    tls_port: int
    management_port: int
    metrics_port: int

    def url(self, user: str, *, password: str | None = None) -> str:
        """Without TLS."""
        return f"amqp://{user}:{quote(password or self.passwords[user], safe='')}@127.0.0.1:{self.server.port}/{VHOST}"

    def tls_url(self, user: str, *, host: str = "localhost", password: str | None = None, **query: object) -> str:
        said = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
        password = quote(password or self.passwords[user], safe="")
        return f"amqps://{user}:{password}@{host}:{self.tls_port}/{VHOST}?{said}"

    @contextmanager
    def channel(self, user: str) -> Iterator[BlockingChannel]:
        """A channel with confirms, of a connection of its own."""
        connection = pika.BlockingConnection(parameters(self.url(user)))
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel
        finally:
            connection.close()

    def ask(self, path: str, user: str, *, method: str = "GET", body: Any = None) -> tuple[int, Any]:
        """Status and answer of the management's HTTP API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.management_port}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        credentials = b64encode(f"{user}:{self.passwords[user]}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, None

    def read_certificates_again(self) -> None:
        """As an operator does after a renewal; who is connected stays so."""
        self.server.evaluate("ssl:clear_pem_cache().")

    def load(self, file: Path) -> None:
        """What `rabbitmqctl import_definitions` does, in a hundredth of its time."""
        self.server.evaluate(f'{{ok, Body}} = file:read_file("{file}"), ok = rabbit_definitions:import_raw(Body).')

    def restore(self) -> None:
        """Everything that the files have is there again, passwords and permissions, too."""
        for file in sorted(self.definitions.iterdir()):
            self.load(file)

    def permit_everything(self, user: str) -> None:
        self.server.evaluate(
            "rabbit_auth_backend_internal:set_permissions("
            f'<<"{user}">>, <<"{VHOST}">>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>).'
        )

    def empty(self) -> None:
        """Nothing is in any queue."""
        with self.channel(WORKER) as channel:
            for queue in definitions()["queues"]:
                channel.queue_purge(queue["name"])


def definitions() -> dict[str, Any]:
    """What container/rabbitmq/definitions.json says."""
    found: dict[str, Any] = json.loads((CODE / "definitions.json").read_text(encoding="utf-8"))
    return found


def commented(file: Path) -> dict[str, str]:
    """What a configuration file proposes in comments: `# key = value`."""
    return dict(re.findall(r"^# ([a-z_.0-9]+) = (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(scope="session")
def rabbitmq_as_code(rabbitmq_programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodedServer]:
    """One node for all that ask for it, with every port that it has in earnest."""
    place = tmp_path_factory.mktemp("rabbitmq-as-code")
    files = place / "definitions"
    files.mkdir()
    (files / "10-definitions.json").write_bytes((CODE / "definitions.json").read_bytes())
    passwords = {user: f"p@ss/{secrets.token_urlsafe(12)}" for user in rabbitmq_users.USERS}
    (files / "20-users.json").write_text(rabbitmq_users.with_passwords(passwords))
    certs.make(place / "tls")
    tls_port, management_port, metrics_port = free_ports(3)
    tls = settings_of(CODE / "tls.conf")
    settings = {
        **settings_of(CODE / "rabbitmq.conf"),
        **{key: value.replace("/etc/rabbitmq/tls", str(place / "tls")) for key, value in tls.items()},
        # a certificate instead of a password, as tls.conf proposes it
        **{key: value for key, value in commented(CODE / "tls.conf").items() if key != "listeners.tcp"},
        "listeners.ssl.default": f"127.0.0.1:{tls_port}",
        "management.tcp.ip": "127.0.0.1",
        "management.tcp.port": str(management_port),
        "prometheus.tcp.ip": "127.0.0.1",
        "prometheus.tcp.port": str(metrics_port),
        "definitions.local.path": str(files),
        "disk_free_limit.absolute": "50MB",
        "log.file.level": "",  # no file is what we say
    }
    for version, unknown in UNKNOWN.items():
        if rabbitmq_programs.version().startswith(version):
            settings = {key: value for key, value in settings.items() if key not in unknown}
    del settings["listeners.tcp.default"]  # the machinery's
    plugins = (CODE / "enabled_plugins").read_text().replace("]", ",rabbitmq_auth_mechanism_ssl]")
    with running(rabbitmq_programs, plugins=plugins, settings=settings) as server:
        yield CodedServer(server, passwords, place / "tls", files, tls_port, management_port, metrics_port)


@pytest.fixture
def coded(rabbitmq_as_code: CodedServer) -> Iterator[CodedServer]:
    """The server with empty queues; whatever a test takes away is there again afterwards."""
    rabbitmq_as_code.empty()
    yield rabbitmq_as_code
    rabbitmq_as_code.restore()
