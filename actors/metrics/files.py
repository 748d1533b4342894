"""The files in which processes keep their numbers, so that one of them can tell those of all. Owns runtime_dir/metrics.

    metrics/lock                      held by whoever makes, merges or reads what is below
    metrics/serving                   held by whoever may have the port (`server`)
    metrics/4711-5f0c9a3e/lock        held by process 4711 as long as it lives: the kernel lets go, however it ends
    metrics/4711-5f0c9a3e/*.db        its numbers, as prometheus_client writes them
    metrics/gone-17/*.db              those of all that are gone, added up
    metrics/gone-17/merged            whose they are

A process is known by its lock and never by its number: in a container each worker may be process 1, and numbers come
again. Of one that is gone the counters are added to `gone-N`, which becomes `gone-N+1`; its live gauges go with it. The
renaming of that directory decides: what it says it merged is deleted, and what a crash left of that is never counted
again. So however often workers are started anew there are as many directories as there are processes, and one.

Counters go on through any restart as long as the directory does; where it is a tmpfs that ends with its container they
begin at nothing, which Prometheus knows for a reset. Nothing is flushed to the disk: after a power cut files may be
unreadable, and are left out.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from contract.locks import lock_now, open_lock

#: Seconds to wait for who reads or merges at this moment, which takes milliseconds.
PATIENCE: Final = 5.0

#: Series of processes that are gone; more than these are some mistake, and begin at nothing.
MOST: Final = 20_000

_LOOK: Final = 0.01

#: Where prometheus_client has its values, if this is set when it is imported.
_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"

#: What prometheus_client raises for a file that holds something else.
_UNREADABLE: Final = (struct.error, RuntimeError, ValueError, KeyError, IndexError, TypeError, AttributeError)

_logger = logging.getLogger(__name__)


class FilesUnusable(Exception):
    """The directory for metrics cannot be made or written, or is not to be had now."""


class Directory:
    """The directory at `path`, for this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Where this process keeps its own numbers, once it has joined.
        self.own: Path | None = None
        self._life = -1

    def join(self) -> None:
        """Make this process's own directory, and have prometheus_client write there: before that is imported.

        Raises FilesUnusable.
        """
        own = self.path / f"{os.getpid()}-{secrets.token_hex(4)}"
        # before anything is merged, which imports it
        os.environ[_VARIABLE] = str(own)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.locked():
                self._merge()
                own.mkdir(mode=0o700)
                self._life = open_lock(own / "lock")
                if not lock_now(self._life):
                    raise FilesUnusable(f"{own} is in use")
        except OSError as error:
            del os.environ[_VARIABLE]
            raise FilesUnusable(f"{self.path} cannot be used: {error.strerror or error}") from None
        self.own = own

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else makes, merges or reads. Raises FilesUnusable or OSError."""
        lock = open_lock(self.path / "lock")
        try:
            deadline = time.monotonic() + PATIENCE
            while not lock_now(lock):
                if time.monotonic() > deadline:
                    raise FilesUnusable(f"{self.path} has been in use for {PATIENCE:.0f} s")
                time.sleep(_LOOK)
            yield
        finally:
            os.close(lock)

    def read(self) -> Iterable[Any]:
        """The metrics of all processes, added up (prometheus_client's `Metric`). Raises FilesUnusable."""
        try:
            with self.locked():
                self._merge()
                return _merged(self._files(), accumulate=True)
        except OSError as error:
            raise FilesUnusable(f"{self.path} cannot be read: {error.strerror or error}") from None

    def _files(self) -> list[Path]:
        return [file for folder in self._folders() for file in _values(folder)]

    def _folders(self) -> list[Path]:
        return sorted(path for path in self.path.iterdir() if path.is_dir())

    def _merge(self) -> None:
        """Add the numbers of processes that are gone to those that went before."""
        folders = self._folders()
        for half in (path for path in folders if path.name.startswith("new-")):
            shutil.rmtree(half)
        totals = sorted((path for path in folders if path.name.startswith("gone-")), key=_number)
        merged = _told(totals[-1]) if totals else set()
        old = [path for path in folders if path.name in merged] + totals[:-1]
        for path in old:
            shutil.rmtree(path)
        gone = [path for path in folders if "-" in path.name and path.name.split("-")[0].isdigit()]
        gone = [path for path in gone if path not in old and path != self.own and _is_gone(path)]
        if not gone:
            return
        last = totals[-1:]
        number = _number(last[0]) + 1 if last else 1
        new = self.path / f"new-{number}"
        new.mkdir(mode=0o700)
        _write(new, [file for folder in (*last, *gone) for file in _values(folder)])
        (new / "merged").write_text("\n".join(path.name for path in gone), encoding="ascii")
        new.rename(self.path / f"gone-{number}")
        for path in (*gone, *last):
            shutil.rmtree(path)


def _number(total: Path) -> int:
    return int(total.name.removeprefix("gone-"))


def _told(total: Path) -> set[str]:
    return set((total / "merged").read_text(encoding="ascii").split())


def _is_gone(folder: Path) -> bool:
    lock = open_lock(folder / "lock")
    try:
        return lock_now(lock)
    finally:
        os.close(lock)


def _values(folder: Path) -> list[Path]:
    # one that was just made has no length yet
    return [file for file in sorted(folder.glob("*.db")) if file.stat().st_size]


def _merged(files: Sequence[Path], *, accumulate: bool) -> Iterable[Any]:
    from prometheus_client.multiprocess import MultiProcessCollector

    merge: Any = MultiProcessCollector.merge
    try:
        return list(merge(list(map(str, files)), accumulate=accumulate))
    except _UNREADABLE:
        readable = [file for file in files if _is_readable(file)]
        return list(merge(list(map(str, readable)), accumulate=accumulate))


def _is_readable(file: Path) -> bool:
    from prometheus_client.multiprocess import MultiProcessCollector

    merge: Any = MultiProcessCollector.merge
    try:
        merge([str(file)], accumulate=False)
    except _UNREADABLE as error:
        _logger.warning("Left out metrics that cannot be read: %s: %s", file, error)
        return False
    return True


def _write(folder: Path, files: Sequence[Path]) -> None:
    """Write the sum of `files` into `folder`, as a process would have that had counted it all."""
    from prometheus_client.mmap_dict import MmapedDict, mmap_key

    lasting = [file for file in files if not file.name.startswith("gauge_live")]
    metrics = list(_merged(lasting, accumulate=False))
    if sum(len(metric.samples) for metric in metrics) > MOST:
        _logger.warning("There are more than %d metrics of processes that are gone; they begin at nothing.", MOST)
        return
    for kind in {_kind(metric) for metric in metrics}:
        values = MmapedDict(str(folder / f"{kind}_gone.db"))  # type: ignore[no-untyped-call]
        try:
            for metric in (metric for metric in metrics if _kind(metric) == kind):
                for sample in metric.samples:
                    labels = sample.labels
                    key = mmap_key(metric.name, sample.name, list(labels), list(labels.values()), metric.documentation)
                    values.write_value(key, sample.value, 0.0)  # type: ignore[no-untyped-call]
        finally:
            values.close()  # type: ignore[no-untyped-call]


def _kind(metric: Any) -> str:
    return f"gauge_{metric._multiprocess_mode}" if metric.type == "gauge" else str(metric.type)
