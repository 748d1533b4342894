"""What a page looked like that did not look as expected: for the person who mends the source.

    home/evidence/<source>/<UTC time>-<run>/page.json       address, error, browser
                                            screenshot.png  the whole page
                                            frame-0.html …  each frame as it was, the page itself first
                                            requests.jsonl  what they asked for, one a line

Only for the owner: a page may hold what its visitor alone should see. A disk that does not take it is a warning.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import structlog

from contract.addresses import redact
from ingest.browser.requests import Asked

if TYPE_CHECKING:
    from playwright.sync_api import Page

log = structlog.get_logger()

#: Directories of one source; the oldest go.
KEPT: Final = 20

#: Bytes of one file: twice a page of a season's standings with all its markup.
MAX_FILE: Final = 5 * 1024 * 1024
_MAX_FRAMES: Final = 20
#: Milliseconds for the picture: the page may still be busy.
_PICTURE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """The place of one source's."""

    home: Path
    source: str
    #: The run's id, where it is known.
    run: str = ""

    @property
    def directory(self) -> Path:
        return self.home / "evidence" / quote(self.source or "unknown", safe="")

    def keep(self, page: Page, requests: Iterable[Asked], error: Exception, browser: str) -> Path | None:
        """Keep `page` as it is now; where it lies, or None where it could not be kept."""
        now = datetime.now(UTC)
        place = self.directory / f"{now:%Y%m%dT%H%M%S}.{now.microsecond:06}Z-{self.run or secrets.token_hex(4)}"
        about = {
            "at": now.isoformat(timespec="seconds"),
            "source": self.source,
            "run": self.run or None,
            "url": redact(page.url),
            "error": str(error),
            "browser": browser,
        }
        try:
            place.mkdir(parents=True, mode=0o700)
            _write(place / "page.json", json.dumps(about, indent=1, ensure_ascii=False).encode())
            _write(place / "requests.jsonl", _lines(asked.line() for asked in requests))
            for name, content in _contents(page):
                _write(place / name, content)
            self._prune()
        except OSError as failure:
            log.warning("evidence_not_kept", directory=str(place), reason=failure.strerror or str(failure))
            shutil.rmtree(place, ignore_errors=True)
            return None
        return place

    def _prune(self) -> None:
        # their names begin with the time
        for old in sorted(self.directory.iterdir())[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _contents(page: Page) -> Iterator[tuple[str, bytes]]:
    """Picture and frames; what a page does not give any more is left out."""
    from playwright.sync_api import Error

    def given(ask: Any) -> bytes | None:
        try:
            content: bytes | str = ask()
        except Error as error:
            log.debug("evidence_incomplete", reason=error.message.partition("\n")[0])
            return None
        return content.encode() if isinstance(content, str) else content

    for number, frame in enumerate(page.frames[:_MAX_FRAMES]):
        if html := given(frame.content):
            yield f"frame-{number}.html", html[:MAX_FILE]
    picture = given(lambda: page.screenshot(full_page=True, animations="disabled", timeout=_PICTURE))
    if picture is None or len(picture) > MAX_FILE:
        picture = given(lambda: page.screenshot(timeout=_PICTURE))
    if picture is not None and len(picture) <= MAX_FILE:
        yield "screenshot.png", picture


def _lines(rows: Iterable[dict[str, object]]) -> bytes:
    text = b""
    for row in rows:
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        if len(text) + len(line) > MAX_FILE:
            break
        text += line
    return text


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
