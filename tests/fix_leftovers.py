"""Nothing outlives the tests: no process, no directory of a server, however pytest ends.

Every process that descends from this session carries a mark in its environment, so that also one whose parent died
is found at the end. Servers hang on a lifeline: when pytest is gone (even by SIGKILL), they and their directories go.
"""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

MARK = "TOUCHLINE_TEST_SESSION"

#: For how long a process may take to end after its test, in seconds.
GRACE = 5.0

# The lifeline's standard input ends with pytest. A line on it says that there is nothing left to do.
_LIFELINE = 'read -r _ && exit 0; kill -9 "-$1" 2>/dev/null; sleep 0.2; rm -rf -- "$2"'


@dataclass(frozen=True, slots=True)
class Lifeline:
    """Ends a server's process group and removes its directory if pytest ends without doing so."""

    process: subprocess.Popen[bytes]

    @classmethod
    def tie(cls, group: int, directory: Path | None = None) -> Lifeline:
        """`group` is the id of a process group that nothing else is in; `directory` belongs to the server alone."""
        command = ["/bin/sh", "-c", _LIFELINE, "lifeline", str(group), str(directory or "")]
        # its own session: Ctrl-C on the terminal must not end it before pytest
        return cls(subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True))

    def release(self) -> None:
        """The server is stopped and its directory removed."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"released\n")
        self.process.stdin.close()
        self.process.wait(timeout=10)


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind(default_home: Path) -> Iterator[None]:
    """Fails at the end of the session, naming them, if processes that it started are still there; ends them.

    After `default_home`, so that none of them works in a directory that is gone.
    """
    os.environ[MARK] = mark = uuid.uuid4().hex
    try:
        yield
    finally:
        del os.environ[MARK]
    left = _still_there(mark)
    described = [_describe(process) for process in left]
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=GRACE)
    if described:
        pytest.fail("the tests left processes behind:\n  " + "\n  ".join(described), pytrace=False)


def _still_there(mark: str) -> list[psutil.Process]:
    """The processes of this session after a time of grace."""
    deadline = time.monotonic() + GRACE
    # Twice, because one that forks while the list is read is seen neither as itself nor as its child.
    while (left := [*_marked(mark), *_marked(mark)]) and time.monotonic() < deadline:
        psutil.wait_procs(left, timeout=0.2)
    return sorted(set(left), key=lambda process: process.pid)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            # gone meanwhile, or somebody else's
            continue


def _describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid}: {' '.join(process.cmdline()) or process.name()}"
    except psutil.Error:
        return str(process.pid)
