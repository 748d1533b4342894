"""What `touchline doctor` says of the documents that are kept for `touchline reparse`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from touchline.diagnosis_findings import NotUsed, Unhealthy
from touchline.output import counted, readable

if TYPE_CHECKING:
    from contract.settings import Settings


def look(settings: Settings) -> str:
    """How much is kept, since when, and for how long. Raises Unhealthy where nothing can be written."""
    if settings.keep_pages is None:
        raise NotUsed("keep_pages is not set: a mended parser can only read what the site still shows")
    from ingest.archive import Archive
    from ingest.kept import runs
    from ingest.pruning import usage

    directory = settings.keep_pages
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise Unhealthy(f"nothing can be kept in {directory}: {_why(existing)}", hint="let this user write there")
    archive = Archive(directory)
    kept = list(runs(archive))
    if not kept:
        return f"none yet, in {directory}"
    used = usage(archive)
    return (
        f"{counted(len(kept), 'run')} since {readable(kept[0].started_at)} UTC, {counted(used.documents, 'document')}, "
        f"{used.stored / 1e6:,.1f} MB in {directory}; for {settings.retention.pages_days} days"
    )


def _why(path: Path) -> str:
    return f"{path} may not be written" if path.is_dir() else f"{path} is no directory"
