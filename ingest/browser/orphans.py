"""Which Chromiums this home's processes have open, so that none outlives the one that opened it.

    home/browsers/<token>/owner   locked (flock(2)) by the process that opened it, for as long as that lives
    home/browsers/<token>/files   the directories that it has among the temporary files, one a line

A Chromium ends by itself when the pipe to its driver closes, and the driver when its own closes; that is what happens
after a SIGKILL of either. What then remains is files, and a Chromium that was stopped or hangs. Whoever opens the
next one finds tokens whose lock is free and ends what belongs to them. The token is on the Chromium's command line
(it ignores switches that it does not know), so that no other process can be taken for it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from contract.locks import lock_now, open_lock
from ingest.browser.processes import Process, end, running_with

log = structlog.get_logger()

#: The switch that bears the token. Chromium does not know it.
SWITCH: Final = "--touchline-browser"

_PROFILE: Final = "--user-data-dir"
_PROFILE_NAME: Final = "playwright_chromiumdev_profile-"

#: Seconds that helpers of a browser that has ended may take to end, too.
_HELPERS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One Chromium of this process, from before it is started until it is gone."""

    directory: Path
    #: For what it writes besides its profile. Not in the home: it puts a socket there, whose path has to be short.
    files: Path
    #: Held for as long as this process lives or the entry is not removed.
    _lock: int
    #: As in `files`, for a home that is gone before the browser is.
    _noted: list[Path] = field(default_factory=list)

    @classmethod
    def make(cls, home: Path) -> Entry:
        """Raises OSError where the home takes no files."""
        place = home / "browsers"
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(place):
            directory = place / secrets.token_hex(6)
            directory.mkdir(mode=0o700)
            lock = open_lock(directory / "owner")
            lock_now(lock)
        entry = cls(directory, Path(tempfile.gettempdir(), _files_name(directory)), lock)
        try:
            entry._note(entry.files)
            entry.files.mkdir(mode=0o700)
        except OSError:
            entry.remove()
            raise
        return entry

    @property
    def argument(self) -> str:
        """What the Chromium is marked with."""
        return f"{SWITCH}={self.directory.name}"

    def started(self) -> None:
        """Write down where its profile is: it may end before anybody can ask it."""
        for process in running_with(self.argument):
            if profile := process.value(_PROFILE):
                with suppress(OSError):
                    self._note(Path(profile))

    def end(self) -> None:
        """Kill the Chromium; what is on disk stays."""
        for process in running_with(self.argument):
            end(process)

    def remove(self) -> None:
        """The Chromium is gone, or is so now, and so is what it had on disk."""
        _remove(self.directory, *self._noted)
        with suppress(OSError):
            os.close(self._lock)

    def _note(self, path: Path) -> None:
        self._noted.append(path)
        with (self.directory / "files").open("a", encoding="utf-8") as file:
            file.write(f"{path}\n")


def reap(home: Path) -> int:
    """End what is left of Chromiums whose owner is gone. Returns how many there were. Never raises OSError."""
    place = home / "browsers"
    count = 0
    try:
        if not place.is_dir():
            return 0
        with _alone(place):
            for directory in sorted(place.iterdir()):
                count += _reap(directory)
    except OSError as error:
        log.warning("browsers_not_reaped", directory=str(place), reason=error.strerror or str(error))
    return count


def _reap(directory: Path) -> bool:
    try:
        lock = open_lock(directory / "owner")
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        if not lock_now(lock):
            return False
        ended = _remove(directory)
        log.info("browser_reaped", processes=[process.pid for process in ended])
        return True
    finally:
        os.close(lock)


def _remove(directory: Path, *known: Path) -> list[Process]:
    """End the Chromium of a directory, and remove its files and the directory. Returns what was ended."""
    left = running_with(f"{SWITCH}={directory.name}")
    files = {str(path) for path in known}
    files |= {profile for process in left if (profile := process.value(_PROFILE))}
    with suppress(OSError, UnicodeDecodeError):
        files |= set((directory / "files").read_text(encoding="utf-8").splitlines())
    for process in left:
        end(process)
    for path in map(Path, files):
        # only what was made for one browser, by Playwright or by us, whatever a file says
        made = path.name.startswith(_PROFILE_NAME) or path.name == _files_name(directory)
        if made and not path.is_symlink():
            _remove_files(path)
    shutil.rmtree(directory, ignore_errors=True)
    return left


def _remove_files(path: Path) -> None:
    """For as long as it takes helpers of a browser that has ended to end, too: they may write meanwhile."""
    deadline = time.monotonic() + _HELPERS
    while True:
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists() or time.monotonic() > deadline:
            return
        time.sleep(0.05)


def _files_name(directory: Path) -> str:
    return f"touchline-{directory.name}"


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """No directory is taken for an orphan's between its making and its locking."""
    lock = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
