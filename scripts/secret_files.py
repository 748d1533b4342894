"""The passwords of compose.yaml's services, in secrets/: random ones, written once.

    python3 scripts/secret_files.py      write them, unless they are there

The directory is its owner's alone; the files in it may be read by all, because in a container they are mounted one by
one for a user that this machine does not know. All of them come to be, or none: they are written aside first, and
count from the moment that this folder is renamed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rabbitmq_users import USERS, with_passwords

ROOT: Final = Path(__file__).resolve().parents[1]
DIRECTORY: Final = ROOT / "secrets"

#: PostgreSQL's roles, by the last word of their names.
_ROLES: Final = ("owner", "writer", "reader")

#: What stands alone, and came with a later version: who has the others is given these beside them.
_LATER: Final = ("console_token",)

#: Where they are while they are written, and while they are put into their places.
_UNFINISHED: Final = ".unfinished"
_COMPLETE: Final = ".complete"


class Incomplete(Exception):
    """A directory of secrets that lacks some, which nobody but its owner can put right."""


def generate() -> dict[str, str]:
    """Name of a file → what is in it, with new passwords of 256 bits that need no quoting in an address."""
    files = {name: _password() for name in ("postgres_password", "grafana_admin_password", *_LATER)}
    for role in _ROLES:
        password = files[f"postgres_{role}_password"] = _password()
        files[f"database_url_{role}"] = f"postgresql://touchline_{role}:{password}@postgres:5432/touchline"
    passwords = {user: _password() for user in USERS}
    for user, password in passwords.items():
        name = user.removeprefix("touchline-")
        files[f"rabbitmq_url_{name}"] = f"amqp://{user}:{password}@rabbitmq:5672/touchline"
    files["rabbitmq_users.json"] = with_passwords(passwords)
    return files


def write(directory: Path = DIRECTORY) -> bool:
    """Writes all of them; returns False, and changes nothing, where they are there. Raises Incomplete, OSError.

    What else is in the directory stays: `make certs` has a folder there.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)
    with _alone(directory):
        complete = directory / _COMPLETE
        files = generate()
        if not complete.is_dir():
            missing = sorted(name for name in files if not (directory / name).is_file())
            if not missing:
                return False
            if set(missing) <= set(_LATER):
                files = {name: files[name] for name in missing}
            elif len(missing) < len(files):
                raise Incomplete(f"{directory} has no {', '.join(missing)}")
            _write_all(files, complete)
        # from here on they count: who is killed now is succeeded by somebody who goes on
        for path in complete.iterdir():
            path.rename(directory / path.name)
        complete.rmdir()
    return True


def _write_all(files: dict[str, str], complete: Path) -> None:
    unfinished = complete.with_name(_UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    for name, content in files.items():
        with (unfinished / name).open("w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o444)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    unfinished.rename(complete)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Waits for whoever else writes there."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _password() -> str:
    return secrets.token_urlsafe(32)


def main() -> int:
    try:
        written = write()
    except (Incomplete, OSError) as error:
        print(f"touchline: {error}", file=sys.stderr)
        return 2
    print(f"{DIRECTORY}: {'random passwords, written now' if written else 'left as it is'}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
