"""Own rules of a league, from the settings into the database by `touchline migrate`; and what the doctor says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.fix_command import Touchline

OWN = """
[tables.homegrown]
points = { win = 2 }
order = ["points", "goal_difference"]

[tables.village]
match_types = ["Cup 100%", "Cup_final*"]
forfeits = true
"""


@pytest.fixture
def migrated(touchline: Touchline, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Touchline:
    monkeypatch.setenv("DATABASE_URL", store_url)
    return touchline


def rules(url: str) -> dict[str, tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT league, win, draw, match_types, forfeits, ranking[1:2] FROM touchline.league_rules"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def finding(touchline: Touchline) -> tuple[str, str, str]:
    [row] = [row for row in touchline("doctor").rows if row["check"] == "rules of tables"]
    return row["state"], row["detail"], row["hint"]


def test_every_database_has_the_rules_that_come_with_us(migrated: Touchline, store_url: str) -> None:
    known = rules(store_url)
    assert set(known) == {"academy", "default", "flex", "homegrown"}
    assert known["homegrown"] == (3, 1, ["League%"], False, ["points_per_match", "head_to_head"])
    assert finding(migrated)[0] == "ok"


def test_own_rules_are_written_by_migrate_and_go_when_they_are_taken_out(
    migrated: Touchline, store_url: str, tmp_path: Path
) -> None:
    """What is left out stays: of a league of ours as it was, of another one as by default."""
    (tmp_path / "touchline.toml").write_text(OWN)
    assert finding(migrated) == (
        "not ok",
        "the database makes the tables of homegrown, village by other rules than these settings say",
        "if these settings are the right ones, run with them: touchline migrate",
    )
    assert migrated("migrate").code == 0
    known = rules(store_url)
    assert known["homegrown"] == (2, 1, ["League%"], False, ["points", "goal_difference"])
    assert known["village"] == (3, 1, ["Cup 100\\%", "Cup\\_final%"], True, ["points_per_match", "head_to_head"])
    assert finding(migrated)[0] == "ok"
    (tmp_path / "touchline.toml").unlink()
    assert migrated("migrate").code == 0
    assert set(rules(store_url)) == {"academy", "default", "flex", "homegrown"}


def test_own_default_rules_are_those_of_other_leagues(migrated: Touchline, store_url: str, tmp_path: Path) -> None:
    (tmp_path / "touchline.toml").write_text("[tables.default.points]\nwin = 2\n\n[tables.village]\nforfeits = true\n")
    assert migrated("migrate").code == 0
    known = rules(store_url)
    assert [known[league][0] for league in ("default", "village", "homegrown")] == [2, 2, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('order = ["points", "luck"]', "tables.homegrown.order.1"),
        ('order = ["points", "wins", "points"]', "names points twice"),
        ('order = ["head_to_head"]', "begins with head_to_head"),
        ("order = []", "at least 1 item"),
        ('match_types = [""]', "at least 1 character"),
        ("points = { victory = 3 }", "tables.homegrown.points.victory"),
        ('points = { win = "many" }', "tables.homegrown.points.win"),
    ],
)
def test_rules_that_make_no_sense_are_refused(migrated: Touchline, tmp_path: Path, text: str, said: str) -> None:
    """With the place in the file, before anything is done."""
    (tmp_path / "touchline.toml").write_text(f"[tables.homegrown]\n{text}\n")
    ended = migrated("migrate")
    assert ended.code == 2
    assert said in ended.err
    assert "touchline.toml, line" in ended.err


def test_the_doctor_names_tables_that_disagree(migrated: Touchline, store_url: str) -> None:
    """Each with its sentence and the command that shows it, and exit code 1; without any, how many were compared."""
    with psycopg.connect(store_url) as connection:
        connection.execute(
            "INSERT INTO touchline.comparisons (source, run_id, compared_at, tables)"
            " VALUES ('mlsnext', gen_random_uuid(), '2026-10-03T22:31Z', 176)"
        )
    [row] = [row for row in migrated("doctor").rows if row["check"] == "official tables"]
    assert (row["state"], row["detail"]) == (
        "ok",
        "no disagreement: 176 tables of mlsnext, compared 2026-10-03 22:31 UTC",
    )
    with psycopg.connect(store_url) as connection:
        connection.execute(
            "INSERT INTO touchline.table_troubles (source, season, league, division, age_group, sentence, since) SELECT"
            " 'mlsnext', '2026-27', 'flex', 'Group ' || n, 'U15', 'Ash: officially 2 played.', '2026-10-03T22:31Z'"
            " FROM generate_series(1, 7) AS n"
        )
    ended = migrated("doctor")
    found = [row for row in ended.rows if row["check"].startswith("official tables")]
    assert ended.code == 1
    assert found[0] == {
        "check": "official tables of mlsnext",
        "state": "not ok",
        "detail": "flex U15 Group 1 2026-27, since 2026-10-03 22:31 UTC: Ash: officially 2 played.",
        "hint": "see: touchline table --official --age-group U15 --division 'Group 1' --league flex --season 2026-27",
    }
    assert (len(found), found[-1]["detail"]) == (6, "2 more tables disagree with the official ones")
