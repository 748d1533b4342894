"""The commands that look at things, against a real store."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from actors import store
from tests.fix_command import Ended, Touchline
from tests.fix_postgres import PostgresServer
from touchline.cli import main

RUN = "3f2a0000-0000-4000-8000-000000000001"
LATER = "3f2b0000-0000-4000-8000-000000000002"


@pytest.fixture
def empty(touchline: Touchline, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Touchline:
    """`touchline` on a store without any row."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    return touchline


@pytest.fixture(scope="module")
def filled_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A store that holds `stored.sql`: one for all, since nobody here writes."""
    rows = Path(__file__).with_name("stored.sql").read_bytes()
    with postgres_server.database(migrated=True) as url:
        with psycopg.connect(url) as connection:
            connection.execute(rows)
        yield url


@pytest.fixture
def filled(touchline: Touchline, filled_url: str, monkeypatch: pytest.MonkeyPatch) -> Touchline:
    """`touchline` on that store."""
    monkeypatch.setenv("DATABASE_URL", filled_url)
    return touchline


def ids(ended: Ended) -> list[str]:
    assert ended.code == 0, ended.err
    return [row["match_id"] for row in ended.rows]


def test_matches_are_listed_by_date_and_kickoff(filled: Touchline) -> None:
    """Every match is there, the earliest first, one without a date last."""
    assert ids(filled("matches")) == ["15001", "26032", "26030", "26031", "26030"]


def test_a_match_has_every_column_of_the_view(filled: Touchline) -> None:
    """The formats for programs hold what DESIGN, section 5 promises of match_list, in its order."""
    row = filled("matches --source mlsnext --since 2026-10-05").rows[0]
    assert row == {
        "source": "mlsnext",
        "match_id": "26030",
        "season": "2026-27",
        "league": "homegrown",
        "match_type": "League",
        "division": "Florida",
        "age_group": "U14",
        "date": "2026-09-05",
        "kickoff": "2026-09-05T13:00:00Z",
        "timezone": "America/New_York",
        "home_team": "South Florida Football Academy",
        "away_team": "Athletum FC Academy",
        "home_team_id": "5748",
        "away_team_id": "5946",
        "home_score": 0,
        "away_score": 0,
        "home_penalties": None,
        "away_penalties": None,
        "status": "completed",
        "location": None,
        "observed_at": "2026-10-05T10:00:00Z",
        "first_seen_at": "2026-10-01T10:00:00Z",
        "changed_at": "2026-10-05T10:01:00Z",
        **dict.fromkeys(["withdrawn_at", "corrected"]),
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("--league HOMEGROWN", ["15001", "26030", "26031"]),
        ("--league homegrown --league flex --season 26-27", ["26032", "26030", "26031"]),
        ("--age-group u15", ["15001", "26030"]),
        ("--division florida", ["26030", "26031"]),
        ("--team montréal", ["15001", "26032"]),
        ("--team 5748", ["26030", "26031"]),
        ("--team '%'", ["15001"]),
        ("--team '_'", ["15001"]),
        ("""--team "x' OR true --" """, []),
        ("--status postponed", ["26031", "26030"]),
        ("--status POSTPONED --status completed --source other", ["26030"]),
        ("--withdrawn", ["26032"]),
        ("--listed --status scheduled --status completed", ["15001", "26030"]),
        ("--from 2026-09-05 --to 2026-09-12", ["26030", "26031"]),
        ("--from 2026-09-05 --to 2026-09-05", ["26030"]),
        ("--since 2026-10-03T10:00", ["26030", "26030"]),
        ("--limit 2", ["15001", "26032"]),
        ("--limit 0 --season 2025-26", ["15001"]),
        ("--season 2024-25", []),
    ],
)
def test_matches_are_filtered(filled: Touchline, filters: str, expected: list[str]) -> None:
    """Each filter leaves what it names, and nothing that is typed is taken for SQL or for a pattern."""
    assert ids(filled(f"matches {filters}")) == expected


def test_days_in_the_wrong_order_are_a_usage_error(filled: Touchline) -> None:
    """A range that cannot hold anything is refused instead of answered with nothing."""
    ended = filled("matches --from 2026-10-02 --to 2026-10-01")
    assert ended.code == 2
    assert "--from 2026-10-02 is after --to 2026-10-01" in ended.err


def test_the_table_of_matches_is_for_people(filled: Touchline) -> None:
    """Kick-offs are local to the venue, a shoot-out stands in parentheses, a withdrawn match says so."""
    out = filled("matches --output table").out
    rows = {line.split()[-1]: line for line in out.splitlines() if line.strip()}
    assert "09:00 EDT" in rows["15001"] or "13:00 UTC" in rows["15001"]
    assert "20:30 EDT" in rows["26032"]
    assert "1:1 (4:3)" in rows["26032"]
    assert "completed, withdrawn" in rows["26032"]
    assert "16:1" in rows["15001"]


def test_nothing_found_says_what_to_try(empty: Touchline) -> None:
    """In an empty store each command ends well, with no data, and tells a person the next step."""
    for command in ("matches", "changes", "runs", "teams", "table", "dead list"):
        ended = empty(f"{command} --output table")
        assert (ended.code, ended.out) == (0, ""), command
        assert ended.err.strip(), command
        assert empty(f"{command} --output json") == Ended(0, "[]\n", ""), command


def test_changes_are_the_newest_first(filled: Touchline) -> None:
    """Each changed field is a row with its match's teams, what was and what is."""
    ended = filled("changes")
    assert [(row["match_id"], row["field"], row["old"], row["new"]) for row in ended.rows] == [
        ("26030", "away_score", None, "0"),
        ("26030", "home_score", None, "0"),
        ("26030", "status", "scheduled", "completed"),
        ("26032", "date", "2026-09-11", "2026-09-04"),
    ]
    assert ended.rows[0]["home_team"] == "South Florida Football Academy"
    assert ended.rows[0]["run_id"] == LATER


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("--since 2026-10-03", 3),
        ("--team athletum", 4),
        ("--team Montréal", 1),
        ("--match 26032", 1),
        ("--field STATUS --field date", 2),
        ("--run 3f2a", 1),
        ("--run 3F2", 4),
        ("--source other", 0),
        ("--limit 3", 3),
    ],
)
def test_changes_are_filtered(filled: Touchline, filters: str, count: int) -> None:
    """Each filter leaves what it names."""
    assert len(filled(f"changes {filters}").rows) == count


def test_the_table_of_changes_shows_from_and_to(filled: Touchline) -> None:
    """A person reads the teams and the step."""
    out = filled("changes --output table --field status --field home_score").out
    assert "South Florida Football Academy – Athletum FC Academy" in out
    assert "scheduled → completed" in out
    assert "nothing → 0" in out


def test_runs_are_the_newest_first(filled: Touchline) -> None:
    """Each run has its state, its counts and how long it took."""
    rows = filled("runs").rows
    assert [row["state"] for row in rows] == ["running", "suspect", "succeeded"]
    assert [row["duration_seconds"] for row in rows] == [None, 60.0, 185.0]
    last = rows[-1]
    assert last["found"] == 5 == sum(last[name] for name in ("inserted", "updated", "unchanged", "stale", "dead"))


@pytest.mark.parametrize(
    ("filters", "count"),
    [("--source other", 1), ("--state suspect", 1), ("--since 2026-10-05", 2), ("--limit 1", 1), ("3f2a", 1)],
)
def test_runs_are_filtered(filled: Touchline, filters: str, count: int) -> None:
    """Each filter leaves what it names."""
    assert len(filled(f"runs {filters}").rows) == count


def test_one_run_is_shown_in_full(filled: Touchline) -> None:
    """The beginning of its id is enough; what was asked for is shown, and where the dead ones are."""
    ended = filled("runs 3F2A --output table")
    assert ended.code == 0
    assert f"run id         {RUN}\n" in ended.out
    assert '"flex"' in ended.out
    assert "touchline dead list --run 3f2a" in ended.err


def test_an_ambiguous_run_is_refused(filled: Touchline) -> None:
    """Two runs that begin so: the command names them and shows neither."""
    ended = filled("runs 3f2")
    assert (ended.code, ended.out) == (2, "")
    assert RUN in ended.err
    assert LATER in ended.err


def test_an_unknown_run_is_refused(filled: Touchline) -> None:
    """No run begins so."""
    ended = filled("runs ffff")
    assert (ended.code, ended.out) == (2, "")
    assert "touchline runs" in ended.err


def test_teams_stand_once_a_season_and_league(filled: Touchline) -> None:
    """A team has its latest name, the division it plays in although one match has none, and its matches."""
    rows = filled("teams --season 2026-27 --source mlsnext").rows
    assert [(row["league"], row["team"], row["division"], row["matches"]) for row in rows] == [
        ("flex", "Athletum FC Academy", None, 1),
        ("flex", "CF Montréal", None, 1),
        ("homegrown", "Athletum FC Academy", "Florida", 2),
        ("homegrown", "South Florida Football Academy", "Florida", 2),
    ]


@pytest.mark.parametrize(
    ("filters", "count"),
    [("--division florida", 2), ("--team loggers", 1), ("--age-group U15", 4), ("--league flex", 2), ("--limit 1", 1)],
)
def test_teams_are_filtered(filled: Touchline, filters: str, count: int) -> None:
    """Each filter leaves what it names."""
    assert len(filled(f"teams {filters}").rows) == count


def test_a_league_table_is_titled(filled: Touchline) -> None:
    """A table says which it is; a 0-0 is a point for each."""
    ended = filled("table --division florida --output table")
    assert ended.code == 0
    assert ended.out.startswith("homegrown · U14 · Florida · 2026-27\n")
    assert "South Florida Football Academy" in ended.out


def test_league_tables_follow_one_another(filled: Touchline) -> None:
    """Without a season each league's latest are shown; another season's only when it is asked for."""
    assert {row["division"] for row in filled("table").rows} == {"Florida"}
    rows = filled("table --season 2025-26").rows
    assert [(row["position"], row["team"], row["points"]) for row in rows] == [
        (1, "Loggers 100%_", 3),
        (2, "CF Montréal", 0),
    ]


def test_a_league_table_that_is_not_there_names_those_that_are(filled: Touchline) -> None:
    """Whoever asks for a division that does not exist learns which do, on stderr."""
    ended = filled("table --division Atlantis --output table")
    assert (ended.code, ended.out) == (0, "")
    assert "homegrown · U14 · Florida · 2026-27" in ended.err
    assert "homegrown · U15 · Northeast · 2025-26" in ended.err


def test_open_dead_letters_are_listed(filled: Touchline) -> None:
    """Those that somebody dealt with are left out unless they are asked for."""
    assert [row["reason"] for row in filled("dead list").rows] == ["unknown", "one_score"]
    assert [row["state"] for row in filled("dead list --state all").rows] == ["dropped", "open", "open"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("--reason ONE", 1),
        ("--queue runs", 1),
        ("--source mlsnext", 1),
        ("--run 3f2a", 1),
        ("--since 2026-10-03", 1),
        ("--state dropped", 1),
        ("--state all --limit 2", 2),
    ],
)
def test_dead_letters_are_filtered(filled: Touchline, filters: str, count: int) -> None:
    """Each filter leaves what it names."""
    assert len(filled(f"dead list {filters}").rows) == count


def test_a_dead_letter_is_shown_in_full(filled: Touchline) -> None:
    """Reason, error, attempts and what it held, readable; its traceback only where there is one."""
    out = filled("dead show 1 --output table").out
    assert "home_score without away_score" in out
    assert '"home_team": "Académie"' in out
    assert "traceback" not in out
    assert "Traceback\n" in filled("dead show 2 --output table").out
    assert filled("dead show 1").rows[0]["payload"] == {"match_id": "26040", "home_team": "Académie"}


def test_a_dead_letter_that_is_not_there(filled: Touchline) -> None:
    """An unknown number is a wrong argument."""
    ended = filled("dead show 99")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no dead letter 99" in ended.err


def test_csv_holds_what_json_holds(filled: Touchline) -> None:
    """The same rows and columns in either format."""
    rows = list(csv.DictReader(io.StringIO(filled("matches --output csv").out, newline="")))
    assert [row["match_id"] for row in rows] == ids(filled("matches"))
    assert rows[2]["home_score"] == "0"
    assert rows[2]["location"] == ""


def test_a_store_without_tables_says_what_to_run(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A database that was never migrated is no bug: the command names the one to run, and that one mends it."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    assert main(["matches"]) == 2
    assert "touchline migrate" in capsys.readouterr().err
    assert main(["migrate", "--check"]) == 1
    assert capsys.readouterr().out.startswith("0001")
    assert main(["migrate"]) == 0
    assert main(["migrate", "--check"]) == 0
    assert main(["matches"]) == 0


def test_a_wrong_password_is_one_line_without_it(
    store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A password with a colon and an encoded at sign is neither misread nor shown."""
    user, _, place = store_url.rpartition("@")
    scheme = user.partition("://")[0]
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://touchline:se:cr%40et@{place}")
    assert main(["--debug", "runs"]) == 2
    err = capsys.readouterr().err
    assert "password authentication failed" in err
    assert "se:cr" not in err
    assert "cr@et" not in err


def test_a_database_that_is_away_is_unreachable(touchline: Touchline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens there: exit code 3, one line, one hint, no traceback."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://touchline:hunter22@127.0.0.1:1/league")
    ended = touchline("runs")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.count("\n") == 2
    assert "hunter22" not in ended.err


def test_reading_changes_nothing(filled_url: str) -> None:
    """A query runs in a transaction that the server itself keeps from writing."""
    from actors.store.database import connect
    from actors.store.reading import reading

    with (
        connect(filled_url) as connection,
        reading(connection, "runs"),
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("DELETE FROM touchline.run_accounts")


def test_a_season_is_read_in_pieces(filled_url: str) -> None:
    """Rows come from a server-side cursor, so that neither the driver nor we hold all of them."""
    from actors.store.database import connect
    from actors.store.reading import reading

    with connect(filled_url) as connection, reading(connection, "matches") as found:
        next(found.rows)
        cursors = connection.execute("SELECT name, is_scrollable FROM pg_cursors").fetchall()
    assert [row["name"] for row in cursors] == ["touchline_matches"]


def test_every_query_runs_on_every_postgresql(any_store_url: str) -> None:
    """No query uses what the oldest supported version does not have."""
    from actors.store.database import connect
    from actors.store.reading import reading

    folder = Path(store.__file__).parent / "sql" / "reading"
    names = sorted(path.stem for path in folder.glob("*.sql"))
    assert len(names) >= 9
    with connect(any_store_url) as connection:
        for name in names:
            with reading(connection, name) as found:
                list(found.rows)


def test_a_query_refuses_a_parameter_that_it_does_not_have(filled: Touchline, store_url: str) -> None:
    """A filter that would silently filter nothing is an error of the programmer."""
    from actors.store.database import connect
    from actors.store.reading import reading

    with connect(store_url) as connection, pytest.raises(TypeError, match="tema"):
        reading(connection, "matches", tema="Loggers").__enter__()
