"""The store behind a real PgBouncer in transaction mode, where each transaction may run in another session."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from actors.errors import SourceBusy
from actors.store import migrations, turns
from actors.store.database import Connection, connect, open_pool, transaction
from contract.broker import check as check_broker
from contract.errors import ConfigurationError
from tests.fix_command import Touchline
from tests.fix_leftovers import Lifeline
from tests.fix_postgres import _account, _as
from tests.fix_roles import Roles
from tests.integration.store.conftest import Store, a_match
from tests.ports import free_ports
from tests.roles import PASSWORDS

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed (apt-get install pgbouncer)"),
]

#: Fewer sessions than threads, so that each of these gets what others have used.
SESSIONS = 2

_SETTINGS = """
[databases]
touchline = host=127.0.0.1 port={server} dbname=touchline
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = {sessions}
auth_type = scram-sha-256
auth_file = {users}
log_connections = 0
log_disconnections = 0
"""


@dataclass(frozen=True, slots=True)
class Pooled:
    """The roles' addresses behind PgBouncer."""

    owner: str
    writer: str
    reader: str


@pytest.fixture(scope="module")
def pooled(roles: Roles) -> Iterator[Pooled]:
    account = _account()
    (port,) = free_ports(1)
    folder = Path(tempfile.mkdtemp(prefix="touchline-pgbouncer-", dir="/tmp"))
    users = folder / "users.txt"
    doubled = {role: password.replace('"', '""') for role, password in PASSWORDS.items()}
    users.write_text("".join(f'"touchline_{role}" "{password}"\n' for role, password in doubled.items()))
    settings = folder / "pgbouncer.ini"
    settings.write_text(_SETTINGS.format(server=roles.server.port, port=port, sessions=SESSIONS, users=users))
    if account:
        for path in (folder, users, settings):
            os.chown(path, account.pw_uid, account.pw_gid)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(PROGRAM), settings], stdout=output, stderr=output, cwd="/", start_new_session=True, **_as(account)
        )
    lifeline = Lifeline.tie(process.pid, folder)
    addresses = (
        f"{url.replace(f':{roles.server.port}/', f':{port}/')}?pgbouncer=true"
        for url in (roles.owner, roles.writer, roles.reader)
    )
    made = Pooled(*addresses)
    try:
        _wait_until_ready(made.reader, process, log)
        yield made
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder)
        lifeline.release()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            connect(url).close()
        except Exception as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PgBouncer did not start: {log.read_text()}") from error
            time.sleep(0.02)
        else:
            return


def test_many_threads_store_through_few_sessions(pooled: Pooled) -> None:
    """Eight threads, two sessions, each statement many times: none is prepared, no count is lost."""
    pool = open_pool(pooled.writer, size=8)
    store = Store(pool)
    barrier = threading.Barrier(8)

    def put(thread: int) -> None:
        barrier.wait(20)
        for n in range(12):
            store.put([a_match(f"{thread}-{n}"), a_match(f"{thread}-{n}-b")])

    try:
        with ThreadPoolExecutor(8) as threads:
            for future in [threads.submit(put, thread) for thread in range(8)]:
                future.result(60)
        (row,) = store.rows("SELECT inserted FROM public.runs WHERE run_id = %(run)s", run=store.run_id)
        assert row["inserted"] == 8 * 12 * 2
        with transaction(pool) as connection:
            sessions = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'touchline_writer'"
            ).fetchone()
            assert sessions is not None
            assert sessions[0] <= SESSIONS
            assert connection.execute("SHOW statement_timeout").fetchone() == ("1min",), "the role's"
            assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
            assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    finally:
        pool.close()


def test_without_the_word_statements_are_prepared_and_lost(pooled: Pooled) -> None:
    """The reason for `pgbouncer=true`: what one session has prepared the next does not know (PgBouncer before 1.21)."""
    version = subprocess.run([str(PROGRAM), "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    if tuple(map(int, version.split(".")[:2])) >= (1, 21):
        pytest.skip("this PgBouncer carries prepared statements from session to session")
    url = pooled.reader.removesuffix("?pgbouncer=true")

    def ask(*connections: Connection) -> None:
        for connection in connections * 40:
            connection.execute("SELECT count(*) FROM public.runs WHERE source = %s", ("mlsnext",))
            connection.commit()

    with connect(url) as one, connect(url) as other, pytest.raises(psycopg.Error, match="prepared statement"):
        ask(one, other)


def test_turns_are_kept_and_the_tables_migrated(pooled: Pooled) -> None:
    """Advisory locks are a transaction's, so they hold there; Alembic's transaction is one, too."""
    pool = open_pool(pooled.writer, size=4)
    try:
        with ThreadPoolExecutor(4) as threads:
            taking = [threads.submit(turns.take, pool, "mlsnext", uuid4(), places=1) for _ in range(4)]
            refused = [future.exception(30) for future in taking]
        assert [type(error) for error in refused if error] == [SourceBusy] * 3
    finally:
        pool.close()
    assert migrations.upgrade(pooled.owner) == []
    migrations.check_writer(pooled.writer)


def test_commands_read_through_it(touchline: Touchline, pooled: Pooled, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cursor of the server lives as long as its transaction."""
    monkeypatch.setenv("DATABASE_URL", pooled.reader)
    for line in ("matches", "runs", "teams", "table", "dead list"):
        ended = touchline(line)
        assert ended.code == 0, ended.err


def test_the_embedded_queue_says_that_it_cannot(pooled: Pooled) -> None:
    """It listens for notifications, which PgBouncer does not hand on."""
    with pytest.raises(ConfigurationError, match="does not work behind PgBouncer") as refused:
        check_broker(pooled.writer)
    assert "RABBITMQ_URL" in refused.value.hint
