"""`touchline scrape modular11` with a real Chromium, from the replica of the site into the database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.settings import Settings
from tests.acceptance.conftest import Ended, Place
from touchline.demo.league import League
from touchline.demo.modular11 import Modular11Site, Schedules, Trouble

pytestmark = pytest.mark.slow

COUNTS = ("found", "inserted", "updated", "unchanged", "stale", "dead")
MATCHES = 80


@pytest.fixture
def site() -> Iterator[Modular11Site]:
    league = League(scale=0.1)
    with Modular11Site(Schedules(league, league.weekend().after, ages=("U14", "U15"), most=MATCHES)) as serving:
        yield serving


@pytest.fixture
def place(embedded: Place, site: Modular11Site, chromium: Settings) -> Place:
    """A laptop with a Chromium; the replica need not be spared."""
    (embedded.home / "touchline.toml").write_text("[sources.modular11]\ninterval = 0\n")
    env = {
        **{name: value for name, value in embedded.env.items() if name != "TOUCHLINE_CHROMIUM"},
        "TOUCHLINE_MODULAR11_URL": site.url,
        "TOUCHLINE_CONFIG": str(embedded.home / "touchline.toml"),
    }
    if chromium.chromium is not None:
        env["TOUCHLINE_CHROMIUM"] = chromium.chromium.get_secret_value()
    return Place(embedded.home, env)


def scrape(place: Place) -> Ended:
    return place.touchline("scrape", "modular11", "--league", "homegrown", "--season", "2026-27", "--wait")


def test_a_league_is_read_and_stored_and_kept_when_its_site_breaks(place: Place, site: Modular11Site) -> None:
    """Two age groups, with what the site says of their matches; what it says when it is broken takes nothing away."""
    first = scrape(place)
    assert (first.code, {name: first.row[name] for name in COUNTS}) == (
        0,
        {"found": 160, "inserted": 160, "updated": 0, "unchanged": 0, "stale": 0, "dead": 0},
    ), first.err

    stored = place.touchline("matches", "--limit", "500").rows
    played = [row for row in stored if row["home_score"] is not None]
    listed = {row.number: row for age in ("U14", "U15") for row in site.schedules.rows(12, age)}
    assert {int(row["match_id"]) for row in stored} == set(listed)
    assert {int(row["match_id"]) for row in played} == {n for n, row in listed.items() if row.score != "TBD"}
    for row in stored:
        assert row["home_team"] == listed[int(row["match_id"])].home.name
        assert row["date"] == listed[int(row["match_id"])].day.isoformat()

    site.schedules.trouble_with(Trouble.RENAMED)
    broken = scrape(place)
    assert broken.code == 1, broken
    assert "homegrown-U14-2026-27, page 1: an answer has neither matches nor a message that is known" in broken.err
    assert broken.row["state"] == "failed"
    assert "Traceback" not in broken.err
    after = place.touchline("matches", "--limit", "500").rows
    assert {row["match_id"]: row["withdrawn_at"] for row in after} == dict.fromkeys(map(str, listed))
