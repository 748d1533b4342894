"""A person corrects a match, and the league's real feed goes on: what stays, what ends, and who is told."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Place, SampleSite, needs_feeds, until, with_site

pytestmark = [needs_feeds, pytest.mark.slow]

SEASON = ("scrape", "mlsnext", "--season", "2026-27", "--wait")
WHY = ("--why", "I was there", "--by", "ann")


@pytest.fixture
def place(servers: Place, sample: SampleSite) -> Iterator[Place]:
    """Workers with a webhook, and the sample's first day in the store."""
    sample.site.put("/hook", "thanks")
    told = {
        "TOUCHLINE_WEBHOOK_URL": f"{sample.site.url}/hook",
        "TOUCHLINE_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }
    place = with_site(Place(servers.home, servers.env | told), sample.site)
    with place.dramatiq("--processes", "2", "--threads", "2"):
        sample.show("2026-10-03")
        assert place.touchline(*SEASON).code == 0
        yield place


def test_corrections_and_two_days_of_the_real_sample(place: Place, sample: SampleSite) -> None:
    """Results that the site does not have yet: later it has another one, and the same one; a venue it never has."""
    for match_id, home, away in (("27718", "2", "2"), ("28279", "8", "0")):
        said = place.touchline(
            *("match", "correct", match_id, "--status", "completed"),
            *("--home-score", home, "--away-score", away),
            *WHY,
        )
        assert said.code == 0, said.err
    assert place.touchline("match", "correct", "27712", "--location", "Field 9", *WHY).code == 0

    full = place.touchline(*SEASON, "--full")
    assert (full.code, full.row["unchanged"]) == (0, 320), full.err
    sample.show("2026-10-05")
    second = place.touchline(*SEASON)
    assert second.code == 0, second.err
    # 27686 has its result, 27712 moves, and two corrections end
    assert (second.row["updated"], second.row["unchanged"]) == (4, 316)

    rows = {row["match_id"]: row for row in place.touchline("matches").rows}
    shown = {match_id: (row["home_score"], row["away_score"], row["corrected"]) for match_id, row in rows.items()}
    assert shown["27686"] == (0, 0, None)
    assert shown["27718"] == (2, 2, ["away_score"])
    assert shown["28279"] == (8, 0, None)
    assert (rows["27712"]["location"], rows["27712"]["date"]) == ("Field 9", "2027-06-08")

    until("the site's coming round is told of both matches", lambda: len(sample.site.asked("/hook")) >= 2)
    notices = [json.loads(request.body) for request in sample.site.asked("/hook")]
    assert {notice["type"] for notice in notices} == {"correction.site_agrees"}
    fields = {notice["data"]["scope"]["match_id"]: notice["data"]["corrections"] for notice in notices}
    assert {match_id: [each["field"] for each in told] for match_id, told in fields.items()} == {
        "27718": ["home_score", "status"],
        "28279": ["away_score", "home_score", "status"],
    }

    taken = place.touchline("match", "uncorrect", "27718", "--why", "the site is right")
    assert taken.code == 0, taken.err
    match = place.touchline("match", "show", "27718").row
    assert (match["home_score"], match["away_score"], match["corrected"]) == (2, 1, None)
    assert {correction["field"]: correction["state"] for correction in match["corrections"]} == {
        "away_score": "taken_back",
        "home_score": "site_agrees",
        "status": "site_agrees",
    }
    last = place.touchline(*SEASON, "--full")
    assert (last.row["unchanged"], last.row["updated"]) == (320, 0)
