"""The console of `touchline up`: it answers, comes back when it dies, and what is wrong with it ends nothing else."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress

import psutil
import pytest
import urllib3

from contract.settings import Settings
from tests.acceptance.conftest import Place
from tests.acceptance.test_up import Up, _gone, _lines, _stop, _up, eventually
from tests.ports import free_ports
from touchline import console_beside

pytestmark = pytest.mark.slow


def _at(place: Place, port: int) -> Place:
    return Place(place.home, {**place.env, "TOUCHLINE_CONSOLE_LISTEN": f"127.0.0.1:{port}"})


def _status(port: int) -> int | None:
    try:
        return urllib3.request("GET", f"http://127.0.0.1:{port}/", retries=False, timeout=10).status
    except urllib3.exceptions.HTTPError:
        return None


def _console(up: Up) -> psutil.Process | None:
    for child in psutil.Process(up.process.pid).children():
        # one that was killed is there until somebody has its exit code
        with suppress(psutil.NoSuchProcess):
            if "console" in child.cmdline()[3:]:
                return child
    return None


def _collected(up: Up) -> bool:
    """Whether `up` has noticed each end under it."""
    with suppress(psutil.NoSuchProcess):
        return all(each.status() != psutil.STATUS_ZOMBIE for each in psutil.Process(up.process.pid).children())
    return False


def test_it_answers_comes_back_when_it_dies_and_leaves_nothing(embedded: Place) -> None:
    port = free_ports(1)[0]
    with _up(_at(embedded, port), "--console") as up:
        lines = _lines(up, 6)
        assert [line.split()[0] for line in lines] == ["Store", "Queue", "Workers", "Schedule", "Console", "Next"]
        assert f"http://127.0.0.1:{port}" in lines[4]
        assert str(embedded.home / "console-token") in lines[4]
        eventually(lambda: _status(port) == 200, "the console answers")
        first = _console(up)
        assert first is not None
        worker = up.ready("workers-1")
        first.send_signal(signal.SIGKILL)
        eventually(lambda: (again := _console(up)) and again != first and _status(port) == 200, "it answers again")
        assert worker.is_running()
        everything = up.everything()
        _stop(up)
        _gone(everything, 10)
    assert _status(port) is None


def test_a_port_that_is_taken_is_said_and_the_workers_go_on(embedded: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _up(_at(embedded, port), "--console") as up:
            line = _lines(up, 6)[4]
            assert line.startswith(f"Console   none: another program has port {port}")
            up.ready("workers-1")
            assert _console(up) is None
            _stop(up)


def test_a_console_that_refuses_its_settings_ends_nothing_else(embedded: Place) -> None:
    """An address that is not this machine's: only the console itself finds out."""
    place = Place(embedded.home, {**embedded.env, "TOUCHLINE_CONSOLE_LISTEN": "192.0.2.1:8090"})
    with _up(place, "--console") as up:
        up.ready("workers-1")
        log = place.home / "log" / "console.log"
        eventually(lambda: log.exists() and "cannot listen on 192.0.2.1" in log.read_text(), "it says so")
        eventually(lambda: _console(up) is None and _collected(up), "it is left alone")
        said = _stop(up)
    assert "There is no console any more, and the workers go on" in said
    assert "cannot listen on 192.0.2.1" in said


def test_without_a_port_of_its_own_it_takes_another_where_the_default_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings.model_construct(_fields_set=set(), console_listen=f"127.0.0.1:{port}")
        other = console_beside._listen(settings)
        assert other.startswith("127.0.0.1:")
        assert other != f"127.0.0.1:{port}"
    free = free_ports(1)[0]
    settings = Settings.model_construct(_fields_set=set(), console_listen=f"127.0.0.1:{free}")
    assert console_beside._listen(settings) == f"127.0.0.1:{free}"


def test_without_its_packages_it_says_how_to_get_them(embedded: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_beside, "_NEEDED", ("no_such_package",))
    beside = console_beside.ConsoleBeside(Settings(home=embedded.home), embedded.home, at_once=lambda: False)
    assert beside.said == "none: no_such_package is not installed (pip install 'touchline[console]')"
    beside.start()
    beside.look()
    beside.stop()
