"""Documents to keep, and runs that keep them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from ingest.answers import Answer
from ingest.archive import Archive, RunKeeper
from ingest.kept import KeptRun, read
from ingest.sources import Part, Scope

NOW = datetime(2026, 10, 3, 22, 30, 0, 250_000, tzinfo=UTC)
PARTS = (Part("a", "homegrown", "2026-27", {"ids": [1, 2], "from": "2026-10-01"}), Part("b", None, "2026-27"))


def said(body: bytes = b"<p>hello</p>", url: str = "https://site.example/final") -> Answer:
    return Answer(200, body, '"v1"', url, "text/html; charset=utf-8", NOW)


def a_run(
    directory: Path,
    *documents: tuple[str, bytes, str | None],
    source: str = "made-up",
    scope: Scope | None = None,
    at: datetime = NOW,
    run_id: UUID | None = None,
) -> UUID:
    """A run that kept these documents (address, body, part) in `directory`; returns its id."""
    run_id = run_id or uuid4()
    keeper = RunKeeper(Archive(directory), run_id, source, scope or Scope(), now=lambda: at)
    keeper.planned(PARTS)
    for asked, body, part in documents:
        keeper.keep(asked, said(body), part)
    return run_id


def kept(directory: Path, run_id: UUID) -> KeptRun:
    run = read(Archive(directory).run(run_id))
    assert run is not None
    return run


def files(directory: Path) -> list[str]:
    """The documents in `directory`, by name."""
    return sorted(path.name for path in (directory / "documents").glob("*/*"))
