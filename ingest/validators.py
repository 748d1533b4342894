"""The ETags that a source's documents were last read under, so that a refresh that finds nothing new costs little.

An ETag is remembered by `commit` alone, when everything that was read under it is confirmed by the broker or on disk;
a crash before that leaves the old one, and the document is read again. It holds for one part, one scope and one
destination: what a filtered run saw says nothing about the rest, and another broker or database has seen nothing yet.
It holds for one version of this program too: the next one may read more out of the same document.

    home/validators/<source>.json        {"format": 1, "source": …, "parts": {<part>: …}}
    home/validators/<source>.json.lock   held (flock) while the file is changed: two processes may commit at once

Losing the file costs one full read and nothing else: a torn or foreign one is set aside and counts as empty.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.addresses import redact
from ingest.sources import Scope

log = structlog.get_logger()

_FORMAT: Final = 1

#: Scopes with a moving date leave an entry a day behind; one that was not used for so long goes.
_FORGOTTEN_AFTER: Final = timedelta(days=60)


class _Memory(BaseModel):
    """The ETags of one part for one scope and destination, by address."""

    model_config = ConfigDict(extra="forbid")

    used_at: datetime
    etags: dict[str, str]


class _PartState(BaseModel):
    model_config = ConfigDict(extra="forbid")

    checked_at: datetime
    changed_at: datetime | None = None
    #: The newest ETags, whoever asked: an answer to another scope is no news of the site.
    latest: dict[str, str | None] = Field(default_factory=dict)
    memories: dict[str, _Memory] = Field(default_factory=dict)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: int = _FORMAT
    source: str
    parts: dict[str, _PartState] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """When a part of a source was last asked for with success, and when it last said something new."""

    part: str
    checked_at: datetime
    changed_at: datetime | None


class Validators:
    """What one run knows of a source's ETags. Threads may use it together."""

    def __init__(
        self,
        home: Path,
        source: str,
        *,
        scope: Scope | None = None,
        destination: str = "",
        full: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`destination` names where the run's messages go: a broker's URL, or any text. `full` asks for everything
        again and remembers it anew."""
        self._path = _path(home, source)
        self._source = source
        self._key = _fingerprint(scope or Scope(), destination)
        self._full = full
        self._now = now
        self._lock = threading.Lock()
        #: part → address → ETag (None: the answer had none) of what was read and is not yet safe.
        self._pending: dict[str, dict[str, str | None]] = {}
        content = _read(self._path, source)
        #: Parts that were there once, whoever asked.
        self._parts = frozenset(content.parts if content else ())
        self._known = {} if full or content is None else self._remembered(content)

    def etag(self, part: str, url: str) -> str | None:
        """The ETag that `part`'s document at `url` was last safely read under, if any."""
        return self._known.get(part, {}).get(url)

    def note(self, part: str, url: str, etag: str | None) -> None:
        """`url` was read anew under `etag`; remembered by the next `commit` of its part."""
        with self._lock:
            self._pending.setdefault(part, {})[url] = etag

    def discard(self, part: str) -> None:
        """What was read of `part` did not arrive: the next run reads it again."""
        with self._lock:
            self._pending.pop(part, None)

    def forget(self, part: str) -> None:
        """`part` failed, or was empty: the next run reads all of it, so that it can say that all is well again.

        "Nothing new since before it failed" would leave the failure as the last that anybody heard.
        """
        self.discard(part)
        if self._known.pop(part, None) is None and not self._full:
            return
        try:
            with _changing(self._path, self._source) as content:
                if part in content.parts:
                    content.parts[part].memories.pop(self._key, None)
        except OSError as error:
            log.warning("etags_not_forgotten", source=self._source, part=part, file=str(self._path), reason=str(error))

    def was_there(self, part: str) -> bool:
        """Whether the site had `part` when this run began to read, in whatever scope."""
        return part in self._parts

    def commit(self, part: str) -> None:
        """Everything that was read of `part` is confirmed or spooled, or the site said that nothing changed."""
        with self._lock:
            noted = self._pending.pop(part, {})
        etags = {url: etag for url, etag in noted.items() if etag is not None}
        try:
            with _changing(self._path, self._source) as content:
                self._write(content, part, noted, etags)
        except OSError as error:
            # The messages are safe. What is lost is the saving: the next run reads the document in full.
            log.warning("etags_not_remembered", source=self._source, part=part, file=str(self._path), reason=str(error))
        if noted:
            self._known[part] = etags

    def _write(self, content: _File, part: str, noted: dict[str, str | None], etags: dict[str, str]) -> None:
        now = self._now()
        state = content.parts.setdefault(part, _PartState(checked_at=now))
        state.checked_at = now
        if noted:
            if None in noted.values() or any(state.latest.get(url) != etag for url, etag in noted.items()):
                state.changed_at = now
            state.latest = noted
            state.memories[self._key] = _Memory(used_at=now, etags=etags)
        elif self._key in state.memories:
            state.memories[self._key].used_at = now
        for key in [key for key, memory in state.memories.items() if now - memory.used_at > _FORGOTTEN_AFTER]:
            del state.memories[key]

    def _remembered(self, content: _File) -> dict[str, dict[str, str]]:
        return {
            name: state.memories[self._key].etags
            for name, state in content.parts.items()
            if self._key in state.memories
        }


def checks(home: Path, source: str) -> list[Check]:
    """What is known of each part of `source`, by name; empty where it was never read."""
    content = _read(_path(home, source), source)
    parts = content.parts if content else {}
    return [Check(name, state.checked_at, state.changed_at) for name, state in sorted(parts.items())]


def _path(home: Path, source: str) -> Path:
    return home / "validators" / f"{quote(source, safe='')}.json"


def _fingerprint(scope: Scope, destination: str) -> str:
    asked: dict[str, Any] = {
        # leagues and season decide which parts there are, not what is seen of one
        "age_groups": sorted(name.casefold() for name in scope.age_groups),
        "divisions": sorted(name.casefold() for name in scope.divisions),
        "teams": sorted(name.casefold() for name in scope.teams),
        "from": str(scope.date_from),
        "to": str(scope.date_to),
        # without its password: a fingerprint on disk could be tried against
        "destination": redact(destination) if "://" in destination else destination,
        "version": version("touchline"),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:20]


def _read(path: Path, source: str) -> _File | None:
    """The file's content; None where there is none, or none that can be used."""
    try:
        content = _File.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        log.warning("etags_unreadable", file=str(path), reason=str(error).partition("\n")[0])
        return None
    return content if (content.format, content.source) == (_FORMAT, source) else None


@contextmanager
def _changing(path: Path, source: str) -> Iterator[_File]:
    """The content, to be changed in place; replaces the file at the end, so that a reader sees the old or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{path}.lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        content = _read(path, source)
        if content is None:
            if path.exists():
                aside = path.with_suffix(".unreadable")
                path.replace(aside)
                log.warning("etags_set_aside", file=str(path), kept_as=str(aside))
            content = _File(source=source)
        yield content
        new = path.with_suffix(".new")
        with new.open("wb") as file:
            file.write(content.model_dump_json(indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
