"""How a source asks a site: politely, patiently, and only for what is new.

    get ──► robots.txt? ──► a free place, interval, pace ──► If-None-Match ──► deadline, size ──► Answer or NotModified
              no: SiteRefused          5xx, 429, silence: again with backoff, then SiteUnreachable

One `Fetcher` serves one run of one source. Threads may use it together: together they keep to its limits. What a
source's limit of requests a minute means to others beside this run, its `Pace` knows; without one it is kept here
alone. When the run is over, however it ends, the fetcher is closed, and no thread asks the site any more. Addresses
in errors and logs have no user information (`user:password@`).
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Literal, TypeVar, overload
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import structlog
import urllib3

from contract.addresses import redact
from ingest.agent import AGENT, default_user_agent
from ingest.answers import MAX_BYTES, Answer, NotModified
from ingest.archive import reading_part
from ingest.errors import BrowserMissing, SiteRefused, SiteUnreachable
from ingest.robots import Robots
from ingest.transport import NoAnswer, Response, Transport

if TYPE_CHECKING:
    from contract.settings import SourceSettings
    from ingest.archive import Keeper
    from ingest.browser.page import LivePage
    from ingest.browser.visits import Visits
    from ingest.remembered import Remembered
    from ingest.sources import Source
    from ingest.validators import Validators

__all__ = ["Answer", "Fetcher", "NotModified", "Pace"]

log = structlog.get_logger()

T = TypeVar("T")

_ATTEMPTS: Final = 4
_FIRST_DELAY: Final = 1.0
#: No pause is longer, whatever the site asks for: a run that waits looks like one that hangs.
_LONGEST_DELAY: Final = 30.0
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: RFC 9309 wants five for robots.txt; no site of ours needs more for a document.
_MAX_REDIRECTS: Final = 5
#: Worth another try, beside 5xx: the request took too long, came too early, or was one too many.
_TRANSIENT: Final = frozenset({408, 425, 429})


#: Seconds after which whoever waits looks up: an exception that is thrown into a waiting thread strikes only then.
_LOOK: Final = 0.5

#: Asked before each request: how many seconds the request has to wait so that all who read the site keep to its limit
#: together. May raise a TransientError where it would be too long.
Pace = Callable[[], float]


class Fetcher:
    """Asks one site. Raises SiteUnreachable, SiteRefused and TooLarge; see `get`."""

    def __init__(
        self,
        *,
        user_agent: str | None = None,
        concurrency: int = 1,
        interval: float = 0.0,
        timeout: float = 90.0,
        max_bytes: int = MAX_BYTES,
        validators: Validators | None = None,
        remembered: Remembered | None = None,
        visits: Visits | None = None,
        keeper: Keeper | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`concurrency` requests at once, `interval` seconds between the starts of two, `timeout` seconds for one.

        Without `validators` every document is asked for in full and none is remembered; without `visits` there is no
        browser. `remembered` is the source's own notebook, `keeper` is given every document. `pace` holds beside the
        interval. `clock`, `now`, `sleep` and `chance` are the time, the pauses and their jitter.
        """
        self.validators = validators
        self.remembered = remembered
        self._visits = visits
        self.keeper = keeper
        self.concurrency = concurrency
        self._user_agent = user_agent or default_user_agent()
        self._interval = interval
        self._clock, self._now, self._chance = clock, now, chance
        self._sleep = self._wait if sleep is None else sleep
        self._places = threading.BoundedSemaphore(concurrency)
        self._pace = pace
        self._starting = threading.Lock()
        self._closed = threading.Event()
        self._next_start = clock()
        self._transport = Transport(timeout=timeout, max_bytes=max_bytes, clock=clock)
        self._robots = Robots(AGENT, self._robots_txt)

    @classmethod
    def of(
        cls,
        source: Source | type[Source],
        settings: SourceSettings,
        validators: Validators | None,
        pace: Pace | None = None,
        *,
        remembered: Remembered | None = None,
        visits: Visits | None = None,
        keeper: Keeper | None = None,
    ) -> Fetcher:
        """A fetcher as polite as `source` wants it, or as the settings say; by itself, too, it keeps to their limit."""
        interval = source.interval if settings.interval is None else settings.interval
        limit = settings.requests_per_minute
        return cls(
            concurrency=settings.concurrency or source.concurrency,
            interval=interval if limit is None else max(interval, 60.0 / limit),
            validators=validators,
            pace=pace,
            remembered=remembered,
            visits=visits,
            keeper=keeper,
        )

    def close(self) -> None:
        """The run is over: requests under way are answered, none is begun any more, and its browser is closed."""
        self._closed.set()
        if self._visits is not None:
            self._visits.close()

    def browse(self, url: str, work: Callable[[LivePage], T]) -> T:
        """Open `url` in a browser, and return what `work` makes of the page.

        What is asked for through `work`'s argument keeps to the same limits as `get`. Raises BrowserMissing and
        BrowserFailed, what `get` raises, and what `work` does.
        """
        if self._visits is None:
            raise BrowserMissing("this run has no browser", hint="pip install 'touchline[browser]'")
        # taken down here: the browser may call back in a thread of its own
        part = reading_part.get()
        return self._visits.visit(url, work, self._permit, lambda asked, answer: self._keep(asked, answer, part))

    def _keep(self, asked: str, answer: Answer, part: str | None) -> Answer:
        if self.keeper is not None:
            self.keeper.keep(asked, answer, part)
        return answer

    @contextmanager
    def _permit(self, url: str) -> Iterator[None]:
        self._check_robots(url)
        with self._turn():
            yield

    @overload
    def get(
        self,
        url: str,
        *,
        part: str | None = None,
        conditional: Literal[False],
        headers: Mapping[str, str] | None = None,
    ) -> Answer: ...

    @overload
    def get(
        self, url: str, *, part: str | None = None, conditional: bool = True, headers: Mapping[str, str] | None = None
    ) -> Answer | NotModified: ...

    def get(
        self, url: str, *, part: str | None = None, conditional: bool = True, headers: Mapping[str, str] | None = None
    ) -> Answer | NotModified:
        """The document at `url`.

        With `part` its ETag is remembered, once that part is committed (`validators`), and sent the next time;
        `conditional=False` asks for the whole document all the same. Raises SiteUnreachable after a bounded number of
        attempts, SiteRefused (4xx, robots.txt, redirects that lead nowhere) and TooLarge.
        """
        url, own = _split_credentials(url)
        own |= {"User-Agent": self._user_agent, **(headers or {})}
        known = self.validators.etag(part, url) if self.validators and part and conditional else None
        if known:
            own["If-None-Match"] = known
        asked_at = self._now()
        response, final = self._follow(url, own, self._check_robots)
        if response.status == 304 and known:
            return NotModified(url)
        if not 200 <= response.status < 300:
            raise SiteRefused(f"{redact(final)} answers {response.status}", hint=_HINTS.get(response.status, ""))
        etag = response.headers.get("ETag")
        if self.validators and part:
            self.validators.note(part, url, etag)
        content_type = response.headers.get("Content-Type", "")
        answer = Answer(response.status, response.body, etag, final, content_type, asked_at)
        return self._keep(url, answer, part or reading_part.get())

    def _follow(self, url: str, headers: Mapping[str, str], check: Callable[[str], None]) -> tuple[Response, str]:
        """The answer that is no redirect, and where it came from; `check` looks at every address first."""
        asked = _origin(url)
        for _ in range(_MAX_REDIRECTS + 1):
            check(url)
            # what is meant for one site (credentials, its ETags) is not carried to another
            own = headers if _origin(url) == asked else {"User-Agent": self._user_agent}
            response = self._patiently(url, own)
            if response.status not in _REDIRECTS:
                return response, url
            target = urljoin(url, response.headers.get("Location", ""))
            if urlsplit(target).scheme not in ("http", "https") or not urlsplit(target).hostname:
                raise SiteRefused(f"{redact(url)} redirects to {redact(target)}, which is no address of a web page")
            url, _credentials = _split_credentials(target)
        raise _EndlessRedirects(
            f"{redact(url)} redirects more than {_MAX_REDIRECTS} times", hint="open it in a browser"
        )

    def _patiently(self, url: str, headers: Mapping[str, str]) -> Response:
        """The first answer that is worth having. Raises SiteUnreachable."""
        for attempt in range(1, _ATTEMPTS + 1):
            asked: float | None = None
            with self._turn():
                try:
                    response = self._transport.send(url, headers)
                except NoAnswer as error:
                    reason = str(error)
                else:
                    if response.status < 500 and response.status not in _TRANSIENT:
                        return response
                    reason = f"it answers {response.status}"
                    asked = self._retry_after(response)
            if asked is not None and asked > _LONGEST_DELAY:
                raise SiteUnreachable(
                    f"{redact(url)} cannot be read: {reason} and asks us to come back in {asked:.0f} s",
                    hint="run again after that time",
                )
            if attempt < _ATTEMPTS:
                pause = max(asked or 0.0, self._backoff(attempt))
                log.info("site_retry", url=redact(url), reason=reason, attempt=attempt, pause=round(pause, 1))
                self._sleep(pause)
        raise SiteUnreachable(
            f"{redact(url)} cannot be read: {reason} ({_ATTEMPTS} attempts)",
            hint="try again later; nothing that was stored before is affected",
        )

    def _backoff(self, attempt: int) -> float:
        """Exponential with full jitter, so that those whom one failure stopped do not come back together."""
        return self._chance() * min(_LONGEST_DELAY, _FIRST_DELAY * 2.0**attempt)

    def _retry_after(self, response: Response) -> float | None:
        """Seconds that the site asks us to wait (RFC 9110, section 10.2.3: a number or a date)."""
        value = response.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(0.0, (moment.astimezone(UTC) - self._now()).total_seconds())

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One of the places, not before the interval since the last start is over."""
        with self._places:
            with self._starting:
                start = max(self._clock(), self._next_start)
                self._next_start = start + self._interval
            if (pause := start - self._clock()) > 0:
                self._sleep(pause)
            self._check_open()
            if self._pace is not None and (pause := self._pace()) > 0:
                self._sleep(pause)
            self._check_open()
            yield

    def _wait(self, seconds: float) -> None:
        """As `time.sleep`, but it ends when the fetcher is closed, and an exception thrown into the thread ends it."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._closed.wait(min(left, _LOOK)):
            pass

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise SiteUnreachable("the run is over; nothing is asked any more")

    def _check_robots(self, url: str) -> None:
        self._robots.check(url)
        self._interval = max(self._interval, self._robots.delay(url))

    def _robots_txt(self, url: str) -> bytes | None:
        try:
            response, _ = self._follow(url, {"User-Agent": self._user_agent}, lambda _: None)
        except _EndlessRedirects:
            return None
        return response.body if 200 <= response.status < 300 else None


class _EndlessRedirects(SiteRefused):
    """Redirects that lead nowhere."""


_HINTS: Final = {
    401: "the site asks for a login that it did not need before",
    403: "the site does not let us in: look at it in a browser, and at its terms",
    404: "the address may have changed: look at the site in a browser",
    410: "the address may have changed: look at the site in a browser",
}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _split_credentials(url: str) -> tuple[str, dict[str, str]]:
    """`url` without user and password, and the header that carries them instead."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    return bare, dict(urllib3.make_headers(basic_auth=unquote(userinfo)))
