"""Deletes kept documents that are old (`[retention] pages_days`), but not the last that are kept of a part.

A part that the site does not change is answered "not modified" for months: the newest run that has documents of it is
what it can be read from, however old that is. Runs that asked for other things are told apart there, and those that
asked for certain dates go by age alone: there may be new dates each day.

A run's lines go first, then the documents that no run names. A document is written, or touched, before the line that
names it; so one that is younger than a day is left alone, whoever names it. While there is a run that cannot be read
(another version wrote it) nobody knows which documents it names, and they all stay until it is old itself.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from ingest.archive import Archive
from ingest.kept import runs

log = structlog.get_logger()

#: How long after it was written a document that no run names is left alone, and how often anybody looks.
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the directory holds: documents, and bytes of them on disk."""

    documents: int
    stored: int


def prune(archive: Archive, *, days: int, now: datetime | None = None) -> int | None:
    """Delete runs that began more than `days` ago, and the documents that are no run's any more.

    Returns how many runs went, or None where nobody needed to look: at most one process does, once a day. What cannot
    be deleted is a warning.
    """
    now = now or datetime.now(UTC)
    try:
        return _prune(archive, now - timedelta(days=days), now) if _due(archive, now) else None
    except OSError as error:
        log.warning("pages_not_pruned", directory=str(archive.directory), reason=str(error))
        return None


def usage(archive: Archive) -> Usage:
    """How much is kept. Raises OSError."""
    sizes = [path.stat().st_size for path in _documents(archive)]
    return Usage(len(sizes), sum(sizes))


def _due(archive: Archive, now: datetime) -> bool:
    """Whether a day has passed since anybody looked; whoever is told so has taken it on."""
    stamp = archive.directory / "pruned"
    with archive.held(fcntl.LOCK_EX):
        if stamp.exists() and now - _changed(stamp) < _DAY:
            return False
        stamp.touch(mode=0o600)
        os.utime(stamp, (now.timestamp(), now.timestamp()))
    return True


def _prune(archive: Archive, before: datetime, now: datetime) -> int:
    newest: dict[tuple[object, ...], Path] = {}
    named: dict[Path, set[str]] = {}
    gone = []
    for run in runs(archive):
        path = archive.run(run.run_id)
        named[path] = {document.sha256 for document in run.documents}
        if run.started_at < before:
            gone.append(path)
        scope = run.scope
        if not (scope.date_from or scope.date_to):
            for part in {document.part for document in run.documents} - {None}:
                newest[run.source, scope.age_groups, scope.divisions, scope.teams, part] = path
    unreadable = [path for path in archive.runs.glob("*.jsonl") if path not in named]
    gone = [path for path in gone if path not in newest.values()]
    gone += [path for path in unreadable if _changed(path) < before]
    for path in gone:
        path.unlink(missing_ok=True)
        named.pop(path, None)
    if set(unreadable) <= set(gone):
        _sweep(archive, set().union(*named.values()), now)
    if gone:
        log.info("pages_pruned", runs=len(gone))
    return len(gone)


def _sweep(archive: Archive, named: set[str], now: datetime) -> None:
    """Delete the documents that no run names, and what was left by whoever died while writing one."""
    for path in _documents(archive):
        if path.name.partition(".")[0] in named or now - _changed(path) < _DAY:
            continue
        # alone: somebody may be about to name it, and has touched it then
        with archive.held(fcntl.LOCK_EX):
            if now - _changed(path) >= _DAY:
                path.unlink()


def _documents(archive: Archive) -> Iterator[Path]:
    for directory in sorted(archive.documents.glob("*/")):
        yield from (path for path in sorted(directory.iterdir()) if path.is_file())


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
