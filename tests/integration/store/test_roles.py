"""What each role of container/postgres/roles.sql may do, and what it must not: tried on a server that has them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg

from actors.store import migrations
from contract.errors import ConfigurationError
from tests.fix_postgres import PostgresServer, installations, running
from tests.fix_roles import Roles
from tests.roles import PASSWORDS, as_role, make_roles

SQL = Path(migrations.__file__).parents[1] / "sql"
SCRIPT = Path(__file__).parents[3] / "container" / "postgres" / "10-roles.sh"

#: Nobody but the administrator.
FOR_NONE = (
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_read_file('PG_VERSION')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "ALTER ROLE touchline_reader SUPERUSER",
    "ALTER SYSTEM SET fsync = off",
    "CREATE ROLE another",
    "CREATE DATABASE another",
    "SET ROLE touchline",
)

#: Neither who writes nor who reads.
FOR_OWNER = (
    *FOR_NONE,
    "CREATE TABLE touchline.mine (a int)",
    "CREATE TABLE public.mine (a int)",
    "CREATE TEMP TABLE mine (a int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE touchline.matches ADD COLUMN mine int",
    "ALTER TABLE touchline.matches DISABLE TRIGGER ALL",
    "DROP TABLE touchline.changes",
    "DROP VIEW public.match_list",
    "TRUNCATE touchline.matches",
    "TRUNCATE touchline.inbox",
    "ALTER ROLE touchline_owner PASSWORD 'mine'",
    "SET ROLE touchline_owner",
    "UPDATE touchline.alembic_version SET version_num = '0001'",
    "SELECT touchline.forget_fingerprint()",
    "SELECT lo_from_bytea(0, 'mine')",
    "SELECT lo_create(0)",
    "UPDATE public.match_changes SET new = 'mine'",
    "DELETE FROM touchline.letters",
)

WRITER_MUST_NOT = (
    *FOR_OWNER,
    # what is stored is never deleted, and what happened stays as it was written
    "DELETE FROM touchline.matches",
    "DELETE FROM touchline.teams",
    "DELETE FROM touchline.changes",
    "UPDATE touchline.changes SET new = 'mine'",
    "DELETE FROM touchline.dead",
    "DELETE FROM touchline.dead_acts",
    "UPDATE touchline.dead_acts SET by_whom = 'somebody else'",
    "SELECT nextval('touchline.changes_change_id_seq')",
)

READER_MUST_NOT = (
    *FOR_OWNER,
    "INSERT INTO touchline.inbox (message_id) VALUES (gen_random_uuid())",
    "INSERT INTO touchline.team_labels VALUES ('mine', 'mine', 'mine')",
    "UPDATE public.runs SET error = NULL",
    "DELETE FROM public.dead_letters",
    "SELECT 1 FROM public.match_changes FOR UPDATE",
)


def tables(url: str, schema: str = "touchline") -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    return sorted(row[0] for row in rows)


def refuse(url: str, statements: Iterator[str] | tuple[str, ...]) -> None:
    """Each of `statements` is refused, and for want of a right."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            try:
                connection.execute(statement.encode())
            except pg.InsufficientPrivilege:
                continue
            pytest.fail(f"was not refused: {statement}")


def test_the_owner_owns_the_tables_and_is_no_administrator(roles: Roles) -> None:
    """It migrates, and what it owns is all that it may do anything to."""
    refuse(roles.owner, FOR_NONE)
    with psycopg.connect(roles.owner) as connection:
        owners = connection.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'touchline'")
        assert owners.fetchall() == [("touchline_owner",)]


def test_the_writer_writes_rows_and_no_more(roles: Roles) -> None:
    """No table of its own, no right of another role; matches, history and dead letters are never deleted."""
    refuse(roles.writer, WRITER_MUST_NOT)


def test_the_reader_reads_views_and_no_more(roles: Roles) -> None:
    """No table at all but the one that says the version; nothing is written, not even a large object."""
    refuse(roles.reader, READER_MUST_NOT)
    closed = [name for name in tables(roles.superuser) if name != "alembic_version"]
    assert len(closed) > 20
    refuse(roles.reader, iter([f"SELECT 1 FROM touchline.{name}" for name in closed]))


def test_a_role_that_is_not_named_may_not_even_connect(roles: Roles) -> None:
    """Other users of the same server have no business here."""
    with psycopg.connect(roles.server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    strange = roles.superuser.replace(roles.superuser.split("//")[1].split("@")[0], "stranger:stranger")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(strange)


@pytest.mark.parametrize(
    ("role", "files"), [("writer", ["*/*"]), ("reader", ["reading/*", "metrics/*", "runs/progress"])]
)
def test_every_statement_of_the_code_is_permitted(roles: Roles, role: str, files: list[str]) -> None:
    """EXPLAIN begins each statement, and that is when the server looks at the rights of all that it names."""
    paths = sorted(path for pattern in files for path in SQL.glob(f"{pattern}.sql"))
    assert len(paths) >= {"writer": 100, "reader": 15}[role]
    with psycopg.connect(as_role(roles.superuser, role), autocommit=True) as connection:
        for path in paths:
            statement = re.sub(r"%\(\w+\)s", "NULL", path.read_text(encoding="utf-8")).replace("%%", "%")
            try:
                connection.execute(f"EXPLAIN {statement}".encode())
            except pg.InsufficientPrivilege as error:
                pytest.fail(f"{role} may not do {path.parent.name}/{path.name}: {error}")


def test_no_table_is_forgotten_by_the_grants(roles: Roles) -> None:
    """A migration that adds a table says in grants.sql what the workers may do with it."""
    with psycopg.connect(roles.writer) as connection:
        for table in tables(roles.superuser):
            may = connection.execute("SELECT has_table_privilege(%s, 'SELECT')", (f"touchline.{table}",)).fetchone()
            assert may == (True,), f"touchline.{table} is not in grants.sql"


def test_waits_are_bounded_for_whoever_connects(roles: Roles) -> None:
    """Also for programs that are not ours, and behind a pooler that forgets what a session was told."""
    for url in (roles.writer, roles.reader):
        with psycopg.connect(url) as connection:
            settings = [
                connection.execute(f"SHOW {name}".encode()).fetchone()
                for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone")
            ]
        assert settings == [("1min",), ("30s",), ("1min",), ("UTC",)]


def test_only_the_owner_migrates(roles: Roles) -> None:
    """Others are told who does, and a worker whose role may only read is told which role it needs."""
    for role in ("writer", "reader"):
        url = as_role(roles.superuser, role)
        with pytest.raises(ConfigurationError, match=f"touchline_{role} may not change the tables") as refused:
            migrations.upgrade(url)
        assert "touchline_owner" in refused.value.hint
        assert migrations.pending(url) == []
    migrations.check_writer(roles.writer)
    with pytest.raises(ConfigurationError, match="touchline_reader may not write"):
        migrations.check_writer(roles.reader)


def test_roles_are_made_again_without_harm(roles: Roles) -> None:
    """For other passwords; what was granted stays, and what somebody took away comes back with the next migrate."""
    other = {**PASSWORDS, "reader": "another"}
    make_roles(roles.server, passwords=other)
    try:
        with psycopg.connect(as_role(roles.superuser, "reader", other)) as connection:
            connection.execute("SELECT 1 FROM public.runs")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(roles.reader)
    finally:
        make_roles(roles.server)
    with psycopg.connect(roles.owner) as connection:
        connection.execute("REVOKE ALL ON touchline.matches FROM touchline_writer")
        connection.execute("GRANT DELETE ON touchline.matches TO touchline_writer")
    assert migrations.upgrade(roles.owner) == []
    refuse(roles.writer, ("DELETE FROM touchline.matches",))
    with psycopg.connect(roles.writer) as connection:
        connection.execute("SELECT 1 FROM touchline.matches")


def test_the_images_script_takes_the_passwords_from_files(roles: Roles, tmp_path: Path) -> None:
    """As the official image runs it; afterwards the roles have no way into the server's other databases either."""
    for role, password in PASSWORDS.items():
        (tmp_path / f"postgres_{role}_password").write_text(f"{password}\n")
    programs = installations()["wheel"]
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(roles.server.port),
        "PGPASSWORD": roles.server.password,
        "POSTGRES_USER": "touchline",
        "TOUCHLINE_SECRETS": str(tmp_path),
        "TOUCHLINE_ROLES_SQL": str(SCRIPT.with_name("roles.sql")),
    }
    subprocess.run(["/bin/sh", SCRIPT], env=environment, check=True, timeout=60)
    with psycopg.connect(roles.writer) as connection:
        connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(as_role(roles.server.url("postgres"), "reader"))
    (tmp_path / "postgres_reader_password").write_text("")
    failed = subprocess.run(["/bin/sh", SCRIPT], env=environment, capture_output=True, text=True, timeout=60)
    assert failed.returncode == 1
    assert "postgres_reader_password is missing or empty" in failed.stderr


def test_a_password_that_is_missing_changes_nothing(roles: Roles) -> None:
    """It is named, and no role is left with an empty one."""
    with pytest.raises(subprocess.CalledProcessError) as failed:
        make_roles(roles.server, passwords={"owner": "a", "writer": "b"})
    assert "TOUCHLINE_READER_PASSWORD is not set" in failed.value.stderr
    with psycopg.connect(roles.owner) as connection:
        connection.execute("SELECT 1")


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that knows none of the roles."""
    with running(installations()["wheel"]) as server:
        yield server


@pytest.mark.slow
def test_roles_come_to_a_store_that_has_one_role(server: PostgresServer) -> None:
    """Migrated at 0011 and to the newest without them, it works as before; they are made later, and migrate grants."""
    database = server.create_database("old")
    url = server.url(database)
    migrations.upgrade(url, to="0011")
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO touchline.teams (source, team_key, name, age_group) VALUES ('mlsnext', '1', 'Ashgrove', 'U14')"
        )
    later = [revision for revision in migrations.revisions() if revision > "0011"]
    assert migrations.pending(url) == later
    assert migrations.upgrade(url) == later
    migrations.check_writer(url)

    make_roles(server, database=database)
    refuse(as_role(url, "reader"), ("SELECT 1 FROM touchline.team_labels",))
    with pytest.raises(ConfigurationError, match="touchline_owner may not change the tables"):
        migrations.upgrade(as_role(url, "owner"))
    assert migrations.upgrade(url) == []
    with psycopg.connect(as_role(url, "reader")) as connection:
        assert connection.execute("SELECT name FROM touchline.team_labels").fetchall() == [("Ashgrove",)]
    migrations.check_writer(as_role(url, "writer"))


@pytest.mark.slow
def test_an_administrator_who_is_no_superuser(server: PostgresServer) -> None:
    """As on a managed server: who may make roles makes these, and the owner migrates a database that is another's."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'manager'")
        connection.execute("CREATE DATABASE managed OWNER manager")
    make_roles(server, database="managed", user="manager", password="manager")
    make_roles(server, database="managed", user="manager", password="manager")
    url = server.url("managed")
    assert migrations.upgrade(as_role(url, "owner")) == migrations.revisions()
    migrations.check_writer(as_role(url, "writer"))
    refuse(as_role(url, "reader"), ("SELECT 1 FROM touchline.matches", "CREATE TABLE public.mine (a int)"))
    # and its own database, which it makes
    make_roles(server, user="manager", password="manager")
    assert migrations.upgrade(as_role(server.url("touchline"), "owner")) == migrations.revisions()


@pytest.mark.slow
def test_a_role_that_is_more_than_it_should_be_is_refused(server: PostgresServer) -> None:
    """Somebody had made it before, as a superuser: that is said, and nothing is granted."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE touchline_reader LOGIN SUPERUSER")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        make_roles(server)
    assert "touchline_reader is more than it may be" in failed.value.stderr
