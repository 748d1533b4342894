"""What a page and its frames have asked for, as the browser tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from contract.addresses import redact

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Response

#: A page that never rests asks for ever; so many requests of one are remembered.
_MOST: Final = 5_000

#: What Chromium says of a request that nobody wanted any more; it says nothing about the site.
_LEFT: Final = ("net::ERR_ABORTED", "net::ERR_BLOCKED_BY_CLIENT")


@dataclass(slots=True)
class Asked:
    """One request. `size` is what the answer says of itself, in bytes as sent; `seconds` until it was complete."""

    at: datetime
    method: str
    url: str
    kind: str
    #: The address that was redirected to this one, first of all.
    origin: str
    status: int | None = None
    failure: str | None = None
    size: int | None = None
    seconds: float | None = None

    @property
    def document(self) -> bool:
        """Whether it was for what a frame shows."""
        return self.kind == "document"

    def reason(self) -> str | None:
        """Why it brought nothing though the site may answer later; None where it did, or will not."""
        if self.failure is not None:
            return None if self.failure in _LEFT else self.failure
        return f"it answers {self.status}" if self.status is not None and self.status >= 500 else None

    def line(self) -> dict[str, object]:
        """For a log: the names and units of a HAR, without passwords."""
        return {
            "startedDateTime": self.at.isoformat(timespec="milliseconds"),
            "method": self.method,
            "url": redact(self.url)[:2000],
            "resourceType": self.kind,
            "status": self.status,
            "failure": self.failure,
            "bodySize": self.size,
            "time": None if self.seconds is None else round(self.seconds * 1000),
        }


class Requests:
    """The requests of one page since it was opened, in order."""

    def __init__(self, page: Page) -> None:
        self._asked: dict[Request, Asked] = {}
        page.on("request", self._request)
        page.on("response", self._response)
        page.on("requestfinished", self._finished)
        page.on("requestfailed", self._failed)

    def __iter__(self) -> Iterator[Asked]:
        return iter(list(self._asked.values()))

    def __len__(self) -> int:
        return len(self._asked)

    def _request(self, request: Request) -> None:
        if len(self._asked) < _MOST:
            first = request
            while first.redirected_from is not None:
                first = first.redirected_from
            asked = Asked(datetime.now(UTC), request.method, request.url, request.resource_type, first.url)
            self._asked[request] = asked

    def _response(self, response: Response) -> None:
        if (asked := self._asked.get(response.request)) is not None:
            asked.status = response.status
            length = response.headers.get("content-length", "")
            asked.size = int(length) if length.isascii() and length.isdigit() else None

    def _finished(self, request: Request) -> None:
        if (asked := self._asked.get(request)) is not None:
            asked.seconds = max(0.0, request.timing["responseEnd"]) / 1000

    def _failed(self, request: Request) -> None:
        if (asked := self._asked.get(request)) is not None:
            asked.failure = request.failure or "failed"
