"""The pages of league tables."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from actors.store.matches import BatchOf
from actors.store.official import store_tables
from tests.fix_console import Console
from tests.integration.store.conftest import DAY, Store, a_match

pytestmark = pytest.mark.slow

TEAMS = ("Ashgrove", "Bellwater", "Crag & <Dale>")


def result(match_id: str, home: int, away: int, goals: tuple[int, int], day: int, **fields: Any) -> dict[str, Any]:
    """A match of two of these teams that was played on a day of October."""
    teams = {
        "home_team_id": str(home),
        "home_team": TEAMS[home - 1],
        "away_team_id": str(away),
        "away_team": TEAMS[away - 1],
    }
    when = {"date": f"2026-10-{day:02}", "kickoff": f"2026-10-{day:02}T18:00:00Z"}
    scores = {"status": "completed", "home_score": goals[0], "away_score": goals[1]}
    return a_match(match_id, **{"age_group": "U15", **teams, **when, **scores, **fields})


def publish(store: Store, points: tuple[int, ...], day: int = 28) -> None:
    """The official table: teams 1, 2, … in this order, each of two matches."""
    rows = [
        {
            "position": position,
            "team": TEAMS[position - 1],
            "team_id": str(position),
            "played": 2,
            "points": number,
            "points_per_match": f"{number / 2:.2f}",
        }
        for position, number in enumerate(points, 1)
    ]
    batch = BatchOf(uuid4(), store.run_id, "mlsnext", "table", DAY.format(day))
    tables = [{"division": "Northeast", "age_group": "U15", "rows": rows}]
    assert store_tables(store.pool, batch, "2026-27", "homegrown", tables) == 1


def path(**key: str) -> str:
    usual = {"source": "mlsnext", "season": "2026-27", "league": "homegrown", "age_group": "U15"}
    return f"/tables/one?{urlencode({**usual, 'division': 'Northeast', **key})}"


@pytest.fixture
def round_robin(store: Store) -> Store:
    """Each has met each: Ashgrove has 6 points, Bellwater 3, the third none."""
    store.put(
        [result("a", 1, 2, (2, 0), 3), result("b", 2, 3, (1, 0), 10), result("c", 3, 1, (1, 4), 17)], part="matches"
    )
    return store


def test_a_table_is_by_points_and_shows_how_each_team_fared_lately(console: Console, round_robin: Store) -> None:
    page = console.page(path())
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr>\n(.*?)</tr>", page, re.DOTALL)]
    assert [row[0] + row[1] for row in rows] == ["1Ashgrove", "2Bellwater", "3Crag"]
    assert rows[0][2:9] == ["2", "2", "0", "0", "+5", "6", "3.00"]
    assert "Crag &amp; &lt;Dale&gt;" in page
    form = re.findall(r'<li class="(\w*)"><a href="/matches/mlsnext/(\w)" title="([^"]+)">(\w)', page)
    assert [(letter, match_id) for _, match_id, _, letter in form] == [
        ("W", "a"), ("W", "c"), ("L", "a"), ("W", "b"), ("L", "b"), ("L", "c"),
    ]  # fmt: skip
    assert unescape(form[1][2]) == "won, Crag & <Dale> 1:4 Ashgrove"
    assert "/matches?team_id=2&amp;source=mlsnext" in page
    assert "No official table of it is known" in page


def test_the_official_one_is_beside_it_and_a_difference_is_said(console: Console, round_robin: Store) -> None:
    publish(round_robin, (6, 3, 0))
    page = console.page(path())
    assert "The same as the official table" in page
    assert "<mark>" not in page
    publish(round_robin, (6, 1, 0), day=29)
    page = console.page(path())
    assert "It disagrees with the official table" in page
    assert "Disagreement</span>" in page
    assert re.search(r"<td class=\"number\">3 <mark>official 1</mark></td>", page)


def test_nobody_publishes_a_table_of_the_youngest(console: Console, store: Store) -> None:
    store.put([result("a", 1, 2, (2, 0), 3, age_group="U13")])
    assert "Nobody publishes a table of" in console.page(path(age_group="U13"))


def test_tables_are_listed_and_chosen_whatever_their_names_are(console: Console, store: Store) -> None:
    names = {"South/East <b>", "Nord & Süd", "100%", "Plus+"}
    store.put([result(str(number), 1, 2, (1, 0), 3, division=name) for number, name in enumerate(sorted(names))])
    store.put([result("old", 1, 2, (1, 0), 3, season="2025-26"), result("none", 1, 2, (1, 0), 3, league=None)], day=2)
    page = console.page("/tables")
    listed = [unescape(found) for found in re.findall(r'href="(/tables/one\?[^"]+)"', page)]
    assert len(listed) == len(names) + 1
    for found in listed:
        assert "Ashgrove" in console.page(found)
    assert page.count("&lt;b&gt;") >= 1
    assert "2025-26" in console.page("/tables?season=2025-26&division=northeast")
    assert "No table fits" in console.page("/tables?division=nowhere")
    assert console.get("/tables?season=%00").status == 422


def test_a_table_that_is_not_there_is_not_made_up(console: Console, round_robin: Store) -> None:
    assert console.get(path(division="Nowhere")).status == 404
    assert console.get(path(division="northeast")).status == 404
    assert console.get("/tables/one").status == 422
