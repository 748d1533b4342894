"""Which Chromium is used: the one that the settings name (here or elsewhere), Playwright's own, the system's."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3

from contract.addresses import HTTP_SCHEMES, origin
from ingest.errors import BrowserMissing, BrowserOff

if TYPE_CHECKING:
    from contract.settings import Settings

#: What the setting says where no browser shall be used.
OFF: Final = "none"

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


@dataclass(frozen=True, slots=True)
class Remote:
    """A Chromium that runs elsewhere."""

    #: Where it listens. May hold a token, so that only `shown` is for people; user and password are in `headers`.
    address: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    #: Whether it speaks the DevTools protocol itself, and there is no Playwright server before it.
    devtools: bool

    @classmethod
    def at(cls, url: str) -> Remote:
        parts = urlsplit(url)
        userinfo, _, host = parts.netloc.rpartition("@")
        headers = dict(urllib3.make_headers(basic_auth=unquote(userinfo))) if userinfo else {}
        devtools = parts.scheme in HTTP_SCHEMES or parts.path.startswith("/devtools/")
        return cls(urlunsplit((parts.scheme, host, parts.path, parts.query, "")), headers, devtools)

    @property
    def shown(self) -> str:
        return origin(self.address)


def check_wanted(settings: Settings) -> None:
    """Raises BrowserOff where the settings want no browser. Costs nothing, and needs no Playwright."""
    if _named(settings).lower() == OFF:
        raise BrowserOff(
            f"the browser is switched off (TOUCHLINE_CHROMIUM={OFF})",
            hint="unset TOUCHLINE_CHROMIUM, and the Chromium that is installed is found",
        )


def _named(settings: Settings) -> str:
    return settings.chromium.get_secret_value() if settings.chromium else ""


def choose(settings: Settings) -> Path | Remote:
    """The Chromium to use. Raises BrowserMissing where there is none, BrowserOff where the settings want none."""
    check_wanted(settings)
    named = _named(settings)
    if "://" in named:
        return Remote.at(named)
    program = find_chromium(settings)
    if program is None:
        raise BrowserMissing(
            "no Chromium was found",
            hint="install one (apt-get install chromium, or playwright install chromium), or set TOUCHLINE_CHROMIUM",
        )
    return program


def find_chromium(settings: Settings) -> Path | None:
    """The Chromium of this machine: the one that the settings name, Playwright's own, the system's; None without one.

    None also where the settings name one elsewhere, or want none. Raises BrowserMissing where they name a file that is
    not there or cannot be run.
    """
    named = settings.chromium.get_secret_value() if settings.chromium else ""
    if "://" in named or named.lower() == OFF:
        return None
    if named:
        path = Path(named).expanduser()
        if not _runs(path):
            raise BrowserMissing(
                f"the setting chromium names {path}, which is not a program",
                hint="correct TOUCHLINE_CHROMIUM, or unset it and the one that is installed is found",
            )
        return path
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
