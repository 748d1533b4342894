"""What is in bounds and what is not: of what a run found, beside what was found before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from actors.store.health import Listed, Opinion, ReadPart, ReadRun, weigh
from contract.bounds import HealthBounds

BOUNDS = HealthBounds()
NOON = dt.datetime(2026, 10, 3, 12, tzinfo=dt.UTC)


def opinion(*, filtered: bool = False, accounted: int = 1000, dead: int = 0, **part: Any) -> Opinion:
    read = ReadPart(**{"part": "a", "found": 1000, **part})
    return weigh(ReadRun("mlsnext", NOON, filtered, accounted, dead, [read]), BOUNDS)


def ago(**how_long: float) -> dt.datetime:
    return NOON - dt.timedelta(**how_long)


def test_the_first_run_of_a_scope_is_held_against_nothing() -> None:
    """There is no last good run, and all teams are new."""
    assert opinion(listed=Listed(stored=1000, teams=80, new_teams=80)) == Opinion()


@pytest.mark.parametrize(("found", "doubted"), [(1200, False), (800, False), (799, True), (0, True)])
def test_fewer_matches_than_the_last_good_run(found: int, doubted: bool) -> None:
    """The sentence has both numbers, and when that was."""
    doubts = opinion(found=found, last_found=1000, last_at=ago(days=1)).doubts
    assert bool(doubts) == doubted
    if found == 799:
        assert doubts == ["a lists 799 matches; the last good run (2026-10-02 12:00 UTC) found 1,000"]


@pytest.mark.parametrize(("found", "doubted"), [(1, False), (0, True)])
def test_small_numbers_are_no_reason_for_suspicion(found: int, doubted: bool) -> None:
    """Three of four matches may well be gone; that nothing at all is listed is never ordinary."""
    assert bool(opinion(found=found, last_found=4, last_at=ago(days=1)).doubts) == doubted


def test_a_filter_may_leave_little() -> None:
    """A team's last match in a window of dates: nothing found is an answer then, within the bounds of others."""
    assert opinion(found=0, last_found=4, last_at=ago(days=1), filtered=True) == Opinion()
    assert opinion(found=0, last_found=40, last_at=ago(days=1), filtered=True).doubts


def test_a_league_without_matches_is_told() -> None:
    """Beside others that have some, and with nothing to compare; unless its source has said why."""
    assert opinion(found=0).notices == ["a lists no match"]
    assert opinion(found=0, explained=True) == Opinion()


def test_a_league_that_is_gone_is_doubted_though_its_source_explains_it() -> None:
    """Feeds that were renamed look as if they were not published yet."""
    doubts = opinion(found=0, explained=True, last_found=3160, last_at=ago(hours=6)).doubts
    assert doubts == ["a lists no match at all; the last good run (2026-10-03 06:00 UTC) found 3,160"]


def test_what_would_be_withdrawn_is_bounded() -> None:
    """Also where no run before saw everything; one that does not see everything withdraws nothing anyway."""
    listed = Listed(stored=1000, missing=300)
    assert opinion(listed=listed, complete=True).doubts == [
        "a no longer lists 300 of the 1,000 matches that are stored of it"
    ]
    assert opinion(listed=listed) == Opinion()
    assert opinion(listed=Listed(stored=1000, missing=150), complete=True) == Opinion()


@pytest.mark.parametrize(("age", "doubted"), [({"days": 7}, True), ({"minutes": 11}, True), ({"minutes": 4}, False)])
def test_an_older_state_of_the_site(age: dict[str, float], doubted: bool) -> None:
    """Last week's feed is doubted; that one node of a CDN is some minutes behind another is not."""
    assert bool(opinion(observed_at=ago(**age), newest=NOON).doubts) == doubted


def test_a_state_that_stands_still() -> None:
    """Read anew, the site says the same time as long ago. How old that time itself is does not matter."""
    old = dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC)
    assert opinion(observed_at=old, newest=old, first_at=ago(hours=23)) == Opinion()
    assert opinion(observed_at=old, newest=old, first_at=ago(hours=36)).doubts == [
        "the site's state of a stands still: as of 2026-08-01 12:00 UTC, as 36 hours ago"
    ]


@pytest.mark.parametrize(("dead", "doubted"), [(5, False), (50, False), (51, True)])
def test_rows_that_died(dead: int, doubted: bool) -> None:
    """One in twenty; those that the source rejected are among them."""
    assert bool(opinion(dead=dead).doubts) == doubted
    assert not opinion(dead=5, accounted=6).doubts


def test_divisions_without_a_match_are_named() -> None:
    """A few of them: a notice, with the first by name and the others by number."""
    names = [f"U14 Division {n}" for n in range(5)]
    told = opinion(listed=Listed(tables=60, uncovered=7, named=names))
    assert told.doubts == []
    assert told.notices == [f"7 of the 60 divisions of a have no match: {', '.join(names)} and 2 more"]


def test_most_divisions_without_a_match() -> None:
    """Six of eight were empty once, and nobody could tell (SOURCES 3.12)."""
    assert opinion(listed=Listed(tables=8, uncovered=6, named=["U14 Northeast"])).doubts


def test_a_filtered_run_need_not_cover_the_divisions() -> None:
    """It was asked for one of them."""
    assert opinion(filtered=True, listed=Listed(tables=8, uncovered=7, named=["U14 Northeast"])) == Opinion()


def test_new_teams_are_counted() -> None:
    """Some each week are ordinary; when most are new, teams have got other ids, or the league is another one."""
    known = {"last_found": 1000, "last_at": ago(days=1)}
    told = opinion(listed=Listed(teams=80, new_teams=1), **known)
    assert (told.doubts, told.notices) == ([], ["1 of the 80 teams of a was never seen before"])
    assert opinion(listed=Listed(teams=80, new_teams=40), **known).doubts
