"""The browser, for pages that only a browser can read: found, opened, visited, closed."""

from __future__ import annotations

from ingest.browser.finding import find_chromium
from ingest.browser.page import LivePage, SitePage
from ingest.browser.session import check, open_browser
from ingest.errors import BrowserFailed, BrowserMissing, BrowserOff

__all__ = [
    "BrowserFailed",
    "BrowserMissing",
    "BrowserOff",
    "LivePage",
    "SitePage",
    "check",
    "find_chromium",
    "open_browser",
]
