"""The system's package manager, where we may use it without asking for a password: apt-get, or Homebrew (untried).

Nothing that is installed here is started: a package's service would take the port that the person's own may want.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Debian's own means to keep packages from starting their services: 101 is "action forbidden by policy"
_POLICY = Path("/usr/sbin/policy-rc.d")
_APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2", "--option=DPkg::Lock::Timeout=300")


class Refused(Exception):
    """The package manager cannot be used, or did not install it; the text says why."""


def say(text: str) -> None:
    """One line of progress."""
    print(f"touchline: {text}", file=sys.stderr, flush=True)


def install(*, apt: tuple[str, ...], brew: tuple[str, ...] = ()) -> None:
    """Installs packages by the names that each package manager has for them. Raises Refused."""
    if shutil.which("apt-get"):
        _apt_install(apt)
    elif sys.platform == "darwin" and shutil.which("brew"):
        _brew_install(brew)
    else:
        raise Refused("no apt-get or brew on this machine")


def advice(*, apt: tuple[str, ...], brew: tuple[str, ...] = ()) -> str:
    """The command that a person would type for the same."""
    if sys.platform == "darwin":
        return f"brew install {' '.join(brew)}"
    return f"sudo apt-get install {' '.join(apt)}"


@functools.cache
def _privilege() -> tuple[str, ...]:
    """What to put before a command so that it runs as root, without a question."""
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") and _succeeds(["sudo", "-n", "true"]):
        return ("sudo", "-n")
    raise Refused("apt-get needs root or a sudo without password")


def _apt_install(packages: tuple[str, ...]) -> None:
    privilege = _privilege()
    say(f"installing {', '.join(packages)} with apt-get")
    _update()
    with _services_stay_down(privilege):
        done = _run([*privilege, *_APT, "install", "--yes", "--no-install-recommends", *packages])
    if done.returncode:
        raise Refused(f"apt-get install {' '.join(packages)} failed: {_last_line(done)}")


@functools.cache
def _update() -> None:
    """Once a run: a machine that is fresh has no lists of packages at all."""
    done = _run([*_privilege(), *_APT, "update"])
    if done.returncode:
        # One list of several may be out of reach and the packages be there all the same: installing tells.
        say(f"apt-get update: {_last_line(done)}")


@contextmanager
def _services_stay_down(privilege: tuple[str, ...]) -> Iterator[None]:
    if _POLICY.exists():
        yield
        return
    script = f"printf '#!/bin/sh\\nexit 101\\n' > {_POLICY} && chmod 755 {_POLICY}"
    _run([*privilege, "sh", "-c", script])
    try:
        yield
    finally:
        _run([*privilege, "rm", "-f", str(_POLICY)])


def keep_disabled(service: str) -> None:
    """A service whose package we have just installed does not start with the next boot either."""
    if Path("/run/systemd/system").is_dir():
        _run([*_privilege(), "systemctl", "disable", "--quiet", service])


def _brew_install(packages: tuple[str, ...]) -> None:
    if not packages:
        raise Refused("Homebrew has no package of it that is known to work")
    say(f"installing {', '.join(packages)} with brew")
    done = _run(["brew", "install", "--quiet", *packages])
    if done.returncode:
        raise Refused(f"brew install {' '.join(packages)} failed: {_last_line(done)}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )


def _succeeds(command: list[str]) -> bool:
    return _run(command).returncode == 0


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit status {done.returncode}"
