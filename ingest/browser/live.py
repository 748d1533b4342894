"""A page in the browser: opened patiently, asked politely, and its failures told apart.

Everything here runs in the browser's thread.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar
from urllib.parse import urldefrag, urljoin, urlsplit

import structlog

from contract.addresses import redact
from ingest.answers import Answer
from ingest.browser.requests import Requests
from ingest.browser.session import PAGE_LIMIT, Chromium, first_line
from ingest.errors import BrowserFailed, PageChanged, SiteRefused, SiteUnreachable, TooLarge

if TYPE_CHECKING:
    from playwright.sync_api import Error, Page

log = structlog.get_logger()

T = TypeVar("T")

#: Around each request that a visit makes: robots.txt is asked, and the request waits for its place.
Permit = Callable[[str], AbstractContextManager[None]]

#: Given each document that a visit reads, with the address that was asked for; returns it.
Keep = Callable[[str, Answer], Answer]

#: Times that something is asked for. One fewer than without a browser: a page is many requests.
_ATTEMPTS: Final = 3
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 30.0
#: As in `ingest.http`: worth another try, beside 5xx.
_TRANSIENT: Final = frozenset({408, 425, 429})

#: Seconds beyond a page's own limit after which it is taken to hang.
_SPARE: Final = 5.0

#: Seconds for a page's HTML, which waits for nothing but the page's own scripts.
HTML_LIMIT: Final = PAGE_LIMIT

#: Playwright's calls that wait for a site; all others wait for something on the page.
_NAVIGATION: Final = re.compile(r"^\w+\.(goto|reload|go_back|go_forward|wait_for_url|wait_for_load_state|expect_nav)")
_WAITED: Final = re.compile(r"waiting for (?!navigation)(.+)")

#: The request of the page itself. Its answer is read as it comes, so that one without end is left in time, and decoded
#: as UTF-8, as the page's own scripts would.
_FETCH: Final = """
async ([url, limit, most]) => {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limit);
  try {
    const answer = await fetch(url, {
      headers: { "X-Requested-With": "XMLHttpRequest" }, credentials: "same-origin", signal: stop.signal,
    });
    const said = {
      status: answer.status, url: answer.url, type: answer.headers.get("content-type") ?? "",
      wait: answer.headers.get("retry-after") ?? "", redirected: answer.redirected, text: "", tooLarge: false,
    };
    if (!answer.ok || !answer.body) return said;
    const reader = answer.body.getReader(), decoder = new TextDecoder();
    for (let size = 0; ;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.byteLength;
      if (size > most) { stop.abort(); return { ...said, text: "", tooLarge: true }; }
      said.text += decoder.decode(value, { stream: true });
    }
    said.text += decoder.decode();
    return said;
  } finally { clearTimeout(timer); }
}
"""


@dataclass(frozen=True, slots=True)
class _Again:
    """Nothing that is worth having came; another try may bring it."""

    reason: str
    #: What the site asks us to wait: `Retry-After`.
    wait: str = ""


class Live:
    """A page that is open, or about to be."""

    def __init__(
        self,
        chromium: Chromium,
        page: Page,
        asked: str,
        permit: Permit,
        keep: Keep,
        *,
        max_bytes: int,
        sleep: Callable[[float], None],
    ) -> None:
        self.page = page
        self.requests = Requests(page)
        self._chromium = chromium
        self._asked = asked
        self._permit = permit
        self._keep = keep
        self._max_bytes = max_bytes
        self._sleep = sleep
        self._crashed = False
        page.on("crash", self._crash)

    @property
    def url(self) -> str:
        return self.page.url

    @property
    def requested(self) -> Sequence[str]:
        return tuple(asked.url for asked in self.requests)

    def limited(self, seconds: float) -> AbstractContextManager[None]:
        return self._chromium.limited(seconds)

    def open(self) -> None:
        """Go there. Raises SiteUnreachable after some attempts, SiteRefused (4xx, robots.txt), BrowserFailed."""
        if (final := self._patiently(self._asked, self._goto)) is not None:
            self._count(final)

    def html(self) -> Answer:
        with self._chromium.limited(HTML_LIMIT):
            # counted where it is, not after it has come over
            length = self.page.evaluate("document.documentElement.outerHTML.length")
            body = self.page.content().encode() if length <= self._max_bytes else b""
        if max(length, len(body)) > self._max_bytes:
            raise self._too_large(self.page.url)
        return self._keep(self._asked, Answer(200, body, None, self.page.url, "text/html", datetime.now(UTC)))

    def get(self, url: str) -> Answer:
        address = urljoin(self.page.url, url)
        asked_at = datetime.now(UTC)
        said = self._patiently(address, lambda: self._fetch(address))
        if said["redirected"]:
            self._check_origin(address, said["url"])
            self._count(said["url"])
        if said["tooLarge"]:
            raise self._too_large(address)
        answer = Answer(said["status"], said["text"].encode(), None, said["url"], said["type"], asked_at)
        return self._keep(address, answer)

    def explain(self, error: Error) -> NoReturn:
        """Raise what an error of Playwright's means: the browser's, the site's or the page's failure."""
        from playwright.sync_api import TimeoutError

        self.check_alive(error)
        where, said = redact(self.page.url), first_line(error.message)
        if _NAVIGATION.match(said) or "net::" in said:
            raise SiteUnreachable(f"{where} does not get further: {said}") from error
        if not isinstance(error, TimeoutError):
            raise PageChanged(f"{where} is not a page as it was expected: {said}") from error
        # by address: what came at a later try is there
        frames = {asked.url: asked for asked in self.requests if asked.document}
        for asked in frames.values():
            # a frame that did not come has nothing in it to wait for
            if reason := asked.reason():
                raise SiteUnreachable(f"{where} is not complete: {redact(asked.url)}: {reason}") from error
        waited = _WAITED.search(error.message)
        raise PageChanged(
            f"{where} does not show what was expected: {waited[1] if waited else said}",
            hint="the site may have changed: look at it in a browser",
        ) from error

    def check_alive(self, error: Exception) -> None:
        """Raises BrowserFailed where `error` came of the browser's end."""
        from playwright.sync_api import Error

        try:
            with self._chromium.limited(_SPARE):
                self.page.context.cookies()
        except (Error, BrowserFailed):
            self._chromium.worn = True
            raise BrowserFailed(
                f"the browser ended while it showed {redact(self._asked)}", hint="was there not enough memory?"
            ) from error
        if self._crashed:
            self._chromium.worn = True
            raise BrowserFailed(
                f"{redact(self._asked)} crashed in the browser", hint="was there not enough memory?"
            ) from error

    def _goto(self) -> _Again | str | None:
        """Where redirects led to, if there were some."""
        from playwright.sync_api import Error

        try:
            with self._chromium.limited(PAGE_LIMIT + _SPARE):
                answer = self.page.goto(self._asked, wait_until="domcontentloaded", timeout=PAGE_LIMIT * 1000)
        except Error as error:
            self.check_alive(error)
            self._stop()
            said = first_line(error.message)
            if "Download is starting" in error.message:
                raise SiteRefused(f"{redact(self._asked)} is no page but a file to download") from None
            return _Again(f"it does not open in the browser ({said.partition(' at ')[0]})")
        if answer is None:  # the same page, another fragment
            return None
        again = self._status(self._asked, answer.status, answer.headers.get("retry-after", ""))
        return again or (answer.url if answer.request.redirected_from is not None else None)

    def _stop(self) -> None:
        """Give up what is still loading: it would be in the way of the next try."""
        from playwright.sync_api import Error

        with suppress(Error), self._chromium.limited(_SPARE):
            session = self.page.context.new_cdp_session(self.page)
            session.send("Page.stopLoading")
            session.detach()

    def _fetch(self, address: str) -> _Again | dict[str, Any]:
        from playwright.sync_api import Error

        before = len(self.requests)
        try:
            with self._chromium.limited(PAGE_LIMIT + _SPARE):
                said: dict[str, Any] = self.page.evaluate(_FETCH, [address, PAGE_LIMIT * 1000, self._max_bytes])
        except Error as error:
            self.check_alive(error)
            reason = first_line(error.message).partition(": ")[2]
            for asked in list(self.requests)[before:]:
                if urldefrag(asked.origin)[0] == urldefrag(address)[0]:
                    # the script is not told why it got nothing: because it was another site's, or did not come
                    self._check_origin(address, asked.url)
                    reason = asked.reason() or reason
            return _Again(f"no answer within {PAGE_LIMIT:g} s" if "AbortError" in reason else reason)
        return self._status(address, said["status"], said["wait"]) or said

    def _status(self, address: str, status: int, wait: str) -> _Again | None:
        """None for an answer that is one. Raises SiteRefused."""
        if status >= 500 or status in _TRANSIENT:
            return _Again(f"it answers {status}", wait)
        if status >= 400:
            raise SiteRefused(f"{redact(address)} answers {status}", hint="look at the site in a browser")
        return None

    def _patiently(self, address: str, ask: Callable[[], _Again | T]) -> T:
        reason = ""
        for attempt in range(1, _ATTEMPTS + 1):
            with self._permit(address):
                said = ask()
            if not isinstance(said, _Again):
                return said
            reason = said.reason
            wanted = float(said.wait) if said.wait.isascii() and said.wait.isdigit() else 0.0
            if wanted > _LONGEST_DELAY:
                raise SiteUnreachable(
                    f"{redact(address)} cannot be read: {reason} and asks us to come back in {wanted:.0f} s",
                    hint="run again after that time",
                )
            if attempt < _ATTEMPTS:
                pause = max(wanted, random.random() * _FIRST_DELAY * 2.0**attempt)  # noqa: S311, no secret
                log.info("site_retry", url=redact(address), reason=reason, attempt=attempt, pause=round(pause, 1))
                self._sleep(pause)
        raise SiteUnreachable(
            f"{redact(address)} cannot be read: {reason} ({_ATTEMPTS} attempts)",
            hint="try again later; nothing that was stored before is affected",
        )

    def _count(self, final: str) -> None:
        """A redirect led to one more request: it takes its place, and the rules for that address hold as well."""
        with self._permit(final):
            pass

    def _check_origin(self, asked: str, final: str) -> None:
        if _site(asked) != _site(final):
            raise SiteRefused(f"{redact(asked)} leads to {redact(final)}, which is another site")

    def _too_large(self, address: str) -> TooLarge:
        return TooLarge(f"{redact(address)} is larger than {self._max_bytes:,} bytes, the most that is taken of one")

    def _crash(self, _: Page) -> None:
        self._crashed = True


def _site(url: str) -> tuple[str, str | None, int | None]:
    """What a browser calls an origin."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
