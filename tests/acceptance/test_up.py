"""`touchline up`: everything under one command, shared by commands from other terminals, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.acceptance.conftest import Place
from touchline.demo.site import DemoSite

pytestmark = pytest.mark.slow


@contextmanager
def _up(place: Place) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "touchline", "up", "--threads", "2"],
        env=place.env,
        cwd=place.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # as a terminal does it: Ctrl-C goes to the whole group
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def test_five_lines_and_a_scrape_from_another_terminal(embedded: Place, demo_site: DemoSite) -> None:
    """It says what runs, where, and where to look; a command beside it leaves the storing to it; Ctrl-C ends it."""
    place = Place(embedded.home, {**embedded.env, "TOUCHLINE_MLSNEXT_URL": demo_site.url})
    with _up(place) as process:
        lines = _lines(process, 5)
        assert [line.split()[0] for line in lines] == ["Store", "Queue", "Workers", "Log", "Next"]
        assert str(place.home) in lines[0]
        ended = place.touchline("scrape", "mlsnext", "--season", "2026-27", "--wait")
        assert ended.code == 0, ended.err
        assert ended.row["inserted"] == ended.row["found"] == demo_site.league.matches
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert out == ""
        assert "Traceback" not in err
    # nothing is left running: the next command starts the server again, and the data is there
    assert len(place.touchline("runs").rows) == 1


def test_a_worker_that_dies_is_started_again(embedded: Place) -> None:
    """`dramatiq` ends when one of its processes dies; `up` does not."""
    with _up(embedded) as process:
        _lines(process, 5)
        [workers] = [
            child for child in psutil.Process(process.pid).children() if "dramatiq" in " ".join(child.cmdline())
        ]
        workers.kill()
        assert process.stderr is not None
        assert "started again" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_workers_do_not_outlive_it(embedded: Place) -> None:
    """SIGKILL of the command: the kernel asks its workers to stop."""
    with _up(embedded) as process:
        _lines(process, 5)
        [workers] = [
            child for child in psutil.Process(process.pid).children() if "dramatiq" in " ".join(child.cmdline())
        ]
        process.kill()
        process.communicate()
        assert psutil.wait_procs([workers], timeout=40)[1] == []
    # whoever comes next joins the server that was left, and stops it
    assert embedded.touchline("runs").code == 0
