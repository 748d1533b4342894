"""The log file of one supervised worker: bounded in size, and read for what the worker said before it ended."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from contract.passwords import scrub

#: Bytes that a log may have before it becomes `<name>.1` (and what was that is gone): twice this on disk at most.
MOST_BYTES = 50_000_000

#: Bytes at the end of a log in which a worker's last words are looked for.
_TAIL = 16_384

#: How dramatiq's master says that its worker process is gone; a negative code is a signal.
_GONE = re.compile(r"exited unexpectedly \(code (-?\d+)\)")


@dataclass(frozen=True)
class LastWords:
    """Why a worker ended, in its own words and without passwords; empty where it said nothing."""

    sentence: str = ""
    hint: str = ""
    #: What the worker process under dramatiq's master ended with, where the master tells.
    code: int | None = None


class WorkerLog:
    """Appended to by the worker itself; this only opens it, cuts it, and reads its end."""

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self._most_bytes = most_bytes
        self._start = 0

    def open(self) -> BinaryIO:
        """For the worker that is about to start; the last words will be this one's."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.cut()
        log = self.path.open("ab")
        self._start = log.tell()
        return log

    def cut(self) -> None:
        """If the file is too long, keep it as `<name>.1` and begin anew.

        It is copied and emptied, not renamed: whoever writes to it has it open, for appending. A line that is written
        between the two is lost. A file that cannot be cut goes on as it is: workers matter more.
        """
        with contextlib.suppress(OSError):
            if self.path.stat().st_size <= self._most_bytes:
                return
            # on a full disk the copy fails, and the room is needed all the more
            with contextlib.suppress(OSError):
                shutil.copyfile(self.path, self.path.with_name(f"{self.path.name}.1"))
            os.truncate(self.path, 0)
            self._start = 0

    def last_words(self) -> LastWords:
        """What the worker that was started last has said of its end."""
        lines = [line.rstrip() for line in self._tail().splitlines() if line.strip()]
        codes = [int(found[1]) for line in lines if (found := _GONE.search(line))]
        code = codes[-1] if codes else None
        for number in range(len(lines) - 1, -1, -1):
            if lines[number].startswith("touchline: "):
                after = lines[number + 1].lstrip() if number + 1 < len(lines) else ""
                hint = after.removeprefix("→ ") if after.startswith("→ ") else ""
                return LastWords(scrub(lines[number].removeprefix("touchline: ")), scrub(hint), code)
        # dramatiq's own lines begin with a bracket, those of a JSON log with a brace; the rest ends a traceback
        said = [line for line in lines if not line.startswith(("[", "{", " "))]
        return LastWords(scrub(said[-1]) if said else "", code=code)

    def _tail(self) -> str:
        try:
            with self.path.open("rb") as log:
                end = log.seek(0, os.SEEK_END)
                # shorter than when it was opened: somebody else has emptied it
                start = self._start if self._start <= end else 0
                log.seek(max(start, end - _TAIL))
                return log.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
