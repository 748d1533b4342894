"""Whether a site's robots.txt lets us read an address (RFC 9309), asked once an origin and run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from contract.addresses import redact
from ingest.errors import SiteRefused, SiteUnreachable

#: RFC 9309, section 2.5: at least so many bytes must be read; nobody's rules are longer.
_READ_BYTES: Final = 500 * 1024

#: A longer pause between requests than this is not asked for in earnest.
_LONGEST_DELAY: Final = 60.0


class Robots:
    """The rules of the origins that were asked, for one agent.

    `fetch` gets a robots.txt, redirects followed: its body, or None where there is none (4xx, or redirects without
    end: section 2.3.1.3 lets us read everything). It raises SiteUnreachable where the site cannot say: then nothing
    may be read (section 2.3.1.4), and the run is tried again later. The site is not asked again in this one: each of
    its parts would wait in vain.
    """

    def __init__(self, agent: str, fetch: Callable[[str], bytes | None]) -> None:
        self._agent = agent
        self._fetch = fetch
        self._rules: dict[str, RobotFileParser | SiteUnreachable] = {}
        self._lock = threading.Lock()

    def check(self, url: str) -> None:
        """Raises SiteRefused where the rules forbid `url`."""
        if not self._of(url).can_fetch(self._agent, url):
            raise SiteRefused(
                f"robots.txt of {_origin(url)} asks us not to read {redact(url)}",
                hint="ask whoever runs the site; Touchline keeps to its robots.txt",
            )

    def delay(self, url: str) -> float:
        """The pause in seconds that the rules ask for between two requests; 0 where they ask for none."""
        asked = self._of(url).crawl_delay(self._agent)
        return min(float(asked), _LONGEST_DELAY) if asked else 0.0

    def _of(self, url: str) -> RobotFileParser:
        origin = _origin(url)
        # held while it is fetched: two threads need the same answer, and one request is enough
        with self._lock:
            if origin not in self._rules:
                self._rules[origin] = self._read(f"{origin}/robots.txt")
            rules = self._rules[origin]
        if isinstance(rules, SiteUnreachable):
            raise SiteUnreachable(str(rules), hint=rules.hint)
        return rules

    def _read(self, url: str) -> RobotFileParser | SiteUnreachable:
        try:
            body = self._fetch(url)
        except SiteUnreachable as error:
            return error
        rules = RobotFileParser()
        rules.parse((body or b"")[:_READ_BYTES].decode("utf-8-sig", errors="replace").splitlines())
        return rules


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
