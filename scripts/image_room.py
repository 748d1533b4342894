"""Runs an image's programs as a container would, where no engine runs: in a chroot with mounts of its own.

The root is read-only, as the image's user, without any privilege and with none to be had, process 1 of a PID
namespace; /tmp and /run/touchline are in memory, the home is a directory that outlives the process. Mounts and
processes end with it. The network is the machine's.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from image_store import CACHE, Image

UID: Final = 10001

_ENTER: Final = """
set -e
root=$1 volume=$2 handed=$3
shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=0700,uid=10001,gid=10001 tmpfs "$root/run/touchline"
mount --bind "$volume" "$root/var/lib/touchline"
mount --bind "$handed" "$root/mnt"
mount -o remount,bind,ro "$root/mnt"
exec setpriv --no-new-privs chroot --userspec=10001:10001 --groups= "$root" "$@"
"""


class Room:
    """Where processes of one image run. What lies in `handed` they see, read-only, in /mnt."""

    def __init__(self, image: Image, volume: Path, handed: Path) -> None:
        self.image = image
        self._volume = volume
        self.handed = handed

    def command(self, program: list[str], environment: Mapping[str, str]) -> list[str]:
        """The command line, here, of `program` there."""
        enter = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
            "sh",
            "-c",
            _ENTER,
        ]
        return [
            *enter,
            "sh",
            str(self.image.root),
            str(self._volume),
            str(self.handed),
            *self.inside(environment, program),
        ]

    def run(self, *program: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a program of the image to its end. Raises subprocess.TimeoutExpired after two minutes."""
        return subprocess.run(
            self.command([*program], environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def start(self, *arguments: str, environment: Mapping[str, str], log: Path) -> Container:
        """Starts what the image runs by itself with these arguments, as `docker run` does."""
        line = self.command([*self.image.config["Entrypoint"], *arguments], environment)
        with log.open("wb") as output:
            process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        return Container(self, process, dict(environment), log)

    def inside(self, environment: Mapping[str, str], program: list[str]) -> list[str]:
        """The command line, there, of `program` with the image's environment and directory."""
        variables = [*self.image.config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        return [
            "/usr/bin/env",
            "--ignore-environment",
            f"--chdir={self.image.config['WorkingDir']}",
            *variables,
            *program,
        ]


class Container:
    """A process of an image that goes on."""

    def __init__(self, room: Room, process: subprocess.Popen[bytes], environment: dict[str, str], log: Path) -> None:
        self._room = room
        self._process = process
        self._environment = environment
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def run(self, *program: str) -> subprocess.CompletedProcess[str]:
        """Runs a program beside it, in the same mounts and processes, as `docker exec` does."""
        enter = [
            "nsenter",
            f"--target={self._first()}",
            "--mount",
            "--pid",
            "--root",
            f"--setuid={UID}",
            f"--setgid={UID}",
        ]
        line = [*enter, *self._room.inside(self._environment, [*program])]
        return subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def stop(self) -> tuple[int, float]:
        """SIGTERM to process 1, as `docker stop` sends it; the exit code, and how many seconds it took (45 at most)."""
        began = time.monotonic()
        if not self.ended:
            os.kill(self._first(), signal.SIGTERM)
        try:
            return self._process.wait(timeout=45), time.monotonic() - began
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait(), time.monotonic() - began

    def kill(self) -> None:
        """Ends it and all that it started, whatever they do."""
        self._process.kill()
        self._process.wait()

    def _first(self) -> int:
        """Process 1 of its namespace, by the number that it has here."""
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@contextmanager
def room(image: Image) -> Iterator[Room]:
    """A room with an empty volume; both are gone at the end."""
    directory = Path(tempfile.mkdtemp(prefix="room-", dir=CACHE))
    try:
        for name in ("volume", "handed"):
            (directory / name).mkdir()
        directory.chmod(0o755)
        os.chown(directory / "volume", UID, UID)
        yield Room(image, directory / "volume", directory / "handed")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
