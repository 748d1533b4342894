"""The demo site's pages: the official one, the viewer that it holds, and the ways in which they can be in the way.

The habits are the real page's (SOURCES.md, sections 1 and 2): a consent banner comes late and lies over everything, the
viewer's iframe is far down and gets its address from a script, once there is consent and somebody scrolls to it, and
the network never rests.
"""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from touchline.demo.bodies import Body

if TYPE_CHECKING:
    from touchline.demo.league import League

_FILES: Final = Path(__file__).parent / "pages"
#: The official pages: league and title of each.
DIVISIONS: Final = {
    "/mlsnext/standings/homegrown_division": ("homegrown", "Homegrown Division"),
    "/mlsnext/standings/academy_division": ("academy", "Academy Division"),
}


class Twist(Enum):
    """What can be otherwise with the pages, while the feeds are as ever."""

    #: The official page takes `DemoSite.patience` seconds to answer.
    SLOW_PAGE = "slow-page"
    #: The official page is answered with 503.
    BUSY_PAGE = "busy-page"
    #: Nobody is asked for consent, as in countries that do not want it.
    NO_BANNER = "no-banner"
    #: The banner stays whatever is clicked, so that the iframe never gets its address.
    STUBBORN_BANNER = "stubborn-banner"
    #: The page's script never ends once somebody has agreed.
    HANGING_PAGE = "hanging-page"
    #: The page holds no iframe.
    NO_IFRAME = "no-iframe"
    #: The viewer comes up and loads nothing.
    IDLE_VIEWER = "idle-viewer"
    #: The viewer, with its feeds, lives on a host that nobody has heard of (`localhost` for 127.0.0.1).
    OTHER_HOST = "other-host"


class Pages:
    """The pages and the app's files of one league, read once."""

    def __init__(self, league: League, twist: Twist | None = None) -> None:
        feeds = {
            "homegrown": [league.feeds["homegrown"].key, league.feeds["flex"].key],
            "academy": [league.feeds["academy"].key],
        }
        if twist is Twist.IDLE_VIEWER:
            feeds = {name: [] for name in feeds}
        self.twist = twist
        self.shell = Body(_read("viewer.html"), "text/html; charset=utf-8")
        self._found = {
            "/": self.shell,
            "/assets/viewer.js": Body(
                _read("viewer.js", feeds=json.dumps(feeds), season=league.season), "text/javascript; charset=utf-8"
            ),
            "/assets/viewer.css": Body(_read("viewer.css"), "text/css; charset=utf-8"),
            "/assets/official.js": Body(_read("official.js"), "text/javascript; charset=utf-8"),
            "/assets/official.css": Body(_read("official.css"), "text/css; charset=utf-8"),
        }
        self._official = {
            path: _read(
                "official.html", league=name, title=title, season=league.season, twist=twist.value if twist else ""
            )
            for path, (name, title) in DIVISIONS.items()
        }

    def find(self, path: str, host: str) -> Body | None:
        """What `path` is answered with, for a client that calls this site `host`; None where it is no page."""
        if (page := self._official.get(path.rstrip("/"))) is not None:
            # the real viewer lives on a host of its own, so the page names it in full
            viewer = host.replace("127.0.0.1", "localhost") if self.twist is Twist.OTHER_HOST else host
            frame = "frame" if self.twist is Twist.NO_IFRAME else "iframe"
            page = page.replace(b"__VIEWER__", f"http://{viewer}".encode()).replace(b"__FRAME__", frame.encode())
            return Body(page, "text/html; charset=utf-8")
        return self._found.get(path)

    def is_official(self, path: str) -> bool:
        return path.rstrip("/") in DIVISIONS


def _read(name: str, **values: str) -> bytes:
    text = (_FILES / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"__{key.upper()}__", value)
    return text.encode()
