"""docs/sources.md, done: its package is installed beside Touchline, found by name, and reads a real site."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.settings import SourceSettings, load
from ingest.errors import PageChanged, UnknownScope
from ingest.http import Fetcher
from ingest.models import Match
from ingest.sources import Part, Reject, Scope, Source, find, names
from ingest.validators import Validators
from tests.fix_site import Site

DOCS = Path(__file__).parents[2] / "docs" / "sources.md"
GAMES = [
    {"no": 7, "day": "2026-09-05", "home": "Ash", "away": "Elm", "goals": [2, 0]},
    {"no": 8, "day": "2026-09-12", "home": "Elm", "away": "Ash", "goals": None},
    {"no": 9, "day": "2026-02-30", "home": "Ash", "away": "Elm", "goals": [1, 1]},
]


def block(language: str) -> str:
    """The block in that language that the page's section on a source of one's own has."""
    section = DOCS.read_text(encoding="utf-8").partition("\n## A source of your own\n")[2].partition("\n## ")[0]
    (found,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(found)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's package as an installer leaves it: the module, and the metadata that names its entry points."""
    project = tomllib.loads(block("toml"))["project"]
    (tmp_path / "village_cup.py").write_text(block("python"), encoding="utf-8")
    metadata = tmp_path / f"village_cup-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    groups = "".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
        for group, points in project["entry-points"].items()
    )
    (metadata / "entry_points.txt").write_text(groups)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield tmp_path
    sys.modules.pop("village_cup", None)


def read(site: Site, fetcher: Fetcher | None = None) -> tuple[Source, Part, Any]:
    source = find("village").make(SourceSettings(url=site.url))
    (part,) = source.plan(Scope(season="2026-27"), Fetcher())
    return source, part, source.fetch(part, fetcher or Fetcher())


@pytest.mark.usefixtures("installed")
class TestTheVillageCup:
    def test_it_is_found_by_name(self) -> None:
        """An installed package adds its source to those there are, without any change here."""
        assert "village" in names()
        assert names() == sorted(names())
        assert isinstance(find("village").make(SourceSettings()), Source)

    def test_its_rows_are_matches_and_rejects(self, site: Site) -> None:
        """Plan, fetch and parse of the page's code give matches of the contract, and a reject for 30 February."""
        site.put("/2026-27.json", json.dumps(GAMES))
        source, part, documents = read(site)
        rows = list(source.parse(part, documents).matches)
        assert [type(row) for row in rows] == [Match, Match, Reject]
        assert [row.wire() for row in rows[:1] if isinstance(row, Match)] == [
            {
                "match_id": "7",
                "home_team": "Ash",
                "away_team": "Elm",
                "date": "2026-09-05",
                "season": "2026-27",
                "age_group": "U14",
                "match_type": "Cup",
                "league": "cup",
                "status": "completed",
                "home_score": 2,
                "away_score": 0,
            }
        ]

    def test_its_etags_are_remembered(self, site: Site, tmp_path: Path) -> None:
        """As the page promises, a document that is the same is not read again."""
        site.put("/2026-27.json", json.dumps(GAMES), etag='"1"')
        fetcher = Fetcher(validators=Validators(tmp_path / "home", "village"))
        _, part, documents = read(site, fetcher)
        assert documents is not None
        assert fetcher.validators
        fetcher.validators.commit(part.name)
        _, _, documents = read(site, fetcher)
        assert documents is None

    def test_its_errors_are_ours(self, site: Site) -> None:
        """An unknown league and another shape are told as the page says."""
        with pytest.raises(UnknownScope):
            find("village").make(SourceSettings()).plan(Scope(leagues=("premier",)), Fetcher())
        site.put("/2026-27.json", "{}")
        source, part, documents = read(site)
        with pytest.raises(PageChanged):
            source.parse(part, documents)

    def test_the_environment_reaches_it(self, site: Site) -> None:
        """`TOUCHLINE_VILLAGE_URL` is its `settings.url`."""
        settings = load(environ={"TOUCHLINE_VILLAGE_URL": site.url, "TOUCHLINE_HOME": "/nonexistent"})
        assert settings.source("village").url == site.url


def test_a_whole_source_is_about_40_lines() -> None:
    """The page shows a whole source in few lines, and keeps doing so."""
    assert len([line for line in block("python").splitlines() if line.strip()]) <= 42
