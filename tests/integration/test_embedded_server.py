"""The embedded PostgreSQL: shared by processes that come, go and are killed."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from contract.embedded import EmbeddedPostgres
from tests.fix_embedded import ROOT, MakeHome, User, ask

pytestmark = pytest.mark.slow

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

# Coming and going


def test_the_first_user_starts_it_and_the_last_one_stops_it(embedded_home: Path) -> None:
    """Users of several processes share one server; it ends with the last of them."""
    first = EmbeddedPostgres(embedded_home)
    url = first.start()
    second = User(embedded_home).joined()
    assert second.url == url
    assert second.server == first.status().pid
    first.release()
    assert ask(second.url) == 1
    second.leave()
    assert not first.status().running


def test_what_was_stored_is_there_again(embedded_home: Path) -> None:
    """A stop and a start keep the data, the password and the database."""
    server = EmbeddedPostgres(embedded_home)
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    server.release()
    assert server.start() == url
    assert ask(url, "SELECT number FROM kept") == 7
    server.release()


def test_a_killed_user_does_not_count(embedded_home: Path) -> None:
    """A server whose users were all killed runs on, and is stopped by the next user when it leaves."""
    killed = User(embedded_home).joined()
    killed.kill()
    server = EmbeddedPostgres(embedded_home)
    assert server.status().running
    server.start()
    assert server.status().pid == killed.server
    server.release()
    assert not server.status().running


def test_a_forked_child_is_a_user(embedded_home: Path) -> None:
    """A worker that was forked keeps the server, also when the process that started it has left."""
    user = User(embedded_home, _FORKING).joined()
    joined = EmbeddedPostgres(embedded_home)
    joined.start()
    joined.release()
    assert ask(user.url) == 1
    user.leave()  # ends when the child does
    joined.start()
    joined.release()
    assert not joined.status().running


def test_many_start_it_at_once(embedded_home: Path) -> None:
    """Of processes that find nothing there one makes it, and all use the same."""
    users = [User(embedded_home) for _ in range(5)]
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        assert len({user.server for user in pool.map(User.joined, users)}) == 1
        assert ask(users[0].url) == 1
        list(pool.map(User.leave, users))
    assert not EmbeddedPostgres(embedded_home).status().running


def test_ctrl_c_does_not_reach_it(embedded_home: Path) -> None:
    """SIGINT for everything on a terminal ends the user that started the server, not the server."""
    starter = User(embedded_home).joined()
    joined = EmbeddedPostgres(embedded_home)
    joined.start()
    os.killpg(starter.process.pid, signal.SIGINT)
    starter.process.communicate(timeout=30)
    assert ask(starter.url) == 1
    assert joined.status().pid == starter.server
    joined.release()


def test_release_without_start_does_nothing(embedded_home: Path) -> None:
    """Also twice, and also in a home that there is not."""
    server = EmbeddedPostgres(embedded_home)
    server.release()
    server.release()
    assert not embedded_home.exists()


# Dying


def test_a_server_that_was_killed_is_started_again(embedded_home: Path) -> None:
    """`start` is asked for each connection, so that a crash of the server costs no more than that."""
    server = EmbeddedPostgres(embedded_home)
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while server.status().running:
        assert time.monotonic() < deadline
    assert server.start() == url
    assert server.status().pid != pid
    assert ask(url, "SELECT number FROM kept") == 7
    server.release()


def test_a_stale_pid_file_is_no_obstacle(embedded_home: Path) -> None:
    """A pid file that a power cut left, whose number is another process's by now: PostgreSQL alone would refuse."""
    server = EmbeddedPostgres(embedded_home)
    server.start()
    postmaster = server.data / "postmaster.pid"
    lines = postmaster.read_text().splitlines()
    server.release()
    account = server.data.stat()
    other = subprocess.Popen(["sleep", "60"], user=account.st_uid if os.geteuid() == 0 else None)
    try:
        postmaster.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        os.chown(postmaster, account.st_uid, account.st_gid)
        assert ask(server.start()) == 1
        assert server.status().pid != other.pid
    finally:
        other.kill()
        other.wait()
        server.release()


def test_a_user_may_be_killed_between_any_two_lines(make_embedded_home: MakeHome) -> None:
    """Killed while it makes, starts or stops the server: the next user has a whole one, and stops it."""
    counted = _die(make_embedded_home(), 0)
    assert counted.returncode == 0, counted.stderr
    lines = int(counted.stdout)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        cases = [(make_embedded_home(), round(lines * step / (POINTS + 1))) for step in range(1, POINTS + 1)]
        survived = list(pool.map(_survive, cases))
    assert survived.count("killed") > POINTS // 2
    assert set(survived) <= {"killed", "ended before"}


#: At how many lines, evenly spread, it is killed. Two hundred, which is nearly every line, take five minutes.
POINTS = int(os.environ.get("EMBEDDED_SERVER_KILLS", "8"))


def _die(home: Path, line: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _DOOMED, str(home), str(line)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def _survive(case: tuple[Path, int]) -> str:
    """What became of a user that was to be killed, unless what it left is no good."""
    home, line = case
    died = _die(home, line)
    if died.returncode not in (0, -signal.SIGKILL):
        return f"line {line}: {died.stderr}"
    server = EmbeddedPostgres(home)
    if ask(server.start()) != 1:
        return f"line {line}: no server"
    server.release()
    if server.status().running:
        return f"line {line}: still running"
    shutil.rmtree(home)
    # it polls, so there are not always as many lines
    return "killed" if died.returncode else "ended before"


def test_nothing_listens_after_it(embedded_home: Path) -> None:
    """A stop is one: no socket, no process."""
    server = EmbeddedPostgres(embedded_home)
    server.start()
    found = server.status()
    server.release()
    assert found.socket is not None
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(OSError, match="No such file"):
        probe.connect(str(found.socket))
