"""What packages of Python cannot bring along: a Chromium, and for the tests a RabbitMQ and a Prometheus.

Each is looked for in a fixed order, and the first that works is taken. Where none does, Missing lists what was tried
and what a person can do about it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import system_packages
from system_packages import Refused, say

_RABBITMQ_IMAGE = "rabbitmq:4"

#: What Playwright's own driver is linked with, and a bare Debian does not have.
_DRIVER_NEEDS = ("libatomic1",)

#: The program knows best which browser it would use and whether that opens a page: exit 0, or the reason. Whoever
#: has switched it off wants none.
_CHROMIUM_PROBE = """
from contract.errors import TouchlineError
from contract.settings import load
from ingest.browser import BrowserOff, check
try:
    check(load())
except BrowserOff:
    pass
except TouchlineError as error:
    raise SystemExit(f"{error}")
"""
#: And the tests know which RabbitMQ they can use.
_RABBITMQ_PROBE = "from tests.fix_rabbitmq import Programs; raise SystemExit(Programs.find() is None)"


class Missing(Exception):
    """Something cannot be had. `str` says what that means; `tried` and `remedies` are for the person."""

    def __init__(self, meaning: str, tried: list[str], remedies: list[str]) -> None:
        super().__init__(meaning)
        self.tried = tried
        self.remedies = remedies

    def lines(self) -> list[str]:
        return [str(self), *(f"  tried: {attempt}" for attempt in self.tried), f"  do: {', or '.join(self.remedies)}"]


def ensure_chromium(python: Path) -> None:
    """An existing Chromium, else Playwright's own, else the package manager's. Raises Missing."""
    probe: list[str | Path] = [python, "-c", _CHROMIUM_PROBE]
    if not (reason := _failure(probe)):
        return
    tried = [f"an existing one ({reason})"]
    if refusal := _ensure_driver(python):
        tried.append(refusal)
    else:
        say("downloading Playwright's Chromium")
        # minutes on a slow line; it tries several hosts, each for its time, on a machine without a way out
        failure = _failure([python, "-m", "playwright", "install", "--only-shell", "chromium"], seconds=900)
        if not (reason := failure or _failure(probe)):
            return
        tried.append(f"playwright install chromium ({reason})")
        try:
            # it brings the system's libraries along, which may be all that Playwright's own was lacking
            system_packages.install(apt=("chromium",))
            if not (reason := _failure(probe)):
                return
            # Ubuntu's package only stands for a snap, and needs a running snapd
            tried.append(f"the package manager's chromium ({reason})")
        except Refused as refused:
            tried.append(f"the package manager ({refused})")
    advice = system_packages.advice(apt=(*_DRIVER_NEEDS, "chromium"), brew=("--cask", "chromium"))
    raise Missing("no Chromium: what needs a browser cannot run", tried, [advice, "set TOUCHLINE_CHROMIUM to one"])


def _ensure_driver(python: Path) -> str:
    """Why Playwright itself, which drives browsers by a program of its own, does not start; nothing if it does."""
    driver: list[str | Path] = [python, "-m", "playwright", "--version"]
    if not (failure := _failure(driver)):
        return ""
    try:
        system_packages.install(apt=_DRIVER_NEEDS)
    except Refused as refused:
        return f"Playwright ({failure}; {refused})"
    failure = _failure(driver)
    return f"Playwright ({failure})" if failure else ""


def ensure_prometheus() -> None:
    """An installed one, else the package manager's, whose service is never started. Raises Missing."""
    if _has_prometheus():
        return
    packages = ("prometheus",)
    tried = ["an installed one (prometheus and promtool are not both on the PATH)"]
    try:
        system_packages.install(apt=packages, brew=packages)
        system_packages.keep_disabled("prometheus")
    except Refused as refused:
        tried.append(f"the package manager ({refused})")
    else:
        if _has_prometheus():
            return
        tried.append("the package manager (installed it, but its programs are not on the PATH)")
    raise Missing(
        "no Prometheus: the tests that need it are skipped",
        tried,
        [system_packages.advice(apt=packages, brew=packages)],
    )


def _has_prometheus() -> bool:
    return all(shutil.which(program) for program in ("prometheus", "promtool"))


@contextmanager
def rabbitmq(python: Path) -> Iterator[dict[str, str]]:
    """The environment in which tests find a RabbitMQ, for as long as the block lasts. Raises Missing."""
    if os.environ.get("RABBITMQ_URL") or _succeeds([python, "-c", _RABBITMQ_PROBE]):
        yield {}
        return
    tried = ["RABBITMQ_URL (not set)", "an installed one (rabbitmq-server and erl are not both there)"]
    # openssl makes the certificates with which its TLS is tried
    packages = ("rabbitmq-server", "openssl")
    try:
        system_packages.install(apt=packages, brew=("rabbitmq",))
        system_packages.keep_disabled("rabbitmq-server")
    except Refused as refused:
        tried.append(f"the package manager ({refused})")
    else:
        if _succeeds([python, "-c", _RABBITMQ_PROBE]):
            yield {}
            return
        tried.append("the package manager (installed it, but the tests do not find its programs)")
    try:
        container = _start_container()
    except Refused as refused:
        tried.append(f"Docker ({refused})")
        remedies = [system_packages.advice(apt=packages, brew=("rabbitmq",)), "set RABBITMQ_URL to a server for tests"]
        raise Missing("no RabbitMQ: the tests that need it are skipped", tried, remedies) from None
    try:
        yield {"RABBITMQ_URL": _container_url(container)}
    finally:
        _output(["docker", "rm", "--force", container])


def _start_container() -> str:
    """The id of a container with RabbitMQ in it (untried: no Docker where this was written). Raises Refused."""
    if not shutil.which("docker"):
        raise Refused("not installed")
    if not _succeeds(["docker", "info"]):
        raise Refused("installed, but its daemon does not answer")
    say(f"starting {_RABBITMQ_IMAGE} with Docker")
    container = _output(["docker", "run", "--detach", "--rm", "--publish=127.0.0.1::5672", _RABBITMQ_IMAGE])
    if not container:
        raise Refused(f"docker run {_RABBITMQ_IMAGE} failed")
    _wait_until(
        lambda: _succeeds(["docker", "exec", container, "rabbitmq-diagnostics", "check_port_listener", "5672"]),
        seconds=120,
        otherwise=f"{_RABBITMQ_IMAGE} was not ready after two minutes",
    )
    return container


def _container_url(container: str) -> str:
    address = _output(["docker", "port", container, "5672/tcp"]).splitlines()[0]
    return f"amqp://guest:guest@{address}/%2F"


def _wait_until(ready: Callable[[], bool], *, seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise Refused(otherwise)
        time.sleep(1)


def _succeeds(command: list[str | Path]) -> bool:
    return not _failure(command)


def _failure(command: list[str | Path], *, seconds: float = 120) -> str:
    """Why a command failed, in one line of the many that it may have printed; nothing if it did not."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        )
    except OSError as error:
        return str(error)
    except subprocess.TimeoutExpired:
        return f"not done after {seconds:.0f} seconds"
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return next(
        (line for line in lines if line.startswith("Error:")), lines[-1] if lines else f"exit {done.returncode}"
    )


def _output(command: list[str]) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else ""
