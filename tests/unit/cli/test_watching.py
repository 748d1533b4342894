"""Which runs are worth a line while somebody watches them, and how that line looks."""

from __future__ import annotations

from typing import Any

import pytest

from touchline.lines import Lines
from touchline.output import Column
from touchline.watching import PROGRESS, Changes


def a_run(run_id: str, state: str = "running", found: int = 0, **fields: Any) -> dict[str, Any]:
    base = {"run_id": run_id, "state": state, "error": None, "finished_at": None, "found": found}
    return {**base, **dict.fromkeys(("inserted", "updated", "unchanged", "stale", "dead"), 0), **fields}


class Watched:
    """Looks at runs, at moments that the test decides."""

    def __init__(self) -> None:
        self.now = 0.0
        self._changes = Changes(clock=lambda: self.now)

    def look(self, *rows: dict[str, Any]) -> list[str]:
        return [row["run_id"] for row in self._changes.of(rows)]


def test_a_run_is_shown_when_it_begins_and_when_it_ends() -> None:
    """And not at each look in between."""
    watched = Watched()
    assert watched.look(a_run("1")) == ["1"]
    assert watched.look(a_run("1")) == []
    assert watched.look(a_run("1", "succeeded", 3), a_run("2")) == ["1", "2"]
    assert watched.look(a_run("1", "succeeded", 3), a_run("2")) == []


def test_a_run_that_goes_on_is_shown_now_and_then() -> None:
    """Its numbers grow with each batch; every ten seconds is enough."""
    watched = Watched()
    watched.look(a_run("1", found=1))
    watched.now = PROGRESS - 0.1
    assert watched.look(a_run("1", found=2)) == []
    watched.now = PROGRESS
    assert watched.look(a_run("1", found=2)) == ["1"]
    watched.now = 3 * PROGRESS
    assert watched.look(a_run("1", found=2)) == []


def test_the_account_of_a_run_that_has_ended_is_shown_at_once() -> None:
    """Somebody replays its dead letters."""
    watched = Watched()
    watched.look(a_run("1", "succeeded", 3, dead=1))
    assert watched.look(a_run("1", "succeeded", 3, inserted=1)) == ["1"]


@pytest.mark.parametrize("changed", [{"state": "interrupted"}, {"error": "why"}, {"finished_at": "now"}])
def test_whatever_else_changes_is_shown(changed: dict[str, Any]) -> None:
    """A verdict, and what it says."""
    watched = Watched()
    watched.look(a_run("1"))
    assert watched.look(a_run("1") | changed) == ["1"]


def test_a_run_that_comes_back_into_the_filter_is_shown_again() -> None:
    """`--state failed`: it failed, runs again, and fails as before."""
    watched = Watched()
    assert watched.look(a_run("1", "failed")) == ["1"]
    assert watched.look() == []
    assert watched.look(a_run("1", "failed")) == ["1"]


COLUMNS = (Column("run", "run"), Column("found", "found", right=True, spare=1), Column("error", "error", fold=True))


def test_lines_stand_under_one_header(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers at the right; what is folded over several lines in a table is one line here."""
    lines = Lines(COLUMNS, {"run": 4, "found": 6}, width=80)
    lines.write({"run": "3f2a", "found": 12, "error": "no\nmatch"})
    lines.write({"run": "3f2b", "found": 1432, "error": None})
    assert capsys.readouterr().out.splitlines() == [
        "run    found  error",
        "3f2a      12  no match",
        "3f2b    1432",
    ]


def test_a_narrow_terminal_goes_without_what_can_be_spared(capsys: pytest.CaptureFixture[str]) -> None:
    """The error needs room."""
    Lines(COLUMNS, {"run": 4, "found": 6}, width=30).write({"run": "3f2a", "found": 12, "error": "no"})
    assert capsys.readouterr().out.splitlines() == ["run   error", "3f2a  no"]
