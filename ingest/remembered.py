"""What a source has learned about its site and wants to know again: small values with the time they are from.

    home/remembered/<source>.json   {"format": 1, "source": …, "values": {<key>: {"at": …, "value": …}}}

A convenience and never the truth: losing the file, or finding it torn, costs learning the values once more.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

log = structlog.get_logger()

_FORMAT: Final = 1


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")

    at: AwareDatetime
    value: JsonValue


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: int = _FORMAT
    source: str
    values: dict[str, _Value] = Field(default_factory=dict)


class Remembered:
    """The values of one source in one home. Threads and processes may use it together: the later word counts."""

    def __init__(self, home: Path, source: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = home / "remembered" / f"{quote(source, safe='')}.json"
        self._source = source
        self._now = now

    def get(self, key: str, *, younger_than: timedelta) -> Any | None:
        """The value of `key`, or None where there is none, or none so young. One from the future is none."""
        value = self._read().values.get(key)
        if value is None or not timedelta(0) <= self._now() - value.at < younger_than:
            return None
        return value.value

    def put(self, key: str, value: JsonValue) -> None:
        """Remember `value`. A disk that does not take it is a warning: the value is learned again next time."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(f"{self._path}.lock", "a", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                content = self._read()
                content.values[key] = _Value(at=self._now(), value=value)
                new = self._path.with_suffix(".new")
                with new.open("w", encoding="utf-8") as file:
                    file.write(content.model_dump_json(indent=1))
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(self._path)
        except OSError as error:
            log.warning("not_remembered", source=self._source, key=key, file=str(self._path), reason=str(error))

    def _read(self) -> _File:
        try:
            content = _File.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return _File(source=self._source)
        except (OSError, ValidationError) as error:
            reason = str(error).partition("\n")[0]
            log.warning("remembered_unreadable", file=str(self._path), reason=reason)
            return _File(source=self._source)
        usable = (content.format, content.source) == (_FORMAT, self._source)
        return content if usable else _File(source=self._source)
