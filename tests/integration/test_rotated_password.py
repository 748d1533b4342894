"""The database's password changes under a running worker: the next connection takes the new one from its file."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from tests.fix_roles import Roles

pytestmark = pytest.mark.slow


def test_a_new_password_is_taken_without_a_restart(
    roles: Roles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections that are open stay; once they are gone the pool connects with what the file says then."""
    from actors.pool import close_pool, pool

    old, new = roles.writer, "a new one: with / and @"
    file = tmp_path / "database_url_writer"
    file.write_text(old)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL_FILE", str(file))
    close_pool()
    try:
        with pool().connection() as connection:
            connection.execute("SELECT 1")
        with psycopg.connect(roles.superuser, autocommit=True) as administrator:
            administrator.execute(psycopg.sql.SQL("ALTER ROLE touchline_writer PASSWORD {}").format(new))
            with pool().connection() as connection:
                connection.execute("SELECT 1")
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'touchline_writer'"
            )
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(old)
        parts = urlsplit(old)
        file.write_text(
            parts._replace(netloc=f"touchline_writer:{quote(new, safe='')}@{parts.netloc.rpartition('@')[2]}").geturl()
        )
        with pool().connection() as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("touchline_writer",)
    finally:
        close_pool()
