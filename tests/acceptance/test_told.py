"""What goes wrong at a site is told once, with its reason, and so is that it is well again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from contract.signing import headers_of
from tests.acceptance.conftest import Place, with_site
from tests.fix_site import Site
from touchline.demo.bodies import Fault
from touchline.demo.site import DemoSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

PATIENCE = 40.0


@pytest.fixture
def place(servers: Place, demo_site: DemoSite, site: Site) -> Iterator[Place]:
    """Workers with a webhook, and a store into which the demo league was read once."""
    site.put("/hook", "thanks")
    told = {"TOUCHLINE_WEBHOOK_URL": f"{site.url}/hook", "TOUCHLINE_WEBHOOK_SECRET": SECRET}
    place = with_site(Place(servers.home, servers.env | told), demo_site)
    with place.dramatiq("--processes", "1", "--threads", "4"):
        assert _scrape(place) == "succeeded"
        yield place


def _scrape(place: Place, *more: str) -> str:
    return str(place.touchline("scrape", "mlsnext", "--season", "2026-27", "--wait", *more).row["state"])


def _told(site: Site, count: int) -> list[dict[str, Any]]:
    """What was received by when there are so many, each with its signature verified."""
    deadline = time.monotonic() + PATIENCE
    while len(site.asked("/hook")) < count:
        assert time.monotonic() < deadline, [json.loads(request.body)["text"] for request in site.asked("/hook")]
        time.sleep(0.1)
    notices = []
    for request in site.asked("/hook"):
        sent = {name: request.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        assert sent == headers_of(SECRET, sent["webhook-id"], int(sent["webhook-timestamp"]), request.body)
        notices.append(json.loads(request.body))
    return notices


def _last_weeks(site: DemoSite) -> None:
    site.show(site.moment - timedelta(days=7))


INCIDENTS: dict[str, tuple[Callable[[DemoSite], None], str, str]] = {
    "500": (lambda site: site.fail(Fault.ERROR), "run.failed", "500"),
    "an empty feed": (lambda site: site.fail(Fault.EMPTY), "run.suspect", "the site listed no match at all"),
    "an HTML shell": (lambda site: site.fail(Fault.SHELL), "run.failed", "answers with a page instead of data"),
    "half the matches": (lambda site: site.fail(Fault.HALF), "run.suspect", "the last good run ("),
    "last week's feed": (_last_weeks, "run.suspect", "the site shows an older state"),
}


def test_each_incident_is_told_once_and_so_is_its_end(place: Place, demo_site: DemoSite, site: Site) -> None:
    """Two runs into each trouble make one notice that says why; the run after it makes one that says it is over."""
    good = demo_site.moment
    for number, (how, (break_it, kind, words)) in enumerate(INCIDENTS.items()):
        break_it(demo_site)
        # in full: half a feed that has not changed since is nothing new
        for again in ((), ("--full",)):
            assert _scrape(place, *again) == kind.removeprefix("run."), how
        trouble = _told(site, 2 * number + 1)[-1]
        assert trouble["type"] == kind, how
        assert words in trouble["text"], how
        demo_site.fail(None)
        good += timedelta(hours=1)
        demo_site.show(good)
        assert _scrape(place) == "succeeded", how
        recovered = _told(site, 2 * number + 2)[-1]
        assert (recovered["type"], recovered["data"]["was"]) == ("source.recovered", kind.removeprefix("run.")), how
    assert len(site.asked("/hook")) == 2 * len(INCIDENTS)
    assert place.touchline("matches", "--withdrawn").rows == []
