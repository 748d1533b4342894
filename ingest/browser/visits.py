"""Pages opened for one run, in the browser that all runs of the process share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from contract.addresses import redact
from ingest.agent import default_user_agent
from ingest.answers import MAX_BYTES
from ingest.browser.evidence import Evidence
from ingest.browser.finding import check_wanted
from ingest.browser.live import Keep, Live, Permit
from ingest.browser.page import LivePage
from ingest.browser.session import Chromium, first_line
from ingest.browser.shared import Shared, shared
from ingest.errors import BrowserFailed, BrowserMissing, PageChanged, SiteUnreachable

if TYPE_CHECKING:
    from contract.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")

#: Seconds for all that is kept of one page that does not look as expected.
_EVIDENCE_LIMIT: Final = 20.0


class Visits:
    """The browser of one run: opened with its first page, one context for all of them, closed with the run.

    Threads may use it together: their pages are read one after the other.
    """

    def __init__(
        self,
        settings: Settings,
        source: str = "",
        *,
        run: str = "",
        max_bytes: int = MAX_BYTES,
        browser: Callable[[], Shared] = shared,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        """`source` and `run` name the evidence that is kept; `max_bytes` is for one document."""
        self._settings = settings
        self._evidence = Evidence(settings.home, source, run)
        self._max_bytes = max_bytes
        self._browser = browser
        self._sleep = sleep or self._wait
        self._used: Shared | None = None
        self._closed = threading.Event()

    def visit(self, url: str, work: Callable[[LivePage], T], permit: Permit, keep: Keep) -> T:
        """Open `url` and return what `work` makes of the page. Both happen in the browser's thread.

        Raises BrowserMissing, BrowserFailed, SiteUnreachable, SiteRefused, and what `work` raises; what Playwright
        raises in it becomes PageChanged where the page lacks what was waited for, and SiteUnreachable where it did not
        come as a whole. Whoever is interrupted while it waits calls `close`.
        """
        self._check_open()
        check_wanted(self._settings)  # before Playwright: its import alone takes 50 ms
        _check_playwright()
        self._used = browser = self._browser()
        return browser.do(self, lambda: self._visit(browser, url, work, permit, keep))

    def close(self) -> None:
        """The run is over: a page that is being read is ended within seconds, and no other is opened."""
        self._closed.set()
        if self._used is not None:
            self._used.end(self)

    def _visit(self, browser: Shared, url: str, work: Callable[[LivePage], T], permit: Permit, keep: Keep) -> T:
        from playwright.sync_api import Error

        self._check_open()
        try:
            with browser.page(self, self._settings, default_user_agent()) as (chromium, page):
                self._check_open()
                live = Live(chromium, page, url, permit, keep, max_bytes=self._max_bytes, sleep=self._sleep)
                live.open()
                try:
                    return self._worked(live, work)
                except PageChanged as error:
                    live.check_alive(error)
                    self._keep(chromium, live, error)
                    raise
        except BrowserFailed:
            self._check_open()  # it is we who ended it
            raise
        except Error as error:
            self._check_open()
            raise BrowserFailed(f"the browser failed at {redact(url)}: {first_line(error.message)}") from error

    def _worked(self, live: Live, work: Callable[[LivePage], T]) -> T:
        from playwright.sync_api import Error

        try:
            return work(live)
        except Error as error:
            live.explain(error)

    def _keep(self, chromium: Chromium, live: Live, error: PageChanged) -> None:
        """Keep what the page looks like, and say in the error where. The run goes on whatever comes of it."""
        try:
            with chromium.limited(_EVIDENCE_LIMIT):
                place = self._evidence.keep(live.page, live.requests, error, chromium.shown)
        except BrowserFailed as failure:
            log.warning("evidence_not_kept", reason=str(failure))
            return
        if place is not None:
            error.hint = f"{error.hint}; " * bool(error.hint) + f"what the page looked like is kept in {place}"

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise SiteUnreachable("the run is over; nothing is asked any more")

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._closed.wait(left):
            pass
        self._check_open()


def _check_playwright() -> None:
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        raise BrowserMissing(
            "Playwright, which drives the browser, is not installed", hint="pip install 'touchline[browser]'"
        ) from None
