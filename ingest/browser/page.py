"""A page that is open, as a source sees it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from ingest.answers import Answer


class SitePage(Protocol):
    """A page of a site: live in a browser, or as it was kept of an earlier run."""

    @property
    def url(self) -> str:
        """Where the page came from, after redirects."""
        ...

    def html(self) -> Answer:
        """The page as it is now, after its scripts have run: the main frame's HTML in UTF-8."""
        ...

    def get(self, url: str) -> Answer:
        """The answer to a request that the page itself makes: with its cookies and origin, as XMLHttpRequest.

        `url` may be relative to the page. Waits for its place, as `Fetcher.get` does, and raises what that raises.
        """
        ...


class LivePage(SitePage, Protocol):
    """A page in a browser that can be clicked."""

    @property
    def page(self) -> Page:
        """Playwright's page; to be used in the thread that `work` is called in, and in no other."""
        ...

    @property
    def requested(self) -> Sequence[str]:
        """Every address that the page and its frames have asked for since it was opened, in order."""
        ...

    def limited(self, seconds: float) -> AbstractContextManager[None]:
        """Around what Playwright has no time limit for (`evaluate`): ends a browser that hangs in it, BrowserFailed."""
        ...
