"""What a site answers, however it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

#: Of one document, at most: five times the largest feed (12.7 MB, SOURCES section 1).
MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A document. `url` is where it came from, after redirects; `asked_at` is the time (UTC) of the request."""

    status: int
    body: bytes
    etag: str | None
    url: str
    content_type: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class NotModified:
    """The document is the one that was last safely read."""

    url: str
