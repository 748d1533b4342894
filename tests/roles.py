"""The roles of container/postgres/roles.sql on a server of the tests, made by that very file with psql."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from tests.fix_postgres import USER, PostgresServer, installations

ROLES = Path(__file__).parents[1] / "container" / "postgres" / "roles.sql"

#: Passwords that only correct quoting survives.
PASSWORDS = {"owner": "o'w\"n:er@/1", "writer": "wr it\\er';--", "reader": "re$ad%er\u00e9"}


def make_roles(
    server: PostgresServer,
    *,
    database: str = "touchline",
    user: str = USER,
    password: str | None = None,
    passwords: dict[str, str] = PASSWORDS,
) -> subprocess.CompletedProcess[str]:
    """Run roles.sql as `user`, a superuser unless named. Raises CalledProcessError where it does not end with 0."""
    environment = {f"TOUCHLINE_{role.upper()}_PASSWORD": secret for role, secret in passwords.items()}
    environment["PGPASSWORD"] = password if password is not None else server.password
    # the oldest psql that knows \getenv is 14's, and each speaks with older and newer servers
    command = [installations()["wheel"] / "psql", "--no-psqlrc", "--host", "127.0.0.1", "--port", str(server.port)]
    command += ["--username", user, "--dbname", "postgres", "--set", f"database={database}", "--file", ROLES]
    return subprocess.run(
        command, env={"PATH": os.environ["PATH"], **environment}, check=True, capture_output=True, text=True
    )


def as_role(url: str, role: str, passwords: dict[str, str] = PASSWORDS) -> str:
    """The same database as `url`, for touchline_`role`."""
    parts = urlsplit(url)
    userinfo = f"touchline_{role}:{quote(passwords[role], safe='')}"
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc.rpartition('@')[2]}"))
