"""What this command alone can store is written down until it is stored.

Where the queue is in PostgreSQL and nobody runs workers, a command stores what it reads. If it is killed in between,
its messages wait in the queue while the site says "nothing new" to every later command; so each leaves a note, one
file, until its run is stored:

    <home>/unstored/<run id>     locked (flock) by the command as long as it lives; nobody holds it: it was left behind

A file that was left behind costs the next command a look into the queue, one that is lost costs a wait for the next
worker. Nothing depends on it where a broker of its own is configured: somebody has to run workers there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import UUID

if TYPE_CHECKING:
    from ingest.run import PartOutcome, Progress


@dataclass
class Note:
    """One run's file. Open from `write` on; the kernel unlocks it when the process ends, however that ends."""

    path: Path
    _descriptor: int

    @classmethod
    def write(cls, home: Path, run_id: UUID) -> Self:
        """From now on the run is to be stored."""
        path = home / "unstored" / str(run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return cls(path, descriptor)

    @property
    def run_id(self) -> UUID:
        """The run that it is about."""
        return UUID(self.path.name)

    @property
    def left_in_order(self) -> bool:
        """Whether its command left it in order; one that was killed did not."""
        return os.fstat(self._descriptor).st_mtime == 0

    def remove(self) -> None:
        """The run is stored, or there is nothing to store."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def leave(self) -> None:
        """Leave it to the next command, with nothing of it in our hands: that command need not wait to be sure."""
        os.utime(self._descriptor, (0, 0))
        os.close(self._descriptor)


def left_behind(home: Path) -> list[Note]:
    """The notes of commands that are gone; whoever calls this holds them now."""
    found = []
    for path in sorted((home / "unstored").glob("*")):
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            found.append(Note(path, descriptor))
    return found


class Noting:
    """Watches a run, and writes its note before the first message: a run that is refused needs none.

    At the end of the block the note is removed, or left to the next command: after an error, and where `keep` says so.
    Without a home there is no note.
    """

    def __init__(self, home: Path | None, run_id: UUID) -> None:
        self.watcher: Progress | None = None
        self.keep = False
        self._home = home
        self._run_id = run_id
        self._note: Note | None = None

    def planned(self, parts: Sequence[PartOutcome]) -> None:
        if self._home is not None:
            self._note = Note.write(self._home, self._run_id)
        if self.watcher is not None:
            self.watcher.planned(parts)

    def advanced(self, part: PartOutcome) -> None:
        if self.watcher is not None:
            self.watcher.advanced(part)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._note is None:
            return
        if error is not None or self.keep:
            self._note.leave()
        else:
            self._note.remove()
