"""Learns the keys of the feeds from the league's own page: a browser opens it, and sees what its viewer loads.

    page ──► consent ──► iframe in view ──► the viewer asks for /data/…/<key>.json ──► 200 and JSON: the key is believed
             (if asked)   (gets its src)

Everything is waited for at once and for a bounded time, because each step may be missing, late, or in the way of the
next; the network never rests (SOURCES section 2). The page is closed as soon as the keys are known: the feeds
themselves are read by `Fetcher.get`, with their ETags.

A page may say a key and nothing else. The host that the feeds are read from is the configured one; where the page's
viewer has moved, the run says so, and a person decides (`viewer` in [sources.mlsnext]).

What was learned holds for a day. That a page could not be read holds for an hour, so that not every run waits for it;
until it can, what was learned last is better than a template.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from pydantic import JsonValue

from contract.addresses import redact
from contract.errors import UnreachableError
from ingest.errors import BrowserFailed, BrowserMissing, PageChanged, SiteRefused, SiteUnreachable
from ingest.sources.mlsnext.keys import PAGES, covered, host_of_feed, is_key, key_in, origin_of

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Response

    from ingest.browser.page import LivePage
    from ingest.http import Fetcher

log = structlog.get_logger()
#: The command says itself what goes wrong with a page; that there is no browser is said in one place, here.
_log = structlog.get_logger("ingest.sources.mlsnext")

#: For how long a page's keys are as good as seen now, and for how long they are better than the template.
_TODAY: Final = timedelta(days=1)
_LATELY: Final = timedelta(days=60)
#: For how long a page that could not be read is left alone.
_SHORTLY: Final = timedelta(hours=1)

#: Seconds in which the viewer has to ask for its feeds, once the page is there.
LIMIT: Final = 15.0
#: Seconds beyond that after which a page that does not even say what it shows is taken to hang.
_HANGS: Final = 5.0
#: Seconds after which an iframe that waits for its address (a banner that does not go away) is given it.
_URGE_AFTER: Final = 3.0
#: Seconds without a further feed after which there are no more: where each of the page's leagues has one, or not.
_SETTLED: Final = 0.3
_OTHERS: Final = 1.5
#: Milliseconds between two looks, in which Playwright tells of what happened.
_LOOK: Final = 50
#: Milliseconds for a click, which something may cover.
_CLICK: Final = 1_000
#: Feeds of one page that are looked at.
_MOST: Final = 50
#: A banner that is still there after so many stays.
_CLICKS: Final = 3

_ACCEPT: Final = "#onetrust-accept-btn-handler"

#: Brings the viewer's iframe into view, and gives it the address that it waits for where `urge` is true. Where the page
#: has none of the viewer's, its other iframes come into view one a `turn`: the viewer may have moved.
_FRAMES: Final = """
([viewer, urge, turn]) => {
  const all = [...document.querySelectorAll("iframe")];
  const ours = [];
  for (const frame of all) {
    const src = frame.getAttribute("src");
    const waits = !src || src.startsWith("about:");
    const said = waits ? frame.dataset.src : src;
    let address;
    try { address = new URL(said ?? "about:blank", document.baseURI); } catch { continue; }
    if (address.origin !== new URL(viewer).origin) continue;
    ours.push(frame);
    if (waits && urge) frame.src = address.href;
  }
  const shown = ours.length ? ours : all;
  if (shown.length) shown[Math.floor(turn / 5) % shown.length].scrollIntoView({ block: "center" });
  return ours.length;
}
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The keys that an official page loads, in order, as far as that is known."""

    keys: Sequence[str] = ()
    #: Whether it loads them today; else they are what it loaded last, or none.
    today: bool = False
    #: Why it is not known what it loads today, where somebody should know of that.
    trouble: str = ""


class Discovery:
    """Asks the official pages at `page`, whose viewer and feeds are at `viewer`."""

    def __init__(self, page: str, viewer: str, *, limit: float = LIMIT) -> None:
        self._page = page
        self._viewer = viewer
        self._limit = limit
        #: Why no further page is asked by this run.
        self._given_up: str | None = None

    def loaded(self, path: str, fetcher: Fetcher) -> Loaded:
        """What the page at `path` (one of PAGES) loads: as remembered, else as a browser sees it now.

        Raises nothing that a page or a browser has done: without them there are other ways to a key.
        """
        address = self._page + path
        memory = self._memory(path, fetcher)
        keys = memory.keys(_TODAY)
        # where the page's own league was missing it may have been out for a moment
        if keys and (covered(PAGES[path][:1], keys) or memory.keys(_SHORTLY)):
            return Loaded(keys, today=True)
        trouble = memory.trouble()
        if not trouble and self._given_up:
            trouble = self._given_up  # the same host, the same browser
            memory.failed(trouble)
        if not trouble and self._given_up is None:
            try:
                keys = fetcher.browse(address, lambda live: self._look(live, PAGES[path]))
            except BrowserMissing as error:
                self._given_up = ""
                if not memory.said("no browser"):
                    _log.warning("keys_from_template", reason=str(error), hint=error.hint)
            except (BrowserFailed, SiteUnreachable, SiteRefused, PageChanged) as error:
                trouble = f"the season's keys were not found on the official page ({error})"
                if isinstance(error, UnreachableError):
                    self._given_up = trouble
                memory.failed(trouble)
                log.warning("keys_not_discovered", page=redact(address), reason=str(error), hint=error.hint)
            else:
                memory.learned(keys)
                log.info("keys_discovered", page=redact(address), keys=keys)
                return Loaded(keys, today=True)
        return Loaded(memory.keys(_LATELY), trouble=trouble)

    def forget(self, path: str, fetcher: Fetcher) -> None:
        """A key that the page loaded is not published any more: the next run looks again."""
        self._memory(path, fetcher).forget()

    def remembered(self, fetcher: Fetcher) -> list[str]:
        """All keys that are known to be loaded today; nobody is asked."""
        return [key for path in PAGES for key in self._memory(path, fetcher).keys(_TODAY)]

    def _memory(self, path: str, fetcher: Fetcher) -> _Memory:
        return _Memory(fetcher, path, redact(self._page + path))

    def _look(self, live: LivePage, leagues: Sequence[str]) -> list[str]:
        """The keys whose feeds the viewer loads, in order. Raises PageChanged."""
        visit = _Visit(live.page, self._viewer)
        with live.limited(self._limit + _HANGS):
            keys = visit.keys(leagues, self._limit)
        if keys:
            return keys
        raise PageChanged(
            f"{redact(live.url)} {visit.why_not(self._limit)}", hint="open it in a browser, and see what it loads"
        )


class _Visit:
    """One official page that is open."""

    def __init__(self, page: Page, viewer: str) -> None:
        self._page = page
        self._viewer = viewer
        #: Key → whether data came; None: nothing yet.
        self._feeds: dict[str, bool | None] = {}
        self._elsewhere: set[str] = set()
        self._frames = 0
        self._clicks = _CLICKS
        self._news = time.monotonic()
        page.on("request", self._asked)
        page.on("response", self._answered)
        for request in page.requests():  # those from before
            self._asked(request)
            if (response := request.existing_response) is not None:
                self._answered(response)

    def keys(self, leagues: Sequence[str], limit: float) -> list[str]:
        """The keys of feeds that were answered with data, once no more seem to come; none within `limit` seconds."""
        begun, turn = time.monotonic(), 0
        while True:
            now = time.monotonic()
            good = [key for key, data in self._feeds.items() if data]
            patience = _SETTLED if covered(leagues, good) else _OTHERS
            settled = None not in self._feeds.values() and now - self._news > patience
            found = good or (self._elsewhere and not self._frames)
            if now - begun > limit or (found and settled):
                return good
            self._get_on(turn, urge=now - begun > _URGE_AFTER)
            self._page.wait_for_timeout(_LOOK)
            turn += 1

    def why_not(self, limit: float) -> str:
        """What is not as it should be, as far as it came."""
        viewer = redact(self._viewer)
        if self._elsewhere:
            said = f"loads its feeds from {min(self._elsewhere)[:100]}, and not from {viewer}"
            return f"{said}; if that is the league's viewer now, name it: viewer in [sources.mlsnext]"
        if not self._frames:
            return f"holds no iframe of {viewer}"
        if self._feeds:
            return f"asks for the feeds of {', '.join(list(self._feeds)[:3])}, and gets no data"
        return f"has a viewer that loads no feed within {limit:.0f} s"

    def _get_on(self, turn: int, *, urge: bool) -> None:
        """Click the banner away, if there is one, and bring the iframe into view, if there is one."""
        from playwright.sync_api import Error

        # what went away meanwhile, or is covered, is no matter: what the viewer asks for decides
        with suppress(Error):
            accept = self._page.locator(_ACCEPT).first
            if self._clicks and accept.is_visible():
                self._clicks -= 1
                accept.click(timeout=_CLICK)
        with suppress(Error):
            self._frames = self._page.evaluate(_FRAMES, [origin_of(self._viewer), urge, turn])

    def _asked(self, request: Request) -> None:
        key = key_in(request.url, self._viewer)
        if key is not None and key not in self._feeds and len(self._feeds) < _MOST:
            self._feeds[key] = None
            self._news = time.monotonic()

    def _answered(self, response: Response) -> None:
        request = response.request
        while request.redirected_from is not None:  # the address that the viewer asked for
            request = request.redirected_from
        key, host = key_in(request.url, self._viewer), host_of_feed(request.url)
        if key in self._feeds:
            data = response.status == 200 and "json" in response.headers.get("content-type", "").lower()
            self._feeds[key] = data or bool(self._feeds.get(key))
        elif key is None and host is not None and len(self._elsewhere) < _MOST:
            self._elsewhere.add(host)
        else:
            return
        self._news = time.monotonic()


class _Memory:
    """What is remembered of one page; a run that keeps nothing (`--dry-run`) remembers nothing."""

    def __init__(self, fetcher: Fetcher, path: str, page: str) -> None:
        self._remembered = fetcher.remembered
        self._writes = fetcher.validators is not None
        self._path = path
        #: Without its password. What another site (a mirror, a test) said is forgotten.
        self._page = page

    def keys(self, younger_than: timedelta) -> list[str]:
        value = self._get("keys", younger_than)
        return value if isinstance(value, list) and all(isinstance(key, str) and is_key(key) for key in value) else []

    def trouble(self) -> str:
        value = self._get("trouble", _SHORTLY)
        return value if isinstance(value, str) else ""

    def learned(self, keys: Sequence[str]) -> None:
        self._put("keys", list(keys))

    def failed(self, trouble: str) -> None:
        self._put("trouble", trouble)

    def forget(self) -> None:
        self._put("keys", None)

    def said(self, what: str) -> bool:
        """Whether that was said of the page's site today; from now on it was."""
        if self._remembered is not None and self._remembered.get(what, younger_than=_TODAY):
            return True
        if self._remembered is not None and self._writes:
            self._remembered.put(what, True)
        return False

    def _get(self, what: str, younger_than: timedelta) -> Any:
        if self._remembered is None:
            return None
        value = self._remembered.get(f"{what} {self._path}", younger_than=younger_than)
        return value.get(what) if isinstance(value, dict) and value.get("page") == self._page else None

    def _put(self, what: str, value: JsonValue) -> None:
        if self._remembered is not None and self._writes:
            self._remembered.put(f"{what} {self._path}", {"page": self._page, what: value})
