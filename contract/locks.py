"""Locks between processes by flock(2): the kernel drops them when their holder ends, however it ends.

A lock is a file descriptor. It is given up by closing it; forked children share it and hold it until they close theirs.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def open_lock(path: Path) -> int:
    """A lock that nobody holds by this descriptor yet. Who may read its file may hold it: that is its owner alone."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:  # in an ordinary user's home, who must be able to use it later
        owner = path.parent.stat()
        os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


def share(lock: int) -> None:
    """Hold it together with others; waits for who holds it alone."""
    fcntl.flock(lock, fcntl.LOCK_SH)


def lock_now(lock: int) -> bool:
    """Hold it alone, if that is possible without waiting. Returns whether it is."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
