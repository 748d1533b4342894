"""Pages opened for one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urljoin

from contract.addresses import redact
from ingest.browser.page import LivePage
from ingest.browser.session import PAGE_LIMIT, open_browser
from ingest.errors import SiteRefused, SiteUnreachable, TooLarge
from ingest.http import MAX_BYTES, Answer

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from contract.settings import Settings

T = TypeVar("T")

#: Around each request that a visit makes: robots.txt is asked, and the request waits for its place.
Permit = Callable[[str], AbstractContextManager[None]]

#: Given each document that a visit reads, with the address that was asked for; returns it.
Keep = Callable[[str, Answer], Answer]

#: The request of the page itself; the answer's text, so that what it says is decoded as the page would.
_FETCH: Final = """
async ([url, limit]) => {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limit);
  try {
    const answer = await fetch(url, {
      headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "same-origin", signal: stop.signal,
    });
    const type = answer.headers.get("content-type") ?? "";
    return { status: answer.status, url: answer.url, type, text: await answer.text() };
  } finally { clearTimeout(timer); }
}
"""


class Visits:
    """The browser of one run: opened with the first page, one context for all of them, closed with the run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = ExitStack()
        self._context: BrowserContext | None = None

    def visit(self, url: str, work: Callable[[LivePage], T], permit: Permit, keep: Keep) -> T:
        """Open `url` and return what `work` makes of the page.

        Raises BrowserMissing, BrowserFailed, SiteUnreachable, SiteRefused, and what `work` raises.
        """
        context = self._opened()
        from playwright.sync_api import Error

        page = context.new_page()
        try:
            page.set_default_timeout(PAGE_LIMIT * 1000)
            live = _Live(page, url, permit, keep)
            with permit(url):
                try:
                    answer = page.goto(url, wait_until="domcontentloaded")
                except Error as error:
                    reason = error.message.partition("\n")[0]
                    raise SiteUnreachable(f"{redact(url)} does not open in the browser: {reason}") from None
            if answer is not None and answer.status >= 400:
                raise SiteRefused(f"{redact(url)} answers {answer.status}")
            return work(live)
        finally:
            page.close()

    def close(self) -> None:
        self._context = None
        self._stack.close()

    def _opened(self) -> BrowserContext:
        if self._context is None:
            browser = self._stack.enter_context(open_browser(self._settings))
            self._context = browser.new_context()
        return self._context


class _Live:
    """A page in the browser."""

    def __init__(self, page: Page, asked: str, permit: Permit, keep: Keep) -> None:
        self.page = page
        self._asked = asked
        self._keep = keep
        self._permit = permit
        self._requested: list[str] = []
        page.on("request", lambda request: self._requested.append(request.url))

    @property
    def url(self) -> str:
        return self.page.url

    @property
    def requested(self) -> Sequence[str]:
        return tuple(self._requested)

    def html(self) -> Answer:
        html = Answer(200, self.page.content().encode(), None, self.page.url, "text/html", datetime.now(UTC))
        return self._keep(self._asked, html)

    def get(self, url: str) -> Answer:
        from playwright.sync_api import Error

        address = urljoin(self.page.url, url)
        asked_at = datetime.now(UTC)
        with self._permit(address):
            try:
                said: dict[str, Any] = self.page.evaluate(_FETCH, [address, PAGE_LIMIT * 1000])
            except Error as error:
                raise SiteUnreachable(
                    f"{redact(address)} does not answer: {error.message.partition(chr(10))[0]}"
                ) from None
        if said["status"] >= 500:
            raise SiteUnreachable(f"{redact(address)} answers {said['status']}")
        if said["status"] >= 400:
            raise SiteRefused(f"{redact(address)} answers {said['status']}")
        body = said["text"].encode()
        if len(body) > MAX_BYTES:
            raise TooLarge(f"{redact(address)} is larger than {MAX_BYTES} bytes")
        return self._keep(address, Answer(said["status"], body, None, said["url"], said["type"], asked_at))
