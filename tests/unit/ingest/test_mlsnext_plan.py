"""What is planned without a browser: the template, or what was learned before, if that can be believed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contract.errors import ConfigurationError
from contract.settings import SourceSettings
from ingest.errors import NotPublished
from ingest.http import Fetcher
from ingest.remembered import Remembered
from ingest.sources import Part, Scope
from ingest.sources.mlsnext import MLSNext
from ingest.validators import Validators
from tests.unit.ingest.feed import NORTHEAST, PART, documents, event

PAGE = "https://page.example"
HOMEGROWN, ACADEMY = (f"keys /mlsnext/standings/{name}_division/" for name in ("homegrown", "academy"))
TEMPLATES = ["mls-next-league-26-27", "mls-next-flex-26-27", "mls-next-2-academy-division-26-27"]


def plan(home: Path, *, days: float = 0, today: date = date(2026, 10, 3), **learned: Any) -> list[Part]:
    """What is planned `days` after `learned` (by page: homegrown, academy) was put down."""
    then = datetime(2026, 10, 3, tzinfo=UTC)
    memory = Remembered(home, "mlsnext", now=lambda: then)
    for name, keys in learned.items():
        memory.put(
            f"keys /mlsnext/standings/{name}_division/",
            {"page": f"{PAGE}/mlsnext/standings/{name}_division/", "keys": keys},
        )
    source = MLSNext(page=PAGE, viewer=PAGE, today=lambda: today)
    fetcher = Fetcher(
        validators=Validators(home, "mlsnext"),
        remembered=Remembered(home, "mlsnext", now=lambda: then + timedelta(days=days)),
    )
    return list(source.plan(Scope(), fetcher))


def names(parts: list[Part]) -> list[str]:
    return [part.name for part in parts]


def test_without_a_browser_and_a_memory_it_is_the_template(tmp_path: Path) -> None:
    """Nothing is said in the run, nothing of the site is asked, and it is said once that there is no browser."""
    parts = plan(tmp_path)
    assert names(parts) == TEMPLATES
    assert not any(part.notice for part in parts)
    assert Remembered(tmp_path, "mlsnext", now=lambda: datetime(2026, 10, 3, tzinfo=UTC)).get(
        "no browser", younger_than=timedelta(days=1)
    )


def test_a_run_that_keeps_nothing_remembers_nothing(tmp_path: Path) -> None:
    """`--dry-run` has no validators, and leaves no file."""
    source = MLSNext(page=PAGE, viewer=PAGE, today=lambda: date(2026, 10, 3))
    source.plan(Scope(), Fetcher(remembered=Remembered(tmp_path, "mlsnext")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("days", "today", "homegrown"),
    [
        (0.9, date(2026, 10, 4), "hg-26-27"),
        (59, date(2026, 12, 1), "hg-26-27"),
        # too old, or of another season
        (61, date(2026, 12, 3), "mls-next-league-26-27"),
        (30, date(2027, 8, 1), "mls-next-league-27-28"),
    ],
)
def test_what_was_learned_before_is_better_than_the_template(
    tmp_path: Path, days: float, today: date, homegrown: str
) -> None:
    """For 60 days and its own season, should the browser be gone."""
    assert plan(tmp_path, days=days, today=today, homegrown=["hg-26-27"])[0].name == homegrown


@pytest.mark.parametrize(
    "keys", [["../../etc/passwd"], ["hg-26-27", "x" * 81], [27], "hg-26-27", {"hg": 1}, [["hg"]], None, ["hg 26-27\n"]]
)
def test_a_memory_that_makes_no_sense_is_none(tmp_path: Path, keys: Any) -> None:
    """The file is on a disk, where others write as well."""
    assert names(plan(tmp_path, homegrown=keys)) == TEMPLATES


def test_what_another_site_said_is_not_remembered_of_this_one(tmp_path: Path) -> None:
    """A mirror's or a test's keys are none of the league's."""
    memory = Remembered(tmp_path, "mlsnext", now=lambda: datetime(2026, 10, 3, tzinfo=UTC))
    memory.put(HOMEGROWN, {"page": "https://mirror.example/mlsnext/standings/homegrown_division/", "keys": ["hg"]})
    assert names(plan(tmp_path)) == TEMPLATES


def test_two_leagues_never_share_a_key(tmp_path: Path) -> None:
    """Both pages load the same feed: the second league's is the template's, and the run says so."""
    parts = plan(tmp_path, homegrown=["all-26-27"], academy=["all-26-27"])
    assert names(parts) == ["all-26-27", *TEMPLATES[1:]]
    assert (
        parts[2].notice
        == f"the official pages load all-26-27 for more than one league: {TEMPLATES[2]} is read for academy"
    )


def test_a_key_without_years_is_another_part_in_each_season(tmp_path: Path) -> None:
    """So that the next season's feed withdraws none of this one's matches."""
    (this, *_), (following, *_) = (
        plan(tmp_path / str(year), today=date(year, 10, 3), homegrown=["hg"]) for year in (2026, 2027)
    )
    assert (this.name, this.season, this.detail["key"]) == ("hg 2026-27", "2026-27", "hg")
    assert (following.name, following.season, following.detail["key"]) == ("hg 2027-28", "2027-28", "hg")


def test_a_feed_without_years_is_held_to_what_it_lists() -> None:
    """Until the site has rolled over, or once it has, it is not published; a few matches at its edges do not matter."""
    now = [event(number) for number in range(10)]
    late = [event(10 + number, start_time="2027-08-07T13:00:00Z") for number in range(9)]
    part = Part("hg 2026-27", "homegrown", "2026-27", {"key": "hg"})
    source = MLSNext()
    assert source.parse(part, documents([*now, *late], [NORTHEAST])).complete
    assert source.parse(PART, documents(late, [NORTHEAST])).complete
    with pytest.raises(NotPublished, match="does not list season 2026-27: 9 of its 9 events"):
        source.parse(part, documents(late, [NORTHEAST]))


def test_the_viewer_can_be_named(tmp_path: Path) -> None:
    """`viewer` in [sources.mlsnext] moves the feeds and leaves the page; what is no address ends the command."""
    source = MLSNext.make(SourceSettings.model_validate({"viewer": "https://new.example/"}))
    assert (source.page, source.viewer) == ("https://www.mlssoccer.com", "https://new.example")
    for wrong in ({"viewer": "ftp://new.example"}, {"viewer": "https://"}, {"veiwer": "https://new.example"}):
        with pytest.raises(ConfigurationError, match=r"sources\.mlsnext\."):
            MLSNext.make(SourceSettings.model_validate(wrong))
