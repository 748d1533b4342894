"""The demo league and its site on loopback: what a test scrapes when it wants a whole league."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from touchline.demo.league import League
from touchline.demo.site import DemoSite


@pytest.fixture(scope="session")
def demo_league() -> League:
    """The league that `touchline demo` shows: 1,478 matches of 2026-27."""
    return League()


@pytest.fixture
def demo_site(demo_league: League) -> Iterator[DemoSite]:
    """Serves `demo_league` as of the Friday before its weekend; `site.show(…)` moves it on, `site.url` is where."""
    with DemoSite(demo_league, demo_league.weekend().before) as site:
        yield site
