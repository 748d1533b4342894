"""The virtual environment and what is in it: made once, and left alone while the locks stay as they are.

Packages come from the hashed locks, by uv where it is on the PATH, else by pip; then the project itself, editable.
A stamp in `.venv` holds the hashes of what was installed, so that a run with nothing to do costs milliseconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import servers
import system_packages
from system_packages import Refused, say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PROGRAMS = VENV / "bin"
PYTHON = PROGRAMS / "python"
STAMP = VENV / "touchline-installed.json"

#: Which locks hold all that is in another: whoever installed the larger has the smaller, too.
_CONTAINS = {
    "demo": ("demo",),
    "test": ("test", "demo"),
    "check": ("check", "test", "demo"),
    "bench": ("bench", "test", "demo"),
}


#: How much of a failed program's output is shown.
_LAST_LINES = 15


class Failed(Exception):
    """The set-up cannot go on; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a command needs."""

    lock: str
    chromium: bool
    rabbitmq: bool
    prometheus: bool = False


PROFILES = {
    "demo": Profile("demo", chromium=True, rabbitmq=False),
    "test": Profile("test", chromium=True, rabbitmq=True, prometheus=True),
    "check": Profile("check", chromium=False, rabbitmq=False),
    "bench": Profile("bench", chromium=False, rabbitmq=True),
}


def main(arguments: list[str]) -> int:
    """Prepares for a profile and, if there is one, runs the command after `--`; its exit status, else 0 or 2."""
    name, *command = arguments or [""]
    if name not in PROFILES or (command and command[0] != "--"):
        print(f"usage: bootstrap.py {'|'.join(PROFILES)} [-- COMMAND [ARGUMENT...]]", file=sys.stderr)
        return 2
    profile = PROFILES[name]
    try:
        with _one_at_a_time():
            install(profile.lock)
        if profile.chromium:
            _or_note(partial(servers.ensure_chromium, PYTHON))
        if profile.prometheus:
            _or_note(servers.ensure_prometheus)
        if not command:
            return 0
        return _run_with_rabbitmq(command[1:]) if profile.rabbitmq else _become(command[1:])
    except Failed as failed:
        say(str(failed))
        return 2
    except KeyboardInterrupt:
        return 130


def install(lock: str) -> None:
    """Packages of the lock and the project itself, unless they are there. Raises Failed."""
    wanted = {name: _hash(ROOT / "requirements" / f"{name}.txt") for name in (*_CONTAINS[lock], "build")}
    # the entry points in pyproject.toml become files of the environment
    wanted["project"] = _hash(ROOT / "pyproject.toml")
    if wanted.items() <= _read_stamp().items():
        return
    _make_venv()
    stamp = _read_stamp()
    if not {key: value for key, value in wanted.items() if key != "project"}.items() <= stamp.items():
        say(f"installing the packages of requirements/{lock}.txt (a minute or two the first time)")
        _install(["--require-hashes", "-r", f"requirements/{lock}.txt", "-r", "requirements/build.txt"])
    say("installing touchline itself, editable")
    _install(["--no-deps", "--no-build-isolation", "--editable", "."])
    STAMP.write_text(json.dumps(stamp | wanted, indent=1))


def _make_venv() -> None:
    """Leaves one that works alone; a broken one (its Python is gone) is made anew."""
    installer = "sys" if shutil.which("uv") else "pip"
    probe = f"import sys, {installer}; sys.exit(sys.version_info < (3, 11))"
    if PYTHON.exists() and not _failure([PYTHON, "-c", probe]):
        return
    if not _has_ensurepip() and not shutil.which("uv"):
        _install_ensurepip()
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"creating .venv with Python {version}")
    STAMP.unlink(missing_ok=True)
    if _has_ensurepip():
        failure = _failure([sys.executable, "-m", "venv", "--clear", VENV])
    else:
        failure = _failure(["uv", "venv", "--quiet", "--clear", "--python", sys.executable, VENV])
    if failure:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Failed(f"the virtual environment could not be made: {failure}")


def _has_ensurepip() -> bool:
    """Debian and Ubuntu keep it in a package of its own."""
    return importlib.util.find_spec("venv") is not None and importlib.util.find_spec("ensurepip") is not None


def _install_ensurepip() -> None:
    package = f"python3.{sys.version_info.minor}-venv"
    try:
        system_packages.install(apt=(package,))
    except Refused as refused:
        raise Failed(
            f"this Python cannot make virtual environments (its module ensurepip is missing): {refused}.\n"
            f"  Do one of: {system_packages.advice(apt=(package,))}; install uv; make … PYTHON=/path/to/another/python3"
        ) from None
    importlib.invalidate_caches()
    if not _has_ensurepip():
        raise Failed(f"{package} is installed, but {sys.executable} still has no ensurepip; give another PYTHON=…")


def _install(arguments: list[str]) -> None:
    """By uv, and by pip where that fails: pip may know of an index or a proxy that uv does not."""
    failure = "no uv"
    if uv := shutil.which("uv"):
        failure = _failure([uv, "pip", "install", "--quiet", "--python", PYTHON, *arguments])
    if failure and not _failure([PYTHON, "-c", "import pip"]):
        pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        failure = _failure([*pip, *arguments])
    if failure:
        raise Failed(f"the packages could not be installed:\n{failure}")


def _run_with_rabbitmq(command: list[str]) -> int:
    """The command's exit status; it runs without RabbitMQ, and says so, where none can be had."""
    try:
        with servers.rabbitmq(PYTHON) as environment:
            return _run(command, environment)
    except servers.Missing as missing:
        for line in missing.lines():
            say(line)
        return _run(command, {})


def _run(command: list[str], environment: dict[str, str]) -> int:
    process = subprocess.Popen(_located(command), cwd=ROOT, env=_activated(environment))
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C is the command's, too: it cleans up, and we wait for it


def _become(command: list[str]) -> int:
    os.chdir(ROOT)
    located = _located(command)
    return os.execve(located[0], located, _activated({}))


def _located(command: list[str]) -> list[str]:
    """The command as the environment has it, else as the PATH has it."""
    program = PROGRAMS / command[0]
    return [str(program) if program.exists() else shutil.which(command[0]) or command[0], *command[1:]]


def _activated(environment: dict[str, str]) -> dict[str, str]:
    path = os.pathsep.join((str(PROGRAMS), os.environ.get("PATH", os.defpath)))
    # no VIRTUAL_ENV: what runs here may tell by it whether the person who typed make has activated the environment
    return os.environ | {"PATH": path} | environment


def _or_note(ensure: Callable[[], None]) -> None:
    try:
        ensure()
    except servers.Missing as missing:
        for line in missing.lines():
            say(line)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """`make -j test check` sets up once."""
    directory = os.open(ROOT / "requirements", os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _failure(command: list[str | Path]) -> str:
    """What the command said when it failed, or nothing when it did not."""
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode == 0:
        return ""
    lines = done.stdout.strip().splitlines() or [f"{command[0]} ended with status {done.returncode}"]
    return "\n".join(lines[-_LAST_LINES:])


def _read_stamp() -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if PYTHON.exists() else {}


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Failed(f"{path.relative_to(ROOT)} cannot be read: {error}") from None
