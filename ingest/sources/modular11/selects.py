"""What a schedule page offers: the site's own ids of age groups and divisions, from the selects on the page itself.

They are never taken from a table of ours: divisions were renumbered between seasons (SOURCES section 2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from contract.addresses import redact
from contract.errors import TouchlineError
from ingest.errors import PageChanged
from ingest.sources.modular11.pages import shown, squeezed

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from ingest.browser.page import SitePage

_AGES: Final = "select[js-age]"
_GROUPS: Final = "select[js-groups]"
#: A page of somebody else's that shows the schedule in a frame, which waits for the visitor's consent.
_FRAMES: Final = ("iframe[src]", "iframe[data-src]")
_SCHEDULE: Final = re.compile(r"/(?:league-)?schedule(?:[/?]|$)")
#: Seconds in which the page's scripts have to make its selects.
PATIENCE: Final = 15.0
_AGE: Final = re.compile(r"U-?(\d{1,2})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Choices:
    """Names of age groups and divisions, and the ids that the site has for each; more than one where a name repeats."""

    ages: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Framed:
    """The schedule is in a frame of the page: at this address."""

    address: str


def choices(page: SitePage) -> Choices | Framed:
    """What an open page offers. Raises PageChanged where it has no select of age groups after some seconds."""
    wait(page)
    return read(page.html().body.decode("utf-8", "replace"), page.url)


def browsed(page: SitePage) -> Page | None:
    """The page in its browser; None for one that was kept, which is as it is."""
    try:
        return getattr(page, "page", None)
    except TouchlineError:
        return None


def wait(page: SitePage) -> None:
    """Until the selects are there, or the frame is."""
    live = browsed(page)
    if live is None:
        return
    from playwright.sync_api import TimeoutError as TooSlow

    options = f"{_AGES} option"
    frames = ", ".join(f"{frame.removesuffix(']')}*='schedule']" for frame in _FRAMES)
    with suppress(TooSlow):  # `read` says what is missing
        live.wait_for_selector(f"{options}, {frames}", state="attached", timeout=PATIENCE * 1000)


def read(html: str, address: str) -> Choices | Framed:
    """What the page at `address` offers. Raises PageChanged."""
    tree = LexborHTMLParser(html)
    ages = _options(tree, _AGES, _aged)
    if ages:
        return Choices(ages, _options(tree, _GROUPS, str))
    for frame in tree.css(", ".join(_FRAMES)):
        source = frame.attributes.get("src") or frame.attributes.get("data-src") or ""
        if _SCHEDULE.search(source):
            return Framed(urljoin(address, source.strip()))
    title = tree.css_first("title")
    called = f", which is called {shown(squeezed(title.text()))}," if title is not None else ""
    raise PageChanged(
        f"{redact(address)}{called} has no age groups to choose from ({_AGES})",
        hint="look at it in a browser: has it moved, or does it ask for something first?",
    )


def _options(tree: LexborHTMLParser, select: str, written: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    """Names and ids of a select's options, without those that stand for all or for none."""
    found: dict[str, list[str]] = {}
    for option in tree.css(f"{select} option"):
        name, value = squeezed(option.text()), squeezed(option.attributes.get("value") or "")
        if name and value.isascii() and value.isdecimal() and int(value):
            ids = found.setdefault(written(name), [])
            if value not in ids:
                ids.append(value)
    return {name: tuple(ids) for name, ids in found.items()}


def _aged(age: str) -> str:
    """`U14` as the contract writes it; a name of another shape stays."""
    said = _AGE.fullmatch(age)
    return f"U{int(said[1])}" if said else age
