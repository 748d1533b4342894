"""How much a home keeps on disk because the broker was away, told by the names of the files alone.

The producer owns the spool and what is in a file of it; this is for whoever only counts.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: A file of a message that waits: when it was written, in nanoseconds since 1970, and the message's id.
NAME: Final = re.compile(r"^[0-9]{20}-[0-9a-zA-Z-]{1,64}\.msg$")

#: The folder of a home in which there is one a broker.
FOLDER: Final = "spool"


@dataclass(frozen=True, slots=True)
class Spooled:
    """Messages that wait, their size in bytes, and when the oldest was written, in seconds since 1970."""

    messages: int = 0
    size: int = 0
    oldest: float | None = None


def waiting(home: Path) -> Spooled:
    """What waits below `home`, for whichever broker; nothing where nothing was ever kept or may be looked at."""
    messages, size, oldest = 0, 0, None
    for folder in _folders(home / FOLDER):
        for file in _entries(folder.path):
            if NAME.match(file.name):
                try:
                    size += file.stat(follow_symlinks=False).st_size
                except OSError:
                    continue  # it was sent just now
                messages += 1
                written = int(file.name[:20]) / 1e9
                oldest = written if oldest is None else min(oldest, written)
    return Spooled(messages, size, oldest)


def _folders(path: Path) -> list[os.DirEntry[str]]:
    return [entry for entry in _entries(path) if entry.is_dir(follow_symlinks=False)]


def _entries(path: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError:
        return []
