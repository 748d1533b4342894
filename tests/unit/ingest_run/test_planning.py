"""A run whose source asks its site what there is to read, and one that is read part by part under orders of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import BrowserMissing, NotPublished, PageChanged, SiteUnreachable, UnknownScope
from ingest.run import begin
from ingest.sources import Part, Scope
from tests.unit.ingest_run.made_up import MadeUp, Says, match, to_disk
from tests.unit.ingest_run.running import RUN, do, events, sent, story


@dataclass
class Asking(MadeUp):
    """A source whose site does not tell it what there is, for the first reasons that are given."""

    reasons: list[Exception] = field(default_factory=list)

    def plan(self, scope: Scope, fetcher: Any) -> list[Part]:
        if self.reasons:
            raise self.reasons.pop(0)
        return super().plan(scope, fetcher)


TWO = {"u13": Says([match(1)]), "u14": Says([match(2), match(3)])}


@pytest.mark.parametrize(
    ("reason", "kind", "exit_code"),
    [
        (PageChanged("its selects are gone"), "permanent", 1),
        (NotPublished("no season is on"), "permanent", 1),
        (SiteUnreachable("it does not answer"), "transient", 3),
    ],
    ids=["changed", "not published", "away"],
)
def test_a_run_that_could_not_be_planned_is_on_record(
    tmp_path: Path, reason: Exception, kind: str, exit_code: int
) -> None:
    """It started, and failed for that reason: nobody wonders why nothing came."""
    outcome, messages = do(tmp_path, Asking(TWO, reasons=[reason]))
    assert story(messages) == ["started", "failed"]
    [failed] = events(messages, "failed")
    assert (failed["part"], failed["kind"], failed["error"]) == ("made-up", kind, str(reason))
    assert exit_code in (part.exit_code for part in outcome.parts)


@pytest.mark.parametrize("reason", [UnknownScope("no league 'x'"), BrowserMissing("there is no Chromium")])
def test_what_a_person_has_to_mend_is_no_run(tmp_path: Path, reason: Exception) -> None:
    """It is raised, with its hint, and nothing is said to anybody."""
    with pytest.raises(type(reason)):
        do(tmp_path, Asking(TWO, reasons=[reason]))
    assert sent(tmp_path) == []


def test_a_part_is_read_alone_and_under_the_same_ids(tmp_path: Path) -> None:
    """Its messages are those that the whole run would have sent of it; that the run started was said before."""
    _, whole = do(tmp_path / "whole", MadeUp(TWO))
    outcome, alone = do(tmp_path / "alone", MadeUp(TWO), only="u14")
    assert story(alone) == ["batch", "part_finished"]
    assert [part.name for part in outcome.parts] == ["u14"]
    counted = {
        message.message_id for message in whole if message.kwargs.get("part") == "u14" and "matches" in message.kwargs
    }
    assert {message.message_id for message in alone if "matches" in message.kwargs} == counted


def test_a_part_in_which_nothing_changed_says_so(tmp_path: Path) -> None:
    """Somebody waits for its end: unlike a whole run with nothing new it is not silent."""
    unchanged = {"u13": Says(fetch=lambda: None), "u14": Says([match(1)])}
    _, messages = do(tmp_path, MadeUp(unchanged), only="u13")
    [finished] = events(messages, "part_finished")
    assert (finished["part"], finished["not_modified"]) == ("u13", True)


def test_a_part_that_is_gone_since_the_run_was_planned_fails(tmp_path: Path) -> None:
    """The run does not wait for it for ever."""
    _, messages = do(tmp_path, MadeUp(TWO), only="u15")
    assert story(messages) == ["failed"]
    [failed] = events(messages, "failed")
    assert failed["part"] == "u15"
    assert "no longer" in failed["error"]


def test_a_part_whose_site_is_away_while_it_plans_fails_under_its_own_name(tmp_path: Path) -> None:
    """So that its next reading takes that back."""
    _, messages = do(tmp_path, Asking(TWO, reasons=[SiteUnreachable("away")]), only="u14")
    [failed] = events(messages, "failed")
    assert (failed["part"], failed["kind"]) == ("u14", "transient")


def test_a_run_that_is_divided_says_what_its_parts_are(tmp_path: Path) -> None:
    """And nothing of them: that is for those who read them."""
    parts = [Part("u13", "homegrown", "2026-27"), Part("u14", "homegrown", "2026-27")]
    begin(
        MadeUp(TWO),
        Scope(age_groups=("U13", "U14")),
        parts,
        run_id=RUN,
        publisher=to_disk(tmp_path),
        trigger="schedule",
        scheduled_for="2026-10-03T06:00:00Z",
        full=True,
    )
    [started] = sent(tmp_path)
    assert started.kwargs["parts"] == ["u13", "u14"]
    assert started.kwargs["params"] == {"age_groups": ["U13", "U14"], "full": True}
    assert (started.kwargs["trigger"], started.kwargs["scheduled_for"]) == ("schedule", "2026-10-03T06:00:00Z")
