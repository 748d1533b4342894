"""A Chromium: found, opened headless, and closed whatever happens.

Pages that only a browser can read are read with this one. It makes no requests of its own (no updates, no sync, no
safe-browsing lists): what a site sees is what a source asked for. Playwright is imported when a browser is opened.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contract.errors import ConfigurationError, UnreachableError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from contract.settings import Settings

#: Chromium and its relatives, as systems call them; looked for on the PATH in this order.
_PROGRAMS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "brave-browser",
)
_MAC_APPLICATIONS: Final = (
    "Chromium.app/Contents/MacOS/Chromium",
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
#: Where Playwright keeps the browsers that it downloads, and the program inside each.
_PLAYWRIGHT_PROGRAMS: Final = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
)

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


class BrowserMissing(ConfigurationError):
    """There is no Chromium, or no Playwright to drive it."""


class BrowserFailed(UnreachableError):
    """A Chromium is there, but it does not open."""


def find_chromium(settings: Settings) -> Path | None:
    """The Chromium to use: the one that the settings name, Playwright's own, the system's; None if there is none.

    Raises BrowserMissing where the settings name a file that is not there or cannot be run.
    """
    if settings.chromium is not None:
        named = settings.chromium.expanduser()
        if not _runs(named):
            raise BrowserMissing(
                f"the setting chromium names {named}, which is not a program",
                hint="correct TOUCHLINE_CHROMIUM, or unset it and the one that is installed is found",
            )
        return named
    return _playwrights_own() or _systems()


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


def _playwrights_own() -> Path | None:
    """The newest of those that `playwright install` downloaded."""
    found = [path for pattern in _PLAYWRIGHT_PROGRAMS for path in _playwrights_place().glob(pattern) if _runs(path)]
    return max(found, key=_revision, default=None)


def _playwrights_place() -> Path:
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if named and named != "0":
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"


def _revision(path: Path) -> tuple[bool, int]:
    """A whole Chromium before a headless shell, then the higher number in its directory's name."""
    number = re.search(r"/chromium[a-z_]*-(\d+)/", path.as_posix())
    return "headless" not in path.as_posix(), int(number[1]) if number else 0


def _systems() -> Path | None:
    for program in _PROGRAMS:
        if path := shutil.which(program):
            return Path(path)
    if sys.platform == "darwin":
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            for application in _MAC_APPLICATIONS:
                if _runs(folder / application):
                    return folder / application
    return None


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _first_line(message: str) -> str:
    """Playwright adds the whole command line and its log: the first line says what happened."""
    return message.strip().split("\n", 1)[0]
