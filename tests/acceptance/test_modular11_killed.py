"""A worker that is killed in the middle of a season of modular11: the next one reads its part again, and goes on."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs
from uuid import uuid4

import psycopg
import pytest

from contract.settings import Settings
from tests.acceptance.conftest import Place, until
from tests.acceptance.test_scrape_order import send_order
from touchline.demo.league import League
from touchline.demo.modular11 import Modular11Site, Schedules
from touchline.demo.modular11.schedules import LIST

pytestmark = pytest.mark.slow

#: The site's numbers of the age groups (SOURCES section 2).
IDS = {"21": "U13", "22": "U14", "33": "U15"}
AGES = tuple(IDS.values())
#: 290 matches are 12 pages.
MATCHES, PAGES = 290, 12


@pytest.fixture
def site() -> Iterator[Modular11Site]:
    league = League(scale=0.3)
    with Modular11Site(Schedules(league, league.weekend().after, ages=AGES, most=MATCHES)) as serving:
        yield serving


@pytest.fixture
def place(servers: Place, site: Modular11Site, chromium: Settings) -> Place:
    """A worker's place, in which twenty requests a second are allowed: slow enough to be killed between two."""
    (servers.home / "touchline.toml").write_text("[sources.modular11]\ninterval = 0.05\n")
    servers.env.pop("TOUCHLINE_CHROMIUM", None)
    env = {"TOUCHLINE_MODULAR11_URL": site.url, "TOUCHLINE_CONFIG": str(servers.home / "touchline.toml")}
    if chromium.chromium is not None:
        env["TOUCHLINE_CHROMIUM"] = chromium.chromium.get_secret_value()
    return Place(servers.home, {**servers.env, **env})


def read(site: Modular11Site) -> Counter[tuple[str, int]]:
    """How often each page of each age group was asked for by a reader."""
    asked = [parse_qs(request.query) for request in site.requests if request.path == LIST]
    asked = [each for each in asked if "status" in each and each["age"][0] in IDS]
    return Counter((IDS[each["age"][0]], int(each["open_page"][0])) for each in asked)


def test_a_season_is_resumed_where_it_stopped(place: Place, site: Modular11Site) -> None:
    """Killed in the fifth page of the second of three age groups: complete in the end, and each match once."""
    order = {
        "contract": 1,
        "run_id": str(uuid4()),
        "source": "modular11",
        "trigger": "api",
        "scope": {"leagues": ["homegrown"], "season": "2026-27"},
    }
    with place.dramatiq("--processes", "1", "--threads", "1") as worker:
        send_order(place.env["RABBITMQ_URL"], order)
        until("the second age group is half read", lambda: read(site)["U14", 5] > 0)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    with psycopg.connect(place.env["DATABASE_URL"]) as connection:
        # the dead worker's turn at the source, which is free after 45 s by itself
        connection.execute("UPDATE touchline.turns SET expires_at = now()")
    with place.dramatiq("--processes", "1", "--threads", "1"), psycopg.connect(place.env["DATABASE_URL"]) as connection:
        connection.autocommit = True
        query = "SELECT FROM runs WHERE state <> 'running'"
        until("the run ends", lambda: connection.execute(query).fetchone() is not None)
    run = place.touchline("runs").row
    assert (run["run_id"], run["state"], run["error"]) == (order["run_id"], "succeeded", None)
    assert (run["found"], run["inserted"]) == (3 * MATCHES, 3 * MATCHES)
    pages = read(site)
    assert {page: pages["U13", page] for page in range(1, PAGES + 1)} == dict.fromkeys(range(1, PAGES + 1), 1)
    assert pages["U14", 1] == 2
    assert {page: pages["U15", page] for page in range(1, PAGES + 1)} == dict.fromkeys(range(1, PAGES + 1), 1)
    listed = Counter(str(row.number) for age in AGES for row in site.schedules.rows(12, age))
    assert Counter(row["match_id"] for row in place.touchline("matches", "--limit", "0").rows) == listed
