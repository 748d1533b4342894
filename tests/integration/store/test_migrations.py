"""Bringing a database up to date, on each PostgreSQL that is installed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from actors.errors import DatabaseBehind
from actors.store import migrations
from actors.store.database import connect


def test_an_empty_database_is_behind_until_it_was_migrated(any_postgres_url: str) -> None:
    """The worker's check names the next step; a second upgrade has nothing to do."""
    with pytest.raises(DatabaseBehind) as behind:
        migrations.check(any_postgres_url)
    assert "touchline migrate" in behind.value.hint
    assert migrations.upgrade(any_postgres_url) == migrations.revisions()
    migrations.check(any_postgres_url)
    assert migrations.upgrade(any_postgres_url) == []


def test_two_at_once_wait_for_each_other(any_postgres_url: str) -> None:
    """Two deployments, or two replicas of one: one migrates, the other finds it done."""
    barrier = threading.Barrier(3)

    def upgrade() -> list[str]:
        barrier.wait(10)
        return migrations.upgrade(any_postgres_url)

    with ThreadPoolExecutor(3) as threads:
        done = [future.result(60) for future in [threads.submit(upgrade) for _ in range(3)]]
    assert sorted(done) == [[], [], migrations.revisions()]


def test_it_happens_whole_or_not_at_all(any_postgres_url: str) -> None:
    """A view of that name is there already: nothing is overwritten, and nothing of ours is left half made."""
    with psycopg.connect(any_postgres_url) as connection:
        connection.execute("CREATE TABLE public.standings (mine int)")
    with pytest.raises(psycopg.errors.DuplicateTable):
        migrations.upgrade(any_postgres_url)
    with psycopg.connect(any_postgres_url) as connection:
        assert connection.execute("SELECT to_regnamespace('touchline')").fetchone() == (None,)


def test_a_database_that_is_ahead_is_fine(any_store_url: str) -> None:
    """Migrations are deployed before workers, so the older workers go on."""
    with connect(any_store_url) as connection:
        connection.execute("UPDATE touchline.alembic_version SET version_num = '9999'")
    migrations.check(any_store_url)


def test_every_column_of_the_reading_interface_is_described(any_store_url: str) -> None:
    """`\\d+ match_list` is its documentation; the columns are those of the design, in its order."""
    design = {
        "match_list": "source match_id season league match_type division age_group date kickoff timezone home_team "
        "away_team home_team_id away_team_id home_score away_score home_penalties away_penalties status location "
        "observed_at first_seen_at changed_at withdrawn_at corrected",
        "match_changes": "source match_id field old new changed_at run_id",
        "standings": "source season league division age_group position team team_id played won drawn lost goals_for "
        "goals_against goal_difference points points_per_match",
        "runs": "run_id source params trigger scheduled_for started_at finished_at state found inserted updated "
        "unchanged stale dead error",
        "dead_letters": "id kind queue actor run_id reason error attempts first_failed_at died_at state payload",
    }
    query = (
        "SELECT attname AS name, col_description(attrelid, attnum) AS said FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum"
    )
    with connect(any_store_url) as connection:
        for view, columns in design.items():
            rows = connection.execute(query, (f"public.{view}",)).fetchall()
            assert [row["name"] for row in rows] == columns.split()
            assert [row["name"] for row in rows if not row["said"]] == [], f"of {view}"


def test_statements_and_migrations_travel_with_the_package() -> None:
    """SQL lives in files, and the wheel has to hold them."""
    import actors

    root = Path(actors.__file__).parent
    assert list(root.glob("store/migrations/versions/*.sql"))
    assert list(root.glob("store/sql/**/*.sql"))
