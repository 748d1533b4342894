"""What `postmaster.pid` says of a PostgreSQL server, and whether it is still true.

The file may be left by a server that was killed, and its process number belong to another process by now, or to a
corpse that nobody collects (containers whose first process does not).
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Names the socket's file only: the server listens on no port.
PORT: Final = "5432"

FILE: Final = "postmaster.pid"

#: Seconds that a server may take from making the file to writing its number into it.
_WRITING: Final = 2.0


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A server by its own account: its process, its socket, whether it takes connections."""

    data: Path
    #: None while it is being written.
    pid: int | None
    #: None before the server made it.
    socket: Path | None
    ready: bool

    @classmethod
    def of(cls, data: Path) -> Postmaster | None:
        """The server of a data directory; None if there is no file."""
        # lines as in PostgreSQL's src/include/utils/pidfile.h
        try:
            lines = [line.strip() for line in (data / FILE).read_text().splitlines()] + [""] * 8
        except FileNotFoundError:
            return None
        pid = int(lines[0]) if lines[0].isdecimal() else None
        where = Path(lines[4]) / f".s.PGSQL.{PORT}" if lines[4] else None
        return cls(data, pid, where, lines[7] == "ready")

    def answers(self) -> bool:
        """Whether it takes connections, which only its socket can tell."""
        if not self.ready or self.socket is None:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(5)
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return True

    def lives(self) -> bool:
        """Whether its process is there: starting, serving or stopping."""
        if self.pid is None:
            try:
                return time.time() - (self.data / FILE).stat().st_mtime < _WRITING
            except FileNotFoundError:
                return False
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, PermissionError):  # not ours, so not our server
            return False
        return _serves(self.pid, self.data) if Path("/proc/self").exists() else _is_postgres(self.pid)


def runs(pid: int) -> bool:
    """Whether there is a process `pid`, and not its corpse. 0 is none."""
    try:
        if not pid:
            return False
        os.kill(pid, 0)
        return not Path("/proc/self").exists() or bool((Path("/proc") / str(pid) / "cmdline").read_bytes())
    except OSError:
        return False


def _serves(pid: int, data: Path) -> bool:
    """Linux: a server's working directory is its data."""
    process = Path("/proc") / str(pid)
    try:
        command = process.joinpath("cmdline").read_bytes().partition(b"\0")[0]  # empty for a corpse
        if os.path.basename(command) != b"postgres":
            return False
        return os.path.realpath(os.readlink(process / "cwd")) == os.path.realpath(data)
    except PermissionError:  # root in a container without CAP_SYS_PTRACE: its name must do
        return True
    except OSError:
        return False


def _is_postgres(pid: int) -> bool:
    """macOS, which has no /proc."""
    command = ["/bin/ps", "-o", "comm=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603, a fixed program
    return Path(shown.stdout.strip()).name == "postgres"
