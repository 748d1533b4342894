"""`touchline scrape mlsnext` where the site's keys are not the template's: with a browser, and without."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contract.settings import Settings
from ingest.season import Season
from tests.fix_scraping import Program, stored
from touchline.demo.league import League
from touchline.demo.site import DemoSite

pytestmark = pytest.mark.slow

SEASON = Season.of(datetime.now(UTC).date())


def official_pages(site: DemoSite) -> int:
    return sum(request.path.startswith("/mlsnext/") for request in site.requests)


def test_other_keys_are_found_by_browser_and_the_run_says_so(
    chromium: Settings, store_url: str, tmp_path: Path
) -> None:
    """Everything is read and stored, exit code 0; who looks at the run learns of the new key. The next run asks neither
    the page nor for anything but what is new."""
    league = League(scale=0.02, season=str(SEASON)).renamed({"academy": "next-second-division"})
    with DemoSite(league, league.weekend().before) as site:
        program = Program(tmp_path, site, DATABASE_URL=store_url)
        ended = program("scrape", "mlsnext", "--league", "academy", "--wait")
        assert ended.code == 0, ended
        row = ended.row
        assert (row["state"], row["found"]) == ("succeeded", len(league.feeds["academy"].fixtures))
        notice = "the official page loads next-second-division for academy, not mls-next-2-academy-division-"
        assert f"To know of it: {notice}" in ended.err
        (shown,) = json.loads(program("runs", row["run_id"], "--output", "json").out)
        assert shown["error"].startswith(notice)

        site.forget()
        again = program("scrape", "mlsnext", "--league", "academy")
        assert again.code == 0, again
        assert again.row["nothing_new"]
        assert official_pages(site) == 0
        assert [request.status for request in site.requests if request.path.startswith("/data/")] == [304, 304]


def test_a_rollover_withdraws_nothing_of_the_season_that_was(
    chromium: Settings, store_url: str, tmp_path: Path
) -> None:
    """The page has gone on to the next season: its matches come beside those that are stored."""
    old, new = League(scale=0.01, season=str(SEASON)), League(scale=0.01, season=str(Season(SEASON.year + 1)))
    with DemoSite(old, old.weekend().before) as site:
        program = Program(tmp_path, site, DATABASE_URL=store_url)
        first = program("scrape", "mlsnext", "--league", "academy", "--wait")
        assert first.code == 0, first
    (tmp_path / "remembered" / "mlsnext.json").unlink()  # a day has passed
    with DemoSite(new, new.weekend().before, port=site.port):
        second = program("scrape", "mlsnext", "--league", "academy", "--wait")
        assert second.code == 0, second
    assert f"the official page shows season {new.season} of academy" in second.err
    assert second.row["inserted"] == len(new.feeds["academy"].fixtures)
    seasons = stored(store_url, "SELECT array_agg(DISTINCT season ORDER BY season) FROM match_list")
    assert seasons == [old.season, new.season]
    assert stored(store_url, "SELECT count(*) FROM match_list WHERE withdrawn_at IS NOT NULL") == 0


def test_without_a_browser_the_template_is_read_and_that_is_said_once_a_day(store_url: str, tmp_path: Path) -> None:
    """Exit code 0, and no notice in the run: many a worker has no browser. The site's page is not asked."""
    league = League(scale=0.02, season=str(SEASON))
    with DemoSite(league, league.weekend().before) as site:
        program = Program(tmp_path, site, DATABASE_URL=store_url, TOUCHLINE_CHROMIUM="none")
        ended = program("scrape", "mlsnext", "--wait")
        assert ended.code == 0, ended
        assert (ended.row["state"], ended.row["found"], ended.row["error"]) == ("succeeded", league.matches, None)
        assert ended.err.count("keys_from_template") == 1
        assert "TOUCHLINE_CHROMIUM=none" in ended.err
        assert official_pages(site) == 0

        again = program("scrape", "mlsnext")
        assert again.code == 0, again
        assert "keys_from_template" not in again.err
