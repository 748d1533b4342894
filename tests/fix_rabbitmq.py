"""A private RabbitMQ for the tests, with a vhost and a user of its own for each of them.

It starts when the first test asks for it: own node name, ports, directories, Erlang cookie and port mapper (epmd), all
on loopback and all gone with the session. With `RABBITMQ_URL` in the environment the tests use that server and vhost
instead; those that have to administer or kill the server are then skipped.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import pika
import pika.exceptions
import pytest

from contract.names import QUEUES
from tests.fix_environment import RABBITMQ_URL
from tests.fix_leftovers import Lifeline
from tests.ports import free_ports
from tests.rabbitmq_settings import told

#: Where the programs themselves are. Debian's /usr/sbin/rabbitmq-server is a wrapper that changes to another user.
_PLACES = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin")

_ABSENT = (
    "RabbitMQ is not installed (no rabbitmq-server and erl) and RABBITMQ_URL is not set; "
    "`make test` installs it, or: apt-get install rabbitmq-server, brew install rabbitmq"
)
#: Names a directory with the programs of another RabbitMQ and its Erlang (scripts/rabbitmq4.py has one).
_ELSEWHERE = "TOUCHLINE_TESTS_RABBITMQ"

#: The type of queues that a vhost of the tests has by default: `classic`, or `quorum`.
QUEUE_TYPE = os.environ.get("TOUCHLINE_TESTS_QUEUE_TYPE", "classic")

#: Set where the tests must not pass without RabbitMQ.
_REQUIRED = "TOUCHLINE_TESTS_REQUIRE_RABBITMQ"

_NOT_OURS = "RABBITMQ_URL names a server that the tests do not administer; unset it to use a private one"


@dataclass(frozen=True, slots=True)
class Programs:
    """Where RabbitMQ's programs and Erlang's are."""

    rabbitmq: Path
    erlang: Path

    @classmethod
    def find(cls) -> Programs | None:
        if elsewhere := os.environ.get(_ELSEWHERE):
            return cls(Path(elsewhere), Path(elsewhere))
        on_path = shutil.which("rabbitmq-server")
        places = [*map(Path, _PLACES), *([Path(on_path).resolve().parent] if on_path else [])]
        erl = shutil.which("erl")
        for place in places:
            if erl and os.access(place / "rabbitmq-server", os.X_OK) and os.access(place / "rabbitmqctl", os.X_OK):
                return cls(place, Path(erl).resolve().parent)
        return None

    def version(self) -> str:
        """RabbitMQ's, for example 3.10.8. Takes a second."""
        (port,) = free_ports(1)
        environment = os.environ | {"ERL_EPMD_PORT": str(port), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        said = subprocess.run(
            [self.rabbitmq / "rabbitmqctl", "version"], env=environment, capture_output=True, text=True, check=True
        )
        # the port mapper that it started, and leaves
        subprocess.run([self.erlang / "epmd", "-port", str(port), "-kill"], env=environment, capture_output=True)
        return said.stdout.strip()


@dataclass(slots=True)
class RabbitServer:
    """One node; it can be killed and started again, and then has its port and its data as before."""

    programs: Programs
    directory: Path
    port: int
    environment: dict[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _lifeline: Lifeline | None = field(default=None, init=False)

    def start(self) -> None:
        """Returns when clients can connect."""
        assert self._process is None, "it is running"
        with (self.directory / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [self.programs.rabbitmq / "rabbitmq-server"],
                env=self.environment,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._lifeline = Lifeline.tie(self._process.pid)
        self._wait_until_ready()

    def kill(self) -> None:
        """SIGKILL, as the kernel does it when memory runs out. Nothing is flushed but the definitions of the queues.

        Mnesia and Raft write those a few seconds late: a durable queue that is younger is lost with all confirmed
        messages in it, a quorum queue never answers. That is a hole of RabbitMQ's, not the one that a test is after.
        """
        if self._process is None:
            return
        self.evaluate("catch mnesia:sync_log(), [catch dets:sync(Table) || Table <- dets:all()].")
        os.killpg(self._process.pid, signal.SIGKILL)
        self._ended()

    def discard(self) -> None:
        """The end, for a node with nothing in it that is worth an orderly stop."""
        if self._process is not None:
            with suppress(ProcessLookupError):  # it did not even start
                os.killpg(self._process.pid, signal.SIGKILL)
            self._ended()

    def stop(self) -> None:
        """An orderly stop: clients see their connections closed by the server."""
        assert self._process is not None, "it is not running"
        self._process.send_signal(signal.SIGTERM)
        self._ended()

    def ensure_running(self) -> None:
        """Starts it where a test has killed or stopped it."""
        if self._process is None:
            self.start()

    def ctl(self, *arguments: str, timeout: float = 60) -> str:
        """What `rabbitmqctl --quiet` prints. Raises RuntimeError with what it said where it fails."""
        command = [str(self.programs.rabbitmq / "rabbitmqctl"), "--quiet", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=self.directory, capture_output=True, text=True, timeout=timeout
        )
        if done.returncode:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def evaluate(self, expression: str) -> str:
        """Runs Erlang in the node: in milliseconds by `erl_call`, or in a third of a second by `rabbitmqctl`.

        Returns what the expression gives, as Erlang writes it.
        """
        erl_call = self.programs.erlang / "erl_call"
        if not erl_call.exists():
            return self.ctl("eval", expression).strip()
        cookie = (self.directory / ".erlang.cookie").read_text()
        node = self.environment["RABBITMQ_NODENAME"]
        deadline = time.monotonic() + 10
        while True:
            done = subprocess.run(
                [erl_call, "-c", cookie, "-n", node, "-e"],
                input=f"{expression}\n",
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=60,
            )
            # of two callers at a time, or right after one another, the node takes the second for the first
            if "failed to connect" not in done.stdout + done.stderr or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        if done.returncode or not done.stdout.startswith("{ok,"):
            raise RuntimeError(f"{expression} failed in the node: {done.stdout}{done.stderr}")
        return done.stdout.removeprefix("{ok,").strip().removesuffix("}")

    @contextmanager
    def vhost(self, queue_type: str = QUEUE_TYPE) -> Iterator[str]:
        """The URL of a fresh vhost, with a user who may do everything in it and nothing outside it.

        `queue_type` is what queues are that do not say it themselves.
        """
        name = f"test-{secrets.token_hex(4)}"
        # what every parser of URLs trips over
        password = f"c:ol@n-{secrets.token_hex(4)}"
        by = '<<"tests">>'
        self.evaluate(
            f'rabbit_vhost:add(<<"{name}">>, #{{default_queue_type => <<"{queue_type}">>}}, {by}), '
            f'rabbit_auth_backend_internal:add_user(<<"{name}">>, <<"{password}">>, {by}), '
            "rabbit_auth_backend_internal:set_permissions("
            f'<<"{name}">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, {by}).'
        )
        try:
            yield f"amqp://{name}:{quote(password, safe='')}@127.0.0.1:{self.port}/{name}"
        finally:
            self.ensure_running()
            # takes a tenth of a second, which the next test need not wait for
            self.evaluate(
                f'spawn(fun() -> rabbit_vhost:delete(<<"{name}">>, {by}), '
                f'rabbit_auth_backend_internal:delete_user(<<"{name}">>, {by}) end).'
            )

    def _ended(self) -> None:
        assert self._process is not None
        assert self._lifeline is not None
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None
        self._lifeline.release()
        # The process that we waited for is the script; its child, the node, may hold the port for a moment yet.
        _wait_until(lambda: not self._accepts(), seconds=30, otherwise="the test's RabbitMQ does not end")

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _wait_until_ready(self) -> None:
        process = self._process
        assert process is not None
        try:
            _wait_until(
                lambda: self._accepts() or process.poll() is not None,
                seconds=120,
                otherwise="the test's RabbitMQ does not listen after two minutes",
            )
            # the port opens a little before the node is done with its boot steps
            self.evaluate("ok = rabbit:await_startup(node(), false, 60000).")
        except RuntimeError as error:
            output = (self.directory / "output").read_text(errors="replace")
            raise RuntimeError(f"{error}\n{output[-4000:]}") from error


def _wait_until(condition: Callable[[], bool], *, seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.05)


@contextmanager
def running(
    programs: Programs, *, plugins: str = "[].\n", settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[RabbitServer]:
    """A node of its own in a directory of its own; both are gone at the end, and its port mapper, too.

    `settings` go over those of container/rabbitmq/rabbitmq.conf, see `told`.
    """
    directory = Path(tempfile.mkdtemp(prefix="touchline-mq-"))
    port, distribution_port, epmd_port = free_ports(3)
    environment = os.environ | {
        "HOME": str(directory),  # of the cookie
        "RABBITMQ_CONF_ENV_FILE": str(directory / "env.conf"),
        "RABBITMQ_NODENAME": f"touchline-{secrets.token_hex(4)}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_SERVER_START_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_BASE": str(directory),
        "RABBITMQ_MNESIA_BASE": str(directory / "data"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq"),
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    (directory / "env.conf").touch()
    (directory / "plugins").write_text(plugins)
    (directory / "rabbitmq.conf").write_text(told(port, directory / "log" / "node.log", settings))
    cookie = directory / ".erlang.cookie"
    cookie.write_text(secrets.token_hex(16))
    cookie.chmod(0o600)
    # Started here, so that it is ours to end: the node would start one as a daemon and leave it behind.
    epmd = subprocess.Popen(
        [programs.erlang / "epmd", "-port", str(epmd_port), "-address", "127.0.0.1"],
        env=environment,
        cwd=directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    lifeline = Lifeline.tie(epmd.pid, directory)
    server = RabbitServer(programs, directory, port, environment)
    try:
        server.start()
        yield server
    finally:
        server.discard()
        epmd.kill()
        epmd.wait()
        shutil.rmtree(directory, ignore_errors=True)
        lifeline.release()


def _empty(url: str) -> None:
    """Deletes Touchline's queues in the vhost of `url`."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        for queue in QUEUES:
            for name in (queue, f"{queue}.DQ", f"{queue}.XQ"):
                channel.queue_delete(name)
    finally:
        connection.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says it aloud if tests were skipped for want of RabbitMQ: one could take the green line for the whole suite."""
    skipped = [report for report in terminalreporter.getreports("skipped") if _ABSENT in str(report.longrepr)]
    if skipped:
        terminalreporter.section("RabbitMQ is missing", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests that need it did not run. {_ABSENT}", red=True)


@pytest.fixture(scope="session")
def rabbitmq_programs() -> Programs:
    """Skips where RabbitMQ is not installed, or `RABBITMQ_URL` says to use another server than a private one."""
    if RABBITMQ_URL:
        pytest.skip(_NOT_OURS)
    programs = Programs.find()
    if programs is None:
        (pytest.fail if os.environ.get(_REQUIRED) else pytest.skip)(_ABSENT)
    return programs


@pytest.fixture(scope="session")
def rabbitmq_node(rabbitmq_programs: Programs) -> Iterator[RabbitServer]:
    """The session's own node."""
    with running(rabbitmq_programs) as server:
        yield server


@pytest.fixture
def rabbitmq_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh vhost with a user of its own; with `RABBITMQ_URL` set that vhost, without Touchline's queues."""
    if request.node.get_closest_marker("slow") is None:
        pytest.fail(
            "mark it as slow: a test that needs RabbitMQ would add its start to `make test-quick`", pytrace=False
        )
    if RABBITMQ_URL:
        _empty(RABBITMQ_URL)
        yield RABBITMQ_URL
        _empty(RABBITMQ_URL)
        return
    server: RabbitServer = request.getfixturevalue("rabbitmq_node")
    with server.vhost() as url:
        yield url


@pytest.fixture
def classic_rabbitmq_url(rabbitmq_node: RabbitServer) -> Iterator[str]:
    """A fresh vhost with classic queues whatever the tests' type is: they take as many messages as a limit says.

    Quorum queues take one more, and of each publisher's channel the first.
    """
    with rabbitmq_node.vhost("classic") as url:
        yield url


@pytest.fixture
def rabbitmq_server(rabbitmq_node: RabbitServer) -> Iterator[RabbitServer]:
    """The node, for tests that kill it or stop it; it runs again after them."""
    yield rabbitmq_node
    rabbitmq_node.ensure_running()


@pytest.fixture
def rabbitmqctl(rabbitmq_node: RabbitServer) -> Callable[..., str]:
    """Call it with the arguments of `rabbitmqctl` (it adds --quiet); returns what that prints."""
    return rabbitmq_node.ctl
