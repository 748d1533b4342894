"""Which Chromium is used: the one that the settings name, Playwright's own, the system's."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.errors import BrowserMissing

if TYPE_CHECKING:
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
