"""The one Chromium of this process, which all of its runs share.

    no browser ──first page──► open ──50 pages, or it broke──► closed ──next page──► open
                                 │
                                 └── nothing to do for a minute, or the process ends ──► closed

A run has a context of its own in it: cookies and storage that no other run sees, and that end with the run. A browser
that is exchanged in the middle of a run hands them on. One thread does everything (`ingest.browser.thread`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from ingest.browser.blocking import blocked
from ingest.browser.session import PAGE_LIMIT, Chromium, first_line
from ingest.browser.thread import Job, Worker
from ingest.errors import BrowserFailed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, StorageState

    from contract.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")

#: Pages after which another Chromium is opened. Opening one costs half a second, which is 10 ms a page; what a browser
#: keeps of closed pages (code, caches, fragments) grows with their number: docs/browser.md has the figures.
PAGES: Final = 50

#: Seconds without work after which it is closed: with its driver it holds some 350 MB, and a run's next page
#: comes within its source's interval.
IDLE: Final = 60.0

#: Seconds that a visit gets to end after its browser was killed, and then again after the driver was.
_GRACE: Final = 3.0

#: Seconds that the end of the process waits for the browser to close.
_EXIT: Final = 8.0


class Shared:
    """A Chromium, opened when it is wanted. `do`, `end` and `close` may be called from any thread; `page` only by
    what `do` does."""

    def __init__(self, *, idle: float = IDLE, pages: int = PAGES) -> None:
        self._pages = pages
        self._worker = Worker(idle=idle, rest=self._rest)
        # all below is the thread's, but for `Chromium.kill`
        self._chromium: Chromium | None = None
        self._browser: Browser | None = None
        self._opened_for: object = None
        self._count = 0
        self._open = 0
        self._contexts: dict[object, BrowserContext] = {}
        #: What runs had in a browser that was closed before they ended.
        self._kept: dict[object, StorageState] = {}

    def do(self, owner: object, work: Callable[[], T]) -> T:
        """What `work` returns, done in the browser's thread; raises what it raises."""
        if self._worker.here:
            return work()  # a page opened by what is done with another
        job = Job(owner, work)
        self._worker.put(job)
        return job.take()

    @contextmanager
    def page(self, owner: object, settings: Settings, agent: str) -> Iterator[tuple[Chromium, Page]]:
        """A fresh page in the owner's context, for as long as the block lasts. `agent` is added to what the browser
        calls itself.

        Raises BrowserMissing, BrowserOff, BrowserFailed.
        """
        chromium, page = self._fresh(owner, settings, agent)
        others = set(page.context.pages) - {page}
        self._open += 1
        try:
            yield chromium, page
        finally:
            self._open -= 1
            self._leave(chromium, page, others)

    def end(self, owner: object) -> None:
        """The owner wants no page any more: one that is open for it is ended, by force. Takes some seconds at most."""
        with self._worker.lock:
            job = self._worker.running
            if job is not None and job.owner is owner and not self._worker.here:
                log.info("browser_killed", reason="the run is over, and a page was still being read")
                self._kill()
            else:
                job = None
        if job is not None and not job.ended(_GRACE):
            self._kill(driver=True)
            if not job.ended(_GRACE):
                # neither browser nor driver live, and it goes on: it does something else than reading a page
                log.warning("browser_thread_abandoned")
                _abandon(self)
                self._worker.stop(0)
                return
        self._worker.put(Job(None, lambda: self._forget(owner)))  # nobody's: it is not ended by force

    def close(self, seconds: float = _EXIT) -> None:
        """Close everything, by force where a page is being read, or where it is not closed in time."""
        with self._worker.lock:
            if (job := self._worker.running) is not None and job.owner is not None:
                self._kill()
        if not self._worker.stop(seconds):
            self._kill(driver=True)

    def _fresh(self, owner: object, settings: Settings, agent: str) -> tuple[Chromium, Page]:
        from playwright.sync_api import Error

        if (
            self._chromium is not None
            and not self._open
            and (self._chromium.worn or self._count >= self._pages or self._opened_for != _key(settings))
        ):
            self._rest()
        try:
            return self._page(owner, settings, agent)
        except Error as error:
            # it died while nobody looked; nothing was asked of the site yet
            log.info("browser_gone", reason=first_line(error.message))
            self._worn()
            if not self._open:
                self._rest()
        try:
            return self._page(owner, settings, agent)
        except Error as error:
            self._worn()
            raise BrowserFailed(f"the browser opens no page: {first_line(error.message)}") from None

    def _leave(self, chromium: Chromium, page: Page, others: set[Page]) -> None:
        """Close the page, and those that it opened."""
        from playwright.sync_api import Error

        try:
            with chromium.limited(PAGE_LIMIT):
                for each in page.context.pages:
                    if each not in others:
                        each.close()
        except (Error, BrowserFailed):
            chromium.worn = True

    def _page(self, owner: object, settings: Settings, agent: str) -> tuple[Chromium, Page]:
        if self._chromium is None or self._browser is None:
            chromium = self._chromium = Chromium(settings)
            try:
                self._browser = chromium.open()
            except BaseException:
                self._chromium = None
                raise
            self._opened_for = _key(settings)
        chromium, browser = self._chromium, self._browser
        with chromium.limited(PAGE_LIMIT):
            if owner not in self._contexts:
                context = self._contexts[owner] = browser.new_context(
                    user_agent=f"{chromium.user_agent} {agent}",
                    locale="en-US",
                    accept_downloads=False,
                    service_workers="block",
                    permissions=[],
                    storage_state=self._kept.pop(owner, None),
                )
                context.set_default_timeout(PAGE_LIMIT * 1000)
                context.set_default_navigation_timeout(PAGE_LIMIT * 1000)
                context.route("**/*", _pass)
            page = self._contexts[owner].new_page()
        self._count += 1
        return chromium, page

    def _rest(self) -> None:
        """Close the browser; runs that go on keep their cookies for the next one."""
        from playwright.sync_api import Error

        chromium, self._chromium, self._browser = self._chromium, None, None
        contexts, self._contexts, self._count = self._contexts, {}, 0
        if chromium is None:
            return
        for owner, context in contexts.items() if not chromium.worn else ():
            try:
                with chromium.limited(PAGE_LIMIT):
                    self._kept[owner] = context.storage_state()
            except (Error, BrowserFailed) as error:
                log.warning("browser_storage_lost", reason=first_line(str(error)))
                break
        chromium.close()

    def _forget(self, owner: object) -> None:
        from playwright.sync_api import Error

        self._kept.pop(owner, None)
        context = self._contexts.pop(owner, None)
        if context is None or self._chromium is None:
            return
        try:
            with self._chromium.limited(PAGE_LIMIT):
                context.close()
        except (Error, BrowserFailed) as error:
            log.debug("browser_context_not_closed", reason=first_line(str(error)))
            self._worn()

    def _worn(self) -> None:
        if self._chromium is not None:
            self._chromium.worn = True

    def _kill(self, *, driver: bool = False) -> None:
        if (chromium := self._chromium) is not None:
            chromium.kill(driver=driver)


def _pass(route: Route, request: Request) -> None:
    from playwright.sync_api import Error

    try:
        if blocked(request.resource_type, request.url):
            route.abort("blockedbyclient")
        else:
            route.continue_()
    except Error as error:  # the page was closed meanwhile
        log.debug("request_not_decided", reason=first_line(error.message))


def _key(settings: Settings) -> object:
    """What of the settings decides which browser is meant."""
    return settings.chromium, settings.home


_lock: Final = threading.Lock()
#: With the process that it belongs to: a fork has no thread of its parent's, and the browser is the parent's.
_of_process: tuple[int, Shared] | None = None
_closed_by: int | None = None


def shared() -> Shared:
    """This process's."""
    global _of_process, _closed_by
    with _lock:
        if _of_process is None or _of_process[0] != os.getpid():
            _of_process = (os.getpid(), Shared())
        if _closed_by != os.getpid():
            _closed_by = os.getpid()
            # runs at the end of the process, also of one that multiprocessing started, where atexit does not
            Finalize(None, close, exitpriority=10)
        return _of_process[1]


def close() -> None:
    """Close this process's browser, if there is one. The next visit opens another."""
    global _of_process
    with _lock:
        mine, _of_process = _of_process, None
    if mine is not None and mine[0] == os.getpid():
        mine[1].close()


def _abandon(one: Shared) -> None:
    global _of_process
    with _lock:
        if _of_process is not None and _of_process[1] is one:
            _of_process = None
