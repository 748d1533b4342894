"""The main job on real data: two days of two brackets, from a site into Postgres, by both ways."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from tests.acceptance.conftest import Place, SampleSite, needs_feeds, with_site

pytestmark = [needs_feeds, pytest.mark.slow]

COUNTS = ("found", "inserted", "updated", "unchanged", "stale", "dead")
SEASON = ("scrape", "mlsnext", "--season", "2026-27")


@pytest.fixture(params=["embedded", "rabbitmq"])
def place(request: pytest.FixtureRequest, sample: SampleSite) -> Iterator[Place]:
    """Alone on a laptop, where the command stores by itself; and on servers, with workers of their own."""
    alone = request.param == "embedded"
    base: Place = request.getfixturevalue("embedded" if alone else "servers")
    place = with_site(base, sample.site)
    with nullcontext() if alone else place.dramatiq("--processes", "2", "--threads", "2"):
        yield place


def test_two_days_of_the_real_sample(place: Place, sample: SampleSite) -> None:
    """320 matches; two days later exactly four of them changed, in eleven fields; then nothing, at no cost."""
    sample.show("2026-10-03")
    first = place.touchline(*SEASON, "--wait")
    assert (first.code, {name: first.row[name] for name in COUNTS}) == (
        0,
        {"found": 320, "inserted": 320, "updated": 0, "unchanged": 0, "stale": 0, "dead": 0},
    ), first.err
    assert "flex" in first.err, "it is said that two leagues are not published"

    sample.show("2026-10-05")
    second = place.touchline(*SEASON, "--wait")
    assert {name: second.row[name] for name in COUNTS} == {
        "found": 320,
        "inserted": 0,
        "updated": 4,
        "unchanged": 316,
        "stale": 0,
        "dead": 0,
    }, second.err

    changes = {(row["match_id"], row["field"]): (row["old"], row["new"]) for row in place.touchline("changes").rows}
    assert changes == {
        ("27686", "status"): ("scheduled", "completed"),
        ("27686", "home_score"): (None, "0"),
        ("27686", "away_score"): (None, "0"),
        ("27718", "status"): ("scheduled", "completed"),
        ("27718", "home_score"): (None, "2"),
        ("27718", "away_score"): (None, "1"),
        ("28279", "status"): ("scheduled", "completed"),
        ("28279", "home_score"): (None, "8"),
        ("28279", "away_score"): (None, "0"),
        ("27712", "date"): ("2026-10-03", "2027-06-08"),
        ("27712", "kickoff"): ("2026-10-03T20:00:00Z", "2027-06-08T20:00:00Z"),
    }

    sample.site.requests.clear()
    third = place.touchline(*SEASON, "--wait")
    assert third.code == 0
    assert third.row["nothing_new"] is True
    feeds = [request for request in sample.site.requests if "mls-next-league" in request.path]
    assert len(feeds) == 2
    assert all(request.headers["If-None-Match"] for request in feeds)
    assert len(place.touchline("runs").rows) == 2, "a refresh with nothing new publishes nothing"

    full = place.touchline(*SEASON, "--full", "--wait")
    assert {name: full.row[name] for name in COUNTS} == {
        "found": 320,
        "inserted": 0,
        "updated": 0,
        "unchanged": 320,
        "stale": 0,
        "dead": 0,
    }, full.err


def test_the_account_of_every_run_adds_up(place: Place, sample: SampleSite) -> None:
    """found = inserted + updated + unchanged + stale + dead, also for a filtered run."""
    sample.show("2026-10-03")
    place.touchline(*SEASON, "--league", "homegrown", "--age-group", "U13", "--division", "Florida", "--wait")
    sample.show("2026-10-05")
    place.touchline(*SEASON, "--league", "homegrown", "--wait")
    runs = place.touchline("runs").rows
    assert [run["state"] for run in runs] == ["succeeded", "succeeded"]
    for run in runs:
        assert run["found"] == sum(run[name] for name in COUNTS[1:]) > 0
    assert runs[0]["found"] == 320
    assert runs[0]["updated"] + runs[0]["unchanged"] == runs[1]["found"] < 320
