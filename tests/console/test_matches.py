"""The page that lists matches: in the order in which they are played, a page at a time, back and forth."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from actors.console.match_pages import PAGE
from actors.store.corrections import correct
from tests.fix_console import Console
from tests.integration.store.conftest import Store, a_match

pytestmark = pytest.mark.slow


def shown(page: str) -> list[str]:
    """The numbers of the matches on a page, in its order."""
    return re.findall(r'<th scope="row"><a href="/matches/mlsnext/([^"]+)">', page)


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'<a class="button" href="([^"]+)" rel="{rel}"', page)
    return unescape(found[1]) if found else None


def on(day: date, match_id: str, **fields: Any) -> dict[str, Any]:
    return a_match(match_id, date=day.isoformat(), kickoff=f"{day}T18:00:00Z", **fields)


def test_every_match_is_on_one_page_whichever_way_somebody_goes(console: Console, store: Store) -> None:
    """Those of one day and hour, those without an hour and those without a day, too."""
    today = datetime.now(UTC).date()
    played = [on(today + timedelta(days=number // 4 - 20), f"d{number:03}") for number in range(160)]
    unset = [a_match(f"e{number}", date=(today + timedelta(days=3)).isoformat(), kickoff=None) for number in range(3)]
    never = [a_match(f"n{number:02}", date=None, kickoff=None, status="postponed") for number in range(60)]
    store.put(played + unset + never)
    order = sorted(played + unset, key=lambda match: (match["date"], match["kickoff"] or "~", match["match_id"]))
    expected = [match["match_id"] for match in order + never]

    first = console.page("/matches")
    begins = expected.index(shown(first)[0])
    assert order[begins]["date"] == today.isoformat()
    onward, page = list(shown(first)), first
    while path := link(page, "next"):
        page = console.page(path)
        onward += shown(page)
        assert len(shown(page)) <= PAGE
    assert onward == expected[begins:]
    assert link(page, "prev")

    back: list[str] = []
    while path := link(page, "prev"):
        page = console.page(path)
        back = shown(page) + back
    assert back == expected[: expected.index(back[-1]) + 1]
    assert link(page, "next")


def test_a_page_that_is_not_filled_by_what_is_to_come_shows_what_was(console: Console, store: Store) -> None:
    today = datetime.now(UTC).date()
    store.put([on(today + timedelta(days=days), f"d{days}") for days in (-200, -1, 0, 7)])
    page = console.page("/matches")
    assert shown(page) == ["d-200", "d-1", "d0", "d7"]
    assert (link(page, "prev"), link(page, "next")) == (None, None)
    assert "today" in page


def test_matches_are_found_by_what_people_know_of_them(console: Console, store: Store) -> None:
    day = date(2026, 10, 10)
    store.put(
        [
            on(day, "1"),
            on(day, "2", home_team_id="3", home_team="Crag & Dale", division="South/East", age_group="U15"),
            on(day + timedelta(days=1), "3", away_team_id="3", away_team="Crag & Dale", league="academy"),
            on(day, "4", home_team_id="9", home_team="Dalesmen", status="postponed", season="2025-26"),
        ]
    )
    asked = {
        "team=dale": ["2", "4", "3"],
        "team=DALESMEN": ["4"],
        "team_id=3&source=mlsnext": ["2", "3"],
        "team_id=3&source=other": [],
        "team_id=3&team=dalesmen": [],
        f"division={quote('south/')}": ["2"],
        "age_group=u15": ["2"],
        "league=Academy": ["3"],
        "season=2025-26": ["4"],
        "status=postponed": ["4"],
        "status=withdrawn": [],
        "status=corrected": [],
        "from=2026-10-11": ["3"],
        "to=2026-10-10": ["1", "2", "4"],
        "from=2026-10-10&to=2026-10-10&team=crag": ["2"],
        "team=%25": [],
    }
    assert {query: shown(console.page(f"/matches?{query}")) for query in asked} == asked
    assert "Crag &amp; Dale" in console.page("/matches?team_id=3")
    assert "No match fits" in console.page("/matches?team=nobody")


def test_filters_hold_on_every_page(console: Console, store: Store) -> None:
    day = date(2026, 10, 10)
    store.put([on(day, f"{number:03}", division="North" if number % 2 else "South") for number in range(3 * PAGE)])
    path: str | None = "/matches?division=north&from=2026-10-10"
    found: list[str] = []
    while path:
        page = console.page(path)
        found += shown(page)
        path = link(page, "next")
    assert found == [f"{number:03}" for number in range(3 * PAGE) if number % 2]


def test_what_a_person_corrected_is_marked(console: Console, store: Store) -> None:
    store.put([a_match("1", status="completed", home_score=1, away_score=3), a_match("2")])
    assert "corrected by a person" not in console.page("/matches").replace("corrected by a person</option>", "")
    correct(store.pool, "mlsnext", "1", {"home_score": 2}, why="report", by="ann")
    page = console.page("/matches?status=corrected")
    assert shown(page) == ["1"]
    assert re.search(r"<bdi>2:3</bdi> <mark[^>]*>.*\(corrected\)", page)


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "before=[]",
        'after=["2026-10-10","now","",""]',
        'after=["2026-10-10","infinity","\\u0000",""]',
        'after=["2026-10-10","infinity","\\ud800",""]',
        "team=%00",
        "status=played",
        "from=2026-02-30",
        "from=2026-10-11&to=2026-10-10",
        f"team={'x' * 201}",
    ],
)
def test_what_cannot_be_asked_is_refused(console: Console, query: str) -> None:
    assert console.get(f"/matches?{quote(query, safe='=&%-')}").status == 422
