"""The database's schema and its versions.

Migrations are numbered SQL files, run by Alembic in one transaction under an advisory lock: they happen whole or not
at all, and two at once wait for each other. A worker refuses a database that is behind its code; a database that is
ahead is fine, because migrations are deployed before workers.

Each upgrade grants anew what the roles of container/postgres may do (grants.sql), and writes the rules of league tables
anew (actors.store.rules), also where no revision is pending: both may have changed since.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from actors.errors import DatabaseBehind
from actors.rules import rules
from actors.store.database import connect, translate
from actors.store.rules import rows_of
from contract.errors import ConfigurationError
from contract.settings import load

_VERSIONS = Path(__file__).parent / "versions"
_GRANTS = Path(__file__).parent / "grants.sql"
_RULES = Path(__file__).parent / "rules.sql"

#: Who may change the schema: on a new database whoever may create one, else the owner of the tables.
_MAY_CHANGE = """
    SELECT current_user, current_database(), coalesce(
        (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class
          WHERE relname = 'alembic_version' AND relnamespace = to_regnamespace('touchline')),
        has_database_privilege(current_database(), 'CREATE'))
"""
_MAY_WRITE = """
    SELECT current_user, has_table_privilege('touchline.inbox', 'INSERT')
        AND has_table_privilege('touchline.matches', 'UPDATE')
"""

#: Key of the advisory lock, "touchline" in eight bytes or fewer.
_LOCK = int.from_bytes(b"touchl", "big")


def revisions() -> list[str]:
    """The revisions that this code knows, oldest first."""
    return sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))


def current(connection: psycopg.Connection[Any]) -> str | None:
    """The revision that the database is at, or None for a database without our schema."""
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        row: TupleRow | None = cursor.execute("SELECT to_regclass('touchline.alembic_version')").fetchone()
        if row is None or row[0] is None:
            return None
        row = cursor.execute("SELECT max(version_num) FROM touchline.alembic_version").fetchone()
    return None if row is None else row[0]


def pending(url: str) -> list[str]:
    """Revisions that the database does not have yet, oldest first.

    Raises ConfigurationError where our role may not look, or DatabaseAway.
    """
    with connect(url) as connection:
        try:
            at = current(connection)
        except psycopg.Error as error:
            raise translate(error, url) from None
    return [revision for revision in revisions() if at is None or revision > at]


def check(url: str) -> None:
    """Raise DatabaseBehind where the database lacks a revision that this code needs."""
    missing = pending(url)
    if missing:
        has = "has no tables of ours yet" if len(missing) == len(revisions()) else f"lacks revision {missing[0]}"
        raise DatabaseBehind(f"the database {has}", hint="run: touchline migrate")


def check_writer(url: str) -> None:
    """`check`, and raise ConfigurationError where our role may not store what a worker has to."""
    check(url)
    with connect(url, tuples=True) as connection:
        role, may = connection.execute(_MAY_WRITE).fetchone() or ("", False)
    if not may:
        raise ConfigurationError(
            f"the role {role} may not write to the database",
            hint="DATABASE_URL of whatever stores names touchline_writer; its grants are made by: touchline migrate",
        )


def upgrade(url: str, *, to: str = "head") -> list[str]:
    """Bring the database up to date, grants included, and return the revisions that were applied (none: it was).

    `to` names an older revision, for tests of what comes after it.

    Raises ConfigurationError where our role may not change the schema.
    """
    _check_owner(url)
    # Alembic and SQLAlchemy take a third of a second to import; only this function needs them
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, pool

    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(url, tuples=True), poolclass=pool.NullPool)
    with engine.begin() as bind:
        driver = bind.connection.driver_connection
        assert driver is not None
        driver.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        before = current(driver)
        driver.execute("CREATE SCHEMA IF NOT EXISTS touchline")
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
        config.attributes["connection"] = bind
        command.upgrade(config, to)
        if to == "head":
            driver.execute(_GRANTS.read_bytes())
            driver.execute(_RULES.read_bytes(), {"rules": Jsonb(rows_of(rules(load().tables)))})
    known = [revision for revision in revisions() if to in ("head", revision) or revision < to]
    return [revision for revision in known if before is None or revision > before]


def _check_owner(url: str) -> None:
    with connect(url, tuples=True) as connection:
        role, database, may = connection.execute(_MAY_CHANGE).fetchone() or ("", "", False)
    if not may:
        raise ConfigurationError(
            f"the role {role} may not change the tables of the database {database}",
            hint="run touchline migrate with the DATABASE_URL of their owner (touchline_owner)",
        )
