"""The Chromiums that this process has open, as the system sees them."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil


def chromiums(owner: int | None = None) -> list[psutil.Process]:
    """Those below `owner` (this process), without the helpers that each has."""
    found = []
    for process in psutil.Process(owner).children(recursive=True):
        try:
            arguments = process.cmdline()
        except psutil.Error:
            continue
        if any(word.startswith("--touchline-browser=") for word in arguments):
            found.append(process)
    return found


def until(condition: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Wait for `condition`; fail where it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
