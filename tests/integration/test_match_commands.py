"""`touchline match`: one match in full, and what a person says of it against its site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.fix_command import Touchline
from touchline.commands.dead_acts import whoami
from touchline.commands.match import FIELDS


@pytest.fixture
def league(touchline: Touchline, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Touchline:
    """`touchline` on a store that holds `stored.sql`, to write in."""
    with psycopg.connect(store_url) as connection:
        connection.execute(Path(__file__).with_name("stored.sql").read_bytes())
    monkeypatch.setenv("DATABASE_URL", store_url)
    return touchline


def done(league: Touchline, line: str) -> str:
    """What the command says, which ends well."""
    ended = league(line)
    assert ended.code == 0, ended.err
    assert not ended.out, "stdout is data"
    return ended.err


def the_match(league: Touchline, line: str = "match show 15001") -> dict[str, Any]:
    ended = league(line)
    assert ended.code == 0, ended.err
    (row,) = ended.rows
    return row


def test_a_match_is_shown_with_its_history(league: Touchline) -> None:
    """Everything that is stored of it, for a program and for a person."""
    match = the_match(league, "match show 26030 --source mlsnext")
    assert (match["home_team"], match["home_score"], match["status"]) == (
        "South Florida Football Academy",
        0,
        "completed",
    )
    assert match["corrections"] == []
    assert match["corrected"] is None
    assert [(c["field"], c["old"], c["new"], c["run_id"][:4]) for c in match["history"]] == [
        ("away_score", None, "0", "3f2b"),
        ("home_score", None, "0", "3f2b"),
        ("status", "scheduled", "completed", "3f2b"),
    ]
    shown = league("match show 26030 --source mlsnext --output table").out
    assert "South Florida Football Academy – Athletum FC Academy" in shown
    assert "2026-10-05 10:01  status: scheduled → completed  (run 3f2b0000)" in shown


def test_what_a_person_corrects_is_shown_as_such(league: Touchline) -> None:
    """In the match, in lists, in its history; until it is taken back."""
    said = done(league, "match correct 15001 --home-score 6 --why 'the report says 6' --by ann")
    assert "home_score: 16 → 6 (the site says 16)" in said
    assert "touchline match uncorrect 15001 --why" in said
    match = the_match(league)
    assert (match["home_score"], match["corrected"]) == (6, ["home_score"])
    (correction,) = match["corrections"]
    assert {
        name: correction[name] for name in ("field", "value", "site_value", "site_since", "why", "by", "state")
    } == {
        "field": "home_score",
        "value": "6",
        "site_value": "16",
        "site_since": "2025-09-01T10:00:00Z",
        "why": "the report says 6",
        "by": "ann",
        "state": "standing",
    }
    assert [(c["field"], c["old"], c["new"], c["run_id"]) for c in match["history"]] == [
        ("corrected", None, "home_score", None),
        ("home_score", "16", "6", None),
    ]
    shown = league("match show 15001 --output table").out
    assert "6:1  (corrected)" in shown
    assert "home_score is 6, says ann: the report says 6. The site says 16 since 2025-09-01 10:00" in shown
    assert "home_score: 16 → 6  (by hand)" in shown

    listed = league("matches --season 2025-26 --output table")
    assert " 6:1* " in listed.out
    assert "* as a person corrected it" in listed.err
    assert [row["corrected"] for row in league("matches --season 2025-26").rows] == [["home_score"]]
    assert "* as a person" not in league("matches --season 2026-27 --output table").err
    assert [row["run_id"] for row in league("changes --match 15001").rows] == [None, None]

    assert "home_score: 6 → 16" in done(league, "match uncorrect 15001 --why 'read wrong'")
    match = the_match(league)
    assert (match["home_score"], match["corrected"]) == (16, None)
    (correction,) = match["corrections"]
    assert (correction["state"], correction["ended_by"], correction["ended_why"]) == (
        "taken_back",
        whoami(),
        "read wrong",
    )
    assert f"Taken back at {correction['ended_at'][:16].replace('T', ' ')} by {whoami()}: read wrong" in (
        league("match show 15001 --output table").out
    )


def test_it_is_said_what_became_of_a_correction(league: Touchline, store_url: str) -> None:
    """That it rests, and that the site came round: here the site is whoever writes the match."""
    done(league, "match correct 15001 --home-score 6 --why report --by ann")
    with psycopg.connect(store_url) as site:
        site.execute(
            "UPDATE touchline.matches SET status = 'scheduled', home_score = NULL, away_score = NULL"
            " WHERE match_id = '15001'"
        )
    shown = league("match show 15001 --output table").out
    assert "home_score is 6, says ann: report. The site says nothing; it rests since 20" in shown
    assert "(corrected)" not in shown
    assert the_match(league)["corrections"][0]["state"] == "resting"
    with psycopg.connect(store_url) as site:
        site.execute(
            "UPDATE touchline.matches SET status = 'completed', home_score = 6, away_score = 1 WHERE match_id = '15001'"
        )
    assert "home_score is 6, says ann: report. The site came round at 20" in league("match show 15001 -o table").out
    assert the_match(league)["corrected"] is None


def test_every_field_can_be_said(league: Touchline) -> None:
    """A result that the site does not have, another day, no venue: all in one go."""
    done(
        league,
        "match correct 26031 --status completed --home-score 1 --away-score 1 --home-penalties 4 --away-penalties 3 "
        "--date 2026-09-13 --kickoff 2026-09-13T10:00-04:00 --location 'Field 9' --notes walkover "
        "--division Gulf --why so",
    )
    match = the_match(league, "match show 26031")
    assert {field: match[field] for field in FIELDS} == {
        "home_score": 1,
        "away_score": 1,
        "home_penalties": 4,
        "away_penalties": 3,
        "status": "completed",
        "date": "2026-09-13",
        "kickoff": "2026-09-13T14:00:00Z",
        "location": "Field 9",
        "notes": "walkover",
        "division": "Gulf",
    }
    assert sorted(match["corrected"]) == sorted(FIELDS)
    done(league, "match uncorrect 26031 --field location --why so")
    match = the_match(league, "match show 26031")
    assert match["location"] is None
    assert "location" not in match["corrected"]
    done(league, "match correct 15001 --kickoff none --why unknown")
    match = the_match(league)
    assert (match["kickoff"], match["corrected"]) == (None, ["kickoff"])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("match show 7", "no match '7' is stored"),
        ("match show 26030", "more than one source has a match '26030': mlsnext, other"),
        ("match show 26030 --source nobody", "the source 'nobody' has no match '26030'"),
        ("match correct 26030 --home-score 2 --why so", "--source"),
        ("match correct 15001 --why so", "give at least one field"),
        ("match correct 15001 --home-score two --why so", "'two' is no number of goals"),
        ("match correct 15001 --home-score -1 --why so", "'-1' is no number of goals"),
        ("match correct 15001 --home-score 2 --why ' '", "--why is empty"),
        ("match correct 15001 --home-score 2", "--why"),
        ("match correct 15001 --home-score none --why so", "one score without the other"),
        ("match correct 26031 --status completed --why so", "a completed match has both scores"),
        ("match correct 26031 --home-score 2 --why so", "one score without the other"),
        ("match correct 15001 --kickoff noon --why so", "'noon' is no time"),
        ("match correct 15001 --home-score 16 --why so", "the site says 16 for home_score itself"),
        ("match uncorrect 15001 --why so", "nothing of the match 15001 is corrected"),
        ("match uncorrect 15001 --field season --why so", "season"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(league: Touchline, line: str, says: str) -> None:
    """Exit code 2, and nothing was written."""
    ended = league(line)
    assert ended.code == 2, ended
    assert says in " ".join(ended.err.split())
    assert not ended.out
    assert [row for row in league("matches").rows if row["corrected"]] == []


def test_the_fields_of_the_command_are_those_of_the_store() -> None:
    """Its help imports nothing of the store."""
    from actors.store.corrections import CORRECTABLE

    assert FIELDS == CORRECTABLE
