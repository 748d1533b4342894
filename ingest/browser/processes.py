"""Processes as the kernel lists them (proc(5), Linux): found by a word of their command line, ended with their group.

Elsewhere than on Linux nothing is found. Nothing depends on it there but how fast a browser that hangs is got rid of.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")

#: Seconds until what was killed is gone; a kernel under load takes its time.
_GONE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Process:
    """One that ran a moment ago. `arguments` is its command line."""

    pid: int
    parent: int
    group: int
    arguments: tuple[str, ...]

    def value(self, switch: str) -> str | None:
        """What follows `switch` and `=` among the arguments."""
        values = (argument.removeprefix(f"{switch}=") for argument in self.arguments if argument.startswith(switch))
        return next(values, None)


def running_with(argument: str) -> list[Process]:
    """Those of this user that have exactly `argument` on their command line."""
    return [process for process in _processes() if argument in process.arguments]


def children_with(argument: str) -> list[Process]:
    """This process's own children with `argument` on their command line."""
    return [process for process in running_with(argument) if process.parent == os.getpid()]


def end(process: Process) -> bool:
    """Kill it, and its group where it leads one. Returns whether it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        if process.group == process.pid:
            os.killpg(process.group, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + _GONE
    while runs := _read(process.pid) is not None:
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return not runs


def _processes() -> Iterator[Process]:
    with suppress(FileNotFoundError):
        for entry in os.scandir(_PROC):
            if entry.name.isdigit() and (process := _read(int(entry.name))) is not None:
                yield process


def _read(pid: int) -> Process | None:
    """None for those that are gone, that only wait to be noticed by their parent, or that are somebody else's."""
    directory = _PROC / str(pid)
    try:
        if directory.stat().st_uid != os.geteuid():
            return None
        words = (directory / "cmdline").read_bytes().split(b"\0")
        # the name, in parentheses, may hold anything
        state, parent, group, *_ = (directory / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    if state in (b"Z", b"X"):
        return None
    return Process(pid, int(parent), int(group), tuple(word.decode(errors="replace") for word in words if word))
