"""`touchline reparse`: a parser is mended, and what it had read wrongly for a month is put right without the site."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from contract.settings import load
from tests.fix_command import Touchline
from tests.fix_scraping import FEEDS, KEY, Program, counts, publish, stored
from tests.fix_site import Site, status
from tests.unit.ingest.keeping import a_run
from touchline.diagnosis_findings import NotUsed, Unhealthy
from touchline.diagnosis_pages import look

pytestmark = pytest.mark.slow

#: A source whose parser takes what stands before the comma for the whole place.
SOURCE = """
import json
from ingest.models import Match
from ingest.sources import Part, Reading


class Cup:
    name, description, leagues, concurrency, interval = "cup", "a cup", ("cup",), 1, 0.0

    def __init__(self, base):
        self.base = base

    @classmethod
    def make(cls, settings):
        return cls(settings.url)

    def plan(self, scope, fetcher):
        return [Part("cup-2026-27", "cup", "2026-27", {"pages": [1, 2]})]

    def fetch(self, part, fetcher):
        return [fetcher.get(f"{self.base}/page/{number}") for number in part.detail["pages"]]

    def parse(self, part, pages):
        said = [json.loads(page.body) for page in pages]
        return Reading(said[0]["as_of"], [self.match(game) for page in said for game in page["games"]])

    def match(self, game):
        return Match(match_id=game["no"], home_team="Ash", away_team="Elm", date=game["day"], season="2026-27",
                     age_group="U14", match_type="Cup", status="scheduled", location=game["place"].split(",")[0])
"""
MENDED = SOURCE.replace('.split(",")[0]', "")


@pytest.fixture
def cup(store_url: str, site: Site, tmp_path: Path) -> Program:
    """The program with the source installed, and pages kept in its home."""
    packages = tmp_path / "packages"
    metadata = packages / "a_cup-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: a-cup\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[touchline.sources]\ncup = a_cup:Cup\n")
    (packages / "a_cup.py").write_text(SOURCE)
    more = {"PYTHONPATH": str(packages), "TOUCHLINE_CUP_URL": site.url, "TOUCHLINE_KEEP_PAGES": "pages"}
    return Program(tmp_path / "home", site, DATABASE_URL=store_url, **more)


def games(site: Site, day: str, **places: str) -> None:
    """What the site lists on that day, on two pages; all is played on that day."""
    rows = [{"no": number[1:], "day": day, "place": place} for number, place in places.items()]
    for number, page in ((1, rows[:1]), (2, rows[1:])):
        site.put(f"/page/{number}", json.dumps({"as_of": f"{day}T12:00:00Z", "games": page}))


def a_month_passes(program: Program, *days: int) -> list[str]:
    """The kept runs are so many days old from now on, in their order; their ids."""
    runs = [json.loads(line) for line in program("reparse").out.splitlines()]
    assert len(runs) == len(days)
    for run, ago in zip(runs, days, strict=True):
        path = program.home / "pages" / "runs" / f"{run['run_id']}.jsonl"
        began = (datetime.now(UTC) - timedelta(days=ago)).isoformat()
        path.write_text(path.read_text().replace(run["started_at"].replace("Z", "+00:00"), began))
    return [run["run_id"] for run in runs]


def matches(url: str) -> dict[str, tuple[str, str | None]]:
    """Where each match is played, and the day on which it was withdrawn."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT match_id, location, to_char(withdrawn_at, 'MM-DD') FROM match_list ORDER BY match_id"
        )
        return {match_id: (place, day) for match_id, place, day in rows}


def rows(out: str) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_mended_parser_repairs_the_last_month(cup: Program, site: Site, store_url: str, tmp_path: Path) -> None:
    """Every match is as the mended parser reads the newest documents that list it, and the site was not asked."""
    games(site, "2026-10-01", m1="Park, North", m2="Park, South", m3="Park, East")
    assert cup("scrape", "cup").code == 0
    games(site, "2026-10-15", m1="Park, North", m2="Field, West")
    assert cup("scrape", "cup").code == 0
    games(site, "2026-10-30", m1="Park, North")
    assert cup("scrape", "cup").code == 0
    assert matches(store_url) == {"1": ("Park", None), "2": ("Field", "10-30"), "3": ("Park", "10-15")}
    site.put("/page/1", status(500))
    asked = len(site.requests)
    runs = a_month_passes(cup, 35, 20, 5)
    (tmp_path / "packages" / "a_cup.py").write_text(MENDED)

    assert cup("reparse", "--list", "--since", "10d").row["run_id"] == runs[2]

    month = cup("reparse", "--since", "40d")

    assert month.code == 0, month
    assert [row["reparsed"] for row in rows(month.out)] == runs
    assert [counts(row) for row in rows(month.out)] == [(3, 0, 1, 0, 2, 0), (2, 0, 1, 0, 1, 0), (1, 0, 1, 0, 0, 0)]
    assert {row["state"] for row in rows(month.out)} == {"succeeded"}
    assert "2 of 3: cup, run " in month.err
    assert matches(store_url) == {
        "1": ("Park, North", None),
        "2": ("Field, West", "10-30"),
        "3": ("Park, East", "10-15"),
    }
    with psycopg.connect(store_url) as connection:
        history = connection.execute(
            "SELECT match_id, old, new, params ->> 'reparse' FROM match_changes JOIN runs USING (run_id) "
            "WHERE field = 'location' AND params ? 'reparse' ORDER BY match_id"
        ).fetchall()
    assert history == [
        ("1", "Park", "Park, North", runs[2]),
        ("2", "Field", "Field, West", runs[1]),
        ("3", "Park", "Park, East", runs[0]),
    ]
    assert len(site.requests) == asked
    assert list((cup.home / "unstored").iterdir()) == []


def test_what_can_be_done_before_it_is_done(cup: Program, site: Site, store_url: str, tmp_path: Path) -> None:
    """A list, the matches as they are read now, and a sentence for what is not kept; nothing is sent, or asked."""
    assert cup("reparse", "--output", "table").err.startswith("Nothing is kept that fits.")
    games(site, "2026-10-01", m1="Park, North", m2="Park, South")
    cup("scrape", "cup")
    asked = len(site.requests)
    [run] = rows(cup("reparse", "--list", "--since", "1d", "--source", "cup").out)
    size = sum(path.stat().st_size for path in (cup.home / "pages" / "documents").glob("*/*"))
    assert {name: run[name] for name in ("source", "parts", "documents", "stored")} == {
        "source": "cup",
        "parts": ["cup-2026-27"],
        "documents": 2,
        "stored": size,
    }
    (tmp_path / "packages" / "a_cup.py").write_text(MENDED)
    dry = cup("reparse", run["run_id"][:8], "--dry-run")
    assert (dry.code, [row["location"] for row in rows(dry.out)]) == (0, ["Park, North", "Park, South"])
    assert matches(store_url) == {"1": ("Park", None), "2": ("Park", None)}
    assert len(site.requests) == asked

    nowhere = cup("reparse", "0123")
    assert (nowhere.code, nowhere.out) == (2, "")
    assert "no run that begins with '0123' is kept" in nowhere.err
    for path in (cup.home / "pages" / "documents").glob("*/*"):
        path.unlink()
    gone = cup("reparse", run["run_id"])
    assert (gone.code, gone.row["failed_parts"], gone.row["state"]) == (1, ["cup-2026-27"], "failed")
    assert "/page/1 is not kept of that run: its document is gone or damaged" in gone.err


def test_a_broker_that_is_away_is_no_loss(cup: Program, site: Site) -> None:
    """Exit code 3, and what was read again is on disk for the next run or `touchline spool flush`."""
    games(site, "2026-10-01", m1="Park, North", m2="Park, South")
    cup("scrape", "cup")
    cup.environment["RABBITMQ_URL"] = "amqp://127.0.0.1:1"
    away = cup("reparse", "--since", "1d")
    assert away.code == 3, away
    assert away.row["spooled"] == 3
    assert "3 messages kept in " in away.err
    assert len(cup("spool", "list").out.splitlines()) == 3


def test_a_run_of_the_feeds_is_read_again(league: Site, store_url: str, tmp_path: Path) -> None:
    """320 real matches: nothing is kept of a run that was told nothing new; one new document brings the other along."""
    program = Program(tmp_path, league, DATABASE_URL=store_url, TOUCHLINE_KEEP_PAGES=str(tmp_path / "kept"))
    assert program.scrape().code == 0
    assert program.scrape().row["nothing_new"] is True
    tables = league._pages[f"/data/standings/{KEY}.json"]
    publish(league, "2026-10-05")
    league._pages[f"/data/standings/{KEY}.json"] = tables
    assert program.scrape().row["updated"] == 4
    asked = len(league.requests)
    kept = rows(program("reparse").out)
    assert [run["documents"] for run in kept] == [2, 2]
    assert kept[1]["stored"] < kept[0]["stored"] < sum(path.stat().st_size for path in FEEDS.glob("*.json")) / 20
    again = program("reparse", kept[1]["run_id"][:8], "--wait")
    assert again.code == 0, again
    assert counts(again.row) == (320, 0, 0, 320, 0, 0)
    assert len(league.requests) == asked
    assert stored(store_url, "SELECT count(*) FROM runs WHERE state = 'succeeded'") == 3


def test_without_a_directory_there_is_nothing(touchline: Touchline) -> None:
    """It says which setting is meant."""
    ended = touchline("reparse --since 1d")
    assert (ended.code, ended.out) == (2, "")
    assert 'keep_pages = "pages"' in ended.err
    assert touchline("reparse 3f2a --since 1d").code == 2
    assert touchline("reparse --since 1d --dry-run --wait").code == 2


def test_the_doctor_says_how_much_is_kept(tmp_path: Path) -> None:
    """Or that nothing is, or can be."""
    home = tmp_path / "home"
    a_run(home / "pages", ("https://site.example/", b"x" * 9999, "a"))
    environ = {"TOUCHLINE_HOME": str(home)}
    with pytest.raises(NotUsed, match="keep_pages is not set"):
        look(load(environ=environ))
    said = look(load(environ=environ | {"TOUCHLINE_KEEP_PAGES": "pages"}))
    assert said == f"1 run since 2026-10-03 22:30 UTC, 1 document, 0.0 MB in {home}/pages; for 30 days"
    assert "none yet" in look(load(environ=environ | {"TOUCHLINE_KEEP_PAGES": "others/pages"}))
    (home / "file").write_text("")
    with pytest.raises(Unhealthy, match="file is no directory"):
        look(load(environ=environ | {"TOUCHLINE_KEEP_PAGES": "file/pages"}))
