"""Our league tables beside the official ones of the demo league, which are made from its results by other code."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.acceptance.conftest import Place, clean_environment
from tests.fix_postgres import PostgresServer
from touchline.demo.league import League
from touchline.demo.site import DemoSite

pytestmark = pytest.mark.slow

_COMPARED = """
    SELECT s.league, s.age_group, s.division, s.team, s.played, s.won, s.drawn, s.lost, s.points,
           (o."values" ->> 'played')::int, (o."values" ->> 'won')::int, (o."values" ->> 'drawn')::int,
           (o."values" ->> 'lost')::int, (o."values" ->> 'points')::numeric::int
    FROM public.standings AS s
    JOIN touchline.official_rows AS o
      ON (o.source, o.season, o.league, o.division, o.age_group, o.team_key)
       = (s.source, s.season, s.league, s.division, s.age_group, s.team_id)
    WHERE o."values" ? 'played' AND s.league = %s
"""


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, demo_league: League
) -> Iterator[Place]:
    """A store into which the demo league was read, and commands that ask it."""
    home = tmp_path_factory.mktemp("home")
    with (
        postgres_server.database(migrated=True) as url,
        DemoSite(demo_league, demo_league.weekend().before) as site,
    ):
        env = clean_environment(TOUCHLINE_HOME=str(home), DATABASE_URL=url, TOUCHLINE_MLSNEXT_URL=site.url)
        place = Place(home, env)
        ended = place.touchline("scrape", "mlsnext", "--season", "2026-27", "--wait")
        assert ended.code == 0, ended.err
        yield place


@pytest.fixture(scope="module")
def read(place: Place) -> str:
    return place.env["DATABASE_URL"]


def test_our_tables_equal_the_official_ones(read: str) -> None:
    """Every team of every official table: played, won, drawn, lost and points; homegrown and academy."""
    for league in ("homegrown", "academy"):
        with psycopg.connect(read) as connection:
            rows = connection.execute(_COMPARED, (league,)).fetchall()
        assert len(rows) > 20
        different = [row for row in rows if row[4:9] != row[9:]]
        assert different == []


def test_every_division_has_a_table_and_each_position_once(read: str) -> None:
    """Also U13 and U14, of which the site has no table: positions run from 1 without a gap."""
    with psycopg.connect(read) as connection:
        tables = connection.execute(
            "SELECT league, age_group, division, array_agg(position ORDER BY position), max(played) "
            "FROM public.standings GROUP BY league, age_group, division"
        ).fetchall()
    assert {"U13", "U14"} <= {age for _, age, *_ in tables}
    for league, age, division, positions, _ in tables:
        assert positions == list(range(1, len(positions) + 1)), (league, age, division)
    assert any(played > 0 for *_, played in tables)


def test_the_command_finds_every_official_table_equal(place: Place) -> None:
    """Positions and all figures that are published, Flex with its shoot-outs, too; of U13 and U14 there is none."""
    ended = place.touchline("table", "--official")
    assert ended.code == 0, ended.out
    published = [row for row in ended.rows if row["published"]]
    assert {row["league"] for row in published} == {"homegrown", "flex", "academy"}
    for row in published:
        for name in ("position", "played", "won", "drawn", "lost", "points_per_match", "goal_difference_per_match"):
            assert row[name] == row[f"official_{name}"], row
    assert {each["kind"] for row in published for each in row["differences"]} <= {"level", "missing"}
    assert {row["age_group"] for row in ended.rows if not row["published"]} == {"U13", "U14"}
    told = place.touchline("table", "--official", "--age-group", "U14", "--output", "table")
    assert told.code == 0
    assert "Nobody publishes a table of U13 and U14: this is the only one." in told.out


def test_one_falsified_official_row_is_found_and_said(place: Place, read: str) -> None:
    """Exit code 1, and one sentence that names the team, both figures and the matches that count."""
    falsify = """
        UPDATE touchline.official_rows
        SET "values" = jsonb_set("values", '{won}', to_jsonb(("values" ->> 'won')::int + %s))
        WHERE team_key = %s AND league = 'homegrown' AND "values" ? 'won'"""
    with psycopg.connect(read) as connection:
        team, key = connection.execute(
            """SELECT team, team_key FROM touchline.official_rows
               WHERE league = 'homegrown' AND ("values" ->> 'played')::int > 2 ORDER BY team_key LIMIT 1"""
        ).fetchone() or ("", "")
        connection.execute(falsify, (1, key))
    try:
        ended = place.touchline("table", "--official", "--league", "homegrown", "--output", "table")
    finally:
        with psycopg.connect(read) as connection:
            connection.execute(falsify, (-1, key))
    assert ended.code == 1
    [sentence] = [line for line in ended.out.splitlines() if "DISAGREEMENT" in line]
    assert sentence.startswith(f"- DISAGREEMENT: {team}: officially ")
    assert " won; by the stored results " in sentence
    assert "These count: 20" in sentence
    assert "1 disagrees" in ended.err
