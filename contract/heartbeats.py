"""Where each worker and scheduler of a machine says how it is, for whoever asks: a probe, a command, another process.

    health/worker-4711-5f0c9a3e        a lock that process 4711 holds as long as it lives (the kernel lets go of it)
    health/worker-4711-5f0c9a3e.json   what it said last: replaced as a whole, a few hundred bytes

A process is known by its lock and never by its number, which comes again (in a container each worker may be process 1).
What a dead one left is removed by whoever looks next. Ages are by the system's monotonic clock, which all processes
since its boot share, so that no change of the time of day makes anybody ill or well.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from contract.locks import lock_now, open_lock

Kind = Literal["worker", "scheduler"]
KINDS: Final[tuple[Kind, ...]] = ("worker", "scheduler")

#: Below the runtime directory.
FOLDER: Final = "health"

#: Bytes that are read of a file, and files that are looked at. Ours are far below.
_MOST_BYTES: Final = 65_536
_MOST_FILES: Final = 1_000

#: While it is being made, a lock is held by nobody, and nobody is to take it for that of a dead process.
_UNFINISHED: Final = ".new"
_STATE: Final = ".json"


@dataclass(frozen=True, slots=True)
class Beat:
    """What a living process said last."""

    kind: Kind
    pid: int
    #: Seconds since it was said.
    age: float
    #: As it was said; empty from one that has said nothing yet, or whose words cannot be read.
    said: Mapping[str, Any]


class Heartbeat:
    """This process's own. Not to be made before a fork. Raises OSError where the directory is of no use."""

    def __init__(self, runtime_dir: Path, kind: Kind) -> None:
        directory = runtime_dir / FOLDER
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = directory / f"{kind}-{os.getpid()}-{secrets.token_hex(4)}"
        unfinished = self._path.with_name(self._path.name + _UNFINISHED)
        self._lock = open_lock(unfinished)
        lock_now(self._lock)
        unfinished.rename(self._path)

    def say(self, what: Mapping[str, Any]) -> None:
        """Replace what was said before; `what` is JSON. Raises OSError."""
        unfinished = self._path.with_name(f"{self._path.name}{_STATE}{_UNFINISHED}")
        unfinished.write_text(json.dumps({**what, "at": time.monotonic()}), encoding="utf-8")
        unfinished.rename(self._path.with_name(self._path.name + _STATE))

    def end(self) -> None:
        """Leave no trace; a process that ends without it leaves two files, for a while."""
        _remove(self._path)
        os.close(self._lock)


def read(runtime_dir: Path, kind: Kind) -> list[Beat]:
    """What the living processes of that kind said last. Raises OSError where the directory may not be read."""
    now = time.monotonic()
    return sorted(
        (_beat(path, kind, pid, now) for path, pid in _living(runtime_dir / FOLDER, kind)), key=lambda beat: beat.pid
    )


def _living(directory: Path, kind: Kind) -> Iterator[tuple[Path, int]]:
    try:
        names = sorted(os.listdir(directory))[:_MOST_FILES]
    except FileNotFoundError:
        return
    for name in names:
        its_kind, _, rest = name.partition("-")
        pid = rest.partition("-")[0]
        if its_kind != kind or "." in name or not pid.isdecimal():
            continue
        path = directory / name
        if _is_held(path):
            yield path, int(pid)
        else:
            with suppress(OSError):
                _remove(path)


def _is_held(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not lock_now(lock)
    finally:
        os.close(lock)


def _beat(path: Path, kind: Kind, pid: int, now: float) -> Beat:
    try:
        with path.with_name(path.name + _STATE).open("rb") as file:
            said = json.loads(file.read(_MOST_BYTES))
        return Beat(kind, pid, max(0.0, now - float(said.pop("at"))), said)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Beat(kind, pid, 0.0, {})


def _remove(path: Path) -> None:
    for name in (path.name + _STATE, f"{path.name}{_STATE}{_UNFINISHED}", path.name):
        path.with_name(name).unlink(missing_ok=True)
