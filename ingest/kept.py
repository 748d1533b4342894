"""What is kept of earlier runs: which there are, what each planned, and what it was answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import structlog
from pydantic import AwareDatetime, BaseModel, Field, JsonValue, StringConstraints, TypeAdapter, ValidationError

from ingest.answers import Answer
from ingest.archive import FORMAT, Archive
from ingest.sources import Part, Scope

log = structlog.get_logger()


class _Run(BaseModel):
    line: Literal["run"]
    format: Literal[1]
    run_id: UUID
    source: str
    scope: Scope
    started_at: AwareDatetime
    touchline: str


class _Part(BaseModel):
    line: Literal["part"]
    name: str
    league: str | None
    season: str
    detail: dict[str, JsonValue]


class Document(BaseModel):
    """An answer, as its line has it. `size` is of the body, `stored` what it added to the disk, both in bytes."""

    line: Literal["document"]
    #: Of one process, from beginning to end; another worker of the same run, or a second try, is another one.
    reading: str
    #: The part that it was fetched for; None where it was asked for while the run was planned.
    part: str | None
    asked: str
    url: str
    status: int
    etag: str | None
    content_type: str
    asked_at: AwareDatetime
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: int
    stored: int


_LINE: Final[TypeAdapter[_Run | _Part | Document]] = TypeAdapter(
    Annotated[_Run | _Part | Document, Field(discriminator="line")]
)


@dataclass(slots=True)
class KeptRun:
    """One run of which documents are kept, in the order in which it was answered."""

    run_id: UUID
    source: str
    scope: Scope
    started_at: datetime
    #: The version that read it.
    touchline: str
    parts: dict[str, Part] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes that its documents have, as the site sent them."""
        return sum(document.size for document in self.documents)

    @property
    def stored(self) -> int:
        """Bytes on disk that its documents added."""
        return sum(document.stored for document in self.documents)

    def answered(self, part: str) -> bool:
        """Whether a document of that part is kept: where the site said "not modified" of all, none is."""
        return any(document.part == part for document in self.documents)


def runs(archive: Archive) -> Iterator[KeptRun]:
    """The runs that are kept, oldest first. One that cannot be read is a warning. Raises OSError for the directory."""
    found = [run for path in sorted(archive.runs.glob("*.jsonl")) if (run := read(path)) is not None]
    yield from sorted(found, key=lambda run: (run.started_at, run.run_id))


def read(path: Path) -> KeptRun | None:
    """The run whose lines are in `path`; None, with a warning, where it has no beginning that is known here."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        log.warning("kept_run_unreadable", file=str(path), reason=str(error))
        return None
    run: KeptRun | None = None
    for text in filter(None, lines):
        match _parsed(text):
            # its order came twice, or several workers read it: the first beginning is its beginning
            case _Run() as said if run is None:
                started_at = said.started_at.astimezone(UTC)
                run = KeptRun(said.run_id, said.source, said.scope, started_at, said.touchline)
            case _Part() as part if run is not None:
                run.parts[part.name] = Part(part.name, part.league, part.season, dict(part.detail))
            case Document() as document if run is not None:
                run.documents.append(document)
    if run is None or path.stem != str(run.run_id):
        log.warning("kept_run_unreadable", file=str(path), reason=f"it does not begin as a run of format {FORMAT}")
        return None
    return run


def answer(archive: Archive, document: Document) -> Answer | None:
    """The answer as it was given; None where its body is gone or damaged."""
    body = archive.get(document.sha256)
    if body is None:
        return None
    at = document.asked_at.astimezone(UTC)
    return Answer(document.status, body, document.etag, document.url, document.content_type, at)


def _parsed(text: bytes) -> Any:
    """What a line says; None where it is torn, or of a kind that is not known here."""
    try:
        return _LINE.validate_python(json.loads(text))
    except (ValueError, ValidationError):
        return None
