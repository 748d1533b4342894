"""A Chromium: opened headless, and closed whatever happens.

Pages that only a browser can read are read with this one. It makes no requests of its own (no updates, no sync, no
safe-browsing lists): what a site sees is what a source asked for. Playwright is imported when a browser is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ingest.browser.finding import find_chromium
from ingest.errors import BrowserFailed, BrowserMissing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from contract.settings import Settings

_ARGUMENTS: Final = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

#: Seconds until a browser that does not come up, or a page that does not open, is given up.
LAUNCH_LIMIT: Final = 30.0
PAGE_LIMIT: Final = 15.0


@contextmanager
def open_browser(settings: Settings) -> Iterator[Browser]:
    """A headless Chromium for as long as the block lasts. Raises BrowserMissing or BrowserFailed."""
    program = find_chromium(settings)
    if program is None:
        raise BrowserMissing(
            "no Chromium was found",
            hint="install one (apt-get install chromium, or playwright install chromium), or set TOUCHLINE_CHROMIUM",
        )
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise BrowserMissing(
            "Playwright, which drives the browser, is not installed", hint="pip install 'touchline[browser]'"
        ) from None
    # Chromium's sandbox refuses to run as root
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=program, headless=True, args=arguments, timeout=LAUNCH_LIMIT * 1000
            )
        except Error as error:
            raise BrowserFailed(
                f"{program} does not open: {_first_line(error.message)}",
                hint="run it by hand with --headless to see why, or name another one in TOUCHLINE_CHROMIUM",
            ) from None
        try:
            yield browser
        finally:
            browser.close()


def check(settings: Settings) -> str:
    """Open a page, and say which browser did it: `Chromium 141.0.7390.54 (/usr/bin/chromium)`.

    Raises BrowserMissing or BrowserFailed.
    """
    with open_browser(settings) as browser:
        from playwright.sync_api import Error

        try:
            page = browser.new_page()
            page.set_default_timeout(PAGE_LIMIT * 1000)
            page.set_content("<title>touchline</title>")
            title = page.title()
        except Error as error:
            raise BrowserFailed(
                f"Chromium {browser.version} opens no page: {_first_line(error.message)}",
                hint="is there memory left, and room in /dev/shm and /tmp?",
            ) from None
        if title != "touchline":
            raise BrowserFailed(f"Chromium {browser.version} shows another page than the one it was given")
        return f"Chromium {browser.version} ({find_chromium(settings)})"


def _first_line(message: str) -> str:
    """Playwright adds the whole command line and its log: the first line says what happened."""
    return message.strip().split("\n", 1)[0]
