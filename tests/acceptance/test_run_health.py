"""A site that answers, and is not to be believed; and one that takes a match back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Ended, Place, clean_environment
from tests.fix_postgres import PostgresServer
from touchline.demo.bodies import Fault
from touchline.demo.site import DemoSite

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path, postgres_server: PostgresServer, demo_site: DemoSite) -> Iterator[Place]:
    """A store into which the demo league was read once, in good order."""
    with postgres_server.database(migrated=True) as url:
        env = clean_environment(TOUCHLINE_HOME=str(tmp_path), DATABASE_URL=url, TOUCHLINE_MLSNEXT_URL=demo_site.url)
        place = Place(tmp_path, env)
        ended = scrape(place)
        assert ended.code == 0, ended.err
        yield place


def scrape(place: Place, *arguments: str) -> Ended:
    return place.touchline("scrape", "mlsnext", "--season", "2026-27", "--wait", *arguments)


def newest(place: Place) -> dict[str, Any]:
    return place.touchline("runs", "--limit", "1").row


def withdrawn(place: Place) -> list[str]:
    return [row["match_id"] for row in place.touchline("matches", "--withdrawn").rows]


def _one_empty(site: DemoSite) -> None:
    site.show(site.moment + timedelta(hours=1))
    site.fail(Fault.EMPTY, key=site.league.keys[1])


BROKEN: dict[str, tuple[Callable[[DemoSite], None], str, str]] = {
    "500": (lambda site: site.fail(Fault.ERROR), "failed", "500"),
    "an empty feed": (lambda site: site.fail(Fault.EMPTY), "suspect", "the site listed no match at all"),
    "one empty feed": (
        lambda site: site.fail(Fault.EMPTY, key=site.league.keys[1]),
        "suspect",
        "the site lists no match at all in mls-next-flex-26-27, and nothing new in the rest",
    ),
    "an HTML shell": (lambda site: site.fail(Fault.SHELL), "failed", "answers with a page instead of data"),
    "one HTML shell": (
        lambda site: site.fail(Fault.SHELL, key=site.league.keys[1]),
        "suspect",
        "the site lists no match at all in mls-next-flex-26-27, and nothing new in the rest",
    ),
    "one empty feed beside news": (
        _one_empty,
        "suspect",
        "mls-next-flex-26-27 lists no match at all; the last good run",
    ),
    "half the matches": (lambda site: site.fail(Fault.HALF), "suspect", "; the last good run ("),
    "last week's feed": (
        lambda site: site.show(site.moment - timedelta(days=7)),
        "suspect",
        "the site shows an older state",
    ),
}


def _listed(place: Place) -> dict[str, tuple[str | None, ...]]:
    """Match → what half a feed could be mistaken about: its day, whether it was postponed, whether it is gone."""
    said = ("date", "status", "withdrawn_at")
    return {row["match_id"]: tuple(row[name] for name in said) for row in place.touchline("matches").rows}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_site_takes_nothing_away(place: Place, demo_site: DemoSite, how: str) -> None:
    """The run is suspect or failed and says why, so does the doctor, and every match stays, none withdrawn."""
    break_it, state, words = BROKEN[how]
    before = _listed(place)
    break_it(demo_site)
    ended = scrape(place)
    run = newest(place)
    assert (run["state"], ended.code != 0) == (state, True), (run, ended.err)
    assert words in run["error"]
    after = _listed(place)
    if how != "one empty feed beside news":
        assert after == before
    assert {gone for *_, gone in after.values()} == {None}
    doctor = place.touchline("doctor")
    [finding] = [row for row in doctor.rows if row["check"] == "runs of mlsnext"]
    assert doctor.code == 1
    assert (finding["state"], words in finding["detail"]) == ("not ok", True)
    assert "touchline scrape mlsnext" in finding["hint"]


def test_nothing_there_is_not_nothing_new(place: Place, demo_site: DemoSite) -> None:
    """An empty feed has an ETag as well: the next run does not say that nothing is new."""
    demo_site.fail(Fault.EMPTY)
    assert scrape(place).row["state"] == "suspect"
    again = scrape(place)
    assert (again.row["nothing_new"], again.row["state"], again.code) == (False, "suspect", 1)
    demo_site.fail(None)
    assert scrape(place).row["state"] == "succeeded"
    assert scrape(place).row["nothing_new"]
    [finding] = [row for row in place.touchline("doctor").rows if row["check"].startswith("runs")]
    assert finding["state"] == "ok"


def test_a_match_disappears_and_comes_back(place: Place, demo_site: DemoSite) -> None:
    """Withdrawn by the run that missed it, returned by the one that saw it again, and both are in its history."""
    number = demo_site.league.weekend().moved
    demo_site.hide(int(number))
    demo_site.show(demo_site.moment + timedelta(hours=1))
    ended = scrape(place, "--age-group", "U14")
    assert ended.row["state"] == "succeeded"
    assert withdrawn(place) == [], "a filtered run does not see what it was not asked for"
    gone = scrape(place)
    assert (gone.row["state"], gone.code) == ("succeeded", 0)
    assert withdrawn(place) == [number]
    assert number not in {row["match_id"] for row in place.touchline("matches", "--listed").rows}
    demo_site.hide()
    demo_site.show(demo_site.moment + timedelta(hours=1))
    back = scrape(place)
    assert back.row["updated"] >= 1
    assert withdrawn(place) == []
    changes = place.touchline("changes", "--match", number, "--field", "withdrawn_at").rows
    assert [(row["old"] is None, row["new"] is None, row["run_id"]) for row in changes] == [
        (False, True, back.row["run_id"]),
        (True, False, gone.row["run_id"]),
    ]
