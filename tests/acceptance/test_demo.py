"""`touchline demo`: what a newcomer sees first."""

from __future__ import annotations

import shlex

import pytest

from contract.settings import Settings
from tests.acceptance.conftest import Place
from touchline.demo.league import League

pytestmark = pytest.mark.slow


def test_a_weekend_passes(chromium: Settings, embedded: Place) -> None:
    """Matches found and stored, a table, the changes after the weekend, and three commands that really work."""
    ended = embedded.touchline("demo", timeout=170)
    assert ended.code == 0, ended.err
    assert "has seen the site's page" in ended.out
    assert f"is what was read: {', '.join(League(scale=0.01).keys)}" in ended.out
    assert "found 1,478 matches" in ended.err
    assert "1,478 inserted" in ended.err
    assert "45 updated, 1,433 unchanged" in ended.err
    assert "scheduled → postponed" in ended.out
    next_commands = [line.strip() for line in ended.out.splitlines()[-3:]]
    for command in next_commands:
        _, *arguments = shlex.split(command)
        again = embedded.touchline(*arguments)
        assert again.code == 0, again.err
        assert again.rows, command


def test_a_folder_that_is_not_its_own_is_left_alone(embedded: Place) -> None:
    """The demo removes what a demo made, and nothing else."""
    mine = embedded.home / "demo" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("years of work")
    ended = embedded.touchline("demo")
    assert ended.code == 2
    assert "was not made by a demo" in ended.err
    assert mine.read_text() == "years of work"
