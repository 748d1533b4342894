"""`touchline up`: everything under one command, shared by commands from other terminals, until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import dramatiq
import psutil
import psycopg
import pytest

from contract.broker import make_broker
from contract.names import MATCHES, SCRAPES, STORE_MATCHES
from tests.acceptance.conftest import Place
from touchline.demo.site import DemoSite

pytestmark = pytest.mark.slow

#: Seconds after which what a test waits for is not coming.
PATIENCE = 40.0

#: How `up` tells of a worker that was killed: by the signal, unless dramatiq's master, which ends with it, had not
#: passed on its own last line yet.
_KILLED = "{} ended with (SIGKILL|exit code 1)"

BATCHES, ROWS = 150, 100
RUN = UUID("5b0e3d5c-9a43-4f5a-8c63-0a6a5a1b7f10")


@dataclass
class Up:
    """A `touchline up`, and what is under it."""

    place: Place
    process: subprocess.Popen[str]

    def master(self, name: str) -> psutil.Process | None:
        """The `dramatiq` of one worker: they are told apart by the log they write to."""
        log = str(self.place.home / "log" / f"{name}.log")
        for child in psutil.Process(self.process.pid).children():
            if os.path.realpath(f"/proc/{child.pid}/fd/1") == log:
                return child
        return None

    def worker(self, name: str) -> psutil.Process | None:
        """The process that works, once it says that it does."""
        master = self.master(name)
        for child in [] if master is None else master.children():
            if f"[PID {child.pid}] [MainThread] [dramatiq.WorkerProcess(0)] [INFO] Worker process is ready" in (
                self.place.home / "log" / f"{name}.log"
            ).read_text(errors="replace"):
                return child
        return None

    def ready(self, name: str, *, other_than: psutil.Process | None = None) -> psutil.Process:
        found = eventually(
            lambda: self.process.poll() is not None or ((worker := self.worker(name)) != other_than and worker),
            f"{name} is at work",
        )
        assert isinstance(found, psutil.Process), self.process.communicate()[1]
        return found

    def everything(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def eventually(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What `true` returns, as soon as that is something."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.05)
    pytest.fail(f"it never came to be within {patience:g} s: {what}")


@contextmanager
def _up(place: Place, *arguments: str) -> Iterator[Up]:
    process = subprocess.Popen(
        [sys.executable, "-m", "touchline", "up", "--threads", "2", "--no-console", *arguments],
        env=place.env,
        cwd=place.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # as a terminal does it: Ctrl-C goes to the whole group
        start_new_session=True,
    )
    try:
        yield Up(place, process)
    finally:
        if process.poll() is None:
            for one in [*psutil.Process(process.pid).children(recursive=True), process]:
                one.kill()
        process.communicate()


def _lines(up: Up, count: int) -> list[str]:
    assert up.process.stdout is not None
    return [up.process.stdout.readline() for _ in range(count)]


def _stop(up: Up) -> str:
    """Ask it to, as a service manager does. Returns what it said on stderr."""
    up.process.send_signal(signal.SIGTERM)
    _, said = up.process.communicate(timeout=60)
    assert up.process.returncode == 0, said
    return said


def _gone(processes: list[psutil.Process], patience: float) -> None:
    """None of them is left; one that waits for somebody to collect its exit code has ended."""

    def left() -> list[psutil.Process]:
        return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    eventually(lambda: not left(), "all have ended", patience)


def _batch(number: int) -> Mapping[str, Any]:
    first = number * ROWS
    row = {
        "home_team": "Ashgrove",
        "away_team": "Bellwater",
        "date": "2026-10-10",
        "season": "2026-27",
        "age_group": "U14",
        "match_type": "League",
        "status": "scheduled",
    }
    return {
        "contract": 1,
        "run_id": str(RUN),
        "part": "league-26-27",
        "sequence": number,
        "source": "mlsnext",
        "observed_at": "2026-10-01T12:00:00Z",
        "matches": [{**row, "match_id": f"m{first + place}"} for place in range(ROWS)],
    }


def _publish(url: str) -> None:
    broker = make_broker(url)
    try:
        for number in range(BATCHES):
            broker.enqueue(
                dramatiq.Message(MATCHES, STORE_MATCHES, (), dict(_batch(number)), {}, str(uuid5(RUN, str(number))))
            )
    finally:
        broker.close()


def test_five_lines_and_a_scrape_from_another_terminal(embedded: Place, demo_site: DemoSite) -> None:
    """It says what runs, where, and where to look; a command beside it leaves the storing to it; Ctrl-C ends it."""
    place = Place(embedded.home, {**embedded.env, "TOUCHLINE_MLSNEXT_URL": demo_site.url})
    with _up(place) as up:
        lines = _lines(up, 5)
        assert [line.split()[0] for line in lines] == ["Store", "Queue", "Workers", "Schedule", "Next"]
        assert str(place.home) in lines[0]
        ended = place.touchline("scrape", "mlsnext", "--season", "2026-27", "--wait")
        assert ended.code == 0, ended.err
        assert ended.row["inserted"] == ended.row["found"] == demo_site.league.matches
        os.killpg(up.process.pid, signal.SIGINT)
        out, err = up.process.communicate(timeout=60)
        assert up.process.returncode == 0, err
        assert out == ""
        assert "Traceback" not in err
    # nothing is left running: the next command starts the server again, and the data is there
    assert len(place.touchline("runs").rows) == 1


def test_a_killed_worker_comes_back_while_the_others_work_on(servers: Place) -> None:
    """SIGKILL of one under load: the other goes on undisturbed, and every row is stored once."""
    url, store = servers.env["RABBITMQ_URL"], servers.env["DATABASE_URL"]
    with _up(servers, "--processes", "2") as up, psycopg.connect(store, autocommit=True) as connection:
        first, second = up.ready("workers-1"), up.ready("workers-2")

        def stored() -> int:
            (rows,) = connection.execute("SELECT count(*) FROM matches").fetchone() or (0,)
            return int(rows)

        _publish(url)
        eventually(stored, "the first batch is stored")
        first.kill()
        assert up.ready("workers-1", other_than=first) != first
        eventually(lambda: stored() == BATCHES * ROWS, "everything is stored")
        assert up.worker("workers-2") == second
        assert connection.execute("SELECT count(*) FROM dead_letters").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM match_changes").fetchone() == (0,)
        said = _stop(up)
    # beside the last words in its log, if it had any
    assert re.search(_KILLED.format("workers-1"), said), said
    assert "started again in 0.5 s" in said, said
    assert "workers-2" not in said


def test_no_worker_outlives_its_master(servers: Place) -> None:
    """SIGKILL of `dramatiq`'s master: the process under it stops, and both are started again."""
    with _up(servers) as up:
        orphan = up.ready(SCRAPES)
        master = up.master(SCRAPES)
        assert master is not None
        master.kill()
        _gone([orphan], patience=10)
        up.ready(SCRAPES, other_than=orphan)
        assert re.search(_KILLED.format("scrapes"), _stop(up))


def test_nothing_outlives_it(embedded: Place) -> None:
    """SIGKILL of the command: its workers stop, and with the last of them the embedded server."""
    with _up(embedded) as up:
        up.ready("workers-1")
        up.ready(SCRAPES)
        below = up.everything()
        assert len(below) >= 4
        up.process.kill()
        up.process.communicate()
        _gone(below, patience=20)
    assert not (embedded.home / "postgres" / "data" / "postmaster.pid").exists()


def test_a_second_ctrl_c_stops_at_once(servers: Place) -> None:
    """Also workers that do not answer: they are killed, and the exit code tells."""
    with _up(servers) as up:
        stuck = up.ready("workers-1")
        below = up.everything()
        stuck.suspend()
        up.process.send_signal(signal.SIGINT)
        assert up.process.stderr is not None
        assert any("Ctrl-C again stops at once" in line for line in up.process.stderr)

        def ended() -> bool:
            # not only once: it is deaf to a second one for a moment, which may be a wrapper's
            up.process.send_signal(signal.SIGINT)
            return up.process.poll() is not None

        eventually(ended, "it has ended", patience=10)
        assert up.process.returncode == 1
        _gone(below, patience=5)


def test_a_worker_that_refuses_its_settings_ends_it_with_the_reason(servers: Place) -> None:
    """To start it again would be a crash loop; the reason is on the terminal, not only in a log."""
    with _up(servers) as up:
        worker = up.ready("workers-1")
        up.ready(SCRAPES)
        with psycopg.connect(servers.env["DATABASE_URL"]) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0001'")
        worker.kill()
        _, said = up.process.communicate(timeout=60)
        assert up.process.returncode == 2
    assert "workers-1 refuses to start: the database" in said
    assert "touchline migrate" in said
    assert str(servers.home / "log" / "workers-1.log") in said
