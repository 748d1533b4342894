"""docs/sources.md, section `ics`, done: its lines in a touchline.toml, a calendar on a real site, and the database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from contract.settings import load
from tests.fix_command import Touchline
from tests.fix_scraping import Ended, Program, counts, stored
from tests.fix_site import Site
from tests.unit.ingest.calendars import calendar, event
from touchline import diagnosis

DOCS = Path(__file__).parents[2] / "docs" / "sources.md"
FEED = "/u14/calendar.ics"
SEASON = ("--season", "2026-27")


def page() -> str:
    """The file that the section shows."""
    section = DOCS.read_text(encoding="utf-8").partition("\n## `ics`\n")[2].partition("\n## ")[0]
    (found,) = re.findall(r"```toml\n# touchline.toml\n(.*?)```", section, re.DOTALL)
    return str(found)


def publish(site: Site, body: bytes, version: int) -> None:
    site.put(FEED, body, etag=f'"{version}"', Content_Type="text/calendar; charset=utf-8")


@pytest.mark.slow
class TestAFeedIntoTheDatabase:
    @pytest.fixture
    def scrape(self, site: Site, store_url: str, tmp_path: Path) -> Any:
        """`touchline scrape ics`, with the page's file and this site's address in it."""
        text, found = re.subn(r'(?m)^url = ".*"$', f'url = "{site.url}{FEED}"', page(), count=1)
        assert found == 1
        file = tmp_path / "touchline.toml"
        file.write_text(f"{text}\n[sources.ics]\ninterval = 0\n", encoding="utf-8")
        program = Program(tmp_path, site, DATABASE_URL=store_url, TOUCHLINE_CONFIG=str(file))

        def run(*arguments: str) -> Ended:
            return program("scrape", "ics", "--league", "village", *SEASON, *arguments)

        return run

    def test_it_arrives_and_is_kept_up_to_date(self, scrape: Any, site: Site, store_url: str) -> None:
        """Matches, a result and a venue; 304; one change for a changed kick-off; a match that is gone is withdrawn."""
        first = [event(n, f"Ash {n} vs Elm", f":202609{n + 10}T150000Z") for n in range(8)]
        publish(site, calendar(*first, event(8, "Ash 0:0 Oak", ":20260905T150000Z", "LOCATION:Green\\, Ash")), 1)
        ended = scrape("--wait")
        assert ended.code == 0, ended
        assert counts(ended.row) == (9, 9, 0, 0, 0, 0)
        with psycopg.connect(store_url) as connection:
            row = connection.execute("""
                SELECT league, season, age_group, match_type, date::text, timezone, home_team, away_team,
                       home_score, away_score, status, location
                FROM match_list WHERE match_id = 'village:8'""").fetchone()
        expected = ("village", "2026-27", "U14", "League", "2026-09-05", "Europe/Berlin", "Ash", "Oak")
        assert row == (*expected, 0, 0, "completed", "Green, Ash")

        again = scrape()
        assert again.row["nothing_new"] is True
        assert site.requests[-1].headers["If-None-Match"] == '"1"'

        moved = event(0, "Ash 0 vs Elm", ":20260910T160000Z", "SEQUENCE:1")
        publish(
            site, calendar(moved, *first[1:], event(8, "Ash 0:0 Oak", ":20260905T150000Z", "LOCATION:Green\\, Ash")), 2
        )
        assert counts(scrape().row) == (9, 0, 1, 8, 0, 0)
        with psycopg.connect(store_url) as connection:
            changes = connection.execute("SELECT match_id, field FROM match_changes").fetchall()
        assert changes == [("village:0", "kickoff")]

        publish(site, calendar(moved, *first[1:]), 3)
        assert scrape().code == 0
        assert stored(store_url, "SELECT string_agg(match_id, ' ') FROM match_list WHERE withdrawn_at IS NOT NULL") == (
            "village:8"
        )

    def test_what_is_no_match_is_a_dead_letter(self, scrape: Any, site: Site, store_url: str) -> None:
        """A training that nobody said to leave out: exit code 1, the sentence, and the others are stored."""
        publish(site, calendar(event(1), event(2, "Training")), 1)
        ended = scrape()
        assert ended.code == 1, ended
        assert counts(ended.row) == (2, 1, 0, 0, 0, 1)
        said = stored(store_url, "SELECT error FROM dead_letters")
        assert "fits 'Training'" in said
        assert 'others = "skip"' in said

    def test_a_page_in_its_place_fails_with_a_sentence(self, scrape: Any, site: Site) -> None:
        """As a calendar does that was made private."""
        site.put(FEED, "<!doctype html><title>Sign in</title>")
        ended = scrape("--dry-run")
        assert ended.code == 1, ended
        assert "answers with a page that is no calendar" in ended.err
        assert "can it be read without a login?" in ended.err

    def test_a_dry_run_explains_what_it_cannot_use(self, scrape: Any, site: Site) -> None:
        """The way to find a pattern: nothing is sent, and each summary that does not fit is shown."""
        publish(site, calendar(event(1), event(2, "Ash against Elm")), 1)
        ended = scrape("--dry-run", "--output", "csv")
        assert "village:1" in ended.out
        assert "unusable: match village:2: no pattern in sources.ics.feeds.village.summary fits 'Ash against Elm'" in (
            ended.err
        )


class TestWithoutAFeed:
    """A fresh machine has none, and is in order."""

    def test_sources_says_what_is_missing(self, touchline: Touchline, tmp_path: Path) -> None:
        (row,) = [row for row in touchline("sources").rows if row["name"] == "ics"]
        assert row["leagues"] == []
        assert "no calendar is named in touchline.toml" in row["description"]
        Path("touchline.toml").write_text(page(), encoding="utf-8")
        (row,) = [row for row in touchline("sources").rows if row["name"] == "ics"]
        assert row["leagues"] == ["village", "town-cup"]
        Path("touchline.toml").write_text("[sources.ics.feeds.village]\nurl = 'x'\n", encoding="utf-8")
        (row,) = [row for row in touchline("sources").rows if row["name"] == "ics"]
        assert "cannot be used: sources.ics.feeds.village.url" in row["description"]

    @pytest.mark.parametrize("online", [True, False])
    def test_doctor_has_no_use_for_it(self, tmp_path: Path, online: bool) -> None:
        """Not used is no finding against the installation, and says how to configure it."""
        found = self._doctor(tmp_path, "[sources.mlsnext]\nurl = 'http://127.0.0.1:9'\n", online=online)
        assert found.state == "not used"
        assert "[sources.ics.feeds.NAME]" in found.detail

    def test_doctor_names_what_is_wrong_with_one(self, tmp_path: Path) -> None:
        found = self._doctor(tmp_path, "[sources.ics.feeds.village]\nurl = 'x'\n", online=False)
        assert (found.state, found.detail[:32]) == ("not ok", "sources.ics.feeds.village.url: i")

    def _doctor(self, home: Path, text: str, *, online: bool) -> diagnosis.Finding:
        """What it finds about `ics`."""
        (home / "touchline.toml").write_text(text, encoding="utf-8")
        settings = load(environ={"TOUCHLINE_HOME": str(home)})
        (found,) = diagnosis.source(settings, "ics", online=online)
        return found

    def test_scraping_it_says_how_to_name_one(self, touchline: Touchline) -> None:
        """Exit code 2: configuration."""
        ended = touchline("scrape ics")
        assert ended.code == 2
        assert "[sources.ics.feeds.NAME]" in ended.err
