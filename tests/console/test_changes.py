"""The feed of what the league changed."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from actors.console.changed import Line, lines
from tests.fix_console import Console
from tests.integration.store.conftest import Store, a_match


def test_a_result_is_one_line_and_a_moment_is_readable() -> None:
    changes = [
        {"field": "away_score", "old": None, "new": "3"},
        {"field": "home_score", "old": None, "new": "0"},
        {"field": "kickoff", "old": "2026-10-10T14:00:00Z", "new": None},
        {"field": "home_penalties", "old": "4", "new": "5"},
    ]
    assert list(lines(changes)) == [
        Line("result", None, "0:3"),
        Line("kick-off", "2026-10-10 14:00 UTC", None),
        Line("home penalties", "4", "5"),
    ]


@pytest.mark.slow
def test_what_changed_in_a_match_stands_together_and_is_found_by_its_team(console: Console, store: Store) -> None:
    store.put([a_match("1"), a_match("2", home_team_id="3", home_team="Crag & <Dale>")])
    result = {"status": "completed", "home_score": 2, "away_score": 1}
    store.put([a_match("1", **result), a_match("2", home_team_id="3", home_team="Crag & <Dale>", location="X")], day=2)
    page = console.page("/changes")
    assert page.count('<a href="/matches/mlsnext/') == 2
    assert "<ins><bdi>2:1</bdi></ins>" in page
    assert "Crag &amp; &lt;Dale&gt;" in page
    assert f"/runs/{store.run_id}" in page
    one = console.page("/changes?team=crag")
    assert re.findall(r'<a href="/matches/mlsnext/(\d)">', one) == ["2"]
    assert "No change fits" in console.page("/changes?field=notes")
    assert "No change fits" in console.page(f"/changes?run={uuid4()}")
    assert console.get("/changes?field=nothing").status == 422


@pytest.mark.slow
def test_pages_show_every_change_once_however_many_are_of_one_moment(console: Console, store: Store) -> None:
    """All that a batch changes has one time: a page ends within it, and never within a match."""
    matches = [f"m{number}" for number in range(130)]
    store.put([a_match(match_id) for match_id in matches])
    store.put([a_match(match_id, location="X", notes="moved", round="2") for match_id in matches], day=2)
    shown: list[tuple[str, int]] = []
    path: str | None = "/changes"
    while path:
        page = console.page(path)
        for event in page.split("<li>\n<p><a href")[1:]:
            found = re.search(r'"/matches/mlsnext/(m\d+)"', event)
            assert found
            shown.append((found[1], event.count("<ins>")))
        onward = re.search(r'href="([^"]+)" rel="next"', page)
        path = onward[1].replace("&amp;", "&") if onward else None
    assert sorted(shown) == sorted((match_id, 3) for match_id in matches)
