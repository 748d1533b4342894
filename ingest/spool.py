"""Messages on disk, for as long as the broker does not take them. Owns `<home>/spool/`.

One directory a broker, one file a message:

    spool/<fingerprint of the broker's address>/01793345000123456789-<message id>.msg

A file appears whole or not at all (written under another name, fsync, rename, fsync of the directory), its name sorts
in the order of writing, and a checksum tells what a failing disk made of it. It is removed only after the broker's
confirm; a crash between the two sends it again, which the inbox of the other side makes harmless. What cannot be read
is set aside under `.torn`, what is none of ours under `.foreign`: neither holds up the rest.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import dramatiq
import structlog
from dramatiq.errors import DecodeError

from contract.addresses import AMQP_SCHEMES, scheme_of
from contract.errors import UnreachableError
from contract.places import EMBEDDED
from contract.spooled import FOLDER, NAME

log = structlog.get_logger()

#: Version of the file format. A file of another version is set aside, never guessed at.
FORMAT: Final = 1

_LOCK: Final = "lock"
_DEFAULT_PORTS: Final = {"amqp": 5672, "amqps": 5671, "postgresql": 5432, "postgres": 5432}
#: A temporary file that is older than this many seconds was left behind by a process that died.
_ABANDONED: Final = 3600.0


class SpoolUnwritable(UnreachableError):
    """The message can be neither sent nor kept: the disk is full, or the directory may not be written."""


class SpoolUnreadable(UnreachableError):
    """What waits on disk cannot be read, or not be removed once it is sent."""


class _Torn(Exception):
    """The file does not hold what was written into it."""


class _Foreign(Exception):
    """The file was not written by this version of the spool, or not for this broker."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a spool. `message` is None where it was set aside, and in `Spool.entries(decode=False)`."""

    path: Path
    state: Literal["waiting", "torn", "foreign"]
    size: int
    broker: str = ""
    queue: str = ""
    actor: str = ""
    message_id: str = ""
    run_id: str = ""
    written_at: str = ""
    message: dramatiq.Message[Any] | None = None


@dataclass(frozen=True, slots=True)
class Flushed:
    """What a flush did.

    `busy`: another process is flushing this spool, so this one left it alone; `unfinished`: its time was over.
    """

    sent: int = 0
    set_aside: int = 0
    busy: bool = False
    unfinished: bool = False


def destination(address: str) -> str:
    """`address` reduced to what tells one queue from another: scheme, host, port and vhost or database.

    Neither user nor password: who changes them must still find what was spooled before. The embedded queue is the one
    in the spool's own home, wherever that is moved.
    """
    scheme = scheme_of(address)
    if scheme == EMBEDDED:
        return EMBEDDED
    if scheme not in _DEFAULT_PORTS:
        return address
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    # libpq names a socket's directory among the parameters; those of AMQP do not say where the broker is
    query = "" if host or scheme in AMQP_SCHEMES else f"?{parts.query}"
    return f"{scheme}://{host}:{parts.port or _DEFAULT_PORTS[scheme]}{parts.path}{query}"


def spools(home: Path) -> list[Spool]:
    """Every spool below `home` that holds a message, whichever broker it is for."""
    found = []
    for directory in sorted((home / FOLDER).glob("*/")):
        address = next((entry.broker for entry in Spool._at(directory, "").entries(decode=False) if entry.broker), "")
        if address:
            found.append(Spool._at(directory, address))
    return found


class Spool:
    """The messages kept for the broker at `address`. Nothing is created before the first write.

    `clock` gives nanoseconds; names never go backwards, even where it does.
    """

    def __init__(self, home: Path, address: str, *, clock: Callable[[], int] = time.time_ns) -> None:
        self.broker = destination(address)
        self.directory = home / FOLDER / hashlib.sha256(self.broker.encode()).hexdigest()[:16]
        self._clock = clock
        self._last: int | None = None

    @classmethod
    def _at(cls, directory: Path, broker: str) -> Spool:
        spool = cls(directory.parent.parent, broker)
        spool.directory = directory
        return spool

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._names())

    def write(self, message: dramatiq.Message[Any]) -> Path:
        """Keep `message`; on the disk, not in a cache, when this returns.

        Raises SpoolUnwritable, having left nothing half-written, where the disk does not take it.
        """
        encoded = message.encode()
        number = self._number()
        document = {
            "format": FORMAT,
            "broker": self.broker,
            "queue": message.queue_name,
            "actor": message.actor_name,
            "message_id": message.message_id,
            "written_at": datetime.fromtimestamp(number / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "sha256": hashlib.sha256(encoded).hexdigest(),
            "message": encoded.decode("utf-8"),
        }
        try:
            _make_durably(self.directory)
            path = self.directory / f"{number:020d}-{message.message_id}.msg"
            _write_durably(path, json.dumps(document, separators=(",", ":")).encode("utf-8"))
        except OSError as error:
            raise SpoolUnwritable(
                f"a message could be neither sent nor kept in {self.directory}: {error.strerror or error}",
                hint="make room on that disk (or set TOUCHLINE_HOME to another one) and run the same command again; "
                "what was not kept will be read anew",
            ) from error
        return path

    def entries(self, *, decode: bool = True) -> Iterator[Entry]:
        """Every message in the order of writing, and what was set aside; reads one file at a time, changes nothing."""
        names = self._names() + [name for name in self._all() if name.endswith((".torn", ".foreign"))]
        for name in sorted(names):
            path = self.directory / name
            try:
                yield self._entry(path, decode=decode)
            except FileNotFoundError:
                continue  # sent by another process in the meantime

    def flush(self, broker: dramatiq.Broker, *, seconds: float = math.inf) -> Flushed:
        """Send everything that waits, in order; a file goes after its confirm. Stops at the first that is not taken.

        No message is begun after `seconds`. Raises what the broker raised; whatever was sent by then is gone from the
        spool, the rest is still there.
        """
        if not self._all():
            return Flushed()
        sent = aside = 0
        until = time.monotonic() + seconds
        with self._sole_flusher() as sole:
            if not sole:
                return Flushed(busy=True)
            self._sweep()
            for name in self._names():
                path = self.directory / name
                try:
                    entry = self._entry(path)
                except FileNotFoundError:
                    continue
                if time.monotonic() >= until:
                    return Flushed(sent, aside, unfinished=True)
                if entry.message is None:
                    aside += 1
                    self._set_aside(path, entry.state)
                    continue
                broker.enqueue(entry.message)
                path.unlink(missing_ok=True)
                sent += 1
            for name in self._all():
                if not NAME.match(name) and not name.startswith(".") and not name.endswith((".torn", ".foreign")):
                    aside += 1
                    self._set_aside(self.directory / name, "foreign")
            if sent or aside:
                _fsync_directory(self.directory)
        return Flushed(sent, aside)

    def _number(self) -> int:
        """Larger than every number that is there, and the time where the clock allows it."""
        if self._last is None:
            self._last = max((int(name[:20]) for name in self._names()), default=0)
        self._last = max(self._last + 1, self._clock())
        return self._last

    def _all(self) -> list[str]:
        """The names of all files but the lock, sorted."""
        try:
            with os.scandir(self.directory) as files:
                return sorted(file.name for file in files if file.name != _LOCK and file.is_file(follow_symlinks=False))
        except FileNotFoundError:
            return []

    def _names(self) -> list[str]:
        return [name for name in self._all() if NAME.match(name)]

    def _entry(self, path: Path, *, decode: bool = True) -> Entry:
        body = path.read_bytes()
        try:
            document, message = _decode(body, self.broker)
        except _Torn:
            return Entry(path, "torn", len(body))
        except _Foreign:
            return Entry(path, "foreign", len(body))
        return Entry(
            path,
            "waiting",
            len(body),
            broker=document["broker"],
            queue=message.queue_name,
            actor=message.actor_name,
            message_id=message.message_id,
            run_id=str(message.kwargs.get("run_id", "")),
            written_at=str(document.get("written_at", "")),
            message=message if decode else None,
        )

    def _set_aside(self, path: Path, state: str) -> None:
        aside = path.with_name(f"{path.name}.{state}")
        path.replace(aside)
        log.warning("spool_file_set_aside", file=path.name, state=state, kept_as=str(aside))

    def _sweep(self) -> None:
        """Remove what a process that died while writing left behind: no message, its run reported failure or died."""
        for name in self._all():
            path = self.directory / name
            if name.startswith(".") and name.endswith(".tmp") and _age(path) > _ABANDONED:
                path.unlink(missing_ok=True)

    @contextmanager
    def _sole_flusher(self) -> Iterator[bool]:
        """Whether no other process flushes this spool. The kernel releases the lock of one that dies."""
        with (self.directory / _LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _decode(body: bytes, broker: str) -> tuple[dict[str, Any], dramatiq.Message[Any]]:
    """The file's document and its message. `broker` empty: of any broker. Raises _Torn, _Foreign."""
    try:
        document = json.loads(body)
    except ValueError:
        raise _Torn from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _Foreign
    if broker and document.get("broker") != broker:
        raise _Foreign
    encoded = str(document.get("message", "")).encode("utf-8")
    if hashlib.sha256(encoded).hexdigest() != document.get("sha256"):
        raise _Torn
    try:
        return document, dramatiq.Message.decode(encoded)
    except DecodeError:
        raise _Foreign from None


def _write_durably(path: Path, body: bytes) -> None:
    """`path` with `body`, whole and on the disk, or not there at all. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _fsync_directory(path.parent)


def _make_durably(directory: Path) -> None:
    """`directory` and those above it, on the disk. Raises OSError."""
    if directory.is_dir():
        return
    _make_durably(directory.parent)
    directory.mkdir(exist_ok=True)
    _fsync_directory(directory.parent)


def _fsync_directory(directory: Path) -> None:
    """Makes names in `directory` last through a power cut: a file's own fsync does not (fsync(2))."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
