"""Where the documents of a run are kept as the site gave them. Owns the directory that `keep_pages` names.

    documents/ab/abcd….xz    a body under its SHA-256, compressed: once, however often the site says it
    runs/<run id>.jsonl      what the run planned and what it was answered, a line each (`ingest.kept` reads them)
    lock                     held in common by whoever keeps a document, alone by whoever deletes one

Nothing that a site says becomes the name of a file. Several processes may keep documents of one run: its parts are read
by several workers, or its order came twice. Each of these is a *reading*, whose documents bear its mark. A process may
die between any two of these lines:

    write     the body under another name, fsync
    rename    the document is there under its hash, whole
    append    the line that says whose answer it was; one write that begins and ends with a line break

- Dead before `rename`: a file under another name, which is deleted after a day (`ingest.pruning`).
- Dead before `append`: that answer is not kept. Its document is deleted after a day, if no run names it by then.
- Dead in `append`: a torn line, which is skipped; the next has a line of its own.
- A power cut may take the last lines with it; a document that a line names is either as it was or found to be damaged.

What cannot be kept is a warning and nothing else: the run goes on.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID, uuid4

import structlog
from pydantic import TypeAdapter

from contract.addresses import redact, without_user
from ingest.sources import Part, Scope

if TYPE_CHECKING:
    from ingest.answers import Answer

log = structlog.get_logger()

#: Of the lines of a run. A run of another format is left alone.
FORMAT: Final = 1

#: Of xz. A season's feeds (24.6 MB) become 0.79 MB in 0.5 s; with gzip 2.4 MB in 0.26 s, with xz -6 0.63 MB in 4 s.
_PRESET: Final = 1

#: What a site says to us is no secret; how often and what we ask is nobody else's business.
_PRIVATE: Final = 0o700

#: The part that is being fetched in this context; None while a run is planned.
reading_part: ContextVar[str | None] = ContextVar("reading_part", default=None)

_SCOPE: Final = TypeAdapter(Scope)


class Keeper(Protocol):
    """Keeps the documents of one run. Threads may use it together. Neither method ever raises."""

    def planned(self, parts: Sequence[Part]) -> None:
        """These are the parts that the run will read. Said again, the later word on a part counts."""
        ...

    def keep(self, asked: str, answer: Answer, part: str | None) -> None:
        """Keep `answer`, which is what the site said for `part` when it was asked for the address `asked`."""
        ...


class Archive:
    """The directory: documents by hash, runs by id."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.runs = directory / "runs"
        self.documents = directory / "documents"

    def run(self, run_id: UUID) -> Path:
        """The lines of that run."""
        return self.runs / f"{run_id}.jsonl"

    def document(self, digest: str) -> Path:
        """Where the body with that SHA-256 (hexadecimal) is, if it is kept."""
        return self.documents / digest[:2] / f"{digest}.xz"

    def put(self, body: bytes) -> tuple[str, int]:
        """Keep `body`; returns its hash, and how many bytes more are on disk now.

        Raises OSError, and ImportError where Python was built without liblzma.
        """
        import lzma  # missing in some Pythons that were built by hand: no reason for a run to fail

        digest = hashlib.sha256(body).hexdigest()
        path = self.document(digest)
        with self.held(fcntl.LOCK_SH):
            try:
                # as young as if it had been written now: whoever deletes leaves it alone until its line is there
                os.utime(path)
            except FileNotFoundError:
                return digest, _write(path, lzma.compress(body, preset=_PRESET))
        return digest, 0

    def get(self, digest: str) -> bytes | None:
        """The body with that hash; None where it is gone or damaged."""
        import lzma

        try:
            body = lzma.decompress(self.document(digest).read_bytes())
        except (OSError, EOFError, lzma.LZMAError):
            return None
        return body if hashlib.sha256(body).hexdigest() == digest else None

    @contextmanager
    def held(self, how: int) -> Iterator[None]:
        """The lock on documents, in common or alone (fcntl.LOCK_SH, LOCK_EX)."""
        for directory in (self.directory, self.runs, self.documents):
            directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


class RunKeeper:
    """Keeps what one run is answered. A run that is answered nothing new leaves no trace."""

    def __init__(
        self,
        archive: Archive,
        run_id: UUID,
        source: str,
        scope: Scope,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._archive = archive
        self._path = archive.run(run_id)
        self._lock = threading.Lock()
        self._warned = False
        self._reading = uuid4().hex[:8]
        #: Lines that are written before the first document.
        self._waiting = [
            _line(
                "run",
                format=FORMAT,
                run_id=str(run_id),
                source=source,
                scope=_SCOPE.dump_python(scope, mode="json"),
                started_at=now().isoformat(),
                touchline=version("touchline"),
            )
        ]
        self._begun = False

    def planned(self, parts: Sequence[Part]) -> None:
        with self._lock:
            for part in parts:
                try:
                    self._waiting.append(_line("part", **asdict(part)))
                except (TypeError, ValueError) as error:
                    # a source has put something into it that is no JSON: this part cannot be read again
                    self._warn(error, part=part.name)
            if self._begun:
                self._append()

    def keep(self, asked: str, answer: Answer, part: str | None) -> None:
        try:
            digest, stored = self._archive.put(answer.body)
        except (OSError, ImportError) as error:
            self._warn(error, url=redact(asked))
            return
        line = _line(
            "document",
            reading=self._reading,
            part=part,
            asked=without_user(asked),
            url=without_user(answer.url),
            status=answer.status,
            etag=answer.etag,
            content_type=answer.content_type,
            asked_at=answer.asked_at.isoformat(),
            sha256=digest,
            size=len(answer.body),
            stored=stored,
        )
        with self._lock:
            self._waiting.append(line)
            self._begun = True
            self._append()

    def _append(self) -> None:
        """Write what waits; the caller holds the lock. What does not get onto the disk is tried again with the next."""
        try:
            text = "".join(self._waiting).encode()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                if os.write(descriptor, text) < len(text):
                    raise OSError(f"{self._path} takes no more")
            finally:
                os.close(descriptor)
        except OSError as error:
            self._warn(error)
        else:
            self._waiting.clear()

    def _warn(self, error: Exception, **said: Any) -> None:
        if not self._warned:
            self._warned = True
            log.warning("pages_not_kept", directory=str(self._archive.directory), reason=str(error), **said)


def _line(kind: str, **said: Any) -> str:
    """One line, begun anew: what another process died in the middle of ends here. Raises TypeError or ValueError."""
    return f"\n{json.dumps({'line': kind, **said})}\n"


def _write(path: Path, content: bytes) -> int:
    """Write `path` so that it is there whole or not at all; returns its size."""
    path.parent.mkdir(mode=_PRIVATE, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return len(content)
