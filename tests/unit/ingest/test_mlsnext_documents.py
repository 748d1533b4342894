"""Whole documents: which parts there are, what is no feed, and how much memory the largest costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contract.errors import ConfigurationError
from contract.settings import SourceSettings
from ingest.answers import Answer
from ingest.errors import NotPublished, PageChanged, UnknownScope
from ingest.http import Fetcher
from ingest.models import Match
from ingest.sources import Scope, find
from ingest.sources.mlsnext import PAGE, VIEWER, Documents, MLSNext, feeds
from tests.unit.ingest.feed import ASKED_AT, PART, answer, documents, event, reading

FEEDS = Path(__file__).parents[4] / "shared" / "feeds"
SAMPLES = [FEEDS / f"schedule.mls-next-league-26-27.{day}.json" for day in ("2026-10-03", "2026-10-05")]
#: What SOURCES section 1 says an unknown key answers: a page of 631 bytes with status 200.
SHELL = b"<!DOCTYPE html><html><head><title>MLS Assist</title></head>".ljust(631)


def plan(scope: Scope, today: date = date(2026, 10, 3)) -> Sequence[Any]:
    return MLSNext(today=lambda: today).plan(scope, Fetcher())


class TestPlan:
    def test_everything_is_three_parts(self) -> None:
        """A scope that leaves everything open is the three leagues of the running season, under their keys."""
        assert [(part.name, part.league, part.season) for part in plan(Scope())] == [
            ("mls-next-league-26-27", "homegrown", "2026-27"),
            ("mls-next-flex-26-27", "flex", "2026-27"),
            ("mls-next-2-academy-division-26-27", "academy", "2026-27"),
        ]

    def test_leagues_and_season_choose(self) -> None:
        """Without regard to case, and each league once."""
        found = plan(Scope(leagues=("Flex", "flex"), season="2027-28"))
        assert [part.name for part in found] == ["mls-next-flex-27-28"]

    def test_the_season_turns_on_the_first_of_august(self) -> None:
        """The same scope means another season a day later."""
        assert plan(Scope(), date(2027, 7, 31))[0].season == "2026-27"
        assert plan(Scope(), date(2027, 8, 1))[0].season == "2027-28"

    @pytest.mark.parametrize(
        ("scope", "says"),
        [
            (Scope(leagues=("premier",)), "no league 'premier'"),
            (Scope(season="2026"), "'2026' is not a season"),
            (Scope(age_groups=("fourteen",)), "'fourteen' is not an age group"),
            (Scope(age_groups=("14",)), "'14' is not an age group"),
        ],
    )
    def test_what_the_site_does_not_have(self, scope: Scope, says: str) -> None:
        """Is refused before anything is asked, with what there is."""
        with pytest.raises(UnknownScope, match=says) as raised:
            plan(scope)
        assert raised.value.hint


class TestMake:
    def test_it_is_found_by_its_name(self) -> None:
        """The entry point leads to this class."""
        assert find("mlsnext") is MLSNext

    def test_one_address_stands_for_both_hosts(self) -> None:
        """`TOUCHLINE_MLSNEXT_URL` replaces the page's host and the viewer's."""
        assert (MLSNext.make(SourceSettings()).page, MLSNext.make(SourceSettings()).viewer) == (PAGE, VIEWER)
        made = MLSNext.make(SourceSettings(url="http://127.0.0.1:8000/"))
        assert (made.page, made.viewer) == ("http://127.0.0.1:8000", "http://127.0.0.1:8000")

    @pytest.mark.parametrize("url", ["mirror.example", "ftp://mirror.example", "http://", "http://me:secret@"])
    def test_an_address_that_is_none(self, url: str) -> None:
        """Is a mistake in the configuration, told without a password."""
        with pytest.raises(ConfigurationError, match="TOUCHLINE_MLSNEXT_URL") as raised:
            MLSNext.make(SourceSettings(url=url))
        assert "secret" not in str(raised.value)


class TestWhatIsNoFeed:
    @pytest.mark.parametrize("body", [SHELL, b"\n  <html>", b"", b"Not here"])
    def test_a_page_instead_of_data(self, body: bytes) -> None:
        """200 with HTML says that this season is not published: one sentence, and no retry."""
        with pytest.raises(NotPublished, match="not published"):
            feeds.check_published(Answer(200, body, None, "http://site/k.json", "text/html; charset=utf-8", ASKED_AT))

    def test_html_that_calls_itself_json_is_a_page(self) -> None:
        """What the body is counts, not what it is said to be."""
        with pytest.raises(NotPublished):
            feeds.check_published(answer(SHELL))
        feeds.check_published(Answer(200, b"\xef\xbb\xbf {}", None, "http://site/k.json", "text/html", ASKED_AT))

    def test_neither_page_nor_data(self) -> None:
        """Something else altogether is a change of the site."""
        with pytest.raises(PageChanged, match="neither data nor a page"):
            feeds.check_published(answer(b"PK\x03\x04"))

    @pytest.mark.parametrize(
        ("schedule", "says"),
        [
            (b'{"events": [{"game_key": "1"', "starts like JSON and is none"),
            (b"[" * 100_000, "starts like JSON and is none"),
            ([], "is no JSON object"),
            ({"synced_at": None}, "has no list 'events'"),
            ({"events": {"1": event()}}, "has no list 'events'"),
            ({"events": [{**event(), "home_squad_id": 1, "renamed": 1} | {}, 5]}, ""),
        ],
    )
    def test_a_schedule_of_another_shape(self, schedule: object, says: str) -> None:
        """Names the document and what is missing."""
        pair = Documents(answer(schedule), documents([]).standings)
        if not says:
            assert MLSNext().parse(PART, pair)
            return
        with pytest.raises(PageChanged, match=says) as raised:
            MLSNext().parse(PART, pair)
        assert "/data/schedule/k.json" in str(raised.value)

    def test_a_field_that_no_event_has_any_more(self) -> None:
        """A renamed field is named once, instead of 13,705 rejects."""
        renamed = [
            {"gameKey" if name == "game_key" else name: value for name, value in event(n).items()} for n in range(3)
        ]
        with pytest.raises(PageChanged, match="has 3 events, none of which has 'game_key'"):
            MLSNext().parse(PART, documents(renamed))

    @pytest.mark.parametrize(
        ("standings", "says"),
        [
            ({}, "no object 'competition_season'"),
            ({"competition_season": {}}, r"no list 'competition_season\.competition_brackets'"),
            ({"competition_season": {"competition_brackets": [{"name": "N"}]}}, "a bracket without a list 'standings'"),
            ({"competition_season": {"competition_brackets": [1]}}, "a bracket without a list 'standings'"),
        ],
    )
    def test_standings_of_another_shape(self, standings: object, says: str) -> None:
        """Matches whose divisions would all be lost are not read at all."""
        with pytest.raises(PageChanged, match=says):
            MLSNext().parse(PART, Documents(documents([event()]).schedule, answer(standings, kind="standings")))

    def test_an_empty_schedule_is_one(self) -> None:
        """No events yet: nothing is found, and nothing fails."""
        assert list(reading().matches) == []

    def test_half_a_surrogate_pair_is_one_events_trouble(self) -> None:
        """A document whose strings UTF-8 cannot hold is read all the same."""
        body = documents([event(1), event(2, home_organisation={"id": 1, "name": "A\ud800"})]).schedule.body
        assert b"\\ud800" in body
        found = list(MLSNext().parse(PART, Documents(answer(body), documents([]).standings)).matches)
        assert [type(row).__name__ for row in found] == ["Match", "Reject"]


class TestObservedAt:
    def test_it_is_the_sites_own_time(self) -> None:
        """`synced_at` orders what is stored."""
        assert reading(event()).observed_at == "2026-10-03T22:30:00Z"

    @pytest.mark.parametrize("synced_at", [None, "2026-10-04T05:00:00Z", "yesterday", "2026-10-03T22:30:00", 17])
    def test_it_is_never_later_than_the_request(self, synced_at: object) -> None:
        """A site's clock that is ahead, or that says nothing, must not make its next word look old."""
        assert reading(event(), synced_at=synced_at).observed_at == "2026-10-03T23:00:00Z"


@pytest.mark.skipif(not FEEDS.is_dir(), reason="the real sample feeds are not here")
class TestTheRealSample:
    @staticmethod
    def read(schedule: Path) -> dict[str, dict[str, Any]]:
        standings = next(FEEDS.glob("standings.*.json"))
        found = MLSNext().parse(PART, Documents(answer(schedule.read_bytes()), answer(standings.read_bytes())))
        assert [table.division for table in found.standings] == ["Florida", "Frontier"]
        assert [len(table.rows) for table in found.standings] == [15, 11]
        rows = list(found.matches)
        assert all(isinstance(row, Match) for row in rows)
        return {row.match_id: row.wire() for row in rows if isinstance(row, Match)}

    @pytest.mark.parametrize("schedule", SAMPLES)
    def test_every_event_is_a_match(self, schedule: Path) -> None:
        """320 matches of two U13 divisions, 132 of them without a kick-off yet."""
        found = self.read(schedule).values()
        assert len(found) == 320
        assert {(match["age_group"], match["division"]) for match in found} == {("U13", "Florida"), ("U13", "Frontier")}
        assert len([match for match in found if "kickoff" not in match]) == 132
        assert len([match for match in found if "location" not in match]) == 132
        assert {match["status"] for match in found} == {"completed", "scheduled"}

    def test_two_days_differ_in_eleven_fields(self) -> None:
        """Three results (0-0 among them) and one match that moved; nothing else changed."""
        before, after = (self.read(schedule) for schedule in SAMPLES)
        changes = {
            (key, field): (before[key].get(field), after[key].get(field))
            for key in before
            for field in before[key].keys() | after[key].keys()
            if before[key].get(field) != after[key].get(field)
        }
        assert before.keys() == after.keys()
        assert changes == {
            ("27686", "status"): ("scheduled", "completed"),
            ("27686", "home_score"): (None, 0),
            ("27686", "away_score"): (None, 0),
            ("27718", "status"): ("scheduled", "completed"),
            ("27718", "home_score"): (None, 2),
            ("27718", "away_score"): (None, 1),
            ("28279", "status"): ("scheduled", "completed"),
            ("28279", "home_score"): (None, 8),
            ("28279", "away_score"): (None, 0),
            ("27712", "date"): ("2026-10-03", "2027-06-08"),
            ("27712", "kickoff"): ("2026-10-03T20:00:00Z", "2027-06-08T20:00:00Z"),
        }


MEASURE = """
import sys
from pathlib import Path
from ingest.answers import Answer
from ingest.http import Fetcher
from ingest.sources import Part
from ingest.sources.mlsnext import Documents, MLSNext
from tests.unit.ingest.feed import ASKED_AT

def answer(path):
    return Answer(200, Path(path).read_bytes(), None, path, "application/json", ASKED_AT)

def highest():
    # not ru_maxrss: a process inherits that from the one that started it
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

list(MLSNext().parse(Part("k", "academy", "2026-27"), Documents(answer(sys.argv[3]), answer(sys.argv[2]))).matches)
before = highest()
documents = Documents(answer(sys.argv[1]), answer(sys.argv[2]))
found = sum(1 for _ in MLSNext().parse(Part("k", "academy", "2026-27"), documents).matches)
print(found, highest() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/status is there on Linux alone")
def test_the_largest_feed_stays_far_under_150_mb(tmp_path: Path) -> None:
    """12.7 MB of events, as many as the academy has and with names outside Latin-1, cost less than 100 MB."""
    events = [
        event(n, game_key=str(26030 + n), event_location={"id": n, "name": f"Parc № {n} ⚽ {'—' * 60}"})
        for n in range(13_705)
    ]
    files = {"schedule": events, "one": events[:1], "standings": documents([]).standings.body}
    for name, content in files.items():
        body = content if isinstance(content, bytes) else json.dumps(
            {"synced_at": "2026-10-03T22:30:00Z", "events": content}, ensure_ascii=False
        ).encode()  # fmt: skip
        (tmp_path / name).write_bytes(body)
    assert (tmp_path / "schedule").stat().st_size > 12_000_000
    paths = [str(tmp_path / name) for name in ("schedule", "standings", "one")]
    output = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=Path(__file__).parents[3],
    ).stdout
    found, kilobytes = map(int, output.split())
    assert found == 13_705
    assert kilobytes < 100_000
